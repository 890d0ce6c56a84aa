"""What a tape keeps of a forward."""

import gc
import weakref

import numpy as np

import minitorch as mt
from minitorch import explain
from minitorch.autograd.mode import mode


def test_calls_values_and_names(scalars):
    tape = scalars["tape"]
    assert [call.op.name for call in tape.calls] == ["multiply", "add", "multiply"]
    node = scalars["product"].grad_fn
    assert tape.value(node) is scalars["product"]
    assert tape.name_of(scalars["total"]) == "total" and tape.name_of(scalars["y"]) == "y"
    assert tape.call_of(scalars["total"]) is tape.calls[1]
    assert tape.call_at(node) is tape.calls[0]
    assert tape.users_of(scalars["a"]) == [tape.calls[0], tape.calls[2]]
    assert tape.named()["product"] is scalars["product"]
    assert "conftest.py" in tape.calls[0].origin.frames[0].filename


def test_names_come_from_attributes_and_globals_too(make_leaf):
    class Model:
        def __init__(self):
            self.weight = make_leaf([1.0, 2.0])

        def __call__(self, x):
            return self.weight * x

    model = Model()
    with explain.record() as tape:
        model(3.0)
    assert tape.name_of(model.weight) == "weight"


def test_a_given_name_comes_first(make_leaf):
    variable = make_leaf(1.0, "given")
    with explain.record() as tape:
        variable * 2
    assert tape.name_of(variable) == "given"


def test_what_needs_no_gradient_is_not_kept():
    x = mt.ones(3)
    with explain.record() as tape:
        x * 2 + 1
    assert tape.calls == []


def test_ops_of_a_backward_are_not_kept(make_leaf):
    x = make_leaf([1.0, 2.0])
    with explain.record() as tape:
        (x * x).sum().backward()
        after = x * 3
    assert [call.op.name for call in tape.calls] == ["multiply", "sum", "multiply"]
    assert tape.call_of(after) is tape.calls[-1]


def test_second_order_ops_are_kept(make_leaf):
    x = make_leaf(3.0)
    with explain.record() as tape:
        slope = mt.grad(x * x * x, x, create_graph=True)
    assert tape.call_of(slope) is not None


def test_detachments_of_the_user_but_not_of_the_engine(make_leaf):
    x = make_leaf([0.5, 1.0])
    with explain.record() as tape:
        y = mt.exp(x)  # the engine detaches its saved result
        cut = y.detach()
    assert [found.out for found in tape.detachments_from(y)] == [cut]
    found = tape.detachment_of(cut)
    assert found.source is y and "test_recording.py" in found.origin.frames[0].filename


def test_shared_memory_is_recognised(make_leaf):
    x = make_leaf([0.5, 1.0])
    with explain.record() as tape:
        y = x * 2
        outside = mt.asarray(y.numpy())
        outside * x
    assert tape.detachment_of(outside).source is y
    assert tape.memory_of(mt.asarray(np.ones(2))) is None


def test_a_result_written_in_place_has_no_value(make_leaf):
    x = make_leaf([0.5, 1.0])
    with explain.record() as tape:
        y = x + 1
        node = y.grad_fn
        y += 1
    assert tape.value(node) is None and tape.value(y.grad_fn) is not None


def test_the_latest_tape_is_found_while_it_lives(make_leaf):
    def look():
        with explain.record() as tape:
            make_leaf(1.0) * 2
        assert explain.latest_tape() is tape
        return weakref.ref(tape)

    handle = look()
    gc.collect()
    assert explain.latest_tape() is None and handle() is None


def test_clear_and_leave(make_leaf):
    with explain.record() as tape:
        make_leaf(1.0) * 2
    assert mode.observers == () and repr(tape) == "<Tape of 1 calls>"
    tape.clear()
    assert tape.calls == [] and tape.named() == {}
