"""PyTorch as an oracle: whole networks, written with its functions and torchvision's names.

Outputs as at the end of training, and in training with the gradients of all weights.
"""

import warnings

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, objectives
from minitorch.models import (
    build_alexnet,
    build_cifar_resnet,
    build_efficientnet_lite0,
    build_googlenet,
    build_inception_v3,
    build_nin,
    build_resnet,
    build_squeezenet,
    build_vgg,
    replace_head,
    truncate,
)
from minitorch.parameter import without_values

pytestmark = pytest.mark.dev
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle of this file, is not here")
F = torch.nn.functional


class Theirs:
    """A network's arrays in PyTorch, and the steps that networks are written with."""

    def __init__(self, network, training):
        self.training, self.held, self.eps = training, {}, {}
        for layer in layers.get_all_layers(network):
            for p in layer.get_params():
                value = p.get_value().astype(np.float64)
                value = value.T.copy() if isinstance(layer, layers.DenseLayer) else value
                self.held[p.name] = torch.tensor(value, requires_grad=p.requires_grad)
            if isinstance(layer, layers.BatchNormLayer):
                self.eps[layer.name] = layer.epsilon

    def conv(self, x, name, stride=1, pad=None):
        w = self.held[f"{name}.W"]
        pad = tuple(n // 2 for n in w.shape[2:]) if pad is None else pad
        groups = x.shape[1] // w.shape[1]
        return F.conv2d(x, w, self.held.get(f"{name}.b"), stride, pad, groups=groups)

    def bn(self, x, name):
        scale, shift = self.held[f"{name}.gamma"], self.held[f"{name}.beta"]
        mean = self.held[f"{name}.mean"]
        var = self.held[f"{name}.inv_std"] ** -2 - self.eps[name]
        averages = (None, None) if self.training else (mean, var)
        return F.batch_norm(x, *averages, scale, shift, self.training, eps=self.eps[name])

    def basic_conv(self, x, name, **settings):
        """Inception's: without a normalisation, biased."""
        if f"{name}.W" in self.held:
            return self.conv(x, name, **settings).relu()
        return self.bn(self.conv(x, f"{name}.conv", **settings), f"{name}.bn").relu()

    def fc(self, x, name):
        return F.linear(x, self.held[f"{name}.W"], self.held[f"{name}.b"])

    def head(self, x):
        return self.fc(x.mean((2, 3)), "fc")


def imagenet_resnet(t, x, blocks, strided):
    x = F.max_pool2d(t.bn(t.conv(x, "conv1", 2), "bn1").relu(), 3, 2, 1)
    for stage, count in enumerate(blocks, start=1):
        for block in range(count):
            name = f"layer{stage}.{block}"
            x = residual(t, x, name, 2 if stage > 1 and not block else 1, strided)
    return t.head(x)


def residual(t, x, name, stride, strided=1):
    convs = [n for n in (1, 2, 3) if f"{name}.conv{n}.W" in t.held]
    inner = x
    for n in convs:
        inner = t.conv(inner, f"{name}.conv{n}", stride if n == strided else 1)
        inner = t.bn(inner, f"{name}.bn{n}")
        inner = inner.relu() if n != convs[-1] else inner
    return (inner + short_cut(t, x, name, stride, inner.shape[1])).relu()


def short_cut(t, x, name, stride, filters):
    if f"{name}.downsample.0.W" in t.held:
        return t.bn(t.conv(x, f"{name}.downsample.0", stride), f"{name}.downsample.1")
    extra = filters - x.shape[1]
    x = F.avg_pool2d(x, 1, stride)  # as in TFLearn
    return F.pad(x, (0, 0, 0, 0, extra // 2, extra - extra // 2))


def cifar_resnet(t, x, preactivation):
    x = t.conv(x, "conv1")
    x = x if preactivation else t.bn(x, "bn1").relu()
    names = [f"layer{s}.{b}" for s in (1, 2, 3) for b in range(2)]
    for name in names:
        stride = 2 if name in ("layer2.0", "layer3.0") else 1
        if not preactivation:
            x = residual(t, x, name, stride)
            continue
        inner = t.conv(t.bn(x, f"{name}.bn1").relu(), f"{name}.conv1", stride)
        inner = t.conv(t.bn(inner, f"{name}.bn2").relu(), f"{name}.conv2")
        x = inner + short_cut(t, x, name, stride, inner.shape[1])
    return t.head(t.bn(x, "bn").relu() if preactivation else x)


def alexnet(t, x):
    # PyTorch divides alpha by the number of maps.
    response = lambda x: F.local_response_norm(x, 5, 5e-4, 0.75, 2.0)
    x = F.max_pool2d(response(t.conv(x, "conv1", 4, 0).relu()), 3, 2)
    x = F.max_pool2d(response(t.conv(x, "conv2").relu()), 3, 2)
    for name in ("conv3", "conv4", "conv5"):
        x = t.conv(x, name).relu()
    x = F.max_pool2d(x, 3, 2).flatten(1)
    return t.fc(x, "head.fc1")


def nin(t, x):
    places = iter(range(1, 7))
    for block in (1, 2, 3):
        x = t.conv(x, f"conv{block}").relu()
        for _ in range(2):
            x = t.conv(x, f"cccp{next(places)}").relu()
        if block == 1:
            x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        elif block == 2:
            x = F.avg_pool2d(x, 3, 2, ceil_mode=True)
    return x.mean((2, 3))


def squeezenet(t, x, pooled):
    x = t.conv(x, "conv1", 2, 0).relu()
    for i in range(1, 10):
        if i > 1:
            x = t.conv(x, f"fire{i}.squeeze").relu()
            sides = [t.conv(x, f"fire{i}.expand{size}") for size in ("1x1", "3x3")]
            x = torch.cat(sides, 1).relu()
        if i in pooled:
            x = F.max_pool2d(x, 3, 2, ceil_mode=True)
    return t.conv(x, "conv10").relu().mean((2, 3))


def vgg(t, x, depths):
    for stage, depth in enumerate(depths, start=1):
        for number in range(1, depth + 1):
            x = t.conv(x, f"conv{stage}_{number}").relu()
        x = F.max_pool2d(x, 2)
    for name in ("fc6", "fc7"):
        x = t.fc(x.flatten(1), name).relu()
    return t.fc(x, "fc8")


def efficientnet(t, x):
    def conv(x, name, bn, stride=1, act=True):
        (rows, columns), size = x.shape[2:], t.held[f"{name}.W"].shape[2]
        sides = []
        for n in (columns, rows):  # TensorFlow's rule, from the number of windows
            total = max((-(-n // stride) - 1) * stride + size - n, 0)
            sides += [total // 2, total - total // 2]
        x = t.bn(t.conv(F.pad(x, sides), name, stride, 0), bn)
        return F.relu6(x) if act else x

    x = conv(x, "conv_stem", "bn0", 2)
    strides = {1: 2, 3: 2, 5: 2, 11: 2}
    for i in range(16):
        name, stride = f"blocks.{i}.", strides.get(i, 1)
        inner = conv(x, f"{name}expand_conv", f"{name}bn0") if i else x
        inner = conv(inner, f"{name}depthwise_conv", f"{name}bn1", stride)
        inner = conv(inner, f"{name}project_conv", f"{name}bn2", act=False)
        x = inner + x if x.shape == inner.shape else inner
    return t.head(conv(x, "conv_head", "bn1"))


def small_alexnet():
    """Its convolutions, and one dense layer in place of three large ones."""
    with without_values():
        whole = build_alexnet(5, (3, 67, 75))
    network = replace_head(whole, 5, after="pool5")
    for p in layers.get_all_params(truncate(network, "pool5")):
        if p.ndim > 1:
            p.set_value(mt.random.get_rng().normal(0, 0.05, p.shape))
    return network


def googlenet(t, x, normed):
    pool = lambda x, size=3: F.max_pool2d(x, size, 2, ceil_mode=True)
    # PyTorch divides alpha by the number of maps, as Caffe does.
    response = lambda x: x if normed else F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)
    x = response(pool(t.basic_conv(x, "conv1", stride=2)))
    x = pool(response(t.basic_conv(t.basic_conv(x, "conv2"), "conv3")))
    for module in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        if module in ("4a", "5a"):
            x = pool(x, 2 if normed and module == "5a" else 3)
        name = f"inception{module}.branch"
        one = t.basic_conv(x, f"{name}1")
        two = t.basic_conv(t.basic_conv(x, f"{name}2.0"), f"{name}2.1")
        three = t.basic_conv(t.basic_conv(x, f"{name}3.0"), f"{name}3.1")
        four = t.basic_conv(F.max_pool2d(x, 3, 1, 1), f"{name}4.1")
        x = torch.cat([one, two, three, four], 1)
    return t.head(x)


def inception_v3(t, x):
    c = t.basic_conv
    x = c(c(x, "Conv2d_1a_3x3", stride=2, pad=0), "Conv2d_2a_3x3", pad=0)
    x = c(F.max_pool2d(c(x, "Conv2d_2b_3x3"), 3, 2), "Conv2d_3b_1x1")
    x = F.max_pool2d(c(x, "Conv2d_4a_3x3", pad=0), 3, 2)

    def chain(x, name, *steps, halves=False):
        for i, step in enumerate(steps):
            last = {"stride": 2, "pad": 0} if halves and i == len(steps) - 1 else {}
            x = c(x, name + step, **last)
        return x

    mean = lambda x, b: c(F.avg_pool2d(x, 3, 1, 1), f"{b}_pool")
    three = ("_1", "_2", "_3")
    for module in ("5b", "5c", "5d"):
        b = f"Mixed_{module}.branch"
        five, dbl = chain(x, f"{b}5x5", "_1", "_2"), chain(x, f"{b}3x3dbl", *three)
        x = torch.cat([c(x, f"{b}1x1"), five, dbl, mean(x, b)], 1)
    b = "Mixed_6a.branch"
    dbl = chain(x, f"{b}3x3dbl", *three, halves=True)
    x = torch.cat([c(x, f"{b}3x3", stride=2, pad=0), dbl, F.max_pool2d(x, 3, 2)], 1)
    for module in ("6b", "6c", "6d", "6e"):
        b = f"Mixed_{module}.branch"
        seven, dbl = chain(x, f"{b}7x7", *three), chain(x, f"{b}7x7dbl", *three, "_4", "_5")
        x = torch.cat([c(x, f"{b}1x1"), seven, dbl, mean(x, b)], 1)
    b = "Mixed_7a.branch"
    one = chain(x, f"{b}3x3", "_1", "_2", halves=True)
    two = chain(x, f"{b}7x7x3", *three, "_4", halves=True)
    x = torch.cat([one, two, F.max_pool2d(x, 3, 2)], 1)
    for module in ("7b", "7c"):
        b = f"Mixed_{module}.branch"
        one, two = c(x, f"{b}3x3_1"), chain(x, f"{b}3x3dbl", "_1", "_2")
        sides = [c(one, f"{b}3x3_2a"), c(one, f"{b}3x3_2b")]
        sides += [c(two, f"{b}3x3dbl_3a"), c(two, f"{b}3x3dbl_3b")]
        x = torch.cat([c(x, f"{b}1x1"), *sides, mean(x, b)], 1)
    return t.head(x)


CASES = {
    "alexnet": (small_alexnet, (3, 67, 75), alexnet),
    "nin": (lambda: build_nin(5, (3, 13, 14), dropout=0), (3, 13, 14), nin),
    "squeezenet1_0": (lambda: build_squeezenet("1.0", 5, (3, 45, 50), dropout=0), (3, 45, 50),
                      lambda t, x: squeezenet(t, x, (1, 4, 8))),
    "squeezenet1_1": (lambda: build_squeezenet("1.1", 5, (3, 45, 50), dropout=0), (3, 45, 50),
                      lambda t, x: squeezenet(t, x, (1, 3, 5))),
    "efficientnet": (
        lambda: build_efficientnet_lite0(5, (3, 38, 41), dropout=0, drop_connect=0), (3, 38, 41),
        efficientnet),
    "vgg16_c": (lambda: build_vgg("C", 5, (3, 32, 65), dropout=0, width=2), (3, 32, 65),
                lambda t, x: vgg(t, x, (2, 2, 3, 3, 3))),
    "resnet18": (lambda: build_resnet(18, 5, (3, 41, 37), width=4), (3, 41, 37),
                 lambda t, x: imagenet_resnet(t, x, (2, 2, 2, 2), 1)),
    "resnet34, zeros": (lambda: build_resnet(34, 5, (3, 33, 33), "A", width=4), (3, 33, 33),
                        lambda t, x: imagenet_resnet(t, x, (3, 4, 6, 3), 1)),
    "resnet50": (lambda: build_resnet(50, 5, (3, 33, 40), width=4), (3, 33, 40),
                 lambda t, x: imagenet_resnet(t, x, (3, 4, 6, 3), 2)),
    "resnet50, the paper's": (lambda: build_resnet(50, 5, (3, 33, 40), strided=1, width=4),
                              (3, 33, 40), lambda t, x: imagenet_resnet(t, x, (3, 4, 6, 3), 1)),
    "cifar": (lambda: build_cifar_resnet(14, 5, (3, 12, 13), width=4), (3, 12, 13),
              lambda t, x: cifar_resnet(t, x, False)),
    "cifar, pre-activated": (
        lambda: build_cifar_resnet(14, 5, (3, 12, 13), preactivation=True, width=4), (3, 12, 13),
        lambda t, x: cifar_resnet(t, x, True)),
    "googlenet": (lambda: build_googlenet(5, (3, 50, 47), dropout=0), (3, 50, 47),
                  lambda t, x: googlenet(t, x, False)),
    "googlenet_bn": (lambda: build_googlenet(5, (3, 64, 64), batch_norm=True, dropout=0),
                     (3, 64, 64), lambda t, x: googlenet(t, x, True)),
    "inception_v3": (lambda: build_inception_v3(5, (3, 79, 83), dropout=0), (3, 79, 83),
                     inception_v3),
}  # fmt: skip


SLOW = pytest.param("inception_v3", marks=pytest.mark.slow)


@pytest.mark.parametrize("case", [SLOW if case == "inception_v3" else case for case in CASES])
def test_networks_agree(case, doubles):
    make, image, theirs = CASES[case]
    mt.random.seed(0)
    rng = np.random.default_rng(0)
    network = make()
    for layer in layers.get_all_layers(network):
        if isinstance(layer, layers.BatchNormLayer):
            for p in layer.get_params():
                p.set_value(rng.uniform(0.7, 1.4, p.shape) * (-1 if p is layer.beta else 1))
    x = rng.normal(size=(2, *image))
    oracle = Theirs(network, training=False)
    expected = theirs(oracle, torch.tensor(x)).softmax(1).detach().numpy()
    found = layers.get_output(network, mt.asarray(x), deterministic=True)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-7, atol=1e-12)

    oracle, labels = Theirs(network, training=True), np.array([0, 4])
    loss = objectives.categorical_crossentropy(
        layers.get_output(network, mt.asarray(x)), labels
    ).mean()
    loss.backward()
    told = F.cross_entropy(theirs(oracle, torch.tensor(x)), torch.tensor(labels))
    told.backward()
    np.testing.assert_allclose(loss.item(), told.item(), rtol=1e-7)
    params = layers.get_all_params(network, trainable=True)
    largest = max(float(oracle.held[p.name].grad.abs().max()) for p in params)
    for p in params:
        expected = oracle.held[p.name].grad.numpy()
        expected = expected.T if expected.ndim == 2 else expected
        # A shift that the next normalisation takes away has a gradient of 0, but for rounding.
        scale = max(np.abs(expected).max(), 1e-9 * largest)
        np.testing.assert_allclose(p.grad.numpy() / scale, expected / scale, atol=1e-5)
