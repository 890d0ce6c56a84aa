"""What the tests of the ops share."""

from __future__ import annotations

import contextlib

import pytest

import minitorch as mt
from minitorch.autograd import find_op
from minitorch.autograd.check import gradcheck, gradgradcheck
from minitorch.backend.native import REFERENCE


@pytest.fixture
def check_gradients():
    """``check(function, *float64 arrays)``: the first and the second order against differences."""

    def check(function, *arrays):
        gradcheck(function, arrays)
        gradgradcheck(function, arrays)

    return check


@pytest.fixture
def either_kernel():
    """``with either_kernel(op names, which)``: force the bodies, or let the tables choose."""

    @contextlib.contextmanager
    def forcing(names, which):
        if which != REFERENCE and not any(
            not kernel.missing for name in names for _, kernel in find_op(name).kernels
        ):
            pytest.skip("no compiled kernel of these ops here")
        with contextlib.ExitStack() as stack:
            for name in names:
                stack.enter_context(mt.use_kernel(name, REFERENCE if which == REFERENCE else None))
            yield

    return forcing
