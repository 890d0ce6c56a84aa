"""Exponentials and logarithms."""

from __future__ import annotations

from minitorch.autograd.op import Sample, op
from minitorch.ops.arithmetic import divide, multiply, subtract

__all__ = ["exp", "log", "tanh"]


@op(formula="y = e^x", quiet=True)
def exp(xp, x):
    """The exponential of each element."""
    return xp.exp(x)


@exp.vjp("x")
def exp_dx(g, out):
    """dL/dx = g · y"""
    return multiply(g, out)


@exp.samples
def _(make):
    yield Sample.of(make(3, 4))


@op(formula="y = ln x", quiet=True)
def log(xp, x):
    """The natural logarithm of each element."""
    return xp.log(x)


@log.vjp("x")
def log_dx(g, x):
    """dL/dx = g / x"""
    return divide(g, x)


@log.samples
def _(make):
    yield Sample.of(make.positive(3, 4))


@op(formula="y = tanh x")
def tanh(xp, x):
    """The hyperbolic tangent of each element."""
    return xp.tanh(x)


@tanh.vjp("x")
def tanh_dx(g, out):
    """dL/dx = g (1 - y²)"""
    return multiply(g, subtract(1, multiply(out, out)))


@tanh.samples
def _(make):
    yield Sample.of(make(3, 4))
