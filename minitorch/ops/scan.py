"""Running sums and products along an axis, and the product, whose gradient needs them.

No rule divides by ``x``, so zeros do no harm, at any order of derivative. What
takes the place of the division is the recurrence ``y_j = a_j y_{j-1} + b_j``,
whose derivatives are recurrences of the same kind, in the other direction.
"""

from __future__ import annotations

import math

from minitorch.autograd.op import Sample, composite, op
from minitorch.ops.arithmetic import subtract
from minitorch.ops.joining import concat, flip
from minitorch.ops.reduce import accumulate, spread
from minitorch.ops.shape import permute_dims, reshape

__all__ = ["cumulative_prod", "cumulative_sum", "diff", "prod", "recurrence"]


def _cut(axis, *limits):
    """The index ``[:, ..., limits]`` with the slice at ``axis`` (not negative)."""
    return (slice(None),) * axis + (slice(*limits),)


def _running(xp, function, first, x, axis, dtype, include_initial):
    """A cumulative function, with the value over no elements (``first``) put before it."""
    if axis is None:
        if x.ndim != 1:
            raise ValueError(
                f"a cumulative op on x {x.shape} needs an axis; only 1-d x has a default"
            )
        axis = 0
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis {axis} is out of range for a cumulative op on x {x.shape}")
    out = accumulate(xp, function, x, dtype, axis=axis)
    if not include_initial:
        return out
    one = list(x.shape)
    one[axis] = 1
    return xp.concatenate([xp.full(one, first, dtype=out.dtype), out], axis=axis)


@op(formula="y_j = Σ_{i≤j} x_i", linear=("x",), autocast="float32")
def cumulative_sum(xp, x, *, axis=None, dtype=None, include_initial=False):
    """Running sums along an axis.

    Parameters
    ----------
    x : Tensor, numeric, at least 1-d
    axis : int, optional
        May be left out for 1-d ``x``.
    dtype : dtype, optional
        Of the result. Default: x's; the default integer for smaller ones.
    include_initial : bool
        Begin with the sum of nothing, 0: one element more.

    Returns
    -------
    Tensor of x's shape, or one longer along ``axis``

    Raises
    ------
    ValueError
        For 0-d ``x``, an axis out of range, or none for several axes.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = mt.cumulative_sum(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([1., 3., 6.], grad_fn=cumulative_sum), Tensor([3., 2., 1.]))
    """
    return _running(xp, x.cumsum, 0, x, axis, dtype, include_initial)


@cumulative_sum.vjp("x")
def cumulative_sum_dx(g, axis, include_initial):
    """dL/dx_i = Σ_{j≥i} g_j"""
    axis = (axis or 0) % g.ndim
    if include_initial:
        g = g[_cut(axis, 1, None)]
    return flip(cumulative_sum(flip(g, axis=axis), axis=axis), axis=axis)


@op(formula="y_j = Π_{i≤j} x_i", quiet=True, autocast="float32")
def cumulative_prod(xp, x, *, axis=None, dtype=None, include_initial=False):
    """Running products along an axis.

    Parameters
    ----------
    x : Tensor, numeric, at least 1-d
    axis : int, optional
        May be left out for 1-d ``x``.
    dtype : dtype, optional
        Of the result. Default: x's; the default integer for smaller ones.
    include_initial : bool
        Begin with the product of nothing, 1: one element more.

    Returns
    -------
    Tensor of x's shape, or one longer along ``axis``

    Raises
    ------
    ValueError
        For 0-d ``x``, an axis out of range, or none for several axes.

    Notes
    -----
    With the product before i, p_i = Π_{k<i} x_k, the gradient is p_i s_i, where
    s_i = Σ_{j≥i} g_j Π_{i<k≤j} x_k obeys s_i = g_i + x_{i+1} s_{i+1}: a
    :func:`recurrence` from the end. Zeros among the x need no special case.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([2.0, 0.0, 3.0], requires_grad=True)
    >>> y = mt.cumulative_prod(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([2., 0., 0.], grad_fn=cumulative_prod), Tensor([1., 8., 0.]))
    """
    return _running(xp, x.cumprod, 1, x, axis, dtype, include_initial)


@cumulative_prod.vjp("x")
def cumulative_prod_dx(g, x, axis, include_initial):
    """dL/dx_i = Π_{k<i} x_k · s_i, with s_i = g_i + x_{i+1} s_{i+1}"""
    axis = (axis or 0) % g.ndim
    if include_initial:
        g = g[_cut(axis, 1, None)]
    before = cumulative_prod(x, axis=axis, include_initial=True)[_cut(axis, None, -1)]
    return before * recurrence(x, g, axis=axis, reverse=True)


@op(formula="y_j = a_j y_{j-1} + b_j", linear=("b",), quiet=True, upcast=True)
def recurrence(xp, a, b, *, axis=-1, reverse=False):
    """The linear recurrence ``y_j = a_j y_{j-1} + b_j`` along an axis, from 0.

    Parameters
    ----------
    a, b : Tensor, floating-point, of one shape, at least 1-d
        ``a_0`` has nothing to multiply and plays no part.
    axis : int
    reverse : bool
        Run from the end: ``y_j = a_{j+1} y_{j+1} + b_j``, the transpose in ``b``.

    Returns
    -------
    Tensor of that shape

    Raises
    ------
    ValueError
        For shapes that differ.

    Notes
    -----
    Two steps y → a y + b make one, y → (a' a) y + (a' b + b'). Each pass joins
    every step with the one ``reach`` before it and doubles the reach, so log₂ n
    passes over whole arrays do what a loop would do in n steps (W. D. Hillis,
    G. L. Steele, "Data parallel algorithms", CACM 29, 1986).

    Examples
    --------
    >>> import minitorch as mt
    >>> b = mt.tensor([1.0, 1.0, 1.0], requires_grad=True)
    >>> y = mt.recurrence(mt.asarray([0.0, 2.0, 2.0]), b)
    >>> y, mt.grad(y.sum(), b)
    (Tensor([1., 3., 7.], grad_fn=recurrence), Tensor([7., 3., 1.]))
    """
    if a.shape != b.shape or not a.ndim:
        raise ValueError(
            f"recurrence: a {a.shape} and b {b.shape} must be of one shape, 1-d or more"
        )
    a, b = xp.moveaxis(a, axis, 0), xp.moveaxis(b, axis, 0)
    if reverse:
        a, b = xp.concatenate([a[:1], a[:0:-1]]), b[::-1]
    reach, length = 1, len(b)
    while reach < length:
        b = xp.concatenate([b[:reach], b[reach:] + a[reach:] * b[:-reach]])
        a = xp.concatenate([a[:reach], a[reach:] * a[:-reach]])
        reach *= 2
    return xp.moveaxis(b[::-1] if reverse else b, 0, axis).copy()


@recurrence.vjp("b")
def recurrence_db(g, a, axis, reverse):
    """dL/db = the same recurrence of g, in the other direction"""
    return recurrence(a, g, axis=axis, reverse=not reverse)


@recurrence.vjp("a")
def recurrence_da(g, a, out, axis, reverse):
    """dL/da_j = (dL/db)_j · y_{j-1}; from the end, (dL/db)_{j-1} · y_j; 0 for a_0"""
    db = recurrence(a, g, axis=axis, reverse=not reverse)
    earlier, other = (db, out) if reverse else (out, db)
    axis %= g.ndim
    product = earlier[_cut(axis, None, -1)] * other[_cut(axis, 1, None)]
    return concat([g[_cut(axis, None, 1)] * 0, product], axis=axis)


@op(formula="y = Π x", quiet=True, autocast="float32")
def prod(xp, x, *, axis=None, dtype=None, keepdims=False):
    """The product over some axes; 1 over none.

    Parameters
    ----------
    x : Tensor, numeric
    axis : int or tuple of int, optional
        Default: all.
    dtype : dtype, optional
        Of the result. Default: x's; the default integer for smaller ones.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor

    Notes
    -----
    The gradient is the product of all *other* elements, made of running products
    from both ends: right with any number of zeros, and differentiable again.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[2.0, 3.0], [0.0, 5.0]], requires_grad=True)
    >>> y = mt.prod(x, axis=1)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([6., 0.], grad_fn=prod), Tensor([[3., 2.],
            [5., 0.]]))
    """
    return accumulate(xp, x.prod, x, dtype, axis=axis, keepdims=keepdims)


@prod.vjp("x")
def prod_dx(g, x, axis, keepdims):
    """dL/dx = g · Π of the other elements, from the left and from the right"""
    return spread(g, x.shape, axis, keepdims) * _others(x, axis)


def _others(x, axis):
    """For each element the product of the others that are reduced with it."""
    every = range(x.ndim)
    axes = [a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis or every)]
    if axis == ():
        return x * 0 + 1
    order = [a for a in every if a not in axes] + axes
    back = tuple([order.index(a) for a in every])
    moved = permute_dims(x, axes=tuple(order))
    kept = moved.shape[: x.ndim - len(axes)]
    rows = reshape(moved, shape=(*kept, math.prod(moved.shape[len(kept) :])))
    before = _before(rows)
    after = flip(_before(flip(rows, axis=-1)), axis=-1)
    return permute_dims(reshape(before * after, shape=moved.shape), axes=back)


def _before(rows):
    """The product of what comes before each element of the last axis."""
    return cumulative_prod(rows, axis=-1, include_initial=True)[..., :-1]


@composite(formula="y_j = x_{j+1} - x_j, n times")
def diff(x, *, axis=-1, n=1, prepend=None, append=None):
    """Differences of neighbours along an axis, taken ``n`` times.

    Parameters
    ----------
    x : Tensor, numeric, at least 1-d
    axis : int
    n : int
        How often; 0 gives ``x`` itself.
    prepend, append : Tensor, optional
        Put before and behind ``x`` along ``axis`` first.

    Returns
    -------
    Tensor, ``n`` shorter along ``axis``

    Raises
    ------
    ValueError
        For a negative ``n``, 0-d ``x`` or an axis out of range.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 4.0, 9.0], requires_grad=True)
    >>> y = mt.diff(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([3., 5.], grad_fn=subtract), Tensor([-1.,  0.,  1.]))
    """
    if n < 0:
        raise ValueError(f"diff: n is {n}, it must not be negative")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"diff: axis {axis} is out of range for x {x.shape}")
    axis %= x.ndim
    parts = [part for part in (prepend, x, append) if part is not None]
    x = concat(parts, axis=axis) if len(parts) > 1 else x
    for _ in range(n):
        x = subtract(x[_cut(axis, 1, None)], x[_cut(axis, None, -1)])
    return x


@cumulative_sum.samples
def _(make):
    yield Sample.of(make(4))
    yield Sample.of(make(2, 3, 4), axis=1, note="one axis")
    yield Sample.of(make(2, 3), axis=-1, include_initial=True, note="from zero")


@cumulative_prod.samples
def _(make):
    yield Sample.of(make(5))
    yield Sample.of(make(2, 3, 4), axis=1, note="one axis")
    yield Sample.of(make(2, 3), axis=-1, include_initial=True, note="from one")
    yield Sample.of(make(5) * [1, 0, 1, 0, 1], note="with zeros")


@recurrence.samples
def _(make):
    yield Sample.of(make(5), make(5))
    yield Sample.of(make(2, 4, 3), make(2, 4, 3), axis=1, reverse=True, note="from the end")


@prod.samples
def _(make):
    yield Sample.of(make(3, 2))
    yield Sample.of(make(2, 3, 4), axis=1, note="one axis")
    yield Sample.of(make(2, 3, 2), axis=(0, -1), keepdims=True, note="axes kept")
    yield Sample.of(make(2, 4) * [[1, 0, 1, 1], [0, 1, 0, 1]], axis=1, note="with zeros")


@diff.samples
def _(make):
    yield Sample.of(make(2, 4))
    yield Sample.of(make(4, 2), axis=0, n=2, note="twice")
    yield Sample.of(make(4), prepend=make(1), append=make(2), note="with ends")
