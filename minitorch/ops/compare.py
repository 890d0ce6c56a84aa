"""Comparisons, logic and selection: all but ``where`` are constant (no gradient)."""

from __future__ import annotations

from minitorch.autograd.op import Sample, op

__all__ = ["equal", "greater", "greater_equal", "less", "less_equal", "not_equal", "where"]


@op(formula="y = x1 == x2", constant=True)
def equal(xp, x1, x2):
    """Whether elements are equal."""
    return xp.equal(x1, x2)


@op(formula="y = x1 != x2", constant=True)
def not_equal(xp, x1, x2):
    """Whether elements differ."""
    return xp.not_equal(x1, x2)


@op(formula="y = x1 < x2", constant=True)
def less(xp, x1, x2):
    """Whether x1 is less than x2."""
    return xp.less(x1, x2)


@op(formula="y = x1 <= x2", constant=True)
def less_equal(xp, x1, x2):
    """Whether x1 is at most x2."""
    return xp.less_equal(x1, x2)


@op(formula="y = x1 > x2", constant=True)
def greater(xp, x1, x2):
    """Whether x1 is greater than x2."""
    return xp.greater(x1, x2)


@op(formula="y = x1 >= x2", constant=True)
def greater_equal(xp, x1, x2):
    """Whether x1 is at least x2."""
    return xp.greater_equal(x1, x2)


@op(formula="y = x1 where condition else x2", constant=("condition",), linear=("x1", "x2"))
def where(xp, condition, x1, x2):
    """Elements of x1 where the condition holds, of x2 elsewhere."""
    return xp.where(condition, x1, x2)


@where.vjp("x1")
def where_dx1(g, condition):
    """dL/dx1 = g where the condition holds, else 0"""
    return where(condition, g, 0)


@where.vjp("x2")
def where_dx2(g, condition):
    """dL/dx2 = 0 where the condition holds, else g"""
    return where(condition, 0, g)


@where.samples
def _(make):
    yield Sample.of(make.bools(3, 4), make(3, 4), make(3, 4))
    yield Sample.of(make.bools(4), make(3, 1), make(4), note="broadcast")
