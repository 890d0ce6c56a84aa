"""Norms of vectors and matrices; ``minitorch.linalg`` is their namespace."""

from __future__ import annotations

import math
from typing import Any

import numpy

from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.arithmetic import divide, multiply
from minitorch.ops.compare import equal, greater, less, where
from minitorch.ops.creation import ones_like
from minitorch.ops.decompositions import svdvals
from minitorch.ops.logic import logical_and
from minitorch.ops.matrices import check_matrix
from minitorch.ops.piecewise import abs_
from minitorch.ops.power import pow_
from minitorch.ops.reduce import max_, min_, sum_
from minitorch.ops.shape import expand_dims, squeeze

__all__ = ["matrix_norm", "vector_norm"]


def _power_norm(size: Tensor, axis: Any, order: float) -> Tensor:
    """(Σ size^order)^(1/order), the reduced axes kept.

    Scaled by the largest element, so that powers neither overflow nor vanish;
    lines of zeros are computed as ones and multiplied by 0, so that neither
    their root nor its gradient is a NaN.
    """
    top = max_(size.detach(), axis=axis, keepdims=True)
    usual = logical_and(greater(top, 0), less(top, math.inf))
    zero = equal(top, 0)
    scale = where(usual, top, ones_like(top))
    scaled = divide(where(zero, ones_like(top), size), scale)
    total = sum_(pow_(scaled, order), axis=axis, keepdims=True, dtype=size.dtype)
    return multiply(pow_(total, 1 / order), where(zero, top, scale))


@composite(formula="y = (Σ |x|^ord)^(1/ord)")
def vector_norm(x: Tensor, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    """The norm of the vectors along one axis, or of all elements in several.

    Parameters
    ----------
    x : Tensor
    axis : int, tuple of int or None
        None: all axes.
    keepdims : bool
    ord : number
        ``inf`` is the largest, ``-inf`` the smallest absolute value, 0 the number of
        elements that are not 0.

    Returns
    -------
    Tensor

    Notes
    -----
    The gradient at a vector of zeros is chosen to be 0. Squares neither
    overflow nor vanish: elements are scaled by the largest.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([3.0, 4.0], requires_grad=True)
    >>> y = mt.linalg.vector_norm(x)
    >>> y.shape, mt.grad(y, x)
    ((), Tensor([0.6, 0.8]))
    """
    size = abs_(x)
    if ord == 0:
        count = (size > 0).astype(size.dtype)
        return sum_(count, axis=axis, keepdims=keepdims, dtype=size.dtype)
    if ord == math.inf:
        return max_(size, axis=axis, keepdims=keepdims)
    if ord == -math.inf:
        return min_(size, axis=axis, keepdims=keepdims)
    if ord == 1 or not x.size:
        return sum_(size, axis=axis, keepdims=keepdims, dtype=size.dtype)
    norm = _power_norm(size, axis, ord)
    if keepdims:
        return norm
    return squeeze(norm, axis=tuple(range(x.ndim)) if axis is None else axis)


@vector_norm.samples
def _(make):
    x = make(3, 4, away=(0.0,))
    for order in (1, 2, 3, 0.5, -1, math.inf, -math.inf):
        values = make.distinct(3, 4) if abs(order) == math.inf else x
        yield Sample.of(values, axis=-1, ord=order, note=f"ord={order}")
    yield Sample.of(x, keepdims=True)


@composite(formula="y = ‖x‖")
def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """A norm of matrices.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    keepdims : bool
    ord : "fro", "nuc", 1, -1, 2, -2, inf or -inf
        Frobenius; sum of the singular values; largest (smallest) column sum of
        absolute values; largest (smallest) singular value; row sum.

    Returns
    -------
    Tensor of shape (...), or (..., 1, 1) with ``keepdims``

    Raises
    ------
    ValueError
        For another ``ord``, or fewer than two axes.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [3.0, -4.0]], requires_grad=True)
    >>> y = mt.linalg.matrix_norm(x, ord=1)
    >>> y.item(), mt.grad(y, x).tolist()
    (6.0, [[0.0, 1.0], [0.0, -1.0]])
    """
    check_matrix("matrix_norm", x)
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        values = svdvals(x)
        reduce = {"nuc": sum_, 2: max_, -2: min_}[ord]
        norm = reduce(values, axis=-1)
        return expand_dims(expand_dims(norm, axis=-1), axis=-1) if keepdims else norm
    if ord not in (1, -1, math.inf, -math.inf):
        raise ValueError(f"matrix_norm: ord is 'fro', 'nuc', ±1, ±2 or ±inf, not {ord!r}")
    along, across = (-2, -1) if abs(ord) == 1 else (-1, -2)
    sums = sum_(abs_(x), axis=along, keepdims=True)
    norm = (max_ if ord > 0 else min_)(sums, axis=across, keepdims=True)
    return norm if keepdims else squeeze(norm, axis=(-2, -1))


@matrix_norm.samples
def _(make):
    x = make(2, 3, 3, away=(0.0,)) * numpy.array([1.0, 2.0, 4.0])
    for order in ("fro", "nuc", 1, -1, 2, -2, math.inf):
        yield Sample.of(x, ord=order, note=f"ord={order}")
