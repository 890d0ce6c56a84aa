"""Dropout and noise: the numbers by hand, statistics, gradients, exact resumption."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops import random as random_ops

MASK = (1 << 64) - 1


def philox(seed, counter):
    """One block of Philox4x64-10, from the paper: four 64-bit words."""
    words = [counter >> (64 * i) & MASK for i in range(4)]
    key = [seed & MASK, 0]
    for _ in range(10):
        high0, low0 = divmod(words[0] * 0xD2E7470EE14C6C93, 1 << 64)
        high1, low1 = divmod(words[2] * 0xCA5A826395121157, 1 << 64)
        words = [high1 ^ words[1] ^ key[0], low1, high0 ^ words[3] ^ key[1], low0]
        key = [(key[0] + 0x9E3779B97F4A7C15) & MASK, (key[1] + 0xBB67AE8584CAA73B) & MASK]
    return words


def slow_lanes(seed, offset, count):
    """The recipe of the module's docstring, element by element."""
    lanes = []
    for i in range(count):
        word = philox(seed, offset + 1 + i // 8)[i // 2 % 4]
        lanes.append(word >> 32 * (i % 2) & 0xFFFFFFFF)
    return lanes


@pytest.mark.parametrize(
    ("seed", "offset", "count"),
    [(0, 0, 1), (1, 0, 19), (MASK, 5, 16), (2**63 + 17, MASK, 9), (42, 10**12, 33), (3, 3, 0)],
)
def test_lanes_are_those_of_the_recipe(seed, offset, count):
    lanes = random_ops._lanes(seed, offset, count)
    assert lanes.tolist() == slow_lanes(seed, offset, count)


def test_offsets_are_blocks_of_eight():
    whole = random_ops._lanes(9, 0, 40)
    np.testing.assert_array_equal(random_ops._lanes(9, 2, 24), whole[16:])


# -- dropout -----------------------------------------------------------------


def test_dropout_by_hand():
    p, seed, offset = 0.3, 12, 7
    x = np.arange(1.0, 24.0)
    keep = np.array(slow_lanes(seed, offset, 23)) >= math.floor(p * 2**32 + 0.5)
    out = mt.dropout(mt.asarray(x), p=p, seed=seed, offset=offset)
    np.testing.assert_allclose(out.numpy(), np.where(keep, x / 0.7, 0), rtol=1e-15)
    plain = mt.dropout(mt.asarray(x), p=p, seed=seed, offset=offset, rescale=False)
    np.testing.assert_array_equal(plain.numpy(), np.where(keep, x, 0))


@pytest.mark.parametrize("shared_axes", [(), (2, 3), 1, (0, -1)], ids=str)
def test_shared_axes(shared_axes):
    x = mt.ones((4, 3, 2, 5))
    out = mt.dropout(x, p=0.5, seed=3, rescale=False, shared_axes=shared_axes).numpy()
    axes = tuple(np.atleast_1d(np.array(shared_axes, int)) % 4)
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    mask = np.array(slow_lanes(3, 0, math.prod(shape))).reshape(shape) >= 2**31
    np.testing.assert_array_equal(out, np.broadcast_to(mask, x.shape))


def test_same_mask_for_every_dtype_and_layout():
    masks = []
    for dtype in ("float16", "float32", "float64"):
        y = mt.dropout(mt.ones((5, 7), dtype=dtype), p=0.4, seed=8, offset=3)
        assert y.dtype == dtype
        masks.append(y.numpy() != 0)
    turned = mt.dropout(mt.ones((7, 5)).T, p=0.4, seed=8, offset=3)
    masks.append(turned.numpy() != 0)
    for mask in masks:
        np.testing.assert_array_equal(mask, masks[0])


def test_how_many_are_dropped():
    n = 200_000
    for p in (0.1, 0.5, 0.9):
        kept = (mt.dropout(mt.ones(n), p=p, seed=5).numpy() != 0).mean()
        assert abs(kept - (1 - p)) < 5 * math.sqrt(p * (1 - p) / n)
    assert mt.dropout(mt.ones(n), p=0.5, seed=5).mean().item() == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(mt.dropout(mt.ones(9), p=0.0, seed=5).numpy(), np.ones(9))


def test_streams_of_different_seeds_and_offsets_differ():
    x = mt.ones(4096)
    masks = [
        mt.dropout(x, p=0.5, seed=s, offset=o, rescale=False).numpy()
        for s, o in ((1, 0), (2, 0), (1, 512))
    ]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert abs((masks[a] == masks[b]).mean() - 0.5) < 0.05


def test_dropout_gradients_of_both_orders(check_gradients):
    x = np.random.default_rng(0).normal(size=(4, 5))
    options = {"p": 0.4, "seed": 3, "offset": 11}
    check_gradients(lambda x: mt.dropout(x, **options), x)
    check_gradients(lambda x: mt.dropout(x**2, shared_axes=1, **options) ** 2, x)
    y = np.random.default_rng(1).normal(size=(4, 5))
    there = (mt.dropout(mt.asarray(x), **options).numpy() * y).sum()
    back = (mt.dropout(mt.asarray(y), **options).numpy() * x).sum()
    assert there == pytest.approx(back, rel=1e-12)


def test_empty_and_scalar():
    assert mt.dropout(mt.ones((0, 3)), p=0.5, seed=1).shape == (0, 3)
    assert mt.dropout(mt.tensor(1.0), p=0.5, seed=1).shape == ()
    assert mt.gaussian_noise(mt.ones((0, 3)), seed=1).shape == (0, 3)


def test_dropout_bad_input():
    x = mt.ones((2, 3))
    for p in (-0.1, 1.0, 1.5, math.nan):
        with pytest.raises(ValueError, match=r"dropout: p must be in \[0, 1\)"):
            mt.dropout(x, p=p, seed=1)
    for seed in (1.0, None, True, "a"):
        with pytest.raises(TypeError, match="seed must be an integer"):
            mt.dropout(x, seed=seed)
    for offset in (-1, 1 << 64):
        with pytest.raises(ValueError, match="offset must be from 0 to"):
            mt.dropout(x, seed=1, offset=offset)
    with pytest.raises(ValueError, match="does not have all of shared_axes="):
        mt.dropout(x, seed=1, shared_axes=2)


# -- Gaussian noise and plain numbers -----------------------------------------


def test_normal_numbers_by_hand():
    lanes = slow_lanes(6, 2, 8)
    u = [(lane + 0.5) / 2**32 for lane in lanes]
    expected = []
    for first, second in zip(u[::2], u[1::2], strict=True):
        radius = math.sqrt(-2 * math.log(first))
        expected.append(radius * math.cos(2 * math.pi * second))
        expected.append(radius * math.sin(2 * math.pi * second))
    for count in (7, 8):
        out = mt.random_normal((count,), seed=6, offset=2, mean=1.0, sigma=2.0, dtype="float64")
        np.testing.assert_allclose(out.numpy(), 1 + 2 * np.array(expected[:count]), rtol=1e-13)
        noisy = mt.gaussian_noise(mt.asarray(np.ones(count)), sigma=2.0, seed=6, offset=2)
        np.testing.assert_allclose(noisy.numpy(), 1 + 2 * np.array(expected[:count]), rtol=1e-13)


def test_distributions():
    n = 100_000
    normal = mt.random_normal((n,), seed=4, dtype="float64").numpy()
    assert abs(normal.mean()) < 5 / math.sqrt(n)
    assert abs(normal.var() - 1) < 5 * math.sqrt(2 / n)
    for edge, share in ((0.0, 0.5), (1.0, 0.8413447), (-2.0, 0.0227501)):
        expected = share
        assert abs((normal < edge).mean() - expected) < 5 * math.sqrt(share * (1 - share) / n)
    assert abs(np.corrcoef(normal[::2], normal[1::2])[0, 1]) < 5 / math.sqrt(n / 2)
    uniform = mt.random_uniform((n,), low=-1.0, high=3.0, seed=4, dtype="float64").numpy()
    assert uniform.min() > -1
    assert uniform.max() < 3
    counts, _ = np.histogram(uniform, bins=20, range=(-1, 3))
    assert ((counts - n / 20) ** 2 / (n / 20)).sum() < 60  # chi-squared with 19 degrees
    assert mt.random_uniform((2, 3), seed=1).dtype == np.float32
    assert mt.random_normal((3,), seed=1).shape == (3,)


def test_noise_gradient_and_bad_input(check_gradients):
    x = np.random.default_rng(0).normal(size=(3, 3))
    check_gradients(lambda x: mt.gaussian_noise(x, sigma=0.5, seed=1) ** 2, x)
    assert mt.gaussian_noise(mt.ones(3, dtype=mt.float16), seed=1).dtype == np.float16
    with pytest.raises(ValueError, match="sigma must not be negative, got -1"):
        mt.gaussian_noise(mt.ones(3), sigma=-1, seed=1)
    with pytest.raises(TypeError, match="floating-point"):
        mt.gaussian_noise(mt.asarray([1, 2]), seed=1)


# -- streams -------------------------------------------------------------------


def test_stream_hands_out_blocks_that_do_not_overlap():
    rng = mt.CounterRNG(3)
    first, second, third = rng.take(9), rng.take(8), rng.take(0)
    assert (first, second, third) == (
        {"seed": 3, "offset": 0},
        {"seed": 3, "offset": 2},
        {"seed": 3, "offset": 3},
    )
    assert rng.get_state() == {"seed": 3, "offset": 3}
    assert repr(rng) == "CounterRNG(seed=3, offset=3)"


def test_stream_resumes_exactly():
    rng, x = mt.CounterRNG(3), mt.ones(100)
    rng.take(123)
    state = rng.get_state()
    after = [mt.dropout(x, **rng.take(x.size)).numpy() for _ in range(3)]
    other = mt.CounterRNG(0)
    other.set_state(state)
    for mask in after:
        np.testing.assert_array_equal(mt.dropout(x, **other.take(x.size)).numpy(), mask)
    assert all(type(v) is int for v in state.values())
    numpy_state = mt.CounterRNG(np.int64(3), np.int64(4)).get_state()
    assert all(type(v) is int for v in numpy_state.values())


def test_stream_bad_input():
    with pytest.raises(TypeError, match="seed must be an integer, got 0.5"):
        mt.CounterRNG(0.5)
    with pytest.raises(ValueError, match="seed must be from 0"):
        mt.CounterRNG(-1)
    with pytest.raises(ValueError, match=r"a state has seed and offset, got \['seed'\]"):
        mt.CounterRNG(1).set_state({"seed": 2})
    with pytest.raises(ValueError, match="count must not be negative"):
        mt.CounterRNG(1).take(-1)
