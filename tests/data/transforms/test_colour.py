"""Lighting, colour jitter, erasing."""

import math

import numpy as np
import pytest

from minitorch.data.transforms import ColourJitter, Erase, Lighting, example_stream

RNG = np.random.default_rng(0)
MIX = np.array([[40.0, 0, 0], [30, 20, 0], [10, 5, 3]])
# Pixels whose colours are correlated, away from 0 and 255.
X = (RNG.normal(size=(30, 8, 8, 3)) @ MIX.T + 120).transpose(0, 3, 1, 2).astype(np.float32)


def test_the_principal_colours_are_those_of_the_covariance():
    fitted = Lighting.fit(X)
    pixels = X.astype(np.float64).transpose(1, 0, 2, 3).reshape(3, -1)
    covariance = np.cov(pixels, bias=True)
    vectors = np.array(fitted.vectors)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose((vectors.T * fitted.values) @ vectors, covariance, rtol=1e-9)
    assert list(fitted.values) == sorted(fitted.values, reverse=True)
    assert all(v[np.abs(v).argmax()] > 0 for v in vectors)
    assert eval(repr(fitted)) == fitted


def test_all_pixels_change_alike_by_sigma_of_the_covariance():
    """4,000 draws of N(0, s^2 C): an entry of their covariance is off by at most 5 standard errors,
    sqrt((C_ii C_jj + C_ij^2) / 4000) s^2.
    """
    fitted = Lighting.fit(X, sigma=0.1)
    flat = np.full((3, 2, 2), 100, np.float64)
    out = np.array([fitted(flat, example_stream(0, 0, i)) for i in range(4000)])
    assert np.ptp(out, axis=(2, 3)).max() == 0
    change = out[:, :, 0, 0] - 100
    covariance = 0.01 * np.cov(X.astype(np.float64).transpose(1, 0, 2, 3).reshape(3, -1), bias=True)
    variances = np.diag(covariance)
    error = np.sqrt((np.outer(variances, variances) + covariance**2) / 4000)
    assert (np.abs(np.cov(change.T) - covariance) < 5 * error).all()
    assert (np.abs(change.mean(axis=0)) < 5 * np.sqrt(variances / 4000)).all()


def test_lighting_of_bytes_is_rounded_and_kept_in_range():
    fitted = Lighting.fit(X, sigma=20.0)
    for value in (0, 255):
        out = fitted(np.full((3, 1, 1), value, np.uint8), example_stream(0, 0, 1))
        assert out.dtype == np.uint8
    with pytest.raises(ValueError, match="fitted on 3 channels"):
        fitted(np.zeros((1, 2, 2)), RNG)
    with pytest.raises(ValueError, match="expected"):
        Lighting.fit(np.zeros((4, 3)))


def slow_jitter(x, factors, order):
    x = x.astype(float)
    for kind in order:
        grey = 0.299 * x[0] + 0.587 * x[1] + 0.114 * x[2]
        other = (0, grey.mean(), grey[None])[kind]
        x = factors[kind] * x + (1 - factors[kind]) * other
    return x


def test_jitter_is_the_mixtures_that_it_says():
    orders = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        factors = [rng.uniform(1 - a, 1 + a) for a in (0.4, 0.3, 0.2)]
        order = tuple(rng.permutation(3))
        orders.add(order)
        out = ColourJitter(0.4, 0.3, 0.2)(X[0], np.random.default_rng(seed))
        np.testing.assert_allclose(out, slow_jitter(X[0], factors, order), rtol=1e-4, atol=1e-3)
    assert len(orders) == 6


def test_jitter_of_nothing_and_of_grey():
    x = RNG.integers(0, 256, (3, 4, 4), np.uint8)
    np.testing.assert_array_equal(ColourJitter(0, 0, 0)(x, np.random.default_rng(0)), x)
    grey = RNG.integers(0, 256, (1, 4, 4), np.uint8)
    np.testing.assert_array_equal(ColourJitter(0, 0, 0.9)(grey, np.random.default_rng(0)), grey)
    assert ColourJitter(5.0)(x, np.random.default_rng(3)).dtype == np.uint8
    with pytest.raises(ValueError, match="at least 0"):
        ColourJitter(-0.1)
    with pytest.raises(ValueError, match="1 or 3 channels"):
        ColourJitter()(np.zeros((2, 4, 4)), RNG)


def test_erasing_is_one_rectangle_of_the_right_area():
    x = np.full((2, 40, 50), 9, np.uint8)
    erase = Erase(p=1.0, fill=(1, 2))
    for i in range(100):
        out = erase(x, example_stream(0, 0, i))
        rows, columns = np.nonzero(out[0] == 1)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert height * width == len(rows) and (out[1][rows, columns] == 2).all()
        assert 0.015 < len(rows) / 2000 < 0.42
        assert 0.25 < height / width < 4
    assert (x == 9).all()


def test_how_many_are_erased():
    """2,000 coins of 0.3: within 5 sqrt(0.3 * 0.7 / 2000) = 0.052."""
    x = np.ones((1, 20, 20), np.uint8)
    hits = [(Erase(p=0.3)(x, example_stream(1, 0, i)) == 0).any() for i in range(2000)]
    assert abs(np.mean(hits) - 0.3) < 0.052
    assert math.isclose(Erase().ratio[0] * Erase().ratio[1], 1)
    with pytest.raises(ValueError, match="0 < area <= 1"):
        Erase(area=(0.0, 0.1))
