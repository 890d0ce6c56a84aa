"""PyTorch's files of weights, .pth and .pt, read without PyTorch.

Since version 1.6 such a file is a zip archive: ``data.pkl``, a pickle of everything but the
numbers, and a record of raw bytes for each storage. Before, it was a series of pickles with the
storages behind them. Both are read; the pickles by a reader that makes tensors and plain data
and nothing else (``pth_pickle.py``). Numbers stay in the file, which is memory-mapped, until
they are used.
"""

from __future__ import annotations

import mmap
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

import numpy

from minitorch.io.arrays import FileFormatError
from minitorch.io.pth_pickle import Storage, built, one_pickle, unpickled

__all__ = ["load_pth", "state_dict_of"]

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
# Keys under which training scripts keep the weights beside an optimiser's state and the like.
_NESTS = ("state_dict", "model_state_dict", "model", "net", "params", "weights")


def load_pth(path: str | Path) -> Any:
    """What ``torch.save`` wrote: tensors as arrays, in dictionaries, lists and tuples.

    Parameters
    ----------
    path : str or Path
        Of either format, that of a zip archive or the one before PyTorch 1.6.

    Returns
    -------
    What was saved, most often a dictionary of names and arrays. Arrays are read-only windows
    onto the file; tensors that shared their memory still do. numpy has no bfloat16: such tensors
    become float32, which holds every one of their values.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated or damaged, or if its pickle asks for anything but
        tensors, numbers, text, and dictionaries, lists and tuples of such. Nothing that it names
        is imported or called. A tensor is checked against the bytes that are there before
        anything is made.

    Notes
    -----
    Sparse and quantised tensors, whole modules (``torch.save(model)``) and files of PyTorch
    before 0.1.10 (tar archives) are refused. Records' checksums are not computed: that would read
    all of the file.

    Examples
    --------
    ``load_pth("resnet18-f37072fd.pth")["conv1.weight"].shape`` is (64, 3, 7, 7).
    """
    path = Path(path)
    if not path.is_file():
        raise FileFormatError(f"{path}: there is no such file")
    try:
        with path.open("rb") as file:
            start = file.read(512)
            if not start:
                raise FileFormatError("it is empty")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if start.startswith(b"PK"):
            return _from_zip(content)
        if start[257:262] == b"ustar":
            raise FileFormatError(
                "a tar archive, as PyTorch wrote before 0.1.10; load and save it with a later one"
            )
        return _from_pickles(content)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None
    except (RecursionError, MemoryError) as error:
        raise FileFormatError(f"{path}: it is damaged ({type(error).__name__})") from None


# -- the archive ------------------------------------------------------------------------


def _from_zip(content: mmap.mmap) -> Any:
    """Format since 1.6: NAME/data.pkl, NAME/data/KEY, NAME/byteorder."""
    try:
        archive = zipfile.ZipFile(cast("IO[bytes]", content))
    except (zipfile.BadZipFile, ValueError, OSError, struct.error) as error:
        raise FileFormatError(
            f"a zip archive without its end ({error}); it is truncated or damaged"
        ) from None
    records = {info.filename: info for info in archive.infolist()}
    pickles = [name for name in records if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise FileFormatError(
            "a zip archive without a data.pkl, so not by torch.save; .npz files are read by "
            "load_npz"
        )
    prefix = pickles[0].removesuffix("data.pkl")
    order = "<"
    if (info := records.get(f"{prefix}byteorder")) is not None:
        order = ">" if _record(content, info).tobytes() == b"big" else "<"
    value = unpickled(_record(content, records[pickles[0]]).tobytes())

    def bytes_of(storage: Storage) -> Any:
        info = records.get(f"{prefix}data/{storage.key}")
        if info is None:
            raise FileFormatError(f"the record data/{storage.key} is missing; it is damaged")
        return _record(content, info)

    return built(value, bytes_of, order)


def _record(content: mmap.mmap, info: zipfile.ZipInfo) -> numpy.ndarray:
    """A record's bytes where they lie in the file."""
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise FileFormatError(
            f"its record {info.filename} is compressed, and PyTorch compresses none; store the "
            f"archive uncompressed (zip -0)"
        )
    header = content[info.header_offset : info.header_offset + 30]
    if len(header) < 30 or header[:4] != b"PK\3\4":
        raise FileFormatError(f"its record {info.filename} is not where it should be; damaged")
    name, extra = struct.unpack("<HH", header[26:30])
    begin = info.header_offset + 30 + name + extra
    return _slice(content, begin, info.file_size, f"its record {info.filename}")


def _slice(content: mmap.mmap, begin: int, size: int, what: str) -> numpy.ndarray:
    """Bytes of the file without a copy; FileFormatError if they are not there."""
    if size < 0 or begin + size > len(content):
        raise FileFormatError(
            f"{what} has {size} bytes from byte {begin} on, but the file ends at {len(content)}; "
            f"it is truncated or damaged"
        )
    return numpy.frombuffer(content, numpy.uint8, size, begin) if size else numpy.empty(0, "u1")


# -- the series of pickles ------------------------------------------------------------------


def _from_pickles(content: mmap.mmap) -> Any:
    """Format before 1.6: magic, protocol, system, value, keys; then each storage's bytes."""
    content.seek(0)
    try:
        magic = unpickled(one_pickle(content))
    except (FileFormatError, pickle.UnpicklingError):
        magic = None
    if magic != _MAGIC:
        raise FileFormatError(
            "neither a zip archive nor the pickles of torch.save; plain pickles of arrays are "
            "read by load_pickle"
        )
    protocol = unpickled(one_pickle(content))
    if protocol != _PROTOCOL:
        raise FileFormatError(f"expected protocol {_PROTOCOL}, found {protocol!r}")
    system = unpickled(one_pickle(content))
    little = system.get("little_endian", True) if isinstance(system, dict) else True
    found: dict[str, Storage] = {}
    value = unpickled(one_pickle(content), found)
    keys = unpickled(one_pickle(content))
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise FileFormatError("the list of its storages is damaged")
    places = _places(content, keys, found)

    def bytes_of(storage: Storage) -> Any:
        if storage.key not in places:
            raise FileFormatError(f"the storage {storage.key} is missing; it is damaged")
        return places[storage.key]

    return built(value, bytes_of, "<" if little else ">")


def _places(
    content: mmap.mmap, keys: list[str], found: Mapping[str, Storage]
) -> dict[str, numpy.ndarray]:
    """Each storage's bytes; before them stands how many numbers there are."""
    places, begin = {}, content.tell()
    for key in keys:
        if key not in found:
            raise FileFormatError(f"a storage {key} that no tensor has; it is damaged")
        head = _slice(content, begin, 8, f"the storage {key}")
        size = int(head.view("<i8")[0]) * found[key].itemsize
        places[key] = _slice(content, begin + 8, size, f"the storage {key}")
        begin += 8 + size
    return places


# -- the weights in it ------------------------------------------------------------------------


def state_dict_of(value: Any) -> dict[str, numpy.ndarray]:
    """The names and arrays in what :func:`load_pth` gave, wherever a script put them.

    Parameters
    ----------
    value
        A dictionary of arrays, or one that has such a dictionary as ``"state_dict"``,
        ``"model"`` or the like.

    Returns
    -------
    dict of str to numpy.ndarray
        Without the ``module.`` that ``DataParallel`` puts in front of every name.

    Raises
    ------
    FileFormatError
        If there is no such dictionary.

    Examples
    --------
    >>> import numpy as np
    >>> state_dict_of({"epoch": 3, "state_dict": {"module.fc.bias": np.zeros(2)}})
    {'fc.bias': array([0., 0.])}
    """
    for _ in range(3):
        if not isinstance(value, Mapping):
            break
        arrays = {k: v for k, v in value.items() if hasattr(v, "__array__")}
        nest = next((n for n in _NESTS if isinstance(value.get(n), Mapping)), None)
        if nest is None and arrays:
            if all(str(name).startswith("module.") for name in arrays):
                arrays = {str(k).removeprefix("module."): v for k, v in arrays.items()}
            return {str(k): v for k, v in arrays.items()}
        value = value[nest] if nest is not None else None
    raise FileFormatError(
        f"found no dictionary of arrays: neither the file itself nor its entries "
        f"{', '.join(_NESTS)} are one"
    )
