"""FlattenLayer: every rank, open lengths, errors."""

import re

import numpy as np
import pytest

from minitorch import layers
from minitorch.layers import FlattenLayer, InputLayer, get_output


@pytest.mark.parametrize(
    ("shape", "outdim", "expected"),
    [
        ((2, 3, 4, 5), 1, (120,)),
        ((2, 3, 4, 5), 2, (2, 60)),
        ((2, 3, 4, 5), 3, (2, 3, 20)),
        ((2, 3, 4, 5), 4, (2, 3, 4, 5)),
        ((7,), 1, (7,)),
    ],
)
def test_shapes_and_output(shape, outdim, expected):
    layer = FlattenLayer(InputLayer(shape), outdim)
    assert layer.output_shape == expected
    x = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_array_equal(get_output(layer, x).numpy(), x.reshape(expected))


@pytest.mark.parametrize(
    ("shape", "outdim", "expected"),
    [
        ((None, 3, 4), 2, (None, 12)),
        ((None, 3, 4), 1, (None,)),
        ((None, None, 4), 2, (None, None)),
        ((None, 3, None), 3, (None, 3, None)),
    ],
)
def test_open_lengths(shape, outdim, expected):
    layer = FlattenLayer(InputLayer(shape), outdim)
    assert layer.output_shape == expected
    full = tuple(n or 2 for n in shape)
    assert get_output(layer, np.ones(full)).shape == layer.get_output_shape_for(full)


def test_defaults():
    assert FlattenLayer((2, 3, 4)).outdim == 2
    assert layers.flatten is FlattenLayer


@pytest.mark.parametrize("outdim", [0, -1])
def test_outdim_is_positive(outdim):
    with pytest.raises(ValueError, match=f"Dim must be >0, was {outdim}"):
        FlattenLayer((2, 3), outdim)


def test_outdim_is_not_above_the_rank():
    text = "an input of 2 axes cannot be flattened to outdim=3. Use outdim=2 at most"
    with pytest.raises(ValueError, match=re.escape(text)):
        FlattenLayer((2, 3), 3)


def test_gradients(check_gradients):
    check_gradients(FlattenLayer((2, 3, 2)), np.random.default_rng(0).normal(size=(2, 3, 2)))
