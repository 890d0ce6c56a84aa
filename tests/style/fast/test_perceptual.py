"""The perceptual losses against a direct computation, and which layers they are of."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.models import vgg_body
from minitorch.style import LossNetwork, content_loss, gram, style_loss, total_variation
from minitorch.style.fast import PerceptualLoss, StyleRecipe, gram_matrices
from minitorch.style.fast.perceptual import nearest_layer


@pytest.fixture
def judge():
    mt.random.seed(0)
    return LossNetwork(vgg_body("D", width=2), (0, 0, 0), (50, 50, 50))


def pictures(count, rows, columns, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 255, (count, 3, rows, columns)).astype(np.float32)


def test_gram_matrices_are_those_of_slow_loops():
    f = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    found = gram_matrices(mt.asarray(f)).numpy()
    for b in range(2):
        for i in range(3):
            for j in range(3):
                assert found[b, i, j] == pytest.approx((f[b, i] * f[b, j]).sum() / 20)


def test_a_batch_has_the_losses_of_style_relative_to_their_targets(judge):
    recipe = StyleRecipe(
        "s", "p", content_layer="relu2_2", style_layers="relu1_2, relu3_3", content_weight=3.0,
        style_weight=5.0, variation_weight=0.5,
    )  # fmt: skip
    style, x, y = pictures(1, 20, 24, 0), pictures(2, 16, 20, 1), pictures(2, 16, 20, 2)
    total, parts = PerceptualLoss(judge, style, recipe)(mt.asarray(y), mt.asarray(x))
    told, there = np.zeros(3), 0.0
    for one, other in zip(y, x, strict=True):
        one, other = mt.asarray(one[None]), mt.asarray(other[None])
        names = ["relu2_2", "relu1_2", "relu3_3"]
        f, *strokes = judge.features(one, names)
        targets = judge.features(mt.asarray(style), names[1:])
        wanted = judge.features(other, ["relu2_2"])[0]
        told[0] += 3 * content_loss(f, wanted).item()
        there += content_loss(0 * f, wanted).item()
        for seen, target in zip(strokes, targets, strict=True):
            places = target.shape[2] * target.shape[3]
            relative = style_loss(0 * target, gram(target), places).item()
            told[1] += 5 / 2 * style_loss(seen, gram(target), places).item() / relative / 2
        told[2] += 0.5 * total_variation(one / 255).item() / one.size / 2
    told[0] /= there
    np.testing.assert_allclose([p.item() for p in parts], told, rtol=1e-4)
    assert total.item() == pytest.approx(told.sum(), rel=1e-4)


def test_a_painting_that_is_the_photograph_has_its_content(judge):
    loss = PerceptualLoss(judge, pictures(1, 20, 24, 0), StyleRecipe("s", "p"))
    x = mt.asarray(pictures(1, 32, 32, 1))
    content, style, _ = loss(x, x)[1]
    assert content.item() == 0 and style.item() > 0


def test_a_stage_that_lacks_a_layer_gives_its_last(judge):
    small = LossNetwork(vgg_body("A", width=1), (0, 0, 0), (1, 1, 1))
    assert nearest_layer(judge, "relu3_3") == "relu3_3"
    assert nearest_layer(small, "relu3_3") == "relu3_2"
    assert nearest_layer(small, "relu1_2") == "relu1_1"
    loss = PerceptualLoss(small, pictures(1, 20, 24, 0), StyleRecipe("s", "p"))
    assert loss.style_layers == ["relu1_1", "relu2_1", "relu3_2", "relu4_2"]
    with pytest.raises(ValueError, match="no layer 'relu9_1'; .*relu"):
        nearest_layer(small, "relu9_1")
    with pytest.raises(ValueError, match="no layer 'relu'"):
        nearest_layer(small, "relu")
