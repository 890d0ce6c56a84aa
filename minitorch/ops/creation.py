"""New tensors of one value: zeros, ones, full; and over the memory of others."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_named, device_of, get_default_dtype, is_on, place_of
from minitorch.ops.shape import broadcast_to

__all__ = [
    "empty",
    "empty_like",
    "from_dlpack",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


# DLPack's kinds of memory: the host's, CUDA's, the host's page-locked, CUDA's managed.
PLACES = {1: "cpu", 2: "cuda", 3: "cpu", 13: "cuda"}


def number_dtype(name: str, dtype: Any) -> Any:
    """``dtype``, None being the default; TypeError for what is no dtype of numbers."""
    if dtype is None:
        return get_default_dtype()
    chosen = numpy.dtype(dtype)
    if chosen.kind not in "biufc":
        raise TypeError(f"{name}: a tensor holds numbers, not {chosen}")
    return chosen


def _filled(kind: str, shape: Any, dtype: Any, device: str | None, *value: Any) -> Tensor:
    place = place_of(device)
    backend = backend_named(place)
    fill, chosen = getattr(backend.xp, kind), number_dtype(kind, dtype)
    return Tensor(backend.make(kind, place, fill, shape, *value, dtype=chosen))


def zeros(shape: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Zeros.

    Parameters
    ----------
    shape : int or tuple of int
    dtype : dtype, optional
        Default: the default floating-point dtype.
    device : str, optional

    Returns
    -------
    Tensor of shape ``shape``

    Raises
    ------
    ValueError
        For negative lengths, or an unknown device.
    TypeError
        For a dtype that is none of numbers.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.zeros((2, 3)).shape
    (2, 3)
    """
    return _filled("zeros", shape, dtype, device)


def ones(shape: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Ones.

    Parameters
    ----------
    shape : int or tuple of int
    dtype : dtype, optional
        Default: the default floating-point dtype.
    device : str, optional

    Returns
    -------
    Tensor of shape ``shape``

    Raises
    ------
    ValueError
        For negative lengths, or an unknown device.
    TypeError
        For a dtype that is none of numbers.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.ones(2, dtype=mt.int32).tolist()
    [1, 1]
    """
    return _filled("ones", shape, dtype, device)


def empty(shape: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Whatever lies in the memory: to be written before it is read.

    Parameters
    ----------
    shape : int or tuple of int
    dtype : dtype, optional
        Default: the default floating-point dtype.
    device : str, optional

    Returns
    -------
    Tensor of shape ``shape``

    Raises
    ------
    ValueError
        For negative lengths, or an unknown device.
    TypeError
        For a dtype that is none of numbers.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.empty((2, 3)).shape
    (2, 3)
    """
    return _filled("empty", shape, dtype, device)


def scalar_dtype(value: Any) -> Any:
    """The dtype that a Python number or array scalar gets by itself."""
    if hasattr(value, "dtype"):
        return value.dtype
    if isinstance(value, bool):
        return numpy.dtype("bool")
    if isinstance(value, int):
        return numpy.dtype("int64")
    if isinstance(value, complex):
        return numpy.result_type(get_default_dtype(), numpy.complex64)
    return get_default_dtype()


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """A tensor of ``shape`` filled with one value, of that value's dtype.

    Parameters
    ----------
    shape : int or tuple of int
    fill_value : number or 0-d Tensor
        The gradient of a tensor is the sum over its copies.
    dtype : dtype, optional
    device : str, optional

    Returns
    -------
    Tensor of shape ``shape``

    Raises
    ------
    ValueError
        For a tensor that is not 0-d.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.full((2, 2), 7).dtype
    dtype('int64')
    >>> x = mt.tensor(2.0, requires_grad=True)
    >>> y = mt.full((2, 2), x)
    >>> y.shape, mt.grad(y.sum(), x)
    ((2, 2), Tensor(4.))
    """
    chosen = scalar_dtype(fill_value) if dtype is None else dtype
    if not isinstance(fill_value, Tensor):
        return _filled("full", shape, chosen, device, fill_value)
    if fill_value.shape != ():
        raise ValueError(f"full: fill_value is a number or 0-d, not of shape {fill_value.shape}")
    wanted = (shape,) if hasattr(shape, "__index__") else tuple(shape)
    value = fill_value if device is None else fill_value.to_device(device)
    # The cast makes the copy: what was broadcast shares one element.
    return broadcast_to(value, shape=wanted).astype(number_dtype("full", chosen))


def _like(kind: str, x: Tensor, dtype: Any, device: str | None) -> Tensor:
    chosen = x.dtype if dtype is None else number_dtype(f"{kind}_like", dtype)
    return _filled(kind, x.shape, chosen, device_of(x.data) if device is None else device)


def zeros_like(x: Tensor, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Zeros of the shape and dtype of ``x``, on its device.

    Parameters
    ----------
    x : Tensor
    dtype, device : optional
        Others than x's.

    Returns
    -------
    Tensor of x's shape

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.zeros_like(mt.arange(2))
    Tensor([0, 0])
    """
    return _like("zeros", x, dtype, device)


def ones_like(x: Tensor, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Ones of the shape and dtype of ``x``, on its device.

    Parameters
    ----------
    x : Tensor
    dtype, device : optional
        Others than x's.

    Returns
    -------
    Tensor of x's shape

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.ones_like(mt.arange(2))
    Tensor([1, 1])
    """
    return _like("ones", x, dtype, device)


def empty_like(x: Tensor, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Whatever lies in the memory, in the shape and dtype of ``x``, on its device.

    Parameters
    ----------
    x : Tensor
    dtype, device : optional
        Others than x's.

    Returns
    -------
    Tensor of x's shape

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.empty_like(mt.zeros((2, 3))).shape
    (2, 3)
    """
    return _like("empty", x, dtype, device)


def full_like(
    x: Tensor, /, fill_value: Any, *, dtype: Any = None, device: str | None = None
) -> Tensor:
    """One value in the shape and dtype of ``x``, on its device.

    Parameters
    ----------
    x : Tensor
    fill_value : number or 0-d Tensor
        See :func:`full`.
    dtype, device : optional
        Others than x's.

    Returns
    -------
    Tensor of x's shape

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.full_like(mt.zeros(2), 7)
    Tensor([7., 7.])
    """
    place = device_of(x.data) if device is None else device
    return full(x.shape, fill_value, dtype=x.dtype if dtype is None else dtype, device=place)


def from_dlpack(x: Any, /, *, device: str | None = None, copy: bool | None = None) -> Tensor:
    """A tensor over the memory of another library's array, by the DLPack protocol.

    Parameters
    ----------
    x : object with ``__dlpack__``
    device : str, optional
        Where the tensor is to be; by default where the array is.
    copy : bool, optional
        True: never share memory. False: raise where a copy is needed.

    Returns
    -------
    Tensor

    Raises
    ------
    BufferError
        If ``copy=False`` and the array cannot be shared, or its memory is on a device of
        another kind.
    RuntimeError
        If it is on a GPU and there is no CUDA here; the message says why.

    Notes
    -----
    DLPack knows no emulated device: tensors of it are exported as the host memory that they
    are, so another library, NumPy too, gets them as an array of the CPU.

    Examples
    --------
    >>> import minitorch as mt
    >>> import numpy
    >>> array = numpy.zeros(2)
    >>> x = mt.from_dlpack(array)
    >>> array[0] = 5.0
    >>> x.tolist()
    [5.0, 0.0]
    """
    if isinstance(x, Tensor):
        out = x.detach()
    else:
        kind, index = x.__dlpack_device__()
        if kind not in PLACES:
            raise BufferError(f"from_dlpack: no device here for memory of DLPack's kind {kind}")
        place = f"cuda:{index}" if PLACES[kind] == "cuda" else "cpu"
        backend = backend_named(place)
        out = Tensor(backend.make("from_dlpack", place, backend.xp.from_dlpack, x))
    if device is None or is_on(out.data, device):
        return Tensor(out.data.copy()) if copy else out
    if copy is False:
        raise BufferError(f"from_dlpack: the array is on {out.device}, not {device}")
    return out.to_device(str(device))
