"""Regression, hinge and ranking losses against loops, both orders of gradient, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_squared_error():
    p, t = normal(3, 4), normal(3, 4, seed=1)
    np.testing.assert_allclose(mt.squared_error(mt.asarray(p), t).numpy(), (p - t) ** 2)
    np.testing.assert_allclose(mt.squared_error(mt.asarray(p), 2).numpy(), (p - 2) ** 2)


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
def test_huber_against_loops(delta):
    p, t = normal(20) * 3, normal(20, seed=1)
    expected = [
        d * d / 2 if abs(d) <= delta else delta * (abs(d) - delta / 2) for d in (p - t).tolist()
    ]
    np.testing.assert_allclose(mt.huber_loss(mt.asarray(p), t, delta).numpy(), expected, rtol=1e-13)


def test_huber_slope_is_the_clipped_difference():
    p = mt.tensor([-5.0, -1.0, -0.5, 0.0, 1.0, 1.5], requires_grad=True)
    mt.huber_loss(p, 0).sum().backward()
    np.testing.assert_array_equal(p.grad.numpy(), [-1, -1, -0.5, 0, 1, 1])


def test_binary_hinge_against_loops():
    p, t = normal(12) * 2, np.arange(12) % 2
    expected = [max(0.0, 0.7 - x * (2 * y - 1)) for x, y in zip(p, t, strict=True)]
    scores = mt.asarray(p)
    np.testing.assert_allclose(mt.binary_hinge_loss(scores, t, 0.7).numpy(), expected)
    signs = mt.binary_hinge_loss(scores, 2 * t - 1, 0.7, binary=False)
    np.testing.assert_allclose(signs.numpy(), expected)
    # From probabilities: remembered scores, or the logarithm of the odds.
    remembered = mt.binary_hinge_loss(mt.sigmoid(scores), t, 0.7, log_odds=False)
    np.testing.assert_allclose(remembered.numpy(), expected)
    odds = mt.binary_hinge_loss(mt.sigmoid(scores) * 1, t, 0.7, log_odds=False)
    np.testing.assert_allclose(odds.numpy(), expected, atol=1e-12)


def test_binary_hinge_of_confident_probabilities():
    p = mt.sigmoid(mt.tensor([200.0]))
    assert mt.binary_hinge_loss(p, [0], log_odds=False).item() == 201.0


def test_multiclass_hinge_against_loops():
    p, labels = normal(8, 5), np.arange(8) % 5
    expected = [
        max(0.0, max(v for j, v in enumerate(row) if j != label) - row[label] + 0.8)
        for row, label in zip(p.tolist(), labels, strict=True)
    ]
    out = mt.multiclass_hinge_loss(mt.asarray(p), labels, 0.8)
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-13)
    for onehot in (np.eye(5)[labels], np.eye(5, dtype=int)[labels]):
        out = mt.multiclass_hinge_loss(mt.asarray(p), onehot, 0.8)
        np.testing.assert_allclose(out.numpy(), expected, rtol=1e-13)


def test_multiclass_hinge_shares_between_equal_rivals():
    p = mt.tensor([[0.0, 1.0, 1.0]], requires_grad=True)
    mt.multiclass_hinge_loss(p, [0]).sum().backward()
    np.testing.assert_array_equal(p.grad.numpy(), [[-1, 0.5, 0.5]])


def test_margin_ranking_against_loops():
    a, b, t = normal(9), normal(9, seed=1), np.where(np.arange(9) % 2, 1, -1)
    expected = [max(0.0, 0.3 - y * (u - v)) for u, v, y in zip(a, b, t, strict=True)]
    out = mt.margin_ranking_loss(mt.asarray(a), mt.asarray(b), t, 0.3)
    np.testing.assert_allclose(out.numpy(), expected)


def test_hinges_are_flat_at_their_kink():
    for loss in (
        lambda p: mt.binary_hinge_loss(p, 1),
        lambda p: mt.margin_ranking_loss(p, 0.0, margin=1.0),
    ):
        p = mt.tensor([1.0], requires_grad=True)
        loss(p).sum().backward()
        assert p.grad.item() == 0.0


def test_gradients_of_both_orders(check_gradients):
    p, t = normal(4, 3) * 2, normal(4, 3, seed=1)
    labels = np.array([0, 1, 2, 0])
    check_gradients(lambda p, t: mt.squared_error(p, t), p, t)
    check_gradients(lambda p, t: mt.huber_loss(p, t), p, t)
    check_gradients(lambda p, t: mt.huber_loss(p, t, 0.3) ** 2, p, t)
    check_gradients(lambda p: mt.binary_hinge_loss(p, t > 0) ** 2, p)
    check_gradients(
        lambda q: mt.binary_hinge_loss(q, t > 0, log_odds=False) ** 2, 0.5 + np.tanh(p) / 4
    )
    check_gradients(lambda p: mt.multiclass_hinge_loss(p, labels) ** 2, p)
    check_gradients(lambda a, b: mt.margin_ranking_loss(a, b, margin=0.3) ** 2, p, t)


def test_dtypes():
    labels = np.array([0, 1])
    for dtype in ("float16", "float32", "float64"):
        p = mt.ones((2, 3), dtype=dtype) / 2
        for out in (
            mt.squared_error(p, 1),
            mt.huber_loss(p, 0),
            mt.binary_hinge_loss(p, np.ones((2, 3), int)),
            mt.multiclass_hinge_loss(p, labels),
            mt.margin_ranking_loss(p, p, -1),
        ):
            assert out.dtype == dtype


def test_bad_input():
    p = mt.ones((3, 1))
    for name in ("squared_error", "huber_loss", "binary_hinge_loss"):
        loss = getattr(mt, name)
        with pytest.raises(ValueError, match=rf"{name}: predictions are \(3, 1\), targets \(3,\)"):
            loss(p, np.ones(3))
        with pytest.raises(ValueError, match=f"{name}: there is nothing to score"):
            loss(mt.ones((0, 2)), np.ones((0, 2)))
        with pytest.raises(TypeError, match="must be floating-point, got int64"):
            loss(mt.asarray([1]), [1])
    with pytest.raises(ValueError, match="huber_loss: delta must be positive, got 0"):
        mt.huber_loss(p, 1, delta=0)
    with pytest.raises(ValueError, match="delta must be positive, got nan"):
        mt.huber_loss(p, 1, delta=math.nan)
    with pytest.raises(ValueError, match=r"\(rows, classes >= 2\), got \(3, 1\)"):
        mt.multiclass_hinge_loss(p, [0, 0, 0])
    with pytest.raises(ValueError, match="one entry that is not 0"):
        mt.multiclass_hinge_loss(mt.ones((2, 3)), np.array([[1, 1, 0], [0, 0, 1]]))
    with pytest.raises(ValueError, match="multiclass_hinge_loss: label 3"):
        mt.multiclass_hinge_loss(mt.ones((2, 3)), [3, 0])
    with pytest.raises(TypeError, match="rank mismatch"):
        mt.multiclass_hinge_loss(mt.ones((2, 3)), 1)
    with pytest.raises(ValueError, match="margin_ranking_loss, x2: predictions are"):
        mt.margin_ranking_loss(p, mt.ones((3,)))


@pytest.mark.dev
def test_against_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    functional = torch.nn.functional
    p, t = normal(4, 3) * 2, normal(4, 3, seed=1)
    sign = np.sign(t)
    cases = [
        (
            lambda a: mt.huber_loss(a, t, 0.7),
            lambda a: functional.huber_loss(a, torch.tensor(t), reduction="none", delta=0.7),
        ),
        (
            lambda a: mt.margin_ranking_loss(a, t, sign, 0.2),
            lambda a: functional.margin_ranking_loss(
                a, torch.tensor(t), torch.tensor(sign), 0.2, reduction="none"
            ),
        ),
    ]
    for ours, theirs in cases:
        a, b = mt.tensor(p, requires_grad=True), torch.tensor(p, requires_grad=True)
        y, z = ours(a), theirs(b)
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-13)
        y.sum().backward()
        z.sum().backward()
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-13)
