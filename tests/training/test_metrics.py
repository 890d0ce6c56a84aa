"""Error, loss and confusion matrix against slow loops."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.data.transforms import TenCrop
from minitorch.models import build_mlp
from minitorch.training import Evaluation, confusion_matrix, predict, predict_views


def test_the_confusion_matrix_counts_pairs():
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(0, 5, 300), rng.integers(0, 5, 300)
    expected = np.zeros((5, 5), int)
    for t, p in zip(true, predicted, strict=True):
        expected[t, p] += 1
    np.testing.assert_array_equal(confusion_matrix(true, predicted, 5), expected)


def test_labels_are_checked():
    with pytest.raises(ValueError, match="true: labels of 3 classes are 0 to 2, found 3"):
        confusion_matrix([0, 3], [0, 1], 3)
    with pytest.raises(ValueError, match="predicted: 2 examples need 2 labels, found 1"):
        confusion_matrix([0, 1], [0], 3)
    with pytest.raises(TypeError, match="integers"):
        confusion_matrix([0.5], [0], 3)


def test_an_evaluation_adds_up():
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(4), 50)
    y = rng.integers(0, 4, 50)
    result = Evaluation(p, y)
    wrong = [i for i in range(50) if p[i].argmax() != y[i]]
    assert result.wrong.tolist() == wrong and result.error == len(wrong) / 50
    assert result.confusion.trace() == 50 - len(wrong)
    assert result.loss == pytest.approx(-np.mean([np.log(p[i, y[i]]) for i in range(50)]))


def test_errors_of_several_guesses_and_the_commonest_mistakes():
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(4), 60)
    y = rng.integers(0, 4, 60)
    result = Evaluation(p, y)
    for k in (1, 2, 3, 4, 9):
        missed = sum(y[i] not in sorted(range(4), key=lambda c: -p[i, c])[:k] for i in range(60))
        assert result.top_error(k) == pytest.approx(missed / 60)
    assert result.top_error(1) == pytest.approx(result.error) and result.top_error(4) == 0
    ties = Evaluation(np.full((3, 4), 0.25), np.array([0, 1, 3]))
    assert ties.top_error(2) == pytest.approx(1 / 3) and ties.top_error(1) == ties.error
    with pytest.raises(ValueError, match="k is at least 1, not 0"):
        result.top_error(0)
    found = result.most_confused(3)
    counts = {(t, q): 0 for t in range(4) for q in range(4) if t != q}
    for t, q in zip(y, p.argmax(axis=1), strict=True):
        if t != q:
            counts[t, q] += 1
    assert [n for _, _, n in found] == sorted(counts.values(), reverse=True)[:3]
    assert all(counts[t, q] == n for t, q, n in found)
    assert Evaluation(np.eye(3), np.arange(3)).most_confused() == []


def test_a_probability_of_zero_gives_a_finite_loss():
    p = np.array([[1.0, 0.0]], np.float32)
    assert 80 < Evaluation(p, np.array([1])).loss < 100


def test_predicting_is_deterministic_and_in_batches():
    mt.random.seed(0)
    network = build_mlp((8,), dropout=0.5, num_classes=3, input_shape=(4,))
    x = np.random.default_rng(0).normal(size=(11, 4)).astype(np.float32)
    whole = predict(network, x)
    assert whole.shape == (11, 3)
    np.testing.assert_allclose(predict(network, x, batch_size=3), whole, rtol=1e-6)
    np.testing.assert_allclose(whole.sum(axis=1), 1, rtol=1e-6)


def test_views_are_averaged():
    rng = np.random.default_rng(0)
    network = build_mlp((5,), input_shape=(1, 6, 6))
    images = rng.normal(size=(4, 1, 8, 9)).astype(np.float32)
    out = predict_views(network, images, TenCrop(6), lambda x: 2 * x, batch_size=3)
    for image, mean in zip(images, out, strict=True):
        each = [predict(network, 2 * view[None])[0] for view in TenCrop(6)(image)]
        np.testing.assert_allclose(mean, np.mean(each, axis=0), rtol=1e-5)
