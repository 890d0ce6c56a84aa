"""Truth over axes: whether any, whether all, how many. Constant for gradients."""

from __future__ import annotations

from minitorch.autograd.op import Sample, op

__all__ = ["all", "any", "count_nonzero"]


@op(name="any", formula="y = x[0] ∨ x[1] ∨ ...", constant=True)
def any_(xp, x, *, axis=None, keepdims=False):
    """Whether some element is true (not zero); False over none.

    Parameters
    ----------
    x : Tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.any(mt.asarray([[0, 1], [0, 0]]), axis=1)
    Tensor([ True, False])
    """
    return xp.any(x, axis=axis, keepdims=keepdims)


@op(name="all", formula="y = x[0] ∧ x[1] ∧ ...", constant=True)
def all_(xp, x, *, axis=None, keepdims=False):
    """Whether every element is true (not zero); True over none.

    Parameters
    ----------
    x : Tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.all(mt.asarray([[1, 1], [0, 1]]), axis=1)
    Tensor([ True, False])
    """
    return xp.all(x, axis=axis, keepdims=keepdims)


@op(formula="y = #(x ≠ 0)", constant=True)
def count_nonzero(xp, x, *, axis=None, keepdims=False):
    """How many elements are not zero.

    Parameters
    ----------
    x : Tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor of the default integer dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.count_nonzero(mt.asarray([[1, 0], [2, 3]]), axis=1)
    Tensor([1, 2])
    """
    return (x != 0).sum(axis=axis, keepdims=keepdims)


@any_.samples
@all_.samples
@count_nonzero.samples
def _(make):
    yield Sample.of(make.bools(3, 4))
    yield Sample.of(make.ints(3, 4, high=2), axis=-1, keepdims=True, note="integers")


all, any = all_, any_
