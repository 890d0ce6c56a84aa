"""InputLayer: shapes, data it holds, data it refuses."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch.layers import InputLayer, get_output


def test_shape():
    layer = InputLayer([3, None, 2], name="x")
    assert layer.shape == layer.output_shape == layer.input_shape == (3, None, 2)
    assert layer.input_layer is None and layer.input_var is None
    assert layer.get_params() == [] and layer.sources() == []


@pytest.mark.parametrize("shape", [(None, 0), (-1, 4)])
def test_lengths_are_positive(shape):
    text = f"Cannot create InputLayer with a non-positive shape dimension. shape={shape!r}"
    with pytest.raises(ValueError, match=re.escape(text)):
        InputLayer(shape)


def test_lengths_are_integers():
    with pytest.raises(TypeError, match="InputLayer: shape holds integers and None"):
        InputLayer((None, 2.0))


def test_it_may_hold_data():
    layer = InputLayer((None, 2), input_var=np.ones((3, 2)))
    assert isinstance(layer.input_var, mt.Tensor)
    np.testing.assert_array_equal(get_output(layer).numpy(), np.ones((3, 2)))
    layer.input_var = mt.asarray([[5.0, 6.0]])
    np.testing.assert_array_equal(get_output(layer).numpy(), [[5, 6]])
    np.testing.assert_array_equal(get_output(layer, [[1.0, 2.0]]).numpy(), [[1, 2]])


def test_held_data_have_the_rank():
    with pytest.raises(ValueError, match="shape has 3 dimensions, but variable has 2"):
        InputLayer((None, 2, 2), input_var=np.ones((3, 2)))
    layer = InputLayer((None, 2))
    layer.input_var = mt.ones((3, 5))
    with pytest.raises(ValueError, match=re.escape("the data have shape (3, 5)")):
        get_output(layer)


@pytest.mark.parametrize(
    ("shape", "found", "remedy"),
    [
        ((None, 1, 28, 28), (8, 28, 28), "; data.reshape((-1, 1, 28, 28)) would fit"),
        ((None, 1, 28, 28), (1, 28, 28), "; data.reshape((-1, 1, 28, 28)) would fit"),
        ((None, 1, 28, 28), (8, 784), "; data.reshape((-1, 1, 28, 28)) would fit"),
        ((None, 1, 28, 28), (8, 785), ""),
        ((None, 1, 28, 28), (8, 3, 28, 28), ""),
        ((None, 784), (784,), "; data.reshape((-1, 784)) would fit"),
        ((None, None, 784), (784,), ""),
        ((4, 3), (5, 3), ""),
        ((), (1,), ""),
    ],
)
def test_wrong_data_are_refused_at_the_door(shape, found, remedy):
    layer = InputLayer(shape, name="x")
    with pytest.raises(ValueError) as caught:
        get_output(layer, np.zeros(found))
    text = str(caught.value)
    assert text.startswith(
        f"get_output: the data have shape {found}, InputLayer(shape={shape}, name='x') takes"
    )
    assert text.endswith(f"(None: any length){remedy}")


@pytest.mark.parametrize("data", [[[1.0], [2.0, 3.0]], [["a"]], np.array([[None]]), object()])
def test_data_are_numbers(data):
    with pytest.raises((TypeError, ValueError)):
        get_output(InputLayer((None, 1)), data)
