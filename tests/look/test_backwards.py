"""Ways back to the image, against finite differences and against loops of NumPy."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers, look
from minitorch.data import Standardiser
from minitorch.look.rectifiers import deconvolved, guided
from minitorch.look.subject import upsampled
from minitorch.models import build_mlp
from minitorch.nonlinearities import LeakyRectify, elu, selu, softmax, tanh
from minitorch.training import Classifier


def logit(classifier, x, target):
    subject = look.Subject(classifier)
    return float(subject.logits(subject.values(x))[0, target].item())


def weights(classifier):
    return [p.get_value() for p in layers.get_all_params(classifier.network)]


def test_the_gradient_is_that_of_finite_differences():
    """Of the logit in float64."""
    mt.random.seed(3)
    made = Classifier(build_mlp((12, 9), num_classes=4, input_shape=(2, 5, 4)))
    image = np.random.default_rng(0).uniform(0, 2, (2, 5, 4))
    x = look.Subject(made).prepared(image).astype(np.float64)
    found = look.image_gradient(made, image, 2)
    slow = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-3
        slow[place] = (logit(made, x + step, 2) - logit(made, x - step, 2)) / 2e-3
    np.testing.assert_allclose(found, slow[0], atol=1e-3 * np.abs(slow).max())
    np.testing.assert_array_equal(look.saliency(made, image, 2), np.abs(found).max(axis=0))


def test_the_class_by_default_is_the_most_probable(lenet, digits):
    best = int(lenet.probabilities(digits.x[:1])[0].argmax())
    np.testing.assert_array_equal(
        look.saliency(lenet, digits.x[0]), look.saliency(lenet, digits.x[0], f"digit {best}")
    )


def mlp():
    mt.random.seed(1)
    made = Classifier(
        build_mlp((11, 7), num_classes=5, input_shape=(1, 4, 3)), (), Standardiser([100], [50])
    )
    image = np.random.default_rng(2).integers(0, 256, (1, 4, 3), np.uint8)
    return made, image


def by_deconvolution(made, image, target):
    subject = look.Subject(made)
    x = subject.prepared(image)
    return subject.gradient(x, subject.score(target), rule=deconvolved)[0][0]


@pytest.mark.parametrize(
    ("method", "rule"),
    [
        (look.guided_backprop, lambda g, z: g * (g > 0) * (z > 0)),
        (look.image_gradient, lambda g, z: g * (z > 0)),
        (by_deconvolution, lambda g, z: g * (g > 0)),
    ],
)  # fmt: skip
def test_rules_written_in_numpy_on_an_mlp(method, rule):
    made, image = mlp()
    w1, b1, w2, b2, w3, _ = weights(made)
    x = made.prepare(image).reshape(-1)
    z1 = x @ w1 + b1
    z2 = np.maximum(z1, 0) @ w2 + b2
    g = rule(w3[:, 3], z2)
    g = w1 @ rule(w2 @ g, z1)
    found = method(made, image, 3)
    assert np.abs(g).max() > 1e-3
    np.testing.assert_allclose(found.reshape(-1), g, rtol=1e-4, atol=1e-6)


ALPHA, SELU = 0.2, (1.0507009873554805, 1.7580993408473766)
SLOPES = {  # below zero; above it is 1, selu's its scale
    "leaky": lambda z: np.full_like(z, ALPHA),
    "prelu": lambda z: np.full_like(z, 0.25),
    "rrelu": lambda z: np.full_like(z, 0.5),
    "elu": np.exp,
    "selu": lambda z: SELU[1] * np.exp(z),
}


@pytest.mark.parametrize("kind", SLOPES)
def test_rectifiers_with_a_slope_below_zero(kind):
    mt.random.seed(3)
    function = {"leaky": LeakyRectify(ALPHA), "elu": elu, "selu": selu}.get(kind)
    net = layers.InputLayer((None, 1, 3, 3))
    net = layers.DenseLayer(net, 12, nonlinearity=function, b=init.Normal(0.5))
    if kind == "prelu":
        net = layers.ParametricRectifierLayer(net)
    if kind == "rrelu":
        net = layers.RandomizedRectifierLayer(net, lower=0.3, upper=0.7)
    made = Classifier(layers.DenseLayer(net, 4, nonlinearity=None))
    subject = look.Subject(made)
    x = subject.prepared(np.random.default_rng(0).uniform(0, 255, (1, 3, 3)))
    (w1, b1), w2 = weights(made)[:2], made.network.W.get_value()
    z, g = x.reshape(-1) @ w1 + b1, w2[:, 2]
    assert (z < 0).any() and (z > 0).any() and (g < 0).any()
    slope = np.where(z > 0, SELU[0] if kind == "selu" else 1, SLOPES[kind](np.minimum(z, 0)))
    score = subject.score(2)
    for rule, back in [(guided, g.clip(0) * slope), (deconvolved, g.clip(0)), (None, g * slope)]:
        found = subject.gradient(x, score, rule=rule)
        np.testing.assert_allclose(found[0].reshape(-1), w1 @ back, rtol=1e-4, atol=1e-6)
        assert found[1] == pytest.approx(subject.gradient(x, score)[1])
    assert look.guided_backprop(made, np.zeros((1, 3, 3)), 2).shape == (1, 3, 3)


def test_deconvnet_by_slow_loops(lenet, digits):
    """One activation of conv2: transposed filters, unpooling to the maxima, rectified."""
    image = digits.x[4]
    w1, b1, w2, b2 = weights(lenet)[:4]
    x = lenet.prepare(image).astype(np.float64)
    z1 = correlate(x, w1) + b1[:, None, None]
    a1 = np.maximum(z1, 0)
    p1 = a1.reshape(8, 8, 2, 8, 2).max(axis=(2, 4))
    a2 = np.maximum(correlate(p1, w2) + b2[:, None, None], 0)
    k, i, j = np.unravel_index(a2.argmax(), a2.shape)
    g = np.zeros_like(p1)
    g[:, i : i + 3, j : j + 3] += a2[k, i, j] * w2[k, :, ::-1, ::-1]
    up = np.zeros_like(a1)
    for c, r, s in np.ndindex(*p1.shape):
        window = a1[c, 2 * r : 2 * r + 2, 2 * s : 2 * s + 2]
        dr, ds = np.unravel_index(window.argmax(), (2, 2))
        up[c, 2 * r + dr, 2 * s + ds] = max(g[c, r, s], 0)
    slow = np.zeros_like(x)
    for c, r, s in np.ndindex(*up.shape):
        slow[:, r : r + 5, s : s + 5] += up[c, r, s] * w1[c, :, ::-1, ::-1]
    found = look.deconvnet(lenet, image, layer="conv2")
    np.testing.assert_allclose(found, slow, rtol=1e-3, atol=1e-3 * np.abs(slow).max())


def correlate(x, w):
    """The layers' convolution, which turns the filters."""
    w = w[:, :, ::-1, ::-1]
    rows, columns = x.shape[1] - w.shape[2] + 1, x.shape[2] - w.shape[3] + 1
    out = np.zeros((len(w), rows, columns))
    for i, j in np.ndindex(rows, columns):
        out[:, i, j] = (w * x[:, i : i + w.shape[2], j : j + w.shape[3]]).sum(axis=(1, 2, 3))
    return out


@pytest.mark.parametrize("upsample", [True, False])
def test_grad_cam_computed_directly(lenet, digits, upsample):
    image, target = digits.x[7], 3
    subject = look.Subject(lenet)
    maps = subject.values(subject.prepared(image))[subject.layer("conv2")].numpy()[0]
    w3, b3, w4, _ = weights(lenet)[4:]
    windows = maps.reshape(16, 3, 2, 3, 2)
    pooled = windows.max(axis=(2, 4))
    g = w3 @ (w4[:, target] * (pooled.reshape(-1) @ w3 + b3 > 0))
    back = (windows == pooled[:, :, None, :, None]) * g.reshape(16, 3, 1, 3, 1)
    # Where a window's values are equal (all are 0), the first one has the gradient.
    ties = (windows == pooled[:, :, None, :, None]).sum(axis=(2, 4))
    back = back / ties[:, :, None, :, None]
    expected = np.maximum((back.reshape(16, 6, 6).mean((1, 2))[:, None, None] * maps).sum(0), 0)
    found = look.grad_cam(lenet, image, target, "conv2", upsample=upsample)
    if upsample:
        expected = upsampled(expected, (20, 20))
    assert found.max() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_nothing_changes_in_the_network(lenet, digits):
    grads = [p.grad for p in layers.get_all_params(lenet.network)]
    before, kinds = weights(lenet), [vars(one).copy() for one in look.Subject(lenet).order]
    look.guided_backprop(lenet, digits.x[0])
    look.deconvnet(lenet, digits.x[0])
    for a, b in zip(before, weights(lenet), strict=True):
        np.testing.assert_array_equal(a, b)
    for one, was in zip(look.Subject(lenet).order, kinds, strict=True):
        assert vars(one).keys() == was.keys()
        assert getattr(one, "nonlinearity", 0) is was.get("nonlinearity", 0)
    assert [p.grad for p in layers.get_all_params(lenet.network)] == grads


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c, x: look.saliency(c, x, 10), "there is no class 10; the network has 10, from 0"),
        (lambda c, x: look.saliency(c, x, "digt 3"), "no class is called 'digt 3'; did you mean"),
        (lambda c, x: look.saliency(c, x[0], 1), r"expected an image .*, found shape \(20, 20\)"),
        (lambda c, x: look.grad_cam(c, x, 1, "conv3"), "no layer 'conv3'; did you mean 'conv"),
        (lambda c, x: look.grad_cam(c, x, 1, "dense"), r"layer 'dense' gives \(None, 48\), expec"),
        (lambda c, x: look.deconvnet(c, x, 99, "conv2"), "'conv2' has 16 channels, from 0; there"),
        (lambda c, x: look.deconvnet(c, x, "a", "conv2"), "'a' is no channel of 'conv2'"),
    ],
)  # fmt: skip
def test_bad_input(lenet, digits, call, message):
    with pytest.raises(ValueError, match=message):
        call(lenet, digits.x[0])


def test_networks_that_cannot_be_looked_into():
    net = layers.DenseLayer(layers.InputLayer((None, 1, 4, 4)), 3, nonlinearity=tanh, name="d")
    made = Classifier(layers.DenseLayer(net, 3, nonlinearity=softmax))
    image = np.zeros((1, 4, 4), np.uint8)
    with pytest.raises(ValueError, match="there are no rectifiers to go back through"):
        look.guided_backprop(made, image, 0)
    with pytest.raises(ValueError, match="no layer of the network gives maps"):
        look.grad_cam(made, image, 0)
    flat = Classifier(layers.DenseLayer(layers.InputLayer((None, 7)), 3, nonlinearity=softmax))
    with pytest.raises(ValueError, match=r"takes \(7,\), expected images"):
        look.saliency(flat, image)
