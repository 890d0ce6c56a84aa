"""Cross-entropies: exact at any score, also from probabilities that remember their scores."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops import provenance

DTYPES = ["float32", "float64"]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def slow_loss(scores, label):
    """-ln softmax(scores)[label] of one row, in exact-enough arithmetic."""
    top = max(scores)
    return math.log(math.fsum(math.exp(v - top) for v in scores)) - (scores[label] - top)


# -- from scores -----------------------------------------------------------


def test_labels_against_loops():
    x, labels = normal(6, 4) * 10, np.array([0, 3, 1, 1, 2, 0])
    out = mt.softmax_cross_entropy(mt.asarray(x), labels)
    expected = [slow_loss(row, label) for row, label in zip(x, labels, strict=True)]
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-13)
    onehot = mt.softmax_cross_entropy(mt.asarray(x), np.eye(4)[labels])
    np.testing.assert_allclose(onehot.numpy(), expected, rtol=1e-13)


def test_probabilities_as_targets_against_loops():
    x, t = normal(5, 3), np.random.default_rng(1).dirichlet(np.ones(3), 5)
    out = mt.softmax_cross_entropy(mt.asarray(x), t)
    expected = [
        math.fsum(p * slow_loss(row, i) for i, p in enumerate(target))
        for row, target in zip(x, t, strict=True)
    ]
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-13)


def test_classes_along_another_axis():
    x, labels = normal(2, 3, 4, 5), np.random.default_rng(1).integers(0, 3, (2, 4, 5))
    out = mt.softmax_cross_entropy(mt.asarray(x), labels, axis=1)
    flat = mt.softmax_cross_entropy(
        mt.asarray(np.moveaxis(x, 1, -1).reshape(-1, 3)), labels.reshape(-1)
    )
    np.testing.assert_allclose(out.numpy().reshape(-1), flat.numpy(), rtol=1e-14)
    both = mt.categorical_crossentropy(mt.softmax(mt.asarray(x), axis=1), labels, axis=-3)
    np.testing.assert_array_equal(both.numpy(), out.numpy())


def test_single_row_and_label_dtypes():
    assert mt.softmax_cross_entropy(mt.tensor([0.0, 0.0]), 1).item() == pytest.approx(math.log(2))
    for dtype in (np.uint8, np.int16, np.int64):
        out = mt.softmax_cross_entropy(mt.zeros((2, 4)), np.array([3, 0], dtype))
        np.testing.assert_allclose(out.numpy(), math.log(4), rtol=1e-6)
    assert mt.softmax_cross_entropy(mt.zeros((2, 4)), [3, 0]).shape == (2,)


def test_gradients_of_both_orders(check_gradients):
    x, labels = normal(4, 3), np.array([0, 2, 1, 1])
    t = np.random.default_rng(1).dirichlet(np.ones(3), 4)
    check_gradients(lambda x: mt.softmax_cross_entropy(x, labels) ** 2, x)
    check_gradients(lambda x: mt.categorical_crossentropy(mt.softmax(x), labels) ** 2, x)
    check_gradients(lambda x, t: mt.softmax_cross_entropy(x, t), x, t)
    check_gradients(lambda x, t: mt.sigmoid_cross_entropy(x, t), x, t)
    p = 0.1 + 0.8 * t
    check_gradients(lambda p: mt.categorical_crossentropy(p, labels), p)
    check_gradients(lambda p, t: mt.categorical_crossentropy(p, t), p, t)
    check_gradients(lambda p, t: mt.binary_crossentropy(p, t), p, t)
    check_gradients(lambda x, y: mt.xlogy(x, y), x, p)


@pytest.mark.parametrize("dtype", DTYPES)
def test_score_of_200_is_exact(dtype):
    for loss in (
        mt.softmax_cross_entropy,
        lambda x, t: mt.categorical_crossentropy(mt.softmax(x), t),
        lambda x, t: mt.categorical_crossentropy(mt.softmax(x, axis=1), np.eye(2)[t]),
    ):
        x = mt.tensor([[200.0, 0.0]], dtype=dtype, requires_grad=True)
        y = loss(x, np.array([1]))
        assert y.numpy().tolist() == [200.0]
        y.sum().backward()
        assert x.grad.numpy().tolist() == [[1.0, -1.0]]
    for loss in (
        mt.sigmoid_cross_entropy,
        lambda x, t: mt.binary_crossentropy(mt.sigmoid(x), t),
    ):
        x = mt.tensor([200.0, -200.0], dtype=dtype, requires_grad=True)
        y = loss(x, np.array([0, 1]))
        assert y.numpy().tolist() == [200.0, 200.0]
        y.sum().backward()
        assert x.grad.numpy().tolist() == [1.0, -1.0]


def test_right_answers_cost_next_to_nothing():
    x = mt.tensor(np.array([200.0, -200.0]))
    np.testing.assert_allclose(
        mt.binary_crossentropy(mt.sigmoid(x), [1, 0]).numpy(), math.exp(-200), rtol=1e-12
    )


def test_half_precision():
    x = mt.tensor([[200.0, 0.0]], dtype=mt.float16, requires_grad=True)
    y = mt.categorical_crossentropy(mt.softmax(x), [1])
    assert y.dtype == np.float16
    assert y.item() == 200.0
    y.sum().backward()
    assert x.grad.numpy().tolist() == [[1.0, -1.0]]


def test_class_that_cannot_be():
    """A score of -inf is a probability of 0: harmless where the target says 0 as well."""
    x = mt.tensor([[0.0, -math.inf, 0.0]], requires_grad=True)
    y = mt.softmax_cross_entropy(x, np.array([[0.5, 0.0, 0.5]]))
    assert y.item() == pytest.approx(math.log(2))
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[0, 0, 0]], atol=1e-7)


# -- from probabilities -----------------------------------------------------


def test_plain_probabilities_are_taken_at_their_word():
    p = mt.tensor([[0.25, 0.75], [1.0, 0.0]])
    np.testing.assert_allclose(mt.categorical_crossentropy(p, [0, 0]).numpy(), [math.log(4), 0])
    np.testing.assert_array_equal(mt.categorical_crossentropy(p, [1, 1]).numpy()[1], math.inf)
    onehot = mt.categorical_crossentropy(p, np.array([[1.0, 0.0], [1.0, 0.0]]))
    np.testing.assert_allclose(onehot.numpy(), [math.log(4), 0])
    b = mt.binary_crossentropy(mt.tensor([0.25, 0.0, 1.0]), [1, 0, 1])
    np.testing.assert_allclose(b.numpy(), [math.log(4), 0, 0])


def test_probabilities_and_scores_agree():
    x, labels = normal(5, 4), np.array([0, 1, 2, 3, 0])
    t = np.random.default_rng(1).random((5, 4))
    by_scores = mt.softmax_cross_entropy(mt.asarray(x), labels).numpy()
    bare = mt.asarray(mt.softmax(mt.asarray(x)).numpy().copy())
    np.testing.assert_allclose(mt.categorical_crossentropy(bare, labels).numpy(), by_scores)
    by_scores = mt.sigmoid_cross_entropy(mt.asarray(x), t).numpy()
    bare = mt.asarray(mt.sigmoid(mt.asarray(x)).numpy().copy())
    np.testing.assert_allclose(mt.binary_crossentropy(bare, t).numpy(), by_scores)


# -- what probabilities remember ---------------------------------------------


def confident():
    x = mt.tensor([[200.0, 0.0]], requires_grad=True)
    return x, mt.softmax(x)


def loss_of(p):
    return mt.categorical_crossentropy(p, [1]).item()


def test_remembered_across_functions_and_without_gradients():
    _, p = confident()
    assert loss_of(p) == 200.0
    with mt.no_grad():
        _, p = confident()
        assert loss_of(p) == 200.0
    assert loss_of(p) == 200.0
    _, p = confident()
    with mt.no_grad():
        assert loss_of(p) == 200.0


def test_loss_of_constant_probabilities_is_constant():
    x = mt.tensor([[200.0, 0.0]], requires_grad=True)
    with mt.no_grad():
        p = mt.softmax(x)
    assert not mt.categorical_crossentropy(p, [1]).requires_grad


def test_forgotten_by_copies_and_arithmetic():
    _, p = confident()
    for other in (p * 1, p.detach(), p[:], mt.asarray(p.numpy())):
        assert loss_of(other) == math.inf


def test_another_axis_or_maker_does_not_count():
    x = mt.tensor([[200.0, 0.0], [0.0, 0.0]])
    columns = mt.softmax(x, axis=0)
    np.testing.assert_allclose(mt.categorical_crossentropy(columns, [1, 0]).numpy()[0], math.log(2))
    p = mt.sigmoid(mt.tensor([[200.0, -200.0]]))
    assert loss_of(p) == math.inf


def test_void_after_writing_in_place():
    with mt.no_grad():
        _, p = confident()
        p *= 0.5
        assert loss_of(p) == math.inf
        x = mt.tensor([[200.0, 0.0]])
        p = mt.softmax(x)
        x[0, 0] = 0.0
        assert loss_of(p) == math.inf
        x = mt.tensor([200.0])
        p = mt.sigmoid(x)
        p[...] = 0.5
        assert mt.binary_crossentropy(p, [0]).item() == pytest.approx(math.log(2))


def test_void_while_somebody_waits_for_the_gradient_of_the_probabilities():
    x = mt.tensor([[0.0, 0.0]], requires_grad=True)
    p = mt.softmax(x)
    p.retain_grad()
    mt.categorical_crossentropy(p, [1]).sum().backward()
    np.testing.assert_allclose(p.grad.numpy(), [[0, -2]])
    np.testing.assert_allclose(x.grad.numpy(), [[0.5, -0.5]])
    with mt.no_grad():
        p = mt.softmax(x)
    p.requires_grad = True
    mt.categorical_crossentropy(p, [1]).sum().backward()
    np.testing.assert_allclose(p.grad.numpy(), [[0, -2]])


def test_notes_go_when_their_probabilities_go():
    gc.collect()
    before = len(provenance._notes)
    _, p = confident()
    assert len(provenance._notes) == before + 1
    del p
    gc.collect()
    assert len(provenance._notes) == before


# -- bad input ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["softmax_cross_entropy", "categorical_crossentropy"])
def test_bad_labels(name):
    loss, p = getattr(mt, name), mt.ones((3, 4)) / 4
    with pytest.raises(ValueError, match=rf"{name}: label 4 at \(1,\) is out of range.*0 to 3"):
        loss(p, [0, 4, 1])
    with pytest.raises(ValueError, match=r"label -1 at \(2,\) is out of range"):
        loss(p, [0, 1, -1])
    with pytest.raises(TypeError, match=r"labels must be integers, got float32 \(3,\)"):
        loss(p, [0.0, 1.0, 2.0])
    with pytest.raises(TypeError, match="labels must be integers, got bool"):
        loss(p, [True, False, True])
    with pytest.raises(ValueError, match=r"labels must be \(3,\), got \(2,\)"):
        loss(p, [0, 1])
    with pytest.raises(TypeError, match=r"rank mismatch: predictions are \(3, 4\), targets \(\)"):
        loss(p, 1)
    with pytest.raises(TypeError, match=r"rank mismatch.*integer labels \(3,\)"):
        loss(p, np.zeros((3, 4, 1)))
    with pytest.raises(ValueError, match=r"predictions are \(3, 4\), targets \(3, 3\)"):
        loss(p, np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"nothing to score, predictions are \(0, 4\)"):
        loss(mt.zeros((0, 4)), np.zeros(0, int))
    with pytest.raises(TypeError, match="must be floating-point, got int64"):
        loss(mt.asarray([[1, 2]]), [0])
    with pytest.raises(TypeError, match="predictions must be a tensor, got a ndarray"):
        loss(np.ones((3, 4)), [0, 1, 2])
    with pytest.raises(ValueError, match=r"\(3, 4\) have no axis 2"):
        loss(p, [0, 1, 2], axis=2)


@pytest.mark.parametrize("name", ["sigmoid_cross_entropy", "binary_crossentropy"])
def test_bad_binary_targets(name):
    loss, p = getattr(mt, name), mt.ones((3, 1)) / 2
    with pytest.raises(ValueError, match=rf"{name}: predictions are \(3, 1\), targets \(3,\)"):
        loss(p, [0, 1, 1])
    with pytest.raises(ValueError, match="nothing to score"):
        loss(mt.zeros((0,)), [])
    with pytest.raises(TypeError, match="must be real numbers, got complex64"):
        loss(p, mt.asarray([[1j]] * 3))
    assert loss(p, True).shape == (3, 1)
    assert loss(p, mt.asarray([[True], [False], [True]])).dtype == np.float32


@pytest.mark.dev
def test_against_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    functional = torch.nn.functional
    x, labels = normal(6, 4) * 4, np.array([0, 3, 1, 1, 2, 0])
    t = np.random.default_rng(1).dirichlet(np.ones(4), 6)
    cases = [
        (
            lambda a: mt.softmax_cross_entropy(a, labels),
            lambda a: functional.cross_entropy(a, torch.tensor(labels), reduction="none"),
        ),
        (
            lambda a: mt.softmax_cross_entropy(a, t),
            lambda a: functional.cross_entropy(a, torch.tensor(t), reduction="none"),
        ),
        (
            lambda a: mt.sigmoid_cross_entropy(a, t),
            lambda a: functional.binary_cross_entropy_with_logits(
                a, torch.tensor(t), reduction="none"
            ),
        ),
        (
            lambda a: mt.binary_crossentropy(mt.sigmoid(a) * 1, t),
            lambda a: functional.binary_cross_entropy(
                torch.sigmoid(a), torch.tensor(t), reduction="none"
            ),
        ),
    ]
    for ours, theirs in cases:
        a, b = mt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        y, z = ours(a), theirs(b)
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-12)
        g = np.random.default_rng(2).normal(size=y.shape)
        y.backward(mt.asarray(g))
        z.backward(torch.tensor(g))
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-9, atol=1e-13)
