"""Gated layers over words: the table's rows are multiplied once, whatever the sequences' length."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch as mt
from minitorch.layers import EmbeddingLayer, GRULayer, InputLayer, LSTMLayer, get_output
from minitorch.ops.provenance import lookup_of

WORDS, FEATURES, UNITS, BATCH, TIME = 5, 3, 4, 3, 7
KINDS = [LSTMLayer, GRULayer]


def words(shape=(BATCH, TIME), seed=0):
    return mt.asarray(np.random.default_rng(seed).integers(0, WORDS, shape))


def net(kind, **settings):
    """A gated layer over words, in float64."""
    mt.random.seed(1)
    vectors = EmbeddingLayer(InputLayer((None, None)), WORDS, FEATURES)
    layer = kind(vectors, UNITS, **settings)
    for param in [vectors.W, *layer.get_params()]:
        param.data = np.random.default_rng(2).normal(size=param.shape)
    return vectors, layer


def multiplied(forward):
    """How many rows the first product of a call had."""
    seen = []

    class Products(mt.Observer):
        def after_op(self, op, inputs, out, static):
            if op.name == "matmul":
                seen.append(inputs[0].shape[0])

    with mt.observe(Products()):
        forward()
    return seen[0]


def both_ways(kind, index, prepare=lambda x: x, **settings):
    """Output and all gradients with the short cut, and of vectors that remember nothing."""
    found = []
    for forget in (False, True):
        vectors, layer = net(kind, **settings)
        x = prepare(get_output(vectors, index))
        out = get_output(layer, {vectors: x * 1 if forget else x})
        (out * mt.asarray(np.random.default_rng(3).normal(size=out.shape))).sum().backward()
        params = [vectors.W, *layer.get_params(trainable=True)]
        found.append([out.numpy(), *[p.grad.numpy() for p in params]])
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"backwards": True},
        {"only_return_final": True, "learn_init": True},
        {"grad_clipping": 0.1},
        {"gradient_steps": 3},
        {"precompute_input": False},
    ],
    ids=str,
)
def test_the_same_values_and_gradients(kind, settings):
    for a, b in zip(*both_ways(kind, words(), **settings), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_masked_words(kind):
    mask = np.random.default_rng(4).integers(0, 2, (BATCH, TIME)).astype(float)
    found = both_ways(kind, words(), mask_input=InputLayer((None, None), input_var=mt.tensor(mask)))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_is_multiplied_if_it_is_short(kind):
    layer = net(kind)[1]
    assert multiplied(lambda: get_output(layer, words())) == WORDS
    with mt.no_grad():
        assert multiplied(lambda: get_output(layer, words())) == WORDS
    few = words((3, 3))  # 9 places are less than twice the words
    assert multiplied(lambda: get_output(layer, few)) == few.size
    per_step = net(kind, precompute_input=False)[1]
    assert multiplied(lambda: get_output(per_step, words())) == BATCH


@pytest.mark.parametrize("kind", KINDS)
def test_who_asks_for_the_vectors_gradient_gets_it(kind):
    vectors, layer = net(kind)
    x = get_output(vectors, words())
    x.retain_grad()
    get_output(layer, {vectors: x}).sum().backward()
    assert x.grad.shape == (BATCH, TIME, FEATURES) and np.abs(x.grad.numpy()).min() > 0


def looked_up():
    w, index = mt.tensor(np.eye(WORDS), requires_grad=True), words()
    return w, index, mt.embedding(index, w)


def test_vectors_remember_their_table():
    w, index, x = looked_up()
    found = lookup_of(x)
    assert found[0] is index and found[1] is w
    for other in (x * 1, x.detach(), x[:], mt.softmax(x)):
        assert lookup_of(other) is None
    with mt.no_grad():
        assert not lookup_of(mt.embedding(index, w))[1].requires_grad


@pytest.mark.parametrize("changed", ["table", "index", "vectors"])
def test_void_after_writing_in_place(changed):
    w, index, x = looked_up()
    with mt.no_grad():
        {"table": w, "index": index, "vectors": x}[changed][0] = 0
    assert lookup_of(x) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_captured_step_looks_up_too(kind):
    vectors, layer = net(kind)

    @mt.function
    def slope(index):
        loss = (get_output(layer, index) ** 2).sum()
        return [loss, *mt.grad(loss, [vectors.W])]

    for seed in range(3):
        index = words(seed=seed)
        x = get_output(vectors, index) * 1
        loss = (get_output(layer, {vectors: x}) ** 2).sum()
        expected = [loss, *mt.grad(loss, [vectors.W])]
        for a, b in zip(slope(index), expected, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5)
