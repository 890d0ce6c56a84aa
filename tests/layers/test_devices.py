"""Every layer gives on a device what it gives on the CPU, and its gradients stay there."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers
from minitorch.layers import get_all_params, get_output, to_device

IMAGES = (2, 4, 6, 5)
NETS = {
    "conv": lambda s: layers.Conv2DLayer(s, 4, 3, stride=2, pad="same", num_groups=2),
    "untied conv": lambda s: layers.Conv2DLayer(s, 4, 3, untie_biases=True),
    "transposed conv": lambda s: layers.TransposedConv2DLayer(s, 3, 3, stride=2, crop=1),
    "dilated conv": lambda s: layers.DilatedConv2DLayer(s, 3, 3, 2),
    "local": lambda s: layers.LocallyConnected2DLayer(s, 3, 3),
    "channelwise local": lambda s: layers.LocallyConnected2DLayer(s, 4, 3, channelwise=True),
    "nin": lambda s: layers.NINLayer(s, 3, untie_biases=True),
    "dense": lambda s: layers.DenseLayer(s, 3),
    "repeat": lambda s: layers.Upscale2DLayer(s, (2, 1)),
    "dilate": lambda s: layers.Upscale2DLayer(s, (2, 3), mode="dilate"),
    "resize": lambda s: layers.ResizeLayer(layers.MaxPool2DLayer(s, 2), s),
    "pool": lambda s: layers.Pool2DLayer(s, 2, mode="average_inc_pad"),
    "maxout": lambda s: layers.FeaturePoolLayer(s, 2),
    "winner": lambda s: layers.FeatureWTALayer(s, 2),
    "global pool": lambda s: layers.GlobalPoolLayer(s),
    "fast pyramid": lambda s: layers.SpatialPyramidPoolingLayer(s, [2, 1]),
    "pyramid": lambda s: layers.SpatialPyramidPoolingLayer(s, implementation="kaiming"),
    "reshape": lambda s: layers.ReshapeLayer(s, ([0], -1, 3)),
    "dimshuffle": lambda s: layers.DimshuffleLayer(s, (3, "x", 1, 2, 0)),
    "pad": lambda s: layers.PadLayer(s, (1, (0, 2)), val=2.0),
    "reflect": lambda s: layers.PadLayer(s, 2, mode="reflect"),
    "slice": lambda s: layers.SliceLayer(s, slice(None, None, -2), axis=2),
    "flatten": lambda s: layers.FlattenLayer(s),
    "local response": lambda s: layers.LocalResponseNormalization2DLayer(s, alpha=0.5, n=3),
    "batch norm": lambda s: layers.BatchNormLayer(s),
    "instance norm": lambda s: layers.instance_norm(s),
    "conditional norm": lambda s: layers.ConditionalInstanceNormLayer(
        s, layers.DenseLayer(s, 2), gamma=init.Normal(1.0), beta=init.Normal(1.0)
    ),
    "bias": lambda s: layers.BiasLayer(s, shared_axes=(0, 1)),
    "scale": lambda s: layers.ScaleLayer(s, shared_axes="all"),
    "prelu": lambda s: layers.ParametricRectifierLayer(s),
    "rrelu": lambda s: layers.RandomizedRectifierLayer(s, shared_axes=()),
    "dropout": lambda s: layers.DropoutLayer(s, shared_axes=1),
    "noise": lambda s: layers.GaussianNoiseLayer(s),
    "standardize": lambda s: layers.standardize(s, 0.5, 2.0),
    "inverse": lambda s: layers.InverseLayer(p := layers.MaxPool2DLayer(s, 2), p),
    "cropped sum": lambda s: layers.ElemwiseSumLayer(
        [s, layers.SliceLayer(s, slice(1, None))], [2, -1], cropping=[None, None, None, "center"]
    ),
    "concat": lambda s: layers.ConcatLayer([s, layers.NonlinearityLayer(s)]),
    "affine": lambda s: layers.TransformerLayer(s, layers.DenseLayer(s, 6), 1.5),
    "spline": lambda s: layers.TPSTransformerLayer(
        s, layers.DenseLayer(s, 8), control_points=4, border_mode="mirror"
    ),
}  # fmt: skip


def results(net, x):
    """The output, and gradients towards the data and every parameter."""
    out = get_output(net, x)
    weights = mt.asarray(np.random.default_rng(1).normal(size=out.shape), device=x.device)
    wanted = [x, *get_all_params(net, trainable=True)]
    return [out, *mt.grad((out * weights).sum(), wanted)]


@pytest.mark.parametrize("make", NETS.values(), ids=NETS.keys())
def test_a_device_agrees(make):
    data = np.random.default_rng(0).normal(size=IMAGES)
    found = {}
    for device in ("cpu", "emulated"):
        mt.random.seed(1)
        net = to_device(make(layers.InputLayer(IMAGES)), device)
        found[device] = results(net, mt.asarray(data, device=device).requires_grad_())
    for host, there in zip(*found.values(), strict=True):
        assert there.device == "emulated"
        np.testing.assert_allclose(
            there.cpu().detach().numpy(), host.detach().numpy(), rtol=1e-8, atol=1e-9
        )


def test_an_embedding_on_a_device():
    net = to_device(layers.EmbeddingLayer(layers.InputLayer((3,)), 4, 2), "emulated")
    out = get_output(net, mt.asarray([3, 0, 3], device="emulated"))
    out.sum().backward()
    assert out.device == net.W.grad.device == "emulated"
    assert net.W.grad.cpu().numpy()[:, 0].tolist() == [1, 0, 0, 2]
