"""The losses against slow loops and finite differences."""

import itertools

import numpy as np
import pytest

import minitorch as mt
from minitorch.style import content_loss, gram, style_loss, total_variation


def features(channels, rows, columns, seed=0):
    return np.random.default_rng(seed).normal(size=(1, channels, rows, columns))


def slow_gram(f):
    n = f.shape[1]
    out = np.zeros((n, n))
    for i, j in itertools.product(range(n), range(n)):
        for row, column in np.ndindex(*f.shape[2:]):
            out[i, j] += f[0, i, row, column] * f[0, j, row, column]
    return out


SHAPES = [(1, 1, 1), (3, 1, 5), (4, 3, 2), (5, 7, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_gram(shape):
    f = features(*shape)
    np.testing.assert_allclose(gram(mt.asarray(f)).numpy(), slow_gram(f), rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_style_loss_is_the_papers(shape):
    f, style = features(*shape), features(*shape, seed=1)
    n, m = shape[0], shape[1] * shape[2]
    wanted = ((slow_gram(f) - slow_gram(style)) ** 2).sum() / (4 * n**2 * m**2)
    found = style_loss(mt.asarray(f), gram(mt.asarray(style)), m)
    assert found.item() == pytest.approx(wanted, rel=1e-12)


def test_a_style_may_be_of_another_size():
    f = features(3, 4, 5)
    tiled = np.tile(f, (1, 1, 2, 3))
    assert style_loss(mt.asarray(f), gram(mt.asarray(tiled)), 120).item() < 1e-25


def test_content_loss():
    f, p = features(3, 4, 5), features(3, 4, 5, 1)
    assert content_loss(mt.asarray(f), mt.asarray(p)).item() == pytest.approx(
        sum((a - b) ** 2 for a, b in zip(f.flat, p.flat, strict=True)) / 2
    )


@pytest.mark.parametrize("power", [1, 1.25, 2])
def test_total_variation(power):
    x, total = features(2, 4, 5), 0
    for c, i, j in itertools.product(range(2), range(3), range(4)):
        down = x[0, c, i + 1, j] - x[0, c, i, j]
        right = x[0, c, i, j + 1] - x[0, c, i, j]
        total += (down**2 + right**2) ** power
    assert total_variation(mt.asarray(x), power).item() == pytest.approx(total)


def test_a_flat_picture_has_no_variation_and_a_gradient():
    x = mt.tensor(np.ones((1, 3, 4, 4), "f4"), requires_grad=True)
    loss = total_variation(x)
    assert loss.item() == 0
    np.testing.assert_array_equal(mt.grad(loss, [x])[0].numpy(), 0)
    with pytest.raises(ValueError, match="at least 1, not 0.5"):
        total_variation(x, 0.5)


def test_gradients():
    f, target = mt.asarray(features(3, 4, 2)), gram(mt.asarray(features(3, 3, 3, 1)))
    mt.gradcheck(gram, [f])
    mt.gradcheck(lambda x: style_loss(x, target, 9), [f])
    mt.gradcheck(lambda x: content_loss(x, mt.asarray(features(3, 4, 2, 1))), [f])
    mt.gradcheck(total_variation, [f])
