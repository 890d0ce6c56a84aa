"""Logic on truth values and bits; constant for gradients."""

from __future__ import annotations

from minitorch.autograd.op import Sample, op

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]


@op(formula="y = x1 ∧ x2", constant=True)
def logical_and(xp, x1, x2):
    """Whether both elements are true.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, bool

    Returns
    -------
    Tensor of the broadcast shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.logical_and(mt.asarray([True, False]), True)
    Tensor([ True, False])
    """
    return xp.logical_and(x1, x2)


@op(formula="y = x1 ∨ x2", constant=True)
def logical_or(xp, x1, x2):
    """Whether at least one of two elements is true.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, bool

    Returns
    -------
    Tensor of the broadcast shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.logical_or(mt.asarray([True, False]), False)
    Tensor([ True, False])
    """
    return xp.logical_or(x1, x2)


@op(formula="y = x1 ⊻ x2", constant=True)
def logical_xor(xp, x1, x2):
    """Whether exactly one of two elements is true.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, bool

    Returns
    -------
    Tensor of the broadcast shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.logical_xor(mt.asarray([True, False]), True)
    Tensor([False,  True])
    """
    return xp.logical_xor(x1, x2)


@op(formula="y = ¬x", constant=True)
def logical_not(xp, x):
    """Whether elements are false.

    Parameters
    ----------
    x : Tensor, bool

    Returns
    -------
    Tensor of x's shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.logical_not(mt.asarray([True, False]))
    Tensor([False,  True])
    """
    return xp.logical_not(x)


@op(formula="y = x1 & x2", constant=True)
def bitwise_and(xp, x1, x2):
    """The bits that are set in both.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, integer or bool

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.bitwise_and(mt.asarray([5, 6]), 3)
    Tensor([1, 2])
    """
    return xp.bitwise_and(x1, x2)


@op(formula="y = x1 | x2", constant=True)
def bitwise_or(xp, x1, x2):
    """The bits that are set in at least one.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, integer or bool

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.bitwise_or(mt.asarray([5, 6]), 3)
    Tensor([7, 7])
    """
    return xp.bitwise_or(x1, x2)


@op(formula="y = x1 ^ x2", constant=True)
def bitwise_xor(xp, x1, x2):
    """The bits that are set in exactly one.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, integer or bool

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.bitwise_xor(mt.asarray([5, 6]), 3)
    Tensor([6, 5])
    """
    return xp.bitwise_xor(x1, x2)


@op(formula="y = ~x", constant=True)
def bitwise_invert(xp, x):
    """Every bit the other way round; ``not`` for bools.

    Parameters
    ----------
    x : Tensor, integer or bool

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.bitwise_invert(mt.asarray([0, 5]))
    Tensor([-1, -6])
    """
    return xp.invert(x)


@op(formula="y = x1 · 2^x2", constant=True)
def bitwise_left_shift(xp, x1, x2):
    """Bits moved ``x2`` places up, zeros coming in.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, integer; ``x2`` not negative

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.bitwise_left_shift(mt.asarray([1, 3]), 2)
    Tensor([ 4, 12])
    """
    return xp.left_shift(x1, x2)


@op(formula="y = ⌊x1 / 2^x2⌋", constant=True)
def bitwise_right_shift(xp, x1, x2):
    """Bits moved ``x2`` places down, copies of the sign bit coming in.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, integer; ``x2`` not negative

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.bitwise_right_shift(mt.asarray([12, -12]), 2)
    Tensor([ 3, -3])
    """
    return xp.right_shift(x1, x2)


@logical_and.samples
@logical_or.samples
@logical_xor.samples
def _(make):
    yield Sample.of(make.bools(3, 4), make.bools(4))


@logical_not.samples
def _(make):
    yield Sample.of(make.bools(3, 4))


@bitwise_and.samples
@bitwise_or.samples
@bitwise_xor.samples
def _(make):
    yield Sample.of(make.ints(3, 4), make.ints(4))
    yield Sample.of(make.bools(3), make.bools(3), note="bools")


@bitwise_invert.samples
def _(make):
    yield Sample.of(make.ints(3, 4))
    yield Sample.of(make.bools(3), note="bools")


@bitwise_left_shift.samples
@bitwise_right_shift.samples
def _(make):
    yield Sample.of(make.ints(3, 4), make.ints(4, high=5))
