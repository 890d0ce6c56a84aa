"""New tensors: zeros, ones, ranges, grids, triangles. None of them has a history."""

from __future__ import annotations

import math
from typing import Any

import numpy

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_named, backend_of, device_of, get_default_dtype
from minitorch.ops.shape import broadcast_to, reshape

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def _number_dtype(name: str, dtype: Any) -> Any:
    """``dtype``, None being the default; TypeError for what is no dtype of numbers."""
    if dtype is None:
        return get_default_dtype()
    chosen = numpy.dtype(dtype)
    if chosen.kind not in "biufc":
        raise TypeError(f"{name}: a tensor holds numbers, not {chosen}")
    return chosen


def _filled(kind: str, shape: Any, dtype: Any, device: str | None, *value: Any) -> Tensor:
    xp = backend_named(device).xp
    return Tensor(getattr(xp, kind)(shape, *value, dtype=_number_dtype(kind, dtype)))


def zeros(shape: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """A tensor of zeros of ``shape`` (an int or a tuple), of the default dtype."""
    return _filled("zeros", shape, dtype, device)


def ones(shape: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """A tensor of ones of ``shape`` (an int or a tuple), of the default dtype."""
    return _filled("ones", shape, dtype, device)


def empty(shape: Any, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """A tensor of ``shape`` whose values are whatever lay in the memory."""
    return _filled("empty", shape, dtype, device)


def _scalar_dtype(value: Any) -> Any:
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
    chosen = _scalar_dtype(fill_value) if dtype is None else dtype
    if not isinstance(fill_value, Tensor):
        return _filled("full", shape, chosen, device, fill_value)
    if fill_value.shape != ():
        raise ValueError(f"full: fill_value is a number or 0-d, not of shape {fill_value.shape}")
    wanted = (shape,) if hasattr(shape, "__index__") else tuple(shape)
    value = fill_value if device is None else fill_value.to_device(device)
    # The cast makes the copy: what was broadcast shares one element.
    return broadcast_to(value, shape=wanted).astype(_number_dtype("full", chosen))


def _like(kind: str, x: Tensor, dtype: Any, device: str | None, *value: Any) -> Tensor:
    xp = backend_named(device).xp if device is not None else backend_of(x.data).xp
    chosen = x.dtype if dtype is None else _number_dtype(f"{kind}_like", dtype)
    return Tensor(getattr(xp, kind)(x.shape, *value, dtype=chosen))


def zeros_like(x: Tensor, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Zeros of the shape, dtype and device of ``x``."""
    return _like("zeros", x, dtype, device)


def ones_like(x: Tensor, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Ones of the shape, dtype and device of ``x``."""
    return _like("ones", x, dtype, device)


def empty_like(x: Tensor, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """An uninitialised tensor of the shape, dtype and device of ``x``."""
    return _like("empty", x, dtype, device)


def full_like(
    x: Tensor, /, fill_value: Any, *, dtype: Any = None, device: str | None = None
) -> Tensor:
    """One value, see :func:`full`, in the shape, dtype and on the device of ``x``."""
    place = device_of(x.data) if device is None else device
    return full(x.shape, fill_value, dtype=x.dtype if dtype is None else dtype, device=place)


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: str | None = None
) -> Tensor:
    """Evenly spaced values in ``[start, stop)``; ``arange(n)`` counts from 0.

    Parameters
    ----------
    start, stop, step : number
    dtype : dtype, optional
        int64 for integers, else the default dtype.

    Returns
    -------
    Tensor of shape ``(ceil((stop - start) / step),)``
    """
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise ValueError("arange: step must not be 0")
    if dtype is None and not all(isinstance(v, int | numpy.integer) for v in (start, stop, step)):
        dtype = get_default_dtype()
    # Computed in float64 (or exactly in integers) and rounded once.
    length = max(math.ceil((stop - start) / step), 0)
    xp = backend_named(device).xp
    if all(isinstance(v, int | numpy.integer) for v in (start, stop, step)):
        values = xp.arange(start, stop, step)[:length] if length else xp.zeros(0, numpy.int64)
        return Tensor(values.astype(numpy.int64 if dtype is None else dtype))
    return Tensor((start + step * xp.arange(length, dtype=numpy.float64)).astype(dtype))


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: str | None = None,
    endpoint: bool = True,
) -> Tensor:
    """``num`` evenly spaced values from ``start`` to ``stop``.

    Parameters
    ----------
    start, stop : number
    num : int
    endpoint : bool
        Whether ``stop`` is the last of them.

    Returns
    -------
    Tensor of shape ``(num,)``
    """
    if dtype is None:
        is_complex = isinstance(start, complex) or isinstance(stop, complex)
        dtype = _scalar_dtype(1j) if is_complex else get_default_dtype()
    xp = backend_named(device).xp
    return Tensor(xp.linspace(start, stop, num, dtype=dtype, endpoint=endpoint))


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: str | None = None,
) -> Tensor:
    """Ones on diagonal ``k``, zeros elsewhere; shape ``(n_rows, n_cols or n_rows)``."""
    xp = backend_named(device).xp
    return Tensor(
        xp.eye(n_rows, n_cols, k=k, dtype=get_default_dtype() if dtype is None else dtype)
    )


def from_dlpack(x: Any, /, *, device: str | None = None, copy: bool | None = None) -> Tensor:
    """A tensor over the memory of another library's array, by the DLPack protocol.

    Raises
    ------
    BufferError
        If ``copy=False`` and the array cannot be shared.
    """
    if isinstance(x, Tensor):
        x = x.data
    kind = x.__dlpack_device__()[0]
    backend = backend_named("cuda" if kind == 2 else "cpu")
    array = backend.xp.from_dlpack(x)
    if device is not None and device not in (backend.name, device_of(array)):
        if copy is False:
            raise BufferError(f"from_dlpack: the array is on {backend.name}, not {device}")
        return Tensor(array).to_device(device)
    return Tensor(array.copy() if copy else array)


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Coordinate grids of 1-D tensors, one per tensor.

    Parameters
    ----------
    *arrays : Tensor of shape (n_k,)
    indexing : "xy" or "ij"
        "xy" swaps the first two axes, as in plots.

    Returns
    -------
    list of Tensor

    Raises
    ------
    ValueError
        For another ``indexing``.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    for x in arrays:
        if x.ndim > 1:
            raise ValueError(f"meshgrid: takes 1-D tensors, got one of shape {x.shape}")
    count = len(arrays)
    places = list(range(count))
    if indexing == "xy" and count > 1:
        places[0], places[1] = 1, 0
    lengths = tuple(arrays[places.index(a)].size for a in range(count))
    grids = []
    for place, x in zip(places, arrays, strict=True):
        line = reshape(x, shape=tuple(x.size if a == place else 1 for a in range(count)))
        grids.append(reshape(broadcast_to(line, shape=lengths), shape=lengths, copy=True))
    return grids


@op(formula="y[i, j] = x[i, j] if j - i <= k, else 0", linear=("x",))
def tril(xp, x, *, k=0):
    """The lower triangle of matrices, up to diagonal ``k``; zeros above.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    k : int
        The diagonal: positive ones lie above the main diagonal.

    Returns
    -------
    Tensor of x's shape

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = mt.tril(x)
    >>> y.shape, y.tolist()
    ((2, 2), [[1.0, 0.0], [3.0, 4.0]])
    >>> mt.grad(y.sum(), x)
    Tensor([[1., 0.],
                [1., 1.]])
    """
    return xp.tril(x, k)


@tril.vjp("x")
def tril_dx(g, k):
    """dL/dx = the lower triangle of g"""
    return tril(g, k=k)


@tril.samples
def _(make):
    yield Sample.of(make(2, 3, 4), k=1)


@op(formula="y[i, j] = x[i, j] if j - i >= k, else 0", linear=("x",))
def triu(xp, x, *, k=0):
    """The upper triangle of matrices, from diagonal ``k``; zeros below.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    k : int
        The diagonal: positive ones lie above the main diagonal.

    Returns
    -------
    Tensor of x's shape

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = mt.triu(x)
    >>> y.shape, y.tolist()
    ((2, 2), [[1.0, 2.0], [0.0, 4.0]])
    >>> mt.grad(y.sum(), x)
    Tensor([[1., 1.],
                [0., 1.]])
    """
    return xp.triu(x, k)


@triu.vjp("x")
def triu_dx(g, k):
    """dL/dx = the upper triangle of g"""
    return triu(g, k=k)


@triu.samples
def _(make):
    yield Sample.of(make(2, 3, 4), k=-1)
