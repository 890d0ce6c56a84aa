"""Named arrays and JSON metadata in one safetensors file, with a checksum.

safetensors is a JSON header followed by raw bytes: any language reads it, and
reading it runs no code, unlike a pickle. The format has no checksum of its own;
one over everything is put in the header, so that a flipped bit is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from minitorch.autograd import Tensor
from minitorch.io.files import atomic_write

__all__ = [
    "FileFormatError",
    "load_arrays",
    "read_metadata",
    "read_safetensors",
    "safetensors_bytes",
    "save_arrays",
]

_FORMAT = "minitorch-1"
_INSTALL = "needs the package 'safetensors'; run: pip install safetensors"


class FileFormatError(ValueError):
    """A file of arrays that is missing, damaged or of another kind."""


def _digest(arrays: Mapping[str, numpy.ndarray], text: str) -> str:
    """SHA-256 over the metadata and every array's name, dtype, shape and bytes."""
    total = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        total.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _check_arrays(arrays: Mapping[str, Any]) -> dict[str, numpy.ndarray]:
    """The arrays as safetensors takes them: plain numbers, C order, little endian."""
    checked = {}
    for name, value in arrays.items():
        array = value.numpy() if isinstance(value, Tensor) else numpy.asarray(value)
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise TypeError(f"save_arrays: {name!r} is {array.dtype}; only real numbers are stored")
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        # Not ascontiguousarray: that would make a 0-d array 1-d.
        checked[name] = numpy.asarray(array, order="C")
    return checked


def safetensors_bytes(arrays: Mapping[str, Any], header: Mapping[str, str]) -> bytes:
    """A whole safetensors file; TypeError for what it cannot hold."""
    try:
        from safetensors.numpy import save
    except ImportError:
        raise ImportError(f"writing safetensors {_INSTALL}") from None
    content: bytes = save(_check_arrays(arrays), metadata=dict(header))
    return content


# Names of dtypes in safetensors' header.
_DTYPES = {
    "BOOL", "BF16", "F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64",
}  # fmt: skip


def read_safetensors(path: str | Path) -> tuple[dict[str, numpy.ndarray], dict[str, str]]:
    """The arrays and the header of any program's safetensors file; bfloat16 as float32.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated, damaged, or holds a dtype that NumPy does not have.
    """
    try:
        from safetensors import SafetensorError, deserialize, safe_open
    except ImportError:
        raise ImportError(f"reading safetensors {_INSTALL}") from None
    path = Path(path)
    if not path.is_file():
        raise FileFormatError(f"{path}: there is no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            header = dict(file.metadata() or {})
            names = file.keys()  # no mapping: it cannot be iterated over
            kinds = {name: file.get_slice(name).get_dtype() for name in names}
            for name, kind in kinds.items():
                if kind not in _DTYPES:
                    raise FileFormatError(f"{path}: {name!r} is {kind}, which NumPy has not")
            plain = [name for name in kinds if kinds[name] != "BF16"]
            arrays = {name: file.get_tensor(name) for name in sorted(plain)}
        if len(plain) < len(kinds):
            arrays |= _bfloat16(deserialize(path.read_bytes()))
    except FileFormatError:
        raise
    except (SafetensorError, OSError, ValueError) as error:
        raise FileFormatError(
            f"{path}: expected a whole safetensors file, found {path.stat().st_size} bytes that "
            f"cannot be read ({error}); it is truncated or damaged"
        ) from None
    return arrays, header


def _bfloat16(entries: Any) -> dict[str, numpy.ndarray]:
    """The tensors of a file that are the upper halves of float32 numbers."""
    return {
        name: (numpy.frombuffer(entry["data"], "<u2").astype(numpy.uint32) << 16)
        .view(numpy.float32)
        .reshape(entry["shape"])
        for name, entry in entries
        if entry["dtype"] == "BF16"
    }


def save_arrays(
    path: str | Path, arrays: Mapping[str, Any], metadata: Mapping[str, Any] | None = None
) -> Path:
    """Write arrays and metadata to a safetensors file, atomically.

    Parameters
    ----------
    path : str or Path
    arrays : mapping of str to numpy.ndarray
        Booleans, integers and floats of any shape.
    metadata : mapping, optional
        Anything JSON can hold; floats come back bit for bit.

    Returns
    -------
    Path

    Raises
    ------
    TypeError
        For an array of objects, text or complex numbers, or metadata that JSON
        cannot hold.
    ValueError
        For NaN or infinity in the metadata.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> path = tempfile.mkdtemp() + "/a.safetensors"
    >>> path = save_arrays(path, {"w": np.ones((2, 3))}, {"step": 7})
    >>> arrays, metadata = load_arrays(path)
    >>> arrays["w"].shape, metadata
    ((2, 3), {'step': 7})
    """
    try:
        from safetensors.numpy import save
    except ImportError:
        raise ImportError(f"save_arrays {_INSTALL}") from None
    checked = _check_arrays(arrays)
    text = json.dumps(dict(metadata or {}), allow_nan=False)
    header = {"format": _FORMAT, "metadata": text, "sha256": _digest(checked, text)}
    return atomic_write(path, save(checked, metadata=header))


def load_arrays(path: str | Path) -> tuple[dict[str, numpy.ndarray], dict[str, Any]]:
    """Read what :func:`save_arrays` wrote, and check that it is whole.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    (arrays, metadata)

    Raises
    ------
    FileFormatError
        If the file is missing, truncated, damaged or was written by another
        program.

    Notes
    -----
    Files of other programs are read by :func:`read_safetensors`.
    """
    arrays, header = read_safetensors(path)
    _check_format(path, header)
    return arrays, _checked_metadata(path, arrays, header)


def read_metadata(path: str | Path) -> dict[str, Any]:
    """The metadata alone, which stand at the head of the file: quick, and not checked.

    Raises
    ------
    FileFormatError
        As :func:`load_arrays`, but for damage that only the checksum shows.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise ImportError(f"reading safetensors {_INSTALL}") from None
    if not Path(path).is_file():
        raise FileFormatError(f"{path}: there is no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            header = dict(file.metadata() or {})
        _check_format(path, header)
        metadata: dict[str, Any] = json.loads(header["metadata"])
    except (SafetensorError, OSError, KeyError, json.JSONDecodeError) as error:
        raise FileFormatError(f"{path}: it is truncated or damaged ({error})") from None
    return metadata


def _check_format(path: str | Path, header: Mapping[str, str]) -> None:
    if header.get("format") != _FORMAT:
        raise FileFormatError(
            f"{path}: expected a file of format {_FORMAT!r}, found {header.get('format')!r}"
        )


def _checked_metadata(
    path: Path, arrays: Mapping[str, numpy.ndarray], header: Mapping[str, str]
) -> dict[str, Any]:
    """The metadata of a header whose checksum is right."""
    text, expected = header.get("metadata", ""), header.get("sha256", "")
    found = _digest(arrays, text)
    if found != expected:
        raise FileFormatError(
            f"{path}: its content does not match its checksum (expected sha256 {expected}, found "
            f"{found}); it is damaged"
        )
    metadata: dict[str, Any] = json.loads(text)
    return metadata
