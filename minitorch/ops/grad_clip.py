"""The identity whose gradient is limited, for recurrences whose gradients explode."""

from __future__ import annotations

from minitorch.autograd.op import Sample, op
from minitorch.ops.piecewise import clip

__all__ = ["grad_clip"]


@op(formula="y = x; dL/dx = min(max(g, lower), upper)", linear=("x",))
def grad_clip(xp, x, *, lower, upper):
    """A copy of the array, through which only a limited gradient flows back.

    Parameters
    ----------
    x : Tensor, floating-point
    lower, upper : float
        Bounds of each element of the gradient.

    Returns
    -------
    Tensor like ``x``, with memory of its own

    Raises
    ------
    ValueError
        If ``lower`` is above ``upper``.

    Notes
    -----
    Where the limit acts, this is no derivative of ``y`` any more: it is a change of the
    descent. The second derivative is that of the first as it is computed, so it is 0
    where the gradient was cut.

    References
    ----------
    A. Graves: Generating sequences with recurrent neural networks, 2013.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = mt.grad_clip(x, lower=-1.0, upper=1.0)
    >>> y, mt.grad((y * mt.asarray([-9.0, 0.5, 9.0])).sum(), x)
    (Tensor([1., 2., 3.], grad_fn=grad_clip), Tensor([-1. ,  0.5,  1. ]))
    """
    if not lower <= upper:
        raise ValueError(f"grad_clip: lower is {lower}, it must not be above upper, {upper}")
    return xp.positive(x)


@grad_clip.vjp("x")
def grad_clip_dx(g, lower, upper):
    """dL/dx = g, limited to [lower, upper]"""
    return clip(g, lower, upper)


@grad_clip.samples
def _(make):
    # Bounds that no gradient of the checks reaches: beyond them it is no derivative.
    yield Sample.of(make(3, 4), lower=-1e6, upper=1e6)
