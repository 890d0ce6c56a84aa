"""Ranges, grids, and the triangles and diagonals of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_named, get_default_dtype
from minitorch.ops.creation import number_dtype, scalar_dtype
from minitorch.ops.shape import broadcast_to, reshape

__all__ = ["arange", "eye", "linspace", "meshgrid", "tril", "triu"]


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

    Raises
    ------
    ValueError
        For a step of 0.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.arange(5, 0, -2)
    Tensor([5, 3, 1])
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

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.linspace(0.0, 1.0, 5)
    Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    if dtype is None:
        is_complex = isinstance(start, complex) or isinstance(stop, complex)
        dtype = scalar_dtype(1j) if is_complex else get_default_dtype()
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
    """Ones on a diagonal, zeros elsewhere.

    Parameters
    ----------
    n_rows : int
    n_cols : int, optional
        Default: as many as rows.
    k : int
        The diagonal: positive ones lie above the main diagonal.
    dtype : dtype, optional
        Default: the default floating-point dtype.
    device : str, optional

    Returns
    -------
    Tensor of shape (n_rows, n_cols)

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.eye(2, 3, k=1).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    xp = backend_named(device).xp
    chosen = number_dtype("eye", dtype)
    return Tensor(xp.eye(n_rows, n_cols, k=k, dtype=chosen))


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
        For another ``indexing``, or tensors of more than one axis.

    Examples
    --------
    >>> import minitorch as mt
    >>> columns, rows = mt.meshgrid(mt.arange(3), mt.arange(2))
    >>> columns.tolist(), rows.tolist()
    ([[0, 1, 2], [0, 1, 2]], [[0, 0, 0], [1, 1, 1]])
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
