"""What the tests of the ops share: gradients of both orders against differences."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import find_op
from minitorch.backend.native import REFERENCE


def _dot(results, directions):
    """Σ <result, direction>, a scalar tensor."""
    return sum((r * mt.asarray(d)).sum() for r, d in zip(results, directions, strict=True))


def _normals(rng, tensors):
    return [np.asarray(rng.normal(size=t.shape)) for t in tensors]


def _compare(scalar, arrays, rng, tolerance, step=1e-5):
    """The derivative of a scalar function along a random direction, both ways."""
    inputs = [mt.tensor(a, requires_grad=True) for a in arrays]
    grads = mt.grad(scalar(inputs), inputs, allow_unused=True)
    along = _normals(rng, inputs)
    analytic = sum(
        float((g.numpy() * v).sum()) for g, v in zip(grads, along, strict=True) if g is not None
    )
    ends = []
    for sign in (1, -1):
        moved = [a + sign * step * v for a, v in zip(arrays, along, strict=True)]
        ends.append(scalar([mt.tensor(a, requires_grad=True) for a in moved]).item())
    numeric = (ends[0] - ends[1]) / (2 * step)
    assert analytic == pytest.approx(numeric, rel=tolerance, abs=tolerance)


@pytest.fixture
def check_gradients():
    """``check(function, *float64 arrays)``: first and second order along random directions."""

    def check(function, *arrays, tolerance=1e-6):
        rng = np.random.default_rng(11)
        first = function(*[mt.asarray(a) for a in arrays])
        weights = _normals(rng, first if isinstance(first, tuple) else (first,))
        along = _normals(rng, [mt.asarray(a) for a in arrays])

        def loss(inputs):
            out = function(*inputs)
            return _dot(out if isinstance(out, tuple) else (out,), weights)

        def slope(inputs):
            grads = mt.grad(loss(inputs), inputs, create_graph=True, allow_unused=True)
            pairs = [(g, v) for g, v in zip(grads, along, strict=True) if g is not None]
            total = _dot(*zip(*pairs, strict=True))
            # A gradient that is constant has no history; give it one.
            return total + sum((x * 0).sum() for x in inputs)

        _compare(loss, arrays, rng, tolerance)
        _compare(slope, arrays, rng, tolerance)

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
