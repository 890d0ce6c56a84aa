"""The stepper is the engine: same gradients, everything shown, safe to leave."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import explain
from minitorch.autograd.mode import mode
from minitorch.explain.stepping import source_of


def test_gradients_are_bitwise_those_of_backward(network):
    for _ in explain.steps(network["loss"], tape=network["tape"]):
        pass
    stepped = [p.grad.numpy().copy() for p in network["params"]]
    for p in network["params"]:
        p.grad = None
    network["loss"].backward()
    for p, g in zip(network["params"], stepped, strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), g)


def test_every_step_by_hand(scalars):
    seen = list(explain.steps(scalars["y"], tape=scalars["tape"]))
    assert [s.label for s in seen] == [
        "#3 multiply (y)", "#2 add (total)", "#1 multiply (product)", "a", "c", "b",
    ]  # fmt: skip
    assert [(s.index, s.total) for s in seen] == [(i, 6) for i in range(1, 7)]
    first = seen[0]
    assert first.formula == "y = x1 · x2" and first.call == "multiply((), ()) -> ()"
    assert first.where.startswith("conftest.py:") and float(first.value) == 8
    assert {name: float(v) for name, v in first.saved.items()} == {"x1": 4, "x2": 2}
    assert float(first.grad) == 1
    assert [(v.argument, v.target, float(v.grad)) for v in first.inputs] == [
        ("x1", "#2 add (total)", 2), ("x2", "a", 4),
    ]  # fmt: skip
    assert [float(s.grad) for s in seen[3:]] == [-2, 2, 4]


def test_the_rules_are_shown_in_their_own_source(scalars):
    first = next(explain.steps(scalars["y"]))
    assert [rule.inputs for rule in first.rules] == [("x1",), ("x2",)]
    assert first.rules[0].formula == "dL/dx1 = g · x2"
    assert "def multiply_dx1(g, x2):" in first.rules[0].source
    assert first.ran == ["multiply((), ()) -> ()"] * 2


def test_one_rule_for_two_inputs_is_shown_once(scalars):
    second = list(explain.steps(scalars["y"]))[1]
    assert [rule.inputs for rule in second.rules] == [("x1", "x2")]


def test_accumulation_is_told(scalars):
    seen = list(explain.steps(scalars["y"]))
    notes = [note for s in seen for v in s.inputs for note in v.notes]
    assert notes == ["second contribution to a: 4 + -6 = -2"]
    assert seen[3].notes == ["the gradient that came in is the sum of 2 contributions"]


def test_accumulation_in_a_node(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    h = x * 1.0
    seen = list(explain.steps((h + h + h).sum()))
    notes = [note for s in seen for v in s.inputs for note in v.notes]
    assert [n.split(":")[0] for n in notes] == [
        "second contribution to #1 multiply", "third contribution to #1 multiply",
    ]  # fmt: skip
    assert "[2 2] + [1 1] = [3 3]" in notes[1]


def test_an_old_gradient_is_told(make_leaf):
    x = make_leaf(3.0, "x")
    loss = x * x
    loss.backward(retain_graph=True)
    last = list(explain.steps(loss))[-1]
    assert last.notes[-1] == "x.grad was not empty, so this adds to it: 6 + 6 = 12"
    assert float(x.grad) == 12


def test_unbroadcasting_and_casts_are_told(make_leaf):
    b = make_leaf([1.0, 2.0], "b")
    x = mt.tensor(np.ones((3, 2)), dtype=mt.float32, requires_grad=True)
    x.name = "x"
    step = next(s for s in explain.steps((x * b).sum()) if s.op == "multiply")
    notes = {v.target: v.notes for v in step.inputs}
    assert notes["b"] == ["summed from (3, 2) to (2,), because it was broadcast"]
    assert notes["x"] == ["cast to float32"]


def test_constants_get_nothing(make_leaf):
    step = next(explain.steps(make_leaf(2.0, "x") * 3))
    assert [(v.target, v.grad is None) for v in step.inputs] == [("x", False), ("constant", True)]
    assert [rule.inputs for rule in step.rules] == [("x1",)]


@pytest.mark.parametrize("enabled", [True, False])
def test_mode_and_observers_are_the_callers_between_the_steps(scalars, enabled):
    class Count(mt.Observer):
        ops = rules = 0

        def after_op(self, op, inputs, out, static):
            self.ops += 1

        def after_rules(self, step):
            self.rules += 1

    with mt.observe(Count()) as count, mt.set_grad_enabled(enabled):
        for step in explain.steps(scalars["y"]):
            assert mode.grad is enabled and mode.observers == (count,)
            before = list(step.ran)
            recorded = scalars["a"] * 2  # the caller's own op is not taken for the rules'
            assert recorded.requires_grad is enabled and step.ran == before
    assert mode.observers == () and count.rules == 3


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_leaving_before_the_leaves_changes_nothing(scalars, stop):
    for step in explain.steps(scalars["y"]):
        if step.index == stop:
            break
    leaves = [scalars[name] for name in "abc"]
    assert all(leaf.grad is None for leaf in leaves) and mode.grad and mode.observers == ()
    scalars["y"].backward()
    assert [float(leaf.grad) for leaf in leaves] == [-2, 4, 2]


def test_leaving_among_the_leaves_fills_all_of_them(scalars):
    walk = explain.steps(scalars["y"])
    for step in walk:
        if step.kind == "leaf":
            walk.close()
    assert [float(scalars[name].grad) for name in "abc"] == [-2, 4, 2]


def test_an_error_in_a_rule_leaves_everything_in_order(make_leaf):
    x = make_leaf([1.0, 2.0])
    y = mt.exp(x)
    loss = (y * y).sum()
    with mt.no_grad():
        y += 1
    with pytest.raises(RuntimeError, match="written in place"):
        list(explain.steps(loss))
    assert mode.grad and mode.observers == () and x.grad is None


def test_retain_graph_can_be_off(make_leaf):
    x = make_leaf(2.0)
    loss = x * x
    list(explain.steps(loss, retain_graph=False))
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_hooks_take_part(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    y = x * 2
    y.register_hook(lambda g: g * 10)
    seen = list(explain.steps(y.sum()))
    assert seen[1].grad.tolist() == [10.0, 10.0] and x.grad.tolist() == [20.0, 20.0]


def test_flaws(make_leaf):
    x = make_leaf([0.0, 1.0], "x")
    flaws = {s.label: s.flaw for s in explain.steps((mt.sqrt(x) * 0).sum())}
    assert flaws == {"#3 sum": "", "#2 multiply": "", "#1 sqrt": "NaN", "x": "NaN"}


def test_a_variadic_op(make_leaf):
    parts = [make_leaf([float(i)], f"p{i}") for i in range(3)]
    step = list(explain.steps((mt.concat(parts) * mt.asarray([1.0, 2.0, 3.0])).sum()))[2]
    assert step.op == "concat" and [rule.inputs for rule in step.rules] == [("arrays",)]
    assert [(v.argument, v.target, v.grad.tolist()) for v in step.inputs] == [
        ("arrays[0]", "p0", [1.0]), ("arrays[1]", "p1", [2.0]), ("arrays[2]", "p2", [3.0]),
    ]  # fmt: skip


def test_other_seeds_and_bare_leaves(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    last = list(explain.steps(x * 3, [1.0, 10.0]))[-1]
    assert last.grad.tolist() == [3.0, 30.0]
    alone = make_leaf(1.0, "alone")
    (only,) = explain.steps(alone)
    assert only.label == "alone" and float(alone.grad) == 1
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        list(explain.steps(mt.tensor(1.0)))
    with pytest.raises(TypeError, match="steps: a tensor is needed"):
        list(explain.steps("loss"))


def test_as_dict_is_plain(scalars):
    import json

    step = next(explain.steps(scalars["y"], tape=scalars["tape"]))
    plain = json.loads(json.dumps(step.as_dict()))
    assert plain["label"] == "#3 multiply (y)" and plain["saved"] == {"x1": "4", "x2": "2"}
    assert plain["inputs"][1] == {"argument": "x2", "target": "a", "gradient": "4", "notes": []}


def test_a_source_that_is_nowhere():
    namespace = {}
    exec("def ghost(g): return g", namespace)
    assert source_of(namespace["ghost"]) == "# the source of ghost is not in a file"
