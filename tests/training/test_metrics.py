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
