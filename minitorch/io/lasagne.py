"""Weights in the files that Lasagne's users have: .npz, and pickles of arrays.

A pickle is a program. The reader here runs none of it but the making of arrays, and
that not by NumPy's own functions, which trust what a pickle says of a dtype, but by
small classes that keep plain data; arrays are built from them at the end.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy

from minitorch.io.arrays import FileFormatError

__all__ = ["load_npz", "load_pickle", "read_pickle"]

_ARRAY = re.compile(r"arr_(\d+)")


def load_npz(path: str | Path) -> list[numpy.ndarray]:
    """The arrays of ``np.savez(path, *get_all_param_values(network))``, in their order.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of numpy.ndarray
        For ``layers.set_all_param_values``.

    Raises
    ------
    FileFormatError
        If the file is missing, is no such file, or holds anything but numbers.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from minitorch import layers
    >>> path = tempfile.mkdtemp() + "/model.npz"
    >>> net = layers.DenseLayer((None, 3), 2)
    >>> np.savez(path, *layers.get_all_param_values(net))
    >>> layers.set_all_param_values(net, load_npz(path))
    """
    path = Path(path)
    if not path.is_file():
        raise FileFormatError(f"{path}: there is no such file")
    try:
        with numpy.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except Exception as error:
        raise FileFormatError(f"{path}: this is no .npz file of numbers ({error})") from None
    numbers = [_ARRAY.fullmatch(name) for name in found]
    order = sorted(int(match[1]) for match in numbers if match)
    if order != list(range(len(found))):
        raise FileFormatError(
            f"{path}: expected the arrays arr_0 to arr_{len(found) - 1}, found "
            f"{', '.join(sorted(found))}; read it with numpy.load and put them in order"
        )
    arrays = [found[f"arr_{i}"] for i in order]
    odd = next((a for a in arrays if a.dtype.kind not in "biuf"), None)
    if odd is not None:
        raise FileFormatError(f"{path}: holds an array of {odd.dtype}, expected numbers")
    return arrays


def load_pickle(path: str | Path) -> Any:
    """What an old pickle of weights holds: arrays in lists, tuples and dictionaries.

    Parameters
    ----------
    path : str or Path
        Written by Python 2 or 3, with any protocol.

    Returns
    -------
    What was pickled; text of Python 2 is read as latin-1.

    Raises
    ------
    FileFormatError
        If the file is missing or damaged, or wants anything to be made that is not an
        array, a number, text, or a list, tuple, dictionary or set of such. Nothing
        that it names is imported or called.

    Examples
    --------
    >>> import numpy as np, pickle, tempfile
    >>> path = tempfile.mkdtemp() + "/weights.pkl"
    >>> with open(path, "wb") as file:
    ...     pickle.dump({"param values": [np.ones((2, 3))]}, file, protocol=2)
    >>> load_pickle(path)["param values"][0].shape
    (2, 3)
    """
    path = Path(path)
    if not path.is_file():
        raise FileFormatError(f"{path}: there is no such file")
    with path.open("rb") as file:
        return read_pickle(file, str(path))


def read_pickle(file: BinaryIO, source: str) -> Any:
    """The same from an open file, which messages call ``source``."""
    try:
        return _built(_ArrayUnpickler(file).load(), {})
    except FileFormatError as error:
        raise FileFormatError(f"{source}: {error}") from None
    except Exception as error:
        raise FileFormatError(
            f"{source}: this is no pickle of arrays, or it is damaged ({error!r})"
        ) from None


class _Stub:
    """Stands in for what a pickle of an array names; keeps plain data."""

    def __setstate__(self, state: Any) -> None:
        raise FileFormatError(f"an array's pickle does not set a {type(self).__name__[1:]}")


class _Class(_Stub):
    """Stands for numpy.ndarray, which is named but not called."""


class _Dtype(_Stub):
    """A dtype's code, and the byte order that its state adds."""

    def __init__(self, code: Any, align: Any = False, copy: Any = True) -> None:
        code = code.decode("ascii") if isinstance(code, bytes) else code
        if not isinstance(code, str) or not re.fullmatch(r"[<>|=]?[biuf]\d{1,2}", code):
            raise FileFormatError(f"it holds an array of dtype {code!r}, expected numbers")
        self.code, self.order = code.lstrip("<>|="), "="

    def __setstate__(self, state: Any) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
            raise FileFormatError("it holds an array with fields, expected numbers")
        self.order = order

    def build(self) -> Any:
        return numpy.dtype(self.order + self.code)


class _Array(_Stub):
    """An array before it is one: shape, dtype, order of axes, bytes."""

    def __init__(self, kind: Any, shape: Any, code: Any) -> None:
        if kind is not _Class:
            raise FileFormatError("it makes an array of another class than numpy.ndarray")
        self.parts: Any = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, content = state
        self.parts = (content, dtype, shape, "F" if fortran else "C")

    def build(self) -> numpy.ndarray:
        if self.parts is None:
            raise FileFormatError("it makes an array without a content")
        content, dtype, shape, order = self.parts
        content = content.encode("latin-1") if isinstance(content, str) else content
        if not isinstance(dtype, _Dtype) or not isinstance(content, bytes | bytearray):
            raise FileFormatError("it holds an array of objects, expected numbers")
        values = numpy.frombuffer(bytes(content), dtype.build())
        # In this machine's byte order, and memory of its own.
        return numpy.array(
            values.reshape(shape, order=order), dtype=values.dtype.newbyteorder("="), order="C"
        )


class _Buffer(_Array):
    """The same as protocol 5 says it."""

    def __init__(self, content: Any, dtype: Any, shape: Any, order: Any) -> None:
        self.parts = (content, dtype, shape, "F" if order == "F" else "C")


class _Scalar(_Array):
    """A NumPy scalar."""

    def __init__(self, dtype: Any, content: Any) -> None:
        self.parts = (content, dtype, (), "C")


class _Encode(_Stub):
    """Bytes, as Python 3 writes them for Python 2: text to be encoded."""

    def __new__(cls, text: Any, encoding: Any = "latin1") -> Any:
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise FileFormatError("it encodes something else than bytes")
        return text.encode("latin-1")


class _NoBytes(_Stub):
    """Bytes of length 0, which are written as a call without arguments."""

    def __new__(cls) -> Any:
        return b""


_NAMES: dict[tuple[str, str], type[_Stub]] = {
    ("_codecs", "encode"): _Encode,
    ("__builtin__", "bytes"): _NoBytes,
    ("builtins", "bytes"): _NoBytes,
}
for _package in ("numpy.core", "numpy._core"):
    _NAMES[f"{_package}.multiarray", "_reconstruct"] = _Array
    _NAMES[f"{_package}.multiarray", "scalar"] = _Scalar
    _NAMES[f"{_package}.numeric", "_frombuffer"] = _Buffer
_NAMES["numpy", "ndarray"] = _Class
_NAMES["numpy", "dtype"] = _Dtype


class _ArrayUnpickler(pickle.Unpickler):
    """Gives a pickle the stand-ins, and refuses whatever else it asks for."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, fix_imports=False, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        found = _NAMES.get((module, name))
        if found is None:
            raise FileFormatError(
                f"the pickle asks for {module}.{name}, which is no array; it was refused, and "
                f"nothing of it ran"
            )
        return found


def _built(value: Any, done: dict[int, Any]) -> Any:
    """Stand-ins become arrays, all the way down; each object once."""
    if isinstance(value, str | bytes | bool | int | float | complex | None):
        return value
    if id(value) in done:
        if done[id(value)] is None:
            raise FileFormatError("it holds a list that contains itself")
        return done[id(value)]
    done[id(value)] = None
    if isinstance(value, _Array):
        result: Any = value.build()
    elif isinstance(value, dict):
        result = {_built(k, done): _built(v, done) for k, v in value.items()}
    elif isinstance(value, list | tuple | set | frozenset):
        result = type(value)(_built(v, done) for v in value)
    else:
        raise FileFormatError(f"it holds a {type(value).__name__[1:]} by itself")
    done[id(value)] = result
    return result
