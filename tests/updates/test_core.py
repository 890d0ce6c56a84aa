"""Gradients, hyper-parameters, and assigning all values together."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import updates
from minitorch.parameter import Parameter
from minitorch.updates import Updates


def test_assignments_see_old_values():
    a, b = Parameter([1.0]), Parameter([2.0])
    Updates({a: b, b: a}).apply()
    assert (a.item(), b.item()) == (2, 1)
    c = Parameter([1.0, 2.0, 3.0])
    Updates({c: c.detach()[::-1]}).apply()
    np.testing.assert_array_equal(c.get_value(), [3, 2, 1])


def test_values_may_be_arrays_or_numbers():
    a, b = Parameter([1.0, 2.0]), Parameter(3.0)
    Updates({a: np.array([5.0, 6.0]), b: 7}).apply()
    assert a.tolist() == [5, 6] and b.item() == 7


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (mt.ones(3), ValueError, "update of <Parameter b: (2,) float32> has shape (3,)"),
        (mt.ones(()), ValueError, "has shape ()"),
        (np.ones(2) * 1j, TypeError, "is complex128"),
        (["x", "y"], TypeError, "holds numbers"),
    ],
)
def test_all_or_nothing(value, kind, text):
    a, b = Parameter([1.0, 1.0], name="a"), Parameter([1.0, 1.0], name="b")
    with pytest.raises(kind, match=re.escape(text)):
        Updates({a: mt.zeros(2), b: value}).apply()
    assert a.tolist() == b.tolist() == [1, 1]


def test_only_parameters_are_updated():
    with pytest.raises(TypeError, match="updates are for parameters, found a Tensor"):
        updates.apply_updates({mt.ones(2): mt.zeros(2)})


def test_integers_stay_integers():
    step = Parameter(np.int64(0), trainable=False)
    with pytest.raises(TypeError, match="is float32"):
        Updates({step: mt.asarray(0.5)}).apply()
    Updates({step: step + 1}).apply()
    assert step.item() == 1 and step.dtype == np.int64


@pytest.mark.parametrize("kind", [float, np.float32, np.array, mt.asarray, Parameter, "callable"])
def test_hyper_parameters_of_any_kind(kind):
    p = Parameter([1.0])
    rate = (lambda: 0.25) if kind == "callable" else kind(0.25)
    updates.sgd((p * p).sum(), [p], learning_rate=rate).apply()
    assert p.item() == 0.5


def test_rates_change_while_training_goes_on():
    p, rate = Parameter([0.0]), Parameter(1.0)
    for value in (1.0, 0.5, 0.25):
        rate.set_value(value)
        updates.sgd([mt.ones(1)], [p], rate).apply()
    assert p.item() == -1.75


@pytest.mark.parametrize("rate", ["fast", None, mt.ones(2), [0.1]])
def test_rates_are_numbers(rate):
    p = Parameter([1.0])
    with pytest.raises((TypeError, ValueError)):
        updates.sgd((p * p).sum(), [p], rate)


def test_half_precision_squares_neither_overflow_nor_vanish():
    for size in (1000.0, 1e-4):
        p = Parameter(np.zeros(1, np.float16))
        updates.adam([mt.asarray(np.array([size], np.float16))], [p], 0.125).apply()
        assert p.item() == pytest.approx(-0.125, rel=0.01)


def test_gradients_can_be_given(toy):
    a, b = toy.parameters()
    grads = [mt.asarray(np.ones(3)), np.ones((2, 2))]
    updates.sgd(grads, [a, b], 0.5).apply()
    np.testing.assert_array_equal(a.get_value(), toy.start[0] - 0.5)
    np.testing.assert_array_equal(b.get_value(), toy.start[1] - 0.5)
    clipped = updates.total_norm_constraint([mt.asarray(g) for g in toy.start], 1.0)
    updates.sgd(clipped, [a, b], 0.5).apply()


def test_params_may_be_an_iterator(toy):
    params = toy.parameters()
    assert list(updates.sgd(toy.loss_of(params), iter(params), 0.1)) == params


def test_no_graph_is_kept(toy):
    params = toy.parameters()
    loss = toy.loss_of(params)
    new = updates.adam(loss, params)
    assert all(v.grad_fn is None for v in new.values())
    with pytest.raises(RuntimeError):  # its saved values are gone
        loss.backward()


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda p: ((p * p).sum(), [mt.ones(3)]), ValueError, "found a Tensor; make one with"),
        (lambda p: ((p * p).sum(), [p, 5]), ValueError, "found a int"),
        (lambda p: ((p * p).sum(), p), ValueError, "found a Tensor"),
        (lambda p: (p * p, [p]), ValueError, "this one has shape (3,); take its mean()"),
        (lambda p: ([], [p]), ValueError, "got 0 gradient expressions for 1 parameters"),
        (lambda p: ([None], [p]), ValueError, "is None; it must have the same shape"),
        (lambda p: ([mt.ones(())], [p]), ValueError, "is of shape ()"),
        (lambda p: ([1.0], [p]), ValueError, "is of shape ()"),
        (lambda p: (mt.asarray(1.0), [p]), RuntimeError, "the loss depends on no parameter"),
        (lambda p: ((p * p).sum().detach(), [p]), RuntimeError, "computed under no_grad"),
        (
            lambda p: ((p * p).sum(), [p, Parameter([1.0], "q", trainable=False)]),
            ValueError,
            "<Parameter q: (1,) float32> does not require a gradient",
        ),
    ],
)
def test_wrong_arguments(toy, make, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        updates.sgd(*make(toy.parameters()[0]), learning_rate=0.1)


def test_no_parameters_no_updates():
    assert updates.sgd(mt.asarray(1.0), [], 0.1) == {}
    updates.adam([], []).apply()
