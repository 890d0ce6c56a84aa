"""Parameter: value out and in, versions, copies."""

import copy
import pickle
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers, updates
from minitorch.parameter import Parameter, without_values


def test_it_is_a_leaf_that_wants_a_gradient():
    p = Parameter([1.0, 2.0], name="p")
    assert isinstance(p, mt.Tensor) and p.is_leaf and p.requires_grad
    assert p.name == "p" and p.dtype == np.float32 and p.slots == {}
    assert repr(p) == "<Parameter p: (2,) float32>"
    assert repr(Parameter(np.ones((2, 1)))) == "<Parameter (2, 1) float64>"
    ((p * p).sum() + p[0]).backward()
    np.testing.assert_array_equal(p.grad.numpy(), [3, 4])


@pytest.mark.parametrize(("value", "trainable"), [([1.0], False), ([1, 2], True), ([True], True)])
def test_some_want_none(value, trainable):
    assert not Parameter(value, trainable=trainable).requires_grad


def test_it_owns_its_value():
    array = np.ones(3)
    p = Parameter(array)
    array[0] = 5
    assert p[0].item() == 1
    q = Parameter(p)
    q.set_value(np.zeros(3))
    assert p[0].item() == 1


def test_get_value():
    for trainable in (True, False):
        p = Parameter([1.0, 2.0], trainable=trainable)
        value = p.get_value()
        value[0] = 7
        assert p[0].item() == 1
        view = p.get_value(borrow=True)
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 7
        p.set_value([3.0, 4.0])
        np.testing.assert_array_equal(view, [3, 4])


def test_set_value_writes_in_place_and_is_noticed():
    p = Parameter([1.0, 2.0])
    memory, version = p.data, p.version
    loss = (p * p).sum()
    p.set_value(np.array([3.0, 4.0]))  # float64 in, float32 stays
    assert p.data is memory and p.dtype == np.float32 and p.version == version + 1
    assert p.is_leaf and p.requires_grad
    with pytest.raises(RuntimeError, match="in place"):
        loss.backward()


def test_set_value_takes_its_own_value_in_another_order():
    p = Parameter(np.arange(5.0))
    p.set_value(p.get_value(borrow=True)[::-1])
    np.testing.assert_array_equal(p.get_value(), [4, 3, 2, 1, 0])


@pytest.mark.parametrize("value", [[1.0], [[1.0, 2.0]], 3.0, np.ones((2, 1))])
def test_the_shape_never_changes(value):
    p = Parameter([1.0, 2.0], name="p")
    text = f"mismatch: parameter p has shape (2,) but value to set has shape {np.shape(value)}"
    with pytest.raises(ValueError, match=re.escape(text)):
        p.set_value(value)
    np.testing.assert_array_equal(p.get_value(), [1, 2])


@pytest.mark.parametrize(
    ("held", "value"),
    [
        ([1, 2], [1.5, 2.5]),
        ([1.0, 2.0], [1j, 2j]),
        ([1.0, 2.0], ["a", "b"]),
        ([1.0, 2.0], [None, 1]),
    ],
)
def test_the_dtype_never_changes(held, value):
    p = Parameter(held)
    before = p.get_value()
    with pytest.raises(TypeError):
        p.set_value(value)
    np.testing.assert_array_equal(p.get_value(), before)


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))],
    ids=["deepcopy", "pickle"],
)
def test_copies_take_their_memory_along(duplicate):
    p = Parameter([1.0, 2.0], name="p")
    frozen = Parameter([1.0], trainable=False)
    updates.momentum((p * p).sum(), [p], 0.25).apply()
    twin, still = duplicate([p, frozen])
    assert type(twin) is Parameter and twin.name == "p" and twin.requires_grad
    assert not still.requires_grad
    assert (
        twin.slots.keys() == p.slots.keys()
        and type(twin.slots["momentum.velocity"]) is updates.Slot
    )
    for one in (p, twin):
        updates.momentum((one * one).sum(), [one], 0.25).apply()
    np.testing.assert_array_equal(twin.get_value(), p.get_value())
    updates.momentum((twin * twin).sum(), [twin], 0.25).apply()
    assert (twin.get_value() != p.get_value()).any()
    assert (
        twin.slots["momentum.velocity"].get_value() != p.slots["momentum.velocity"].get_value()
    ).any()


def test_parameters_are_dictionary_keys_by_identity():
    a, b = Parameter([1.0]), Parameter([1.0])
    assert len({a: 0, b: 1}) == 2 and {a: 0}[a] == 0


def test_without_values_nothing_is_drawn():
    mt.random.seed(0)
    before = mt.random.get_state()
    with without_values():
        net = layers.batch_norm(layers.DenseLayer((None, 3), 2, W=init.Orthogonal(), name="d"))
        given = layers.DenseLayer((None, 3), 2, W=np.ones((3, 2)), b=init.Constant(0.5))
    assert mt.random.get_state() == before
    W, _, gamma, mean, inv_std = layers.get_all_params(net)
    assert W.name == "d.W" and W.dtype == np.float32 and W.requires_grad
    assert not W.get_value().any() and gamma.get_value().all() and inv_std.get_value().all()
    assert not mean.requires_grad
    assert given.W.get_value().all() and (given.b.get_value() == 0.5).all()
    W.set_value(np.ones((3, 2)))  # the memory is its own
    layers.get_output(net.input_layer.input_layer, {None: np.ones((2, 3))}).sum().backward()
    assert (W.grad.numpy() == 2).all()


def test_values_are_back_afterwards():
    with pytest.raises(ZeroDivisionError), without_values(), without_values():
        raise ZeroDivisionError
    assert layers.DenseLayer((None, 3), 2).W.get_value().all()
