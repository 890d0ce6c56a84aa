"""truncate, replace_head and freeze: what they keep, what they train, and what they say."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, io, layers, nonlinearities, objectives, updates
from minitorch.models import (
    build,
    build_cifar_resnet,
    build_googlenet,
    build_nin,
    build_squeezenet,
    build_vgg,
    freeze,
    named_layers,
    replace_head,
    truncate,
    unfreeze,
)


def data(*shape, seed=0):
    return mt.asarray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def step(network, x, labels, rate=0.1):
    """One step of training on the parameters that are trained."""
    loss = objectives.categorical_crossentropy(layers.get_output(network, x), labels).mean()
    params = layers.get_all_params(network, trainable=True)
    updates.sgd(loss, params, learning_rate=rate).apply()
    return float(loss.item())


# -- truncate ---------------------------------------------------------------------------


def test_a_cut_network_is_a_layer_of_it():
    network = build_vgg("A", 3, (3, 32, 32), width=1)
    pool = truncate(network, "pool5")
    assert pool is named_layers(network)["pool5"] and pool.output_shape == (None, 8, 1, 1)
    features = layers.get_output(truncate(network, "fc7"), data(2, 3, 32, 32), deterministic=True)
    assert features.shape == (2, 64)


def test_names_that_are_not_there_or_twice():
    network = build("lenet")
    with pytest.raises(ValueError, match="no layer 'poool2'; did you mean 'pool2'"):
        truncate(network, "poool2")
    with pytest.raises(ValueError, match="its layers are input, conv1, pool1"):
        truncate(network, "zzz")
    twice = layers.DenseLayer(layers.DenseLayer((None, 3), 3, name="a"), 3, name="a")
    with pytest.raises(ValueError, match="two layers are called 'a'"):
        truncate(twice, "a")
    nameless = layers.DenseLayer(layers.InputLayer((None, 3)), 3)
    assert named_layers(nameless) == {}


def test_heads_are_found_as_well():
    network = build_googlenet(3, (3, 224, 224), aux=True)
    assert truncate(network, "aux1.fc1").output_shape == (None, 1024)


# -- replace_head -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "head"),
    [
        (lambda: build("lenet", dropout=0.5), "output"),
        (lambda: build_nin(10, (3, 8, 8)), "cccp6"),
        (lambda: build_squeezenet("1.1", 5, (3, 40, 40)), "conv10"),
        (lambda: build_cifar_resnet(8, 5, (3, 8, 8), width=4), "fc"),
    ],
)
def test_the_last_weights_are_for_other_classes(network, head):
    old = network()
    new = replace_head(old, 7)
    assert new.output_shape == (None, 7) and old.output_shape[1] != 7
    (entrance,) = [x for x in layers.get_all_layers(new) if not x.sources()]
    x = data(2, *entrance.output_shape[1:])
    np.testing.assert_allclose(layers.get_output(new, x).detach().numpy().sum(1), 1, rtol=1e-5)
    before, after = named_layers(old), named_layers(new)
    assert list(before) == list(after)
    at = list(before).index(head)
    for number, name in enumerate(before):
        assert (before[name] is after[name]) == (number < at)
    assert type(before[head]) is type(after[head])
    assert repr(before[head].W).split(":")[0] == repr(after[head].W).split(":")[0]


def test_a_head_after_a_layer_is_the_lectures():
    old = build_vgg("A", 5, (3, 32, 32), width=1)
    new = replace_head(old, 21, after="pool5", hidden=[1024])
    found = named_layers(new)
    assert list(found)[-4:] == ["pool5", "head.fc1", "head.drop1", "head.fc2"]
    assert found["head.fc1"].W.shape == (8, 1024) and found["head.drop1"].p == 0.5
    assert new.output_shape == (None, 21) and new.nonlinearity is nonlinearities.softmax
    plain = replace_head(old, 21, after="pool5", hidden=[16, 8], dropout=0)
    assert list(named_layers(plain))[-3:] == ["head.fc1", "head.fc2", "head.fc3"]
    assert list(named_layers(replace_head(old, 21, after="fc6")))[-2:] == ["fc6", "head.fc1"]


def test_all_heads_are_replaced():
    new = replace_head(build_googlenet(3, (3, 224, 224), aux=True), 5)
    assert [one.output_shape for one in new] == [(None, 5)] * 3
    assert len(named_layers(new)) > 80  # one body


def test_a_loaded_network_gets_a_head_that_is_drawn(tmp_path):
    old = build("lenet")
    loaded = io.load(io.save(old, tmp_path / "net.safetensors"))
    new = replace_head(loaded, 4)
    assert new.W.shape == (256, 4) and new.W.get_value().std() > 0 and new.b.shape == (4,)
    given = layers.DenseLayer(
        layers.InputLayer((None, 3)), 2, W=np.ones((3, 2)), b=init.Constant(0.5), name="a"
    )
    again = replace_head(given, 5)
    assert again.W.shape == (3, 5) and (again.b.get_value() == 0.5).all()


def test_a_normalised_head_stays_normalised():
    net = layers.batch_norm(layers.DenseLayer(layers.InputLayer((None, 3)), 2, name="a"))
    new = replace_head(net, 5)
    assert [type(x).__name__ for x in layers.get_all_layers(new)] == [
        "InputLayer", "DenseLayer", "BatchNormLayer", "NonlinearityLayer"
    ]  # fmt: skip
    dense = named_layers(new)["a"]
    assert dense.b is None and dense.nonlinearity is nonlinearities.identity
    assert [p.shape for p in layers.get_all_params(new, trainable=True)] == [(3, 5), (5,), (5,)]


def test_what_cannot_be_replaced():
    a = layers.DenseLayer((None, 3), 2)
    with pytest.raises(ValueError, match="no dense or convolutional layer.*give after="):
        replace_head(layers.ElemwiseSumLayer([a, a]), 3)
    with pytest.raises(ValueError, match="no dense or convolutional layer"):
        replace_head(layers.InputLayer((None, 3)), 3)
    with pytest.raises(ValueError, match="hidden layers need a place"):
        replace_head(a, 3, hidden=[5])
    with pytest.raises(ValueError, match="did you mean 'pool2'"):
        replace_head(build("lenet"), 3, after="pool3")


# -- freeze -----------------------------------------------------------------------------


def test_frozen_layers_stay_as_they_are():
    network = replace_head(build_cifar_resnet(8, 5, (3, 8, 8), width=4), 3)
    body = layers.get_all_layers(truncate(network, "avgpool"))
    kept = layers.get_all_params(body[-1])
    freeze(body)
    assert [p.name for p in layers.get_all_params(network, trainable=True)] == ["fc.W", "fc.b"]
    assert not any(p.requires_grad for p in kept)
    before = [p.get_value() for p in kept]
    x, labels = data(6, 3, 8, 8), np.arange(6) % 3
    losses = [step(network, x, labels) for _ in range(12)]
    assert losses[-1] < losses[0]
    for p, value in zip(kept, before, strict=True):  # the statistics too
        np.testing.assert_array_equal(p.get_value(), value)
        assert p.grad is None
    # in training as at the end: a frozen body goes by its averages
    fixed = layers.get_output(body[-1], x, deterministic=True).numpy()
    np.testing.assert_array_equal(layers.get_output(body[-1], x).numpy(), fixed)


def test_frozen_layers_can_be_trained_again():
    network = build_cifar_resnet(8, 3, (3, 8, 8), width=4)
    trained = layers.get_all_params(network, trainable=True)
    tags = [dict(one.params) for one in layers.get_all_layers(network)]
    freeze(layers.get_all_layers(network))
    freeze(layers.get_all_layers(network))
    assert layers.get_all_params(network, trainable=True) == []
    unfreeze(layers.get_all_layers(network))
    assert layers.get_all_params(network, trainable=True) == trained
    assert [dict(one.params) for one in layers.get_all_layers(network)] == tags
    statistics = layers.get_all_params(network, batch_norm_stat=True)
    assert not any(p.requires_grad for p in statistics)
    before = [p.get_value() for p in [*trained, *statistics]]
    step(network, data(6, 3, 8, 8), np.arange(6) % 3)
    changed = [
        (p.get_value() != value).any()
        for p, value in zip([*trained, *statistics], before, strict=True)
    ]
    assert all(changed)


def test_chosen_layers_are_frozen_and_no_others():
    network = build("lenet")
    named = named_layers(network)
    freeze([named["conv2"], named["dense"]])
    names = [p.name for p in layers.get_all_params(network, trainable=True)]
    assert names == ["conv1.W", "conv1.b", "output.W", "output.b"]
    assert named["conv2"].frozen and not named["conv1"].frozen
    before = named["conv1"].W.get_value()
    step(network, data(4, 1, 28, 28), np.arange(4))
    assert (named["conv1"].W.get_value() != before).any()  # the gradient goes through
    freeze(named["conv1"])  # one layer
    assert len(layers.get_all_params(network, trainable=True)) == 2


def test_a_normalisation_may_be_told_otherwise():
    layer = layers.BatchNormLayer((None, 2), alpha=0.5)
    freeze(layer)
    x = data(8, 2)
    np.testing.assert_array_equal(layers.get_output(layer, {None: x}).numpy(), x.numpy())
    layers.get_output(layer, {None: x}, batch_norm_update_averages=True)
    assert layer.mean.get_value().any()


def test_files_remember_what_is_frozen(tmp_path):
    network = build_cifar_resnet(8, 3, (3, 8, 8), width=4)
    freeze(layers.get_all_layers(truncate(network, "layer2.0")))
    loaded = io.load(io.save(network, tmp_path / "net.safetensors"))
    of = lambda net: [p.name for p in layers.get_all_params(net, trainable=True)]
    assert of(loaded) == of(network) and len(of(loaded)) < len(layers.get_all_params(network))
    x = data(2, 3, 8, 8)
    np.testing.assert_array_equal(
        layers.get_output(loaded, x).detach().numpy(),
        layers.get_output(network, x).detach().numpy(),
    )
    unfreeze(layers.get_all_layers(loaded))
    unfreeze(layers.get_all_layers(network))
    assert of(loaded) == of(network)
    assert all(p.requires_grad for p in layers.get_all_params(loaded, trainable=True))


def test_tied_weights():
    a = layers.DenseLayer(layers.InputLayer((None, 3)), 2, b=None, name="a")
    b = layers.DenseLayer(a, 3, W=a.W.T, b=None, name="b")
    freeze(b)
    assert layers.get_all_params(b, trainable=True) == [a.W] and a.W.requires_grad
    freeze(a)
    assert layers.get_all_params(b, trainable=True) == []
    unfreeze([a, b])
    assert layers.get_all_params(b, trainable=True) == [a.W] and a.W.requires_grad


@pytest.mark.parametrize("what", ["conv1", 3, None, ["conv1"]])
def test_only_layers_are_frozen(what):
    with pytest.raises(TypeError, match="freeze: expected (a layer or )?layers, got"):
        freeze(what)


def test_features_for_another_classifier():
    """The third form: what a cut network says of images, with no record of how."""
    network = build("lenet")
    with mt.no_grad():
        features = layers.get_output(truncate(network, "dense"), data(5, 1, 28, 28)).numpy()
    assert features.shape == (5, 256) and (features >= 0).all()
