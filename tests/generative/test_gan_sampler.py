"""Samples of a trained generator: exact by seed, ways on arcs, sums as means of three."""

import numpy as np
import pytest

from minitorch import io, layers
from minitorch.generative import Sampler, between, open_judge, open_sampler
from minitorch.io import FileFormatError
from minitorch.nonlinearities import softmax

NAMES = ("T-shirt", "ankle boot", "bag")


def plain(classes=0):
    """A generator whose image is its noise, three pixels in a row; with the label behind it."""
    net = layers.InputLayer((None, 3), name="latent")
    if classes:
        net = layers.ConcatLayer([net, layers.InputLayer((None, classes), name="label")])
    return layers.ReshapeLayer(net, ([0], 1, 1, -1))


def judge(scale=1.0):
    """Takes an image for the class of its largest pixel."""
    flat = layers.FlattenLayer(layers.InputLayer((None, 1, 1, 3)))
    W = np.eye(3, dtype=np.float32) * np.float32(scale)
    return layers.DenseLayer(flat, 3, W=W, nonlinearity=softmax)


def flat(images):
    return images.reshape(len(images), -1).astype(np.float64)


def test_samples_are_of_the_seed_whatever_the_count():
    sampler = Sampler(plain())
    many = sampler.new(300, seed=4)
    assert many.shape == (300, 1, 1, 3) and many.dtype == np.float32
    np.testing.assert_array_equal(sampler.new(7, seed=4), many[:7])
    assert (sampler.new(7, seed=5) != many[:7]).all()
    assert abs(many.mean()) < 0.1 and abs(many.std() - 1) < 0.1


def test_classes_come_in_turn_or_as_asked():
    sampler = Sampler(plain(3), NAMES, "cgan")
    np.testing.assert_array_equal(sampler.new(4)[:, 0, 0, 3:], np.eye(3)[[0, 1, 2, 0]])
    asked = sampler.new(3, wanted=["Bag", "t-shirt"])
    np.testing.assert_array_equal(asked[:, 0, 0, 3:], np.eye(3)[[2, 0, 2]])
    ways = sampler.ways(2, 3, wanted=["bag", "T-shirt"])
    np.testing.assert_array_equal(ways[:, 0, 0, 3:], np.eye(3)[[2, 2, 2, 0, 0, 0]])
    with pytest.raises(ValueError, match="no class named 'bagg'; did you mean 'bag'"):
        sampler.new(3, wanted=["bagg"])
    with pytest.raises(ValueError, match="makes images of 3 classes; which"):
        sampler(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="told the class, so its noise says nothing"):
        sampler.sums([(1, 0)], judge())
    with pytest.raises(ValueError, match="dcgan makes images of no class"):
        Sampler(plain(), NAMES, "dcgan").new(1, wanted=["bag"])


def test_a_way_is_an_arc_between_samples():
    found = flat(Sampler(plain()).ways(2, 5, seed=1))
    for way in (found[:5], found[5:]):
        np.testing.assert_allclose(way, between(way[0], way[4], 5), atol=1e-6)
    assert abs(found[4] - found[5]).max() > 0.1


def test_a_sum_is_of_means_of_the_three_surest():
    """Worked out in loops from the images, which are the noise itself."""
    sampler = Sampler(plain(), NAMES)
    first, second, result = map(flat, sampler.sums([(1, 2), (-1, 0)], judge(), seed=3))
    total = np.zeros(3)
    for sign, label, rows in ((1, 2, first), (-1, 0, second)):
        assert (rows[:3].argmax(axis=1) == label).all()
        margin = [row[label] - max(np.delete(row, label)) for row in rows[:3]]
        assert min(margin) > 2  # of a thousand the surest
        mean = sum(rows[:3]) / 3
        np.testing.assert_allclose(rows[3], mean * np.sqrt(3) / np.linalg.norm(mean), rtol=1e-5)
        total += sign * mean
    np.testing.assert_allclose(result[0], total * np.sqrt(3) / np.linalg.norm(total), rtol=1e-5)
    near = abs(result[1:] - result[0])
    assert near.max() <= 0.25 + 1e-6 and near.min() > 0


def test_sums_are_read_with_blanks():
    terms = Sampler(plain(), NAMES).terms
    assert terms("bag - T-shirt + Ankle boot") == [(1, 2), (-1, 0), (1, 1)]
    assert terms(" - bag") == [(-1, 2)] and terms("bag") == [(1, 2)]
    for wrong in ("bag+T-shirt", "bag -", "", "bag - - bag"):
        with pytest.raises(ValueError, match="no class named"):
            terms(wrong)


def test_a_class_that_the_generator_does_not_make():
    always = layers.DenseLayer(  # whatever the image, class 1
        layers.FlattenLayer(layers.InputLayer((None, 1, 1, 3))), 3, W=np.zeros((3, 3), "f"),
        b=np.array([0, 9, 0], "f"), nonlinearity=softmax,
    )  # fmt: skip
    with pytest.raises(ValueError, match="among 1000 samples the judge takes 0 for 'bag'"):
        Sampler(plain(), NAMES).sums([(1, 2)], always)


def test_folders_without_a_generator(tmp_path):
    with pytest.raises(FileFormatError, match="none: not a folder"):
        open_sampler(tmp_path / "none")
    with pytest.raises(FileFormatError, match=r"no generator\.safetensors; train dcgan leaves"):
        open_sampler(tmp_path)
    with pytest.raises(FileFormatError, match=r"no judge\.safetensors.* if --scored is not 0"):
        open_judge(tmp_path)
    io.save(judge(), tmp_path / "generator.safetensors")
    with pytest.raises(FileFormatError, match="no input layer named 'latent'"):
        open_sampler(tmp_path)
    about = {"recipe": {"model": "dcgan"}, "class_names": list(NAMES)}
    io.save(plain(), tmp_path / "generator.safetensors", about)
    found = open_sampler(tmp_path)
    assert (found.name, found.class_names, found.latent) == ("dcgan", NAMES, 3)
