"""lasagne.updates: each rule as the eager one, its memory, and what may be done to updates."""

import numpy as np
import pytest

import minitorch as mt
import minitorch.compat.lasagne as lasagne
import minitorch.compat.theano as theano
import minitorch.compat.theano.tensor as T
from minitorch import updates as eager
from minitorch.parameter import Parameter

START = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
RULES = {
    "sgd": {"learning_rate": 0.1},
    "momentum": {"learning_rate": 0.1, "momentum": 0.5},
    "nesterov_momentum": {"learning_rate": 0.1},
    "adagrad": {},
    "rmsprop": {"learning_rate": 0.1},
    "adadelta": {},
    "adam": {},
    "adamax": {},
    "amsgrad": {},
}


def bowl(w):
    return (w**4).sum()


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_the_eager_ones(rule):
    w, p = theano.shared(START, "w"), Parameter(START)
    loss = bowl(w)
    updates = getattr(lasagne.updates, rule)(loss, [w], **RULES[rule])
    step = theano.function([], loss, updates=updates)
    for _ in range(4):
        before = bowl(p)
        getattr(eager, rule)(before, [p], **RULES[rule]).apply()
        assert step() == before.numpy()
    assert np.array_equal(w.get_value(), p.get_value())


def test_gradients_and_defaults_in_any_form():
    w = theano.shared(START)
    grads = lasagne.updates.get_or_compute_grads(bowl(w), [w])
    for given in (grads, tuple(grads), [np.ones_like(START)]):
        made = lasagne.updates.sgd(loss_or_grads=given, params=iter([w]), learning_rate=1)
        assert list(made) == [w]
    theano.function([], updates=made)()
    assert np.array_equal(w.get_value(), START - 1)
    assert not lasagne.updates.sgd([], [], 1)


def test_memory_is_in_the_dictionary_and_of_each_call():
    w = theano.shared(START, "w")
    first = lasagne.updates.momentum(bowl(w), [w], 0.1)
    second = lasagne.updates.momentum(bowl(w), [w], 0.1)
    (velocity,) = set(first) - {w}
    (other,) = set(second) - {w}
    theano.function([], updates=first)()
    assert velocity.get_value().any() and not other.get_value().any()
    assert velocity.name == "w.momentum.velocity" and not w.slots
    velocity.set_value(np.zeros_like(START))


@pytest.mark.parametrize("apply", ["apply_momentum", "apply_nesterov_momentum"])
@pytest.mark.parametrize("first", ["rmsprop", "momentum"])
def test_momentum_on_top_of_another_rule(apply, first):
    w, p = theano.shared(START), Parameter(START)
    updates = getattr(lasagne.updates, first)(bowl(w), [w], learning_rate=0.01)
    step = theano.function([], updates=getattr(lasagne.updates, apply)(updates, momentum=0.5))
    for _ in range(4):
        step()
        new = getattr(eager, first)(bowl(p), [p], learning_rate=0.01)
        getattr(eager, apply)(new, momentum=0.5).apply()
    assert np.array_equal(w.get_value(), p.get_value())


def test_momentum_for_some():
    a, b = theano.shared(START), theano.shared(START)
    loss = bowl(a) + bowl(b)
    plain = lasagne.updates.sgd(loss, [a, b], 0.01)
    some = lasagne.updates.apply_momentum(plain, [a])
    assert some[b] is plain[b] and len(some) == 3
    step = theano.function([], updates=some)
    step(), step()
    assert not np.array_equal(a.get_value(), b.get_value())


def test_norm_constraint_on_new_values():
    w, p = theano.shared(START), Parameter(START)
    updates = lasagne.updates.sgd(bowl(w), [w], 0.1)
    updates[w] = lasagne.updates.norm_constraint(updates[w], 1.5)
    theano.function([], updates=updates)()
    new = eager.sgd(bowl(p), [p], 0.1)
    new[p] = eager.norm_constraint(new[p], 1.5)
    new.apply()
    assert np.array_equal(w.get_value(), p.get_value())
    assert np.all(lasagne.utils.compute_norms(w.get_value()) < 1.5001)


def test_total_norm_constraint():
    a, b = theano.shared(np.float32([3])), theano.shared(np.float32([4]))
    grads = T.grad((a**2).sum() / 2 + (b**2).sum() / 2, [a, b])
    scaled, norm = lasagne.updates.total_norm_constraint(grads, 1, epsilon=0, return_norm=True)
    step = theano.function([], norm, updates=lasagne.updates.sgd(scaled, [a, b], 1.0))
    assert step() == 5
    assert a.get_value() == pytest.approx(2.4) and b.get_value() == pytest.approx(3.2)
    assert len(lasagne.updates.total_norm_constraint(grads, 1)) == 2


def test_all_new_values_come_from_the_old_ones():
    a, b = theano.shared(np.float32(2)), theano.shared(np.float32(5))
    updates = lasagne.updates.sgd(a * b, [a, b], 1.0)
    updates[a] = updates[a] + b  # a - b + b
    updates[b] = updates[b] + updates[a]  # b - a + a
    theano.function([], updates=updates)()
    assert (a.get_value(), b.get_value()) == (2, 5)


def test_the_rate_may_be_shared_and_changed():
    w, rate = theano.shared(np.float32(0)), theano.shared(np.float32(0.5), "rate")
    step = theano.function([], updates=lasagne.updates.sgd(w * 1, [w], learning_rate=rate))
    step()
    rate.set_value(np.float32(rate.get_value() / 2))
    step()
    assert w.get_value() == -0.75
    halving = theano.function([], updates=[(rate, rate / 2)])
    halving()
    step()
    assert w.get_value() == -0.875


def test_the_rate_may_be_an_expression():
    w, rate = theano.shared(np.float32(0)), T.scalar("rate")
    for rule, first in (("sgd", -6), ("adam", -9)):
        updates = getattr(lasagne.updates, rule)(w * 2, [w], learning_rate=rate * 1)
        theano.function([rate], updates=updates)(3)
        assert w.get_value() == pytest.approx(first)


def test_two_losses_in_one_function():
    a, b = theano.shared(np.float32(2)), theano.shared(np.float32(3))
    both = a * b
    updates = lasagne.updates.adam(both, [a], 0.5)
    updates.update(lasagne.updates.sgd(both + b, [b], 1.0))
    theano.function([], updates=updates)()
    assert a.get_value() == pytest.approx(1.5) and b.get_value() == 0


def test_what_is_refused():
    w, x = theano.shared(START), T.matrix("x")
    with pytest.raises(ValueError, match="params must contain shared variables only"):
        lasagne.updates.sgd(x.sum(), [x], 0.1)
    with pytest.raises(ValueError, match="Got 2 gradient expressions for 1 parameters"):
        lasagne.updates.sgd([x, x], [w], 0.1)
    with pytest.raises(TypeError, match="learning_rate"):
        lasagne.updates.sgd(bowl(w), [w])
    with pytest.raises(TypeError, match="the cost is an expression, not a Tensor"):
        lasagne.updates.sgd(mt.asarray(1.0), [w], 0.1)
    with pytest.raises(RuntimeError, match="the cost does not depend on wrt 0"):
        theano.function([x], updates=lasagne.updates.sgd(x.sum(), [w], 0.1))(START)
    with pytest.raises(ValueError, match="no update of"):
        lasagne.updates.apply_momentum(lasagne.updates.sgd(bowl(w), [w], 0.1), [theano.shared(1.0)])
