"""Functions of matrices made of other ops: diagonals, traces, powers, rank, cross products.

``minitorch.linalg`` is their namespace.
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.create import asarray
from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.arithmetic import multiply, subtract
from minitorch.ops.decompositions import svdvals
from minitorch.ops.dtypes import broadcast_arrays, finfo, int64
from minitorch.ops.gathering import take
from minitorch.ops.grids import arange, eye
from minitorch.ops.indexing import getitem
from minitorch.ops.matmul import matmul
from minitorch.ops.matrices import check_matrix, check_square, regular
from minitorch.ops.reduce import max_, sum_
from minitorch.ops.shape import broadcast_to, expand_dims, reshape
from minitorch.ops.solvers import inv

__all__ = ["cross", "diagonal", "matrix_power", "matrix_rank", "trace"]


@composite(formula="y[k] = x[k, k + offset]")
def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """The diagonals of matrices.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    offset : int
        Positive: above the main diagonal; negative: below.

    Returns
    -------
    Tensor of shape (..., k), a copy

    Raises
    ------
    ValueError
        For fewer than two axes.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.linalg.diagonal(mt.asarray([[1.0, 2.0], [3.0, 4.0]]), offset=1)
    Tensor([2.])
    """
    check_matrix("diagonal", x)
    rows, columns = x.shape[-2:]
    row, column = max(-offset, 0), max(offset, 0)
    length = max(min(rows - row, columns - column), 0)
    steps = arange(length)
    return getitem(x, index=(..., steps + row, steps + column))


@diagonal.samples
def _(make):
    yield Sample.of(make(2, 3, 4), offset=1)
    yield Sample.of(make(3, 3), offset=-1)


@composite(formula="y = Σ_k x[k, k + offset]")
def trace(x: Tensor, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sum along the diagonals of matrices.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    offset : int
        Positive: above the main diagonal; negative: below.
    dtype : dtype, optional
        Of the result; by default as for :func:`sum`.

    Returns
    -------
    Tensor of shape (...)

    Raises
    ------
    ValueError
        For fewer than two axes.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = mt.linalg.trace(x)
    >>> y.item(), mt.grad(y, x).tolist()
    (5.0, [[1.0, 0.0], [0.0, 1.0]])
    """
    check_matrix("trace", x)
    return sum_(diagonal(x, offset=offset), axis=-1, dtype=dtype)


@trace.samples
def _(make):
    yield Sample.of(make(2, 3, 3))


@composite(formula="y = x1 × x2")
def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Cross products of the vectors of three elements along an axis.

    Parameters
    ----------
    x1, x2 : Tensor, broadcastable, 3 long along ``axis``
    axis : int

    Returns
    -------
    Tensor of the broadcast shape

    Raises
    ------
    ValueError
        If an axis is not three long.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.linalg.cross(mt.asarray([1.0, 0.0, 0.0]), mt.asarray([0.0, 1.0, 0.0]))
    Tensor([0., 0., 1.])
    """
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"cross: axis {axis} of {x1.shape} and {x2.shape} must be 3 long")
    if axis >= 0:
        axis -= max(x1.ndim, x2.ndim)
    a, b = broadcast_arrays(x1, x2)
    here, there = (asarray(turn, device=a.device) for turn in ([1, 2, 0], [2, 0, 1]))
    first = multiply(take(a, here, axis=axis), take(b, there, axis=axis))
    return subtract(first, multiply(take(a, there, axis=axis), take(b, here, axis=axis)))


@cross.samples
def _(make):
    yield Sample.of(make(2, 3), make(3))
    yield Sample.of(make(3, 2), make(3, 2), axis=0)


@composite(formula="y = xⁿ")
def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """Square matrices to an integer power, by repeated squaring.

    Parameters
    ----------
    x : Tensor of shape (..., k, k)
    n : int
        Negative: a power of the inverse.

    Returns
    -------
    Tensor of shape (..., k, k)

    Raises
    ------
    ValueError
        For matrices that are not square; for negative powers of singular ones.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 1.0], [0.0, 1.0]], requires_grad=True)
    >>> y = mt.linalg.matrix_power(x, 3)
    >>> y.tolist(), mt.grad(y[0, 1], x).tolist()
    ([[1.0, 3.0], [0.0, 1.0]], [[3.0, 3.0], [1.0, 3.0]])
    """
    check_square("matrix_power", x)
    if n < 0:
        return matrix_power(inv(x), -n)
    if n == 0:
        ones = eye(x.shape[-1], dtype=x.dtype)
        return reshape(broadcast_to(ones, shape=x.shape), shape=x.shape, copy=True)
    power, found = x, None
    while n:
        if n & 1:
            found = power if found is None else matmul(found, power)
        n >>= 1
        if n:
            power = matmul(power, power)
    return reshape(x, shape=x.shape, copy=True) if found is x or found is None else found


@matrix_power.samples
def _(make):
    yield Sample.of(make(2, 3, 3), 5)
    yield Sample.of(regular(make, 3, 3), -2)
    yield Sample.of(make(3, 3), 1)


def matrix_rank(x: Tensor, /, *, rtol: Any = None) -> Tensor:
    """The number of singular values above ``rtol`` times the largest; it has no gradient.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    rtol : number or Tensor of shape (...), optional
        Default: max(m, n) times the precision.

    Returns
    -------
    Tensor of shape (...), int64

    Raises
    ------
    ValueError
        For fewer than two axes.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.linalg.matrix_rank(mt.ones((3, 2)))
    Tensor(1)
    """
    check_matrix("matrix_rank", x)
    values = svdvals(x.detach())
    if not values.shape[-1]:
        return sum_(values.astype(int64), axis=-1)
    if rtol is None:
        rtol = max(x.shape[-2:]) * finfo(x.dtype).eps
    elif isinstance(rtol, Tensor) and rtol.ndim:
        rtol = expand_dims(rtol.detach(), axis=-1)
    limit = max_(values, axis=-1, keepdims=True) * rtol
    return sum_((values > limit).astype(int64), axis=-1)
