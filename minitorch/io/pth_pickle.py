"""The pickle inside PyTorch's files, read into tensors and plain data, nothing else.

A pickle is a program. Of its operations those are run that make plain data; the names that
``torch.save`` writes for tensors are answered by stand-ins that only keep what they are given;
every other name is refused. Arrays are made at the end, when all sizes have been checked.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch.io.arrays import FileFormatError

__all__ = ["Storage", "built", "one_pickle", "unpickled"]

# PyTorch's names of dtypes, those of its storages, and NumPy's; bfloat16 is the upper half of
# a float32.
_DTYPES = {
    "float64": ("DoubleStorage", "f8"),
    "float32": ("FloatStorage", "f4"),
    "float16": ("HalfStorage", "f2"),
    "bfloat16": ("BFloat16Storage", "u2"),
    "int64": ("LongStorage", "i8"),
    "int32": ("IntStorage", "i4"),
    "int16": ("ShortStorage", "i2"),
    "int8": ("CharStorage", "i1"),
    "uint8": ("ByteStorage", "u1"),
    "bool": ("BoolStorage", "?"),
    "complex64": ("ComplexFloatStorage", "c8"),
    "complex128": ("ComplexDoubleStorage", "c16"),
    "uint16": (None, "u2"),
    "uint32": (None, "u4"),
    "uint64": (None, "u8"),
}


@dataclass(frozen=True)
class _Dtype:
    """torch.float32 and the like; also stands for the class of storages of that dtype."""

    name: str

    @property
    def code(self) -> str:
        return _DTYPES[self.name][1]


_BYTES = _Dtype("uint8")  # torch.storage.UntypedStorage: bytes of a dtype that the tensor tells


@dataclass(frozen=True)
class Storage:
    """Numbers in a row, in the file: where, of which dtype, how many."""

    key: str
    dtype: _Dtype
    size: int
    begin: int = 0  # for a view, within the storage of that key

    @property
    def itemsize(self) -> int:
        return numpy.dtype(self.dtype.code).itemsize


@dataclass(frozen=True, eq=False)
class _Tensor:
    """A tensor before it is an array."""

    storage: Any
    offset: Any
    shape: Any
    strides: Any
    dtype: Any = None


# -- what the pickle may ask for ------------------------------------------------------------


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


def _tensor_of_dtype(
    storage: Any, offset: Any, shape: Any, strides: Any, grad: Any, hooks: Any, dtype: Any, *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides, dtype)


def _parameter(data: Any, *_: Any) -> Any:
    return data


class _Ordered(OrderedDict[Any, Any]):
    """An OrderedDict; the attributes that state dicts carry (``_metadata``) are dropped."""

    def __setstate__(self, state: Any) -> None:
        pass


def _plain(*parts: Any) -> Any:
    """torch.Size and torch.device: their argument."""
    return parts[0] if len(parts) == 1 else parts


_NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _Ordered,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor_of_dtype,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch.storage", "UntypedStorage"): _BYTES,
    ("torch", "Size"): _plain,
    ("torch", "device"): _plain,
}
for _name, (_storage, _) in _DTYPES.items():
    _NAMES["torch", _name] = _Dtype(_name)
    if _storage is not None:
        _NAMES["torch", _storage] = _NAMES["torch.cuda", _storage] = _Dtype(_name)


class _Unpickler(pickle.Unpickler):
    """Answers the names above with stand-ins, and refuses every other."""

    def __init__(self, content: bytes, storages: dict[str, Storage]) -> None:
        super().__init__(io.BytesIO(content), fix_imports=False, encoding="utf-8")
        self.storages = storages

    def find_class(self, module: str, name: str) -> Any:
        found = _NAMES.get((module, name))
        if found is None:
            raise FileFormatError(
                f"its pickle asks for {module}.{name}, which is no tensor; it was refused, and "
                f"nothing of it ran (save the state_dict() alone)"
            )
        return found

    def persistent_load(self, pid: Any) -> Storage:
        """('storage', class, key, location, size), and for old files what a view is of."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise FileFormatError(f"its pickle refers to {pid!r}, expected a storage")
        _, kind, key, _, size, *view = pid
        begin = 0
        if not isinstance(kind, _Dtype) or not isinstance(key, str) or not _count(size):
            raise FileFormatError(f"its pickle describes a storage as {pid[1:]!r}; it is damaged")
        self.storages.setdefault(key, Storage(key, kind, size))
        if view and view[0] is not None:
            if len(view[0]) != 3 or not (_count(view[0][1]) and _count(view[0][2])):
                raise FileFormatError(f"its pickle describes a view as {view[0]!r}; it is damaged")
            _, begin, size = view[0]
        return Storage(key, kind, size, begin)


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def unpickled(content: bytes, storages: dict[str, Storage] | None = None) -> Any:
    """A pickle's value, tensors as stand-ins; ``storages`` collects those that it names."""
    content = one_pickle(io.BytesIO(content))
    try:
        return _Unpickler(content, {} if storages is None else storages).load()
    except FileFormatError:
        raise
    except Exception as error:
        raise FileFormatError(f"its pickle is damaged ({error!r})") from None


def one_pickle(file: Any) -> bytes:
    """The bytes of the pickle that begins here, its operations read but not run.

    So that nothing is set aside for what is not there: texts end before the file does, and the
    numbers of the memo are as many as the operations at most.
    """
    begin, count, highest = file.tell(), 0, 0
    try:
        for operation, argument, _ in pickletools.genops(file):
            count += 1
            if "PUT" in operation.name:
                highest = max(highest, int(argument))
    except Exception as error:
        raise FileFormatError(f"its pickle is truncated or damaged ({error})") from None
    if highest > count:
        raise FileFormatError(f"its pickle numbers an object {highest}, and has {count} operations")
    end = file.tell()
    file.seek(begin)
    content: bytes = file.read(end - begin)
    return content


# -- arrays, at last ----------------------------------------------------------------------


def built(value: Any, bytes_of: Callable[[Storage], numpy.ndarray], order: str) -> Any:
    """Stand-ins become arrays; ``bytes_of`` gives those of a storage, in byte order ``order``."""
    return _Builder(bytes_of, order).build(value)


class _Builder:
    def __init__(self, bytes_of: Callable[[Storage], numpy.ndarray], order: str) -> None:
        self.bytes_of, self.order = bytes_of, order
        self.done: dict[int, Any] = {}
        self.rows: dict[tuple[str, str], numpy.ndarray] = {}

    def build(self, value: Any) -> Any:
        """Anything that was unpickled; each object once."""
        if isinstance(value, str | bytes | bool | int | float | complex | None):
            return value
        if id(value) in self.done:
            if self.done[id(value)] is None:
                raise FileFormatError("it holds a list that contains itself")
            return self.done[id(value)]
        self.done[id(value)] = None
        if isinstance(value, _Tensor):
            result: Any = self.array(value)
        elif isinstance(value, dict):
            result = {self.build(k): self.build(v) for k, v in value.items()}
        elif isinstance(value, list | tuple | set | frozenset):
            result = type(value)(self.build(v) for v in value)
        elif isinstance(value, _Dtype):
            result = value.name
        elif isinstance(value, Storage):
            result = self.row(value, value.dtype)
        else:
            raise FileFormatError(f"it holds a {type(value).__name__}")
        self.done[id(value)] = result
        return result

    def array(self, tensor: _Tensor) -> numpy.ndarray:
        """A window onto its storage, which must reach far enough."""
        storage, shape, strides = tensor.storage, tensor.shape, tensor.strides
        good = isinstance(storage, Storage) and isinstance(shape, tuple)
        good = good and isinstance(strides, tuple) and len(shape) == len(strides)
        if not good or not all(map(_count, (tensor.offset, *shape, *strides))):
            raise FileFormatError("it describes a tensor by something else than whole numbers")
        if math.prod(shape) >= 2**48:
            raise FileFormatError(f"it describes a tensor of shape {shape}; it is damaged")
        dtype = storage.dtype if tensor.dtype is None else tensor.dtype
        if not isinstance(dtype, _Dtype):
            raise FileFormatError(f"it describes a tensor of dtype {dtype!r}")
        row = self.row(storage, dtype)
        last = tensor.offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        if math.prod(shape) and last >= row.size:
            raise FileFormatError(
                f"a tensor of shape {shape} with strides {strides} from number {tensor.offset} on "
                f"needs {last + 1} numbers, and its storage {storage.key} has {row.size}"
            )
        if not math.prod(shape):
            return numpy.empty(shape, row.dtype)
        steps = tuple(s * row.itemsize for s in strides)
        view = numpy.ndarray(shape, row.dtype, row, tensor.offset * row.itemsize, steps)
        view.flags.writeable = False
        return view

    def row(self, storage: Storage, dtype: _Dtype) -> numpy.ndarray:
        """A storage as an array, in this machine's byte order; made once for all its tensors."""
        whole = self.rows.get((storage.key, dtype.name))
        if whole is None:
            raw = self.bytes_of(storage)
            code = numpy.dtype(dtype.code).newbyteorder(self.order)
            if raw.size % code.itemsize:
                raise FileFormatError(
                    f"the storage {storage.key} has {raw.size} bytes, no whole number of "
                    f"{dtype.name}"
                )
            whole = raw.view(code)
            if not code.isnative:
                whole = whole.astype(code.newbyteorder("="))
            if dtype.name == "bfloat16":
                whole = (whole.astype(numpy.uint32) << 16).view(numpy.float32)
            self.rows[storage.key, dtype.name] = whole
        size = storage.size * storage.itemsize // numpy.dtype(dtype.code).itemsize
        if storage.begin + size > whole.size:
            raise FileFormatError(
                f"the storage {storage.key} is to have {storage.begin + size} numbers, and "
                f"{whole.size} are there; it is truncated or damaged"
            )
        return whole[storage.begin : storage.begin + size]
