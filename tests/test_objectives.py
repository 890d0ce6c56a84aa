"""Losses and scores: against plain Python, both orders, extremes, alignment, errors."""

import math
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import objectives as obj
from minitorch.testing import gradcheck, gradgradcheck


def probabilities(*shape, seed=0):
    p = np.random.default_rng(seed).uniform(0.1, 1.0, shape)
    return p / p.sum(axis=-1, keepdims=True)


LABELS = np.array([2, 0, 1, 2])
ONE_HOT = np.eye(3)[LABELS]


# -- cross-entropies ------------------------------------------------------------


@pytest.mark.parametrize("targets", [LABELS, LABELS.tolist(), mt.asarray(LABELS), ONE_HOT])
def test_categorical_crossentropy(targets):
    p = probabilities(4, 3)
    expected = [-math.log(row[label]) for row, label in zip(p, LABELS, strict=True)]
    out = obj.categorical_crossentropy(mt.asarray(p), targets)
    assert out.shape == (4,)
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-14)


def test_categorical_crossentropy_of_distributions():
    p, t = probabilities(4, 3), probabilities(4, 3, seed=1)
    expected = [
        -sum(b * math.log(a) for a, b in zip(*rows, strict=True)) for rows in zip(p, t, strict=True)
    ]
    np.testing.assert_allclose(obj.categorical_crossentropy(p, t).numpy(), expected, rtol=1e-14)


@pytest.mark.parametrize("targets", [[1], [[0.0, 1.0]]])
@pytest.mark.parametrize("logit", [200.0, 1e4])
def test_categorical_crossentropy_is_exact_for_any_logits(targets, logit):
    x = mt.tensor([[logit, 0.0]], requires_grad=True)
    loss = obj.categorical_crossentropy(mt.nonlinearities.softmax(x), targets)
    assert loss.item() == logit
    loss.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[1, -1]])


@pytest.mark.parametrize("logit", [200.0, -200.0])
def test_binary_crossentropy_is_exact_for_any_logits(logit):
    x = mt.tensor([logit], requires_grad=True)
    target = float(logit < 0)
    loss = obj.binary_crossentropy(mt.nonlinearities.sigmoid(x), [target])
    assert loss.item() == 200
    loss.sum().backward()
    assert x.grad.item() == math.copysign(1, logit)


def test_a_column_of_sigmoids_with_a_vector_of_targets_is_exact_too():
    x = mt.tensor([[200.0], [-200.0]], requires_grad=True)
    loss = obj.binary_crossentropy(mt.nonlinearities.sigmoid(x), np.array([0, 1]))
    np.testing.assert_array_equal(loss.numpy(), [[200], [200]])


@pytest.mark.parametrize("shape", [(5,), (2, 3), ()])
def test_binary_crossentropy(shape):
    rng = np.random.default_rng(0)
    p, t = rng.uniform(0.1, 0.9, shape), rng.uniform(0, 1, shape)
    expected = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    np.testing.assert_allclose(obj.binary_crossentropy(p, t).numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("p", "targets", "kind", "text"),
    [
        (probabilities(4, 3), np.zeros((4, 3, 1)), TypeError, "rank mismatch"),
        (probabilities(4, 3), np.array(1), TypeError, "rank mismatch"),
        (probabilities(4, 3), np.zeros(4), TypeError, "labels must be integers, got float64"),
        (probabilities(4, 3), [0, 1, 2], ValueError, "labels must be (4,), got (3,)"),
        (probabilities(4, 3), [0, 1, 2, 3], ValueError, "label 3 at (3,) is out of range"),
        (probabilities(4, 3), [0, -1, 2, 1], ValueError, "label -1 at (1,) is out of range"),
        (
            probabilities(4, 3),
            np.zeros((4, 2)),
            ValueError,
            "predictions are (4, 3), targets (4, 2)",
        ),
        (np.zeros((0, 3)), np.zeros(0, int), ValueError, "there is nothing to score"),
        (np.zeros((4, 3), int), LABELS, TypeError, "must be floating-point"),
    ],
)
def test_categorical_errors(p, targets, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        obj.categorical_crossentropy(p, targets)


# -- regression and margins -----------------------------------------------------


def test_squared_error():
    a, b = np.array([[1.0, -2.0]]), np.array([[3.0, 0.5]])
    np.testing.assert_array_equal(obj.squared_error(a, b).numpy(), [[4, 6.25]])


@pytest.mark.parametrize("delta", [0.5, 1, 2.5])
def test_huber_loss(delta):
    d = np.array([-3.0, -delta, -0.2, 0.0, 0.3, delta, 4.0])
    exact = [v * v / 2 if abs(v) <= delta else delta * (abs(v) - delta / 2) for v in d]
    np.testing.assert_allclose(obj.huber_loss(d + 1, np.ones(7), delta).numpy(), exact, rtol=1e-14)
    with pytest.raises(ValueError, match="delta must be positive"):
        obj.huber_loss(d, d, 0)


@pytest.mark.parametrize("delta", [1, 0.5])
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("log_odds", [True, False])
def test_binary_hinge_loss(delta, binary, log_odds):
    scores, signs = np.array([-2.0, -0.3, 0.2, 3.0]), np.array([1, -1, 1, 1])
    exact = [max(0.0, delta - s * t) for s, t in zip(scores, signs, strict=True)]
    p = scores if log_odds else 1 / (1 + np.exp(-scores))
    targets = (signs + 1) // 2 if binary else signs
    out = obj.binary_hinge_loss(p, targets, delta, log_odds=log_odds, binary=binary)
    np.testing.assert_allclose(out.numpy(), exact, rtol=1e-12, atol=1e-12)


def test_binary_hinge_loss_must_know_what_predictions_are():
    with pytest.raises(FutureWarning, match="say whether predictions are log-odds"):
        obj.binary_hinge_loss(np.ones(3), np.ones(3))


@pytest.mark.parametrize("targets", [LABELS, ONE_HOT])
@pytest.mark.parametrize("delta", [1, 0.25])
def test_multiclass_hinge_loss(targets, delta):
    scores = np.random.default_rng(0).normal(size=(4, 3))
    exact = []
    for row, label in zip(scores, LABELS, strict=True):
        wrong = max(s for k, s in enumerate(row) if k != label)
        exact.append(max(0.0, wrong - row[label] + delta))
    out = obj.multiclass_hinge_loss(scores, targets, delta)
    np.testing.assert_allclose(out.numpy(), exact, rtol=1e-13)


@pytest.mark.parametrize(
    ("loss", "targets", "shape"),
    [
        (obj.categorical_crossentropy, LABELS, (4, 3)),
        (obj.categorical_crossentropy, probabilities(4, 3), (4, 3)),
        (obj.binary_crossentropy, np.array([[0.0, 1.0, 0.3]]), (1, 3)),
        (obj.squared_error, np.array([[0.0, 1.0, 0.3]]), (1, 3)),
        (obj.huber_loss, np.array([[-3.0, 0.0, 0.3]]), (1, 3)),
        (obj.multiclass_hinge_loss, LABELS, (4, 3)),
        (lambda p, t: obj.binary_hinge_loss(p, t, log_odds=True), np.array([[0, 1, 1]]), (1, 3)),
        (lambda p, t: obj.binary_hinge_loss(p, t, log_odds=False), np.array([[0, 1, 1]]), (1, 3)),
    ],
)
def test_gradients(loss, targets, shape):
    p = np.random.default_rng(5).uniform(0.1, 0.9, shape)
    gradcheck(lambda x: loss(x, targets), [p])
    gradgradcheck(lambda x: loss(x, targets) * x[0, 0], [p])


@pytest.mark.parametrize(
    "loss",
    [
        obj.binary_crossentropy,
        obj.squared_error,
        obj.huber_loss,
        obj.binary_accuracy,
        lambda p, t: obj.binary_hinge_loss(p, t, log_odds=True),
    ],
)
def test_a_column_meets_a_vector_row_by_row(loss):
    p, t = np.array([[0.2], [0.7], [0.9]]), np.array([0, 1, 0])
    out = loss(p, t)
    assert out.shape == (3, 1)
    np.testing.assert_array_equal(out.numpy(), loss(p, t[:, None]).numpy())
    for wrong in (np.zeros((3, 2)), np.zeros(4), np.zeros((1, 3))):
        with pytest.raises(ValueError, match="must have one shape"):
            loss(p, wrong)


def test_align_targets():
    cases = [
        ((3, 1), (3,), (3, 1)),
        ((3, 2), (3,), (3,)),
        ((3,), (3,), (3,)),
        ((3, 1), (3, 1), (3, 1)),
    ]
    for a, b, expected in cases:
        p, t = obj.align_targets(np.zeros(a), np.zeros(b))
        assert (p.shape, t.shape) == (a, expected)


# -- aggregates and scores --------------------------------------------------------


@pytest.mark.parametrize("weights", [None, [0.5, 0.0, 2.0, 1.0], 2.0])
@pytest.mark.parametrize("mode", ["mean", "sum", "normalized_sum"])
def test_aggregate(weights, mode):
    loss = np.array([1.0, 2.0, 3.0, 4.0])
    if mode == "normalized_sum" and weights is None:
        with pytest.raises(ValueError, match="require weights for mode='normalized_sum'"):
            obj.aggregate(mt.asarray(loss), mode=mode)
        return
    weighted = loss * (1 if weights is None else np.array(weights))
    expected = {
        "mean": weighted.mean(),
        "sum": weighted.sum(),
        "normalized_sum": weighted.sum() / np.sum(1 if weights is None else weights),
    }[mode]
    out = obj.aggregate(mt.asarray(loss), weights, mode)
    assert out.shape == () and out.item() == pytest.approx(expected, rel=1e-12)


def test_aggregate_knows_its_modes():
    with pytest.raises(
        ValueError, match="mode must be 'mean', 'sum' or 'normalized_sum', got 'max'"
    ):
        obj.aggregate(mt.ones(3), mode="max")


def test_binary_accuracy():
    p = np.array([0.2, 0.5, 0.8, 0.4])
    assert obj.binary_accuracy(p, [0, 0, 1, 1]).tolist() == [1, 0, 1, 0]
    assert obj.binary_accuracy(p, [0, 0, 1, 1], threshold=0.3).tolist() == [1, 0, 1, 1]
    assert obj.binary_accuracy(p, np.array([False, True, True, False])).tolist() == [1, 1, 1, 1]
    assert obj.binary_accuracy(p, 1).mean().item() == 0.5
    with pytest.raises(ValueError, match="predictions are \\(4,\\), targets \\(3,\\)"):
        obj.binary_accuracy(p, [0, 1, 0])


@pytest.mark.parametrize("targets", [LABELS, ONE_HOT])
@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_categorical_accuracy(targets, top_k):
    p = probabilities(4, 3)
    best = np.argsort(-p, axis=1)[:, :top_k]
    expected = [float(label in row) for row, label in zip(best, LABELS, strict=True)]
    out = obj.categorical_accuracy(p, targets, top_k)
    assert out.tolist() == expected and out.dtype == np.float64
    assert out.mean().item() == np.mean(expected)


def test_of_equals_the_first_counts_as_larger():
    p = np.array([[0.3, 0.3, 0.3, 0.1]] * 3)
    assert obj.categorical_accuracy(p, [0, 1, 2]).tolist() == [1, 0, 0]
    assert obj.categorical_accuracy(p, [0, 1, 2], top_k=2).tolist() == [1, 1, 0]


def test_scores_have_no_gradient():
    p = mt.tensor(probabilities(4, 3), requires_grad=True)
    assert not obj.categorical_accuracy(p, LABELS).requires_grad
    assert not obj.binary_accuracy(p, ONE_HOT).requires_grad


@pytest.mark.parametrize(
    ("targets", "top_k", "kind", "text"),
    [
        (LABELS, 0, ValueError, "top_k must be in 1 to 3, got 0"),
        (LABELS, 4, ValueError, "top_k must be in 1 to 3, got 4"),
        (np.zeros((4, 3, 1)), 1, TypeError, "rank mismatch"),
        (np.zeros(4), 1, TypeError, "labels must be integers"),
        ([0, 1, 2, 5], 1, ValueError, "label 5 at (3,) is out of range"),
        ([0, 1], 1, ValueError, "labels must be (4,), got (2,)"),
    ],
)
def test_accuracy_errors(targets, top_k, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        obj.categorical_accuracy(probabilities(4, 3), targets, top_k)
