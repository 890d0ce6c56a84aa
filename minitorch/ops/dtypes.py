"""Dtypes: the objects, what they promote to, what they can hold, and casting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import HALVES, backend_of, get_default_dtype, place_of
from minitorch.backend.device import devices
from minitorch.ops.shape import broadcast_to

__all__ = [
    "astype",
    "bool",
    "broadcast_arrays",
    "can_cast",
    "complex64",
    "complex128",
    "finfo",
    "float16",
    "float32",
    "float64",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "isdtype",
    "result_type",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

float16 = numpy.dtype("float16")
float32 = numpy.dtype("float32")
float64 = numpy.dtype("float64")
int8 = numpy.dtype("int8")
int16 = numpy.dtype("int16")
int32 = numpy.dtype("int32")
int64 = numpy.dtype("int64")
uint8 = numpy.dtype("uint8")
uint16 = numpy.dtype("uint16")
uint32 = numpy.dtype("uint32")
uint64 = numpy.dtype("uint64")
complex64 = numpy.dtype("complex64")
complex128 = numpy.dtype("complex128")
bool = numpy.dtype("bool")

_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


@op(formula="y = x, rounded to dtype", linear=("x",), view=True)
def astype(xp, x, *, dtype, copy=True, device=None):
    """Cast to another dtype.

    Parameters
    ----------
    x : Tensor
    dtype : dtype
    copy : bool
        False: return the same memory where no cast is needed.
    device : None
        The standard's argument; casts stay where they are (see ``to_device``).

    Returns
    -------
    Tensor
        Without history when ``dtype`` is no floating-point type.

    Raises
    ------
    TypeError
        For a cast from complex to real, which drops a part.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.astype(mt.asarray([1.7, -1.7]), mt.int64)
    Tensor([ 1, -1])
    """
    if device is not None:
        raise ValueError("astype does not move between devices; use to_device")
    if not hasattr(x, "dtype"):
        raise TypeError(f"astype: takes a tensor, not a {type(x).__name__}")
    wanted = numpy.dtype(dtype)
    if wanted.kind not in "biufc" and wanted not in HALVES:
        raise TypeError(f"astype: a tensor holds numbers, not {wanted}")
    if x.dtype.kind == "c" and wanted.kind not in "cb":
        raise TypeError(
            f"astype: {x.dtype} to {wanted} would drop the imaginary part; take real(x)"
        )
    return x.astype(wanted, copy=True if copy else False)  # noqa: SIM210 (array modules want a bool)


@astype.vjp("x")
def astype_dx(g):
    """dL/dx = g (the engine casts it back)"""
    return g


@astype.samples
def _(make):
    yield Sample.of(make(3), dtype="float64")


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """The arrays, all broadcast to one shape (read-only views).

    Parameters
    ----------
    *arrays : Tensor

    Returns
    -------
    list of Tensor

    Raises
    ------
    ValueError
        If their shapes do not broadcast.

    Examples
    --------
    >>> import minitorch as mt
    >>> [x.shape for x in mt.broadcast_arrays(mt.ones((3, 1)), mt.ones(2))]
    [(3, 2), (3, 2)]
    """
    try:
        shape = numpy.broadcast_shapes(*(x.shape for x in arrays))
    except ValueError:
        shapes = ", ".join(str(x.shape) for x in arrays)
        raise ValueError(f"broadcast_arrays: the shapes {shapes} do not broadcast") from None
    return [broadcast_to(x, shape=shape) for x in arrays]


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype that the arguments promote to, by the standard's rules.

    Parameters
    ----------
    *arrays_and_dtypes : Tensor, dtype or Python number
        Python numbers are weak: they take the kind of the others.

    Returns
    -------
    dtype

    Raises
    ------
    TypeError
        For no arguments, or kinds that do not mix.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.result_type(mt.int8, mt.uint8), mt.result_type(mt.zeros(2), 3)
    (dtype('int16'), dtype('float32'))
    """
    if not arrays_and_dtypes:
        raise TypeError("result_type needs at least one argument")
    plain = [x.dtype if isinstance(x, Tensor) else x for x in arrays_and_dtypes]
    numbers = [x for x in plain if isinstance(x, int | float | complex)]
    if len(numbers) == len(plain):
        raise TypeError("result_type needs at least one array or dtype")
    return numpy.result_type(*plain)


def can_cast(from_: Any, to: Any, /) -> Any:
    """Whether a dtype promotes to another without loss of kind or range.

    Parameters
    ----------
    from_ : dtype or Tensor
    to : dtype

    Returns
    -------
    bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.can_cast(mt.float32, mt.float64), mt.can_cast(mt.float64, mt.float32)
    (True, False)
    """
    source = from_.dtype if isinstance(from_, Tensor) else numpy.dtype(from_)
    return numpy.can_cast(source, numpy.dtype(to))


def isdtype(dtype: Any, kind: Any) -> Any:
    """Whether ``dtype`` is of a kind.

    Parameters
    ----------
    dtype : dtype
    kind : dtype, str, or a tuple of them
        A name is "bool", "signed integer", "unsigned integer", "integral",
        "real floating", "complex floating" or "numeric".

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        For an unknown name; the message lists those there are.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.isdtype(mt.float32, "real floating"), mt.isdtype(mt.int8, ("bool", mt.int16))
    (True, False)
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"isdtype: unknown kind {kind!r}; known: {', '.join(_KINDS)}")
        return numpy.dtype(dtype).kind in _KINDS[kind]
    return numpy.dtype(dtype) == numpy.dtype(kind)


@dataclass(frozen=True)
class finfo_object:
    """Limits of a floating-point dtype; what :func:`finfo` returns."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: Any


@dataclass(frozen=True)
class iinfo_object:
    """Limits of an integer dtype; what :func:`iinfo` returns."""

    bits: int
    max: int
    min: int
    dtype: Any


def _dtype_of(type_: Any) -> Any:
    return type_.dtype if isinstance(type_, Tensor) else numpy.dtype(type_)


def finfo(type: Any, /) -> finfo_object:
    """Limits of a floating-point dtype.

    Parameters
    ----------
    type : dtype or Tensor

    Returns
    -------
    object with bits, eps, max, min, smallest_normal and dtype

    Raises
    ------
    ValueError
        For a dtype of another kind.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.finfo(mt.float32).bits, mt.finfo(mt.float16).max
    (32, 65504.0)
    """
    info = numpy.finfo(_dtype_of(type))
    return finfo_object(
        info.bits,
        float(info.eps),
        float(info.max),
        float(info.min),
        float(info.smallest_normal),
        info.dtype,
    )


def iinfo(type: Any, /) -> iinfo_object:
    """Limits of an integer dtype.

    Parameters
    ----------
    type : dtype or Tensor

    Returns
    -------
    object with bits, max, min and dtype

    Raises
    ------
    ValueError
        For a dtype of another kind.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.iinfo(mt.int8).min, mt.iinfo(mt.uint8).max
    (-128, 255)
    """
    info = numpy.iinfo(_dtype_of(type))
    return iinfo_object(int(info.bits), int(info.max), int(info.min), info.dtype)


class NamespaceInfo:
    """The standard's inspection object: devices, dtypes, capabilities."""

    def capabilities(self) -> dict[str, Any]:
        """Which optional behaviour there is."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Where tensors are made unless said otherwise."""
        return place_of(None)

    def devices(self) -> list[str]:
        """The devices that tensors can live on here."""
        return devices()

    def default_dtypes(self, *, device: str | None = None) -> dict[str, Any]:
        """What Python numbers become."""
        real = get_default_dtype()
        return {
            "real floating": real,
            "complex floating": numpy.result_type(real, complex64),
            "integral": int64,
            "indexing": int64,
        }

    def dtypes(self, *, device: str | None = None, kind: Any = None) -> dict[str, Any]:
        """The dtypes by name, all or those of a kind."""
        every = (
            bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64,
            float32, float64, complex64, complex128,
        )  # fmt: skip
        return {str(d): d for d in every if kind is None or isdtype(d, kind)}


def namespace_info() -> NamespaceInfo:
    """What ``minitorch.__array_namespace_info__`` returns."""
    return NamespaceInfo()


def module_of(x: Tensor) -> Any:
    """The array module that a tensor's memory belongs to."""
    return backend_of(x.data).xp
