"""Batch normalisation: loops, every gradient, precision, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def slow_batch_norm(x, gamma, beta, axes, epsilon):
    """One parameter's elements at a time, with exact sums."""
    kept = [i for i in range(x.ndim) if i not in axes]
    shape = tuple(x.shape[i] for i in kept)
    y, means, inv_stds = np.zeros(x.shape), np.zeros(shape), np.zeros(shape)
    for place in np.ndindex(shape):
        index = [slice(None)] * x.ndim
        for axis, i in zip(kept, place, strict=True):
            index[axis] = i
        part = x[tuple(index)]
        mean = math.fsum(part.ravel()) / part.size
        var = math.fsum(((part - mean) ** 2).ravel()) / part.size
        inv_std = 1 / math.sqrt(var + epsilon)
        scaled = (part - mean) * inv_std * (1 if gamma is None else gamma[place])
        y[tuple(index)] = scaled + (0 if beta is None else beta[place])
        means[place], inv_stds[place] = mean, inv_std
    return y, means, inv_stds


CASES = [
    ((6, 3), (0,), True, True),
    ((4, 3, 5), (0, 2), True, True),
    ((2, 3, 4, 5), (0, 2, 3), True, False),
    ((2, 3, 4, 2, 2), (0, 2, 3, 4), False, True),
    ((3, 4, 5), (1, 2), False, False),
    ((3, 4), (0, 1), True, True),
]


@pytest.mark.parametrize(("shape", "axes", "with_gamma", "with_beta"), CASES, ids=str)
def test_batch_norm_against_loops(shape, axes, with_gamma, with_beta):
    kept = tuple(n for i, n in enumerate(shape) if i not in axes)
    x = normal(*shape) * 3 + 2
    gamma = normal(*kept, seed=1) if with_gamma else None
    beta = normal(*kept, seed=2) if with_beta else None
    expected = slow_batch_norm(x, gamma, beta, axes, 1e-3)
    results = mt.batch_norm(mt.asarray(x), gamma, beta, axes=axes, epsilon=1e-3)
    for out, exact in zip(results, expected, strict=True):
        assert out.shape == np.shape(exact)
        np.testing.assert_allclose(out.numpy(), exact, rtol=1e-12, atol=1e-13)
    negative = mt.batch_norm(
        mt.asarray(x), gamma, beta, axes=tuple(a - x.ndim for a in axes), epsilon=1e-3
    )
    np.testing.assert_array_equal(negative[0].numpy(), results[0].numpy())
    # The given averages, used for inference, give the same result.
    y = mt.batch_norm_inference(mt.asarray(x), *results[1:], gamma, beta, axes=axes)
    np.testing.assert_allclose(y.numpy(), expected[0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("shape", "axes", "with_gamma", "with_beta"), CASES[:4], ids=str)
def test_batch_norm_gradients_of_both_orders(check_gradients, shape, axes, with_gamma, with_beta):
    kept = tuple(n for i, n in enumerate(shape) if i not in axes)
    given = [normal(*shape)]
    names = ["x"]
    for name, wanted, seed in (("gamma", with_gamma, 1), ("beta", with_beta, 2)):
        if wanted:
            given.append(normal(*kept, seed=seed) + 2)
            names.append(name)

    def function(*tensors):
        # All three outputs get a gradient.
        return mt.batch_norm(**dict(zip(names, tensors, strict=True)), axes=axes, epsilon=0.1)

    check_gradients(function, *given)
    check_gradients(lambda *tensors: function(*tensors)[0], *given)
    check_gradients(lambda x: mt.batch_norm(x, axes=axes, epsilon=0.1)[1] ** 2, given[0])
    check_gradients(lambda x: mt.batch_norm(x, axes=axes, epsilon=0.1)[2] ** 2, given[0])


def test_batch_norm_gradient_is_orthogonal_to_shift_and_scale():
    """y does not change when x is shifted, nor, without epsilon, when it is scaled."""
    x = mt.tensor(normal(8, 2), requires_grad=True)
    y, _, _ = mt.batch_norm(x, axes=0, epsilon=0.0)
    dx = mt.grad(y, x, mt.asarray(normal(8, 2, seed=1))).numpy()
    centred = x.numpy() - x.numpy().mean(axis=0)
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose((dx * centred).sum(axis=0), 0, atol=1e-13)


def test_batch_norm_keeps_its_digits_when_the_mean_is_large():
    x = normal(1000, 2).astype(np.float32) + np.float32(10000)
    y, _, inv_std = mt.batch_norm(mt.asarray(x), axes=0, epsilon=0.0)
    exact = slow_batch_norm(x.astype(np.float64), None, None, (0,), 0.0)
    np.testing.assert_allclose(inv_std.numpy(), exact[2], rtol=1e-4)
    np.testing.assert_allclose(y.numpy(), exact[0], atol=2e-3)
    # What the one-pass formula E[x²] - E[x]² would give here:
    one_pass = (x * x).mean(axis=0) - x.mean(axis=0) ** 2
    assert np.abs(one_pass - x.astype(np.float64).var(axis=0)).max() > 0.5


def test_batch_norm_dtypes():
    x = mt.ones((4, 2), dtype=mt.float16).requires_grad_()
    results = mt.batch_norm(x * 100, axes=0)
    assert [r.dtype for r in results] == [np.float16] * 3
    mt.grad(results[0].sum(), x)
    # 300² overflows in half precision; it is computed in single.
    y, _, _ = mt.batch_norm(mt.tensor([[-300.0], [300.0]], dtype=mt.float16), axes=0)
    np.testing.assert_array_equal(y.numpy(), [[-1], [1]])


def test_batch_norm_of_one_element_is_beta():
    y, mean, inv_std = mt.batch_norm(
        mt.tensor([[7.0, 8.0]]), beta=mt.tensor([1.0, 2.0]), axes=0, epsilon=0.25
    )
    assert y.numpy().tolist() == [[1.0, 2.0]]
    assert mean.numpy().tolist() == [7.0, 8.0]
    assert inv_std.numpy().tolist() == [2.0, 2.0]


def test_batch_norm_bad_input():
    x = mt.ones((2, 3, 4))
    for axes in ((), (3,), (0, 0), (0, -3)):
        with pytest.raises(ValueError, match=r"axes must be different axes of x \(2, 3, 4\)"):
            mt.batch_norm(x, axes=axes)
    with pytest.raises(ValueError, match=r"batch_norm: gamma must be \(3,\) for x \(2, 3, 4\)"):
        mt.batch_norm(x, mt.ones((4,)), axes=(0, 2))
    with pytest.raises(ValueError, match=r"batch_norm: beta must be \(3,\)"):
        mt.batch_norm(x, beta=mt.ones((1, 3, 1)), axes=(0, 2))
    with pytest.raises(ValueError, match=r"batch_norm_inference: mean must be \(3,\)"):
        mt.batch_norm_inference(x, mt.ones((2,)), mt.ones((3,)), axes=(0, 2))
    with pytest.raises(TypeError, match="batch_norm: x must be floating-point, got int64"):
        mt.batch_norm(mt.asarray([[1], [2]]), axes=0)
    with pytest.raises(ValueError, match=r"x \(0, 3\) is empty, it has no mean"):
        mt.batch_norm(mt.ones((0, 3)), axes=0)


@pytest.mark.dev
def test_batch_norm_against_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    x, gamma, beta, g = normal(4, 3, 5, 2), normal(3, seed=1), normal(3, seed=2), normal(4, 3, 5, 2)
    ours = [mt.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    y, _, _ = mt.batch_norm(*ours, axes=(0, 2, 3), epsilon=1e-3)
    z = torch.nn.functional.batch_norm(
        theirs[0], None, None, theirs[1], theirs[2], training=True, eps=1e-3
    )
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), atol=1e-12)
    y.backward(mt.asarray(g))
    z.backward(torch.tensor(g))
    for a, t in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), t.grad.numpy(), atol=1e-12)
