"""Painting in one pass: sizes, mixes, memory, files of another kind."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import io, layers
from minitorch.io import FileFormatError
from minitorch.models import build, build_fast_style, named_layers
from minitorch.style.fast import Painter, mixture


@pytest.fixture
def painter():
    """Of three styles that differ."""
    mt.random.seed(0)
    network = build_fast_style(3, (3, None, None), (2, 3, 4), 1, (3, 2))
    rng = mt.random.get_rng()
    for p in layers.get_all_params(network):
        p.set_value(rng.normal(size=p.shape))
    return Painter(network)


def photograph(rows, columns):
    return np.random.default_rng(0).integers(0, 256, (3, rows, columns), dtype=np.uint8)


def test_a_painting_is_the_networks_output(painter):
    pixels, mix = photograph(20, 24), mixture("1:3,2", 3)
    named = named_layers(painter.network)
    data = {named["input"]: pixels[None] / np.float32(255), named["style_weights"]: mix}
    wanted = 255 * layers.get_output(painter.network, data).detach().numpy()[0]
    assert np.abs(painter.paint(pixels, mix) - wanted).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("size", [(16, 16), (17, 23), (30, 19)])
def test_pictures_keep_their_size(painter, size):
    pixels = photograph(*size)
    assert painter.paint(pixels).shape == (3, *size)
    rows, columns = (-(-n // 4) * 4 for n in size)
    whole = np.pad(pixels, ((0, 0), (0, rows - size[0]), (0, columns - size[1])), mode="reflect")
    np.testing.assert_array_equal(
        painter.paint(whole)[:, : size[0], : size[1]], painter.paint(pixels)
    )


def test_memory_is_that_of_all_outputs(painter):
    rows = layers.get_output(
        layers.get_all_layers(painter.network),
        {x: mt.zeros((1, *x.shape[1:]) if len(x.shape) == 2 else (1, 3, 20, 24))
         for x in layers.get_all_layers(painter.network) if not x.sources()},
    )  # fmt: skip
    assert painter.memory(19, 24) == sum(4 * y.size for y in rows)


def test_mixtures():
    np.testing.assert_array_equal(mixture("2", 3), [[0, 0, 1]])
    np.testing.assert_array_equal(mixture("1:0.5, 1:0.5,0:3", 3), [[0.75, 0.25, 0]])
    for text, words in (
        ("3", "no style '3'; styles are 0 to 2"),
        ("-1", "no style '-1'"),
        ("", "no style ''"),
        ("0:x", "'0:x': a share is a number"),
        ("0:-1", "0 or more"),
        ("0:inf", "0 or more"),
        ("0:0", "all shares are 0"),
    ):
        with pytest.raises(ValueError, match=words):
            mixture(text, 3)
    with pytest.raises(ValueError, match="there is one style, 0"):
        mixture("1", 1)


def test_what_cannot_be_painted(painter):
    with pytest.raises(ValueError, match="30 x 15 pixels; each side needs 16"):
        painter.paint(photograph(15, 30))
    with pytest.raises(ValueError, match=r"expected bytes of shape .* found float64"):
        painter.paint(photograph(20, 20) / 255)
    with pytest.raises(ValueError, match="no inputs input and style_weights"):
        Painter(build("lenet"))
    with pytest.raises(ValueError, match="no inputs"):
        Painter([build("lenet")])


def test_files_of_another_kind(painter, tmp_path):
    path = io.save(painter.network, tmp_path / "n.safetensors", {"kind": "other"})
    with pytest.raises(FileFormatError, match="does not paint; expected what train-style leaves"):
        Painter.open(path)
    with pytest.raises(FileFormatError, match=r"style\.safetensors"):
        Painter.open(tmp_path)
