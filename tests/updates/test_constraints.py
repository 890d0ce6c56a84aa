"""Limits to norms."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch import updates


@pytest.mark.parametrize(
    ("shape", "axes", "summed"),
    [
        ((5, 4), None, (0,)),
        ((5, 4, 3), None, (1, 2)),
        ((5, 4, 3, 2), None, (1, 2, 3)),
        ((2, 4, 3, 2, 2), None, (1, 2, 3, 4)),
        ((5, 4), 1, (1,)),
        ((5, 4), (0, 1), (0, 1)),
        ((7,), (0,), (0,)),
    ],
)
def test_norm_constraint(shape, axes, summed):
    x = np.random.default_rng(0).normal(size=shape)
    norms = np.sqrt((x**2).sum(axis=summed, keepdims=True))
    most = float(np.median(norms)) * 0.99
    out = updates.norm_constraint(mt.asarray(x), most, norm_axes=axes).numpy()
    np.testing.assert_allclose(out, x * np.minimum(norms, most) / (norms + 1e-7), rtol=1e-13)
    found = np.sqrt((out**2).sum(axis=summed))
    assert (found <= most).all()
    assert (norms <= most).any() or norms.size == 1


def test_norm_constraint_of_nothing_is_nothing():
    assert (updates.norm_constraint(mt.zeros((2, 2)), 1.0) == 0).all()


@pytest.mark.parametrize("shape", [(7,), (), (1,) * 6])
def test_norm_constraint_needs_axes(shape):
    with pytest.raises(ValueError, match="must specify norm_axes"):
        updates.norm_constraint(mt.ones(shape), 1.0)


@pytest.mark.parametrize("most", [0.5, 100.0])
def test_total_norm_constraint(toy, most):
    norm = math.sqrt(sum((a**2).sum() for a in toy.start))
    given = [mt.asarray(a) for a in toy.start]
    scaled, found = updates.total_norm_constraint(given, most, return_norm=True)
    assert found.item() == pytest.approx(norm, rel=1e-14)
    for a, b in zip(toy.start, scaled, strict=True):
        np.testing.assert_allclose(b.numpy(), a * min(norm, most) / (norm + 1e-7), rtol=1e-13)
    again = updates.total_norm_constraint(iter(given), lambda: most)
    np.testing.assert_array_equal(again[0].numpy(), scaled[0].numpy())
    with pytest.raises(ValueError, match="there is no tensor"):
        updates.total_norm_constraint([], 1.0)
