"""Products: matmul, its relatives, and einsum."""

from __future__ import annotations

import math
from typing import Any

import numpy

from minitorch.autograd.op import Sample, composite, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.device_kernels import attach_device
from minitorch.backend.native import attach
from minitorch.ops.arithmetic import multiply
from minitorch.ops.matmul_device import matmul_on_device, matmul_order, supports_matmul
from minitorch.ops.matmul_native import (
    matmul_fwd_native,
    packed_product_pays,
    product_of_rows_pays,
    supports_native_matmul,
)
from minitorch.ops.reduce import sum_
from minitorch.ops.shape import expand_dims, moveaxis, permute_dims, reshape, squeeze

__all__ = ["matmul", "matrix_transpose", "outer", "tensordot", "vecdot"]


def matrix_transpose(x: Tensor, /) -> Tensor:
    """The last two axes swapped.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)

    Returns
    -------
    Tensor of shape (..., n, m), a view

    Raises
    ------
    ValueError
        For fewer than two axes.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.matrix_transpose(mt.ones((2, 3, 4))).shape
    (2, 4, 3)
    """
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: needs two axes at least, x has shape {x.shape}")
    return permute_dims(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _check(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if not a or not b:
        raise ValueError(f"matmul: takes no 0-d tensors, got {a} and {b}; use multiply")
    rows = b[-2] if len(b) > 1 else b[0]
    if a[-1] != rows:
        raise ValueError(
            f"matmul: x1 has {a[-1]} columns, x2 has {rows} rows (x1 {a}, x2 {b}); they must be "
            f"equal"
        )


@op(
    formula="y[..., i, j] = Σ_k x1[..., i, k] x2[..., k, j]",
    linear=("x1", "x2"),
    upcast=True,
    quiet=True,
    autocast="half",
)
def matmul(xp, x1, x2):
    """Matrix product over the last two axes, broadcast over the others.

    Parameters
    ----------
    x1 : Tensor of shape (..., n, k) or (k,)
    x2 : Tensor of shape (..., k, m) or (k,)

    Returns
    -------
    Tensor of shape (..., n, m)
        Without the axis that a 1-D factor lacks.

    Raises
    ------
    ValueError
        If the inner lengths differ, or a factor is 0-d.

    Notes
    -----
    From dL = <g, dx1 x2 + x1 dx2> follow dL/dx1 = g x2ᵀ and dL/dx2 = x1ᵀ g.

    Examples
    --------
    >>> import minitorch as mt
    >>> w = mt.ones((3, 2)).requires_grad_()
    >>> y = mt.matmul(mt.asarray([[1.0, 2.0, 3.0]]), w)
    >>> y.sum().backward()
    >>> w.grad
    Tensor([[1., 1.],
            [2., 2.],
            [3., 3.]])
    """
    if not (hasattr(x1, "shape") and hasattr(x2, "shape")):
        raise TypeError("matmul: takes tensors, not numbers; use multiply")
    _check(x1.shape, x2.shape)
    if x1.ndim > 2 and x2.ndim == 2 and x1.flags.c_contiguous:
        # One product over all the batch instead of a batch of products.
        rows = math.prod(x1.shape[:-1])
        out = xp.matmul(x1.reshape(rows, x1.shape[-1]), x2)
        return out.reshape(*x1.shape[:-1], x2.shape[-1])
    return xp.matmul(x1, x2)


@matmul.vjp("x1")
def matmul_dx1(g, x1_shape, x2):
    """dL/dx1 = g x2ᵀ"""
    if x2.ndim == 1:  # y[.., i] = sum over k: an outer product
        return multiply(expand_dims(g, axis=-1), x2)
    if len(x1_shape) == 1:
        return squeeze(matmul(expand_dims(g, axis=-2), matrix_transpose(x2)), axis=-2)
    return matmul(g, matrix_transpose(x2))


@matmul.vjp("x2")
def matmul_dx2(g, x1, x2_shape):
    """dL/dx2 = x1ᵀ g"""
    if x1.ndim == 1 and len(x2_shape) == 1:
        return multiply(g, x1)
    if x1.ndim == 1:
        return multiply(expand_dims(x1, axis=-1), expand_dims(g, axis=-2))
    if len(x2_shape) == 1:
        return squeeze(matmul(matrix_transpose(x1), expand_dims(g, axis=-1)), axis=-1)
    if len(x2_shape) == 2 and x1.ndim > 2:
        # One product over all the batch instead of a batch of products to sum.
        rows = math.prod(g.shape[:-1])
        x1 = reshape(x1, shape=(rows, x1.shape[-1]))
        g = reshape(g, shape=(rows, g.shape[-1]))
    return matmul(matrix_transpose(x1), g)


attach(
    matmul,
    "matmul",
    matmul_fwd_native,
    supports=supports_native_matmul,
    prefers={
        "k01_naive": lambda *_: False,
        "k02_rows": product_of_rows_pays,
        "k03_packed": packed_product_pays,
    },
)
attach_device(matmul, "matmul", matmul_on_device, supports=supports_matmul, order=matmul_order)


@matmul.samples
def _(make):
    yield Sample.of(make(3, 4), make(4, 2))
    yield Sample.of(make(4), make(4))
    yield Sample.of(make(2, 3, 4), make(4))
    yield Sample.of(make(4), make(2, 4, 3))
    yield Sample.of(make(2, 1, 3, 4), make(5, 4, 2), note="broadcast")
    yield Sample.of(make(2, 3, 4), make(4, 2))


@composite(formula="y = Σ_k x1[..., k] x2[..., k]")
def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Dot products of the vectors along an axis.

    Parameters
    ----------
    x1, x2 : Tensor, broadcastable
        x1 is conjugated if it is complex.
    axis : int

    Returns
    -------
    Tensor without that axis

    Raises
    ------
    ValueError
        If the lengths along the axis differ.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = mt.vecdot(x, mt.asarray([1.0, 10.0]))
    >>> y.tolist(), mt.grad(y.sum(), x).tolist()
    ([21.0, 43.0], [[1.0, 10.0], [1.0, 10.0]])
    """
    if not -min(x1.ndim, x2.ndim) <= axis < 0 and not (x1.ndim == x2.ndim and 0 <= axis < x1.ndim):
        raise ValueError(f"vecdot: axis {axis} is no axis of both {x1.shape} and {x2.shape}")
    if x1.shape[axis] != x2.shape[axis]:
        raise ValueError(f"vecdot: lengths along axis {axis} differ: {x1.shape} and {x2.shape}")
    if x1.dtype.kind == "c":
        x1 = Tensor(x1.data.conj())
    product = multiply(x1, x2)
    return sum_(product, axis=axis, dtype=product.dtype)


@vecdot.samples
def _(make):
    yield Sample.of(make(3, 4), make(4))


def outer(x1: Tensor, x2: Tensor, /) -> Tensor:
    """All products of the elements of two vectors.

    Parameters
    ----------
    x1 : Tensor of shape (n,)
    x2 : Tensor of shape (m,)

    Returns
    -------
    Tensor of shape (n, m)

    Raises
    ------
    ValueError
        For what is no vector.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.outer(mt.asarray([1.0, 2.0]), mt.asarray([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"outer: takes vectors, got {x1.shape} and {x2.shape}")
    return multiply(expand_dims(x1, axis=1), x2)


@composite(formula="y = Σ over the paired axes of x1 x2")
def tensordot(x1: Tensor, x2: Tensor, /, *, axes: Any = 2) -> Tensor:
    """Contract axes of one tensor with axes of another.

    Parameters
    ----------
    x1, x2 : Tensor
    axes : int or (sequence of int, sequence of int)
        The last n axes of x1 with the first n of x2, or the paired axes.

    Returns
    -------
    Tensor
        x1's remaining axes, then x2's.

    Raises
    ------
    ValueError
        If paired axes differ in length.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((2, 3, 4)).requires_grad_()
    >>> y = mt.tensordot(x, mt.ones((4, 3, 5)), axes=((1, 2), (1, 0)))
    >>> y.shape, mt.grad(y.sum(), x).shape
    ((2, 5), (2, 3, 4))
    """
    if isinstance(axes, int):
        pair = (tuple(range(x1.ndim - axes, x1.ndim)), tuple(range(axes)))
    else:
        pair = tuple((a,) if isinstance(a, int) else tuple(a) for a in axes)
    left, right = (tuple(a % x.ndim for a in side) for side, x in zip(pair, (x1, x2), strict=True))
    if [x1.shape[a] for a in left] != [x2.shape[a] for a in right]:
        raise ValueError(
            f"tensordot: axes {left} of {x1.shape} and {right} of {x2.shape} differ in length"
        )
    kept1 = tuple(n for a, n in enumerate(x1.shape) if a not in left)
    kept2 = tuple(n for a, n in enumerate(x2.shape) if a not in right)
    inner = int(numpy.prod([x1.shape[a] for a in left], dtype=int))
    a = reshape(
        moveaxis(x1, left, tuple(range(x1.ndim - len(left), x1.ndim))),
        shape=(int(numpy.prod(kept1, dtype=int)), inner),
    )
    b = reshape(
        moveaxis(x2, right, tuple(range(len(right)))),
        shape=(inner, int(numpy.prod(kept2, dtype=int))),
    )
    return reshape(matmul(a, b), shape=(*kept1, *kept2))


@tensordot.samples
def _(make):
    yield Sample.of(make(2, 3, 4), make(3, 4, 5))
    yield Sample.of(make(2, 3), make(4, 2), axes=((0,), (1,)))
    yield Sample.of(make(2), make(3), axes=0)
