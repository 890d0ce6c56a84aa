"""Generators and discriminators: shapes, the paper's choices, and what they refuse."""

import numpy as np
import pytest

from minitorch import io, layers, random
from minitorch.generative import GANS, find_gan


@pytest.mark.parametrize("name", GANS)
@pytest.mark.parametrize("shape", [(1, 14, 14), (3, 16, 16)])
def test_pairs_fit_each_other(name, shape):
    random.seed(0)
    entry = GANS[name]
    sizes = {"width": 2} if "conv" in entry.generator.__name__ else {"hidden": (8,)}
    generator, discriminator = entry.build(5, shape, 10, **sizes)
    given = inputs(generator, latent=np.zeros((4, 5)), label=np.eye(10)[:4])
    image = layers.get_output(generator, given)
    assert image.shape == (4, *shape)
    logit = layers.get_output(
        discriminator, inputs(discriminator, image=image, label=np.eye(10)[:4])
    )
    assert logit.shape == (4, 1)
    labelled = [
        any(x.name == "label" for x in inputs_of(net)) for net in (generator, discriminator)
    ]
    assert labelled == [entry.conditional] * 2


def inputs_of(net):
    return [x for x in layers.get_all_layers(net) if isinstance(x, layers.InputLayer)]


def inputs(net, **values):
    """A value for each input layer, by its name; arrays as float32."""
    arrays = {k: v.astype("float32") if hasattr(v, "dtype") else v for k, v in values.items()}
    return {x: arrays[x.name] for x in inputs_of(net)}


@pytest.mark.parametrize(
    ("size", "maps"),
    [(28, [(7, 128), (14, 64)]), (64, [(4, 512), (8, 256), (16, 128), (32, 64)])],
)
def test_dcgan_doubles_as_in_the_paper(size, maps):
    generator, discriminator = GANS["dcgan"].build(100, (3, size, size))
    found = [layer for layer in layers.get_all_layers(generator) if layer.name]
    sides = [x.output_shape for x in found if x.name.endswith(".out")]
    assert [(s[2], s[1]) for s in sides] == maps
    normed = [x for x in layers.get_all_layers(discriminator) if "BatchNorm" in type(x).__name__]
    assert len(normed) == len(maps) - 1  # all but the first convolution


def test_weights_begin_small():
    random.seed(0)
    generator, discriminator = GANS["dcgan"].build(100, (1, 28, 28))
    for net in (generator, discriminator):
        for p in layers.get_all_params(net, trainable=True):
            if p.name.endswith("W"):
                assert 0.015 < p.get_value().std() < 0.025, p.name
            if p.name.endswith("gamma"):
                assert abs(p.get_value().mean() - 1) < 0.01


def test_a_critic_under_a_penalty_sees_each_image_alone():
    kinds = {
        type(x).__name__ for x in layers.get_all_layers(GANS["wgan_gp"].build(4, (1, 28, 28))[1])
    }
    assert not kinds & {"BatchNormLayer", "DropoutLayer"}


def test_what_they_refuse():
    with pytest.raises(ValueError, match="not 30 x 30; --size scales them"):
        GANS["dcgan"].build(4, (1, 30, 30))
    with pytest.raises(ValueError, match="not 28 x 32"):
        GANS["dcgan"].build(4, (1, 28, 32))
    with pytest.raises(ValueError, match="at least 1 number of noise"):
        GANS["gan"].build(0, (1, 28, 28))
    with pytest.raises(ValueError, match="did you mean 'wgan_gp'"):
        find_gan("wgan_pg")


def test_generators_are_saved_and_loaded(tmp_path):
    random.seed(0)
    generator, _ = GANS["cgan"].build(5, (1, 14, 14), 10, width=2)
    io.save(generator, tmp_path / "g.safetensors")
    again = io.load(tmp_path / "g.safetensors")
    z = np.random.default_rng(0).normal(size=(3, 5))
    one, two = (
        layers.get_output(g, inputs(g, latent=z, label=np.eye(10)[:3]), deterministic=True).numpy()
        for g in (generator, again)
    )
    np.testing.assert_array_equal(one, two)
