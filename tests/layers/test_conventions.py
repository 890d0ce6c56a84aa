"""Where a derivative has a choice: what layers do at kinks and ties, in one table.

Lasagne had these from Theano: half the slopes for the rectifiers at 0, and the whole
gradient to every one of several largest elements.
"""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.layers import ExpressionLayer, NonlinearityLayer, get_output
from minitorch.nonlinearities import LeakyRectify, elu, rectify

ZERO = [[0.0]]
TIED = [[3.0, 3.0, 1.0]]


def expression(function):
    return lambda shape: ExpressionLayer(shape, function, "auto")


TABLE = {
    "relu at 0": (lambda s: NonlinearityLayer(s, rectify), ZERO, [[0]]),
    "leaky at 0": (lambda s: NonlinearityLayer(s, LeakyRectify(0.2)), ZERO, [[0.2]]),
    "elu at 0": (lambda s: NonlinearityLayer(s, elu), ZERO, [[1]]),
    "prelu at 0": (layers.ParametricRectifierLayer, ZERO, [[0.25]]),
    "abs at 0": (expression(mt.abs), ZERO, [[0]]),
    "clip at its bounds": (
        expression(lambda x: mt.clip(x, -1.0, 1.0)), [[-1.0, 1.0, -2.0, 2.0]], [[1, 1, 0, 0]]
    ),
    "max of equals": (expression(lambda x: mt.max(x, axis=1)), TIED, [[0.5, 0.5, 0]]),
    "maxout of equals": (lambda s: layers.FeaturePoolLayer(s, 3), TIED, [[0.5, 0.5, 0]]),
    "winner of equals": (lambda s: layers.FeatureWTALayer(s, 3), TIED, [[1, 0, 0]]),
    "max pooling of equals": (lambda s: layers.MaxPool1DLayer(s, 3), [TIED], [[[1, 0, 0]]]),
    "global pooling of equals": (
        lambda s: layers.GlobalPoolLayer(s, mt.max), [TIED], [[[0.5, 0.5, 0]]]
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "x", "expected"), TABLE.values(), ids=TABLE.keys())
def test_the_choice(make, x, expected):
    x = mt.tensor(np.array(x), requires_grad=True)
    get_output(make(x.shape), {None: x}).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-7)


def test_a_confident_mistake_costs_what_it_should():
    net = NonlinearityLayer((1, 2), mt.nonlinearities.softmax)
    z = mt.tensor(np.array([[200.0, 0.0]]), requires_grad=True)
    loss = mt.objectives.categorical_crossentropy(get_output(net, {None: z}), [1])
    loss.sum().backward()
    assert loss.tolist() == [200] and z.grad.tolist() == [[1, -1]]
