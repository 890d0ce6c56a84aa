"""Every reason that explain_grad knows, from the mistakes that lead there."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import explain
from minitorch.explain import explain_grad


def ask(*tensors, **options):
    return explain_grad(*tensors, **options)


def here(why, fragment):
    """Whether a text names a line of this file that contains the fragment."""
    return "test_explain_grad.py:" in why.text and fragment in why.text


# -- None -----------------------------------------------------------------


def test_integers_have_none(make_leaf):
    assert ask(mt.tensor([1, 2])).reason == "integer"
    x = make_leaf([1.0, 3.0], "x")
    with explain.record() as tape:
        best = mt.argmax(x)
    why = ask(best, tape=tape)
    assert why.reason == "integer" and here(why, "best = mt.argmax(x)")
    assert ask(mt.tensor([True])).reason == "integer"


def test_a_leaf_that_was_not_asked_to(make_leaf):
    w = mt.tensor([1.0, 2.0])
    w.name = "w"
    why = ask((make_leaf([1.0, 2.0]) * w).sum(), w)
    assert why.reason == "no_requires_grad" and "w does not require a gradient" in why.summary
    assert "requires_grad=True" in why.text


def test_a_computed_tensor_is_not_retained(make_leaf):
    x = make_leaf([1.0, 2.0])
    h = x * 2
    h.name = "h"
    loss = h.sum()
    loss.backward(retain_graph=True)
    for why in (ask(h), ask(loss, h)):
        assert why.reason == "not_retained" and "retain_grad()" in why.text
        assert why.node is h.grad_fn
    h.retain_grad()
    loss.backward(retain_graph=True)
    assert ask(loss, h).reason == "fine"


def test_no_backward_yet(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    assert ask(x).reason == "no_backward"
    why = ask((x * 3).sum(), x)
    assert why.reason == "no_backward" and "[3 3]" in why.text
    h = x * 2
    h.retain_grad()
    assert ask(h).reason == "no_backward"


def test_detached_at_its_line(make_leaf):
    w, v = make_leaf([1.0, 2.0], "w"), make_leaf([1.0, 2.0], "v")
    with explain.record() as tape:
        h = w * 2
        cut = h.detach()
        loss = (cut * v).sum()
    why = ask(loss, w, tape=tape)
    assert why.reason == "detached" and here(why, "cut = h.detach()")
    assert "w is not on the path from loss: h was detached" in why.summary
    assert ask(cut, tape=tape).reason == "detached"
    assert ask(loss, v, tape=tape).reason == "no_backward"


def test_taken_out_as_an_array(make_leaf):
    w, v = make_leaf([1.0, 2.0], "w"), make_leaf([1.0, 2.0], "v")
    with explain.record() as tape:
        h = w * 2
        loss = (mt.asarray(h.numpy()) * v).sum()
    why = ask(loss, w, tape=tape)
    assert why.reason == "detached" and here(why, "mt.asarray(h.numpy()) * v")
    unused = mt.asarray(h.numpy())
    assert ask(unused, tape=tape).reason == "detached"


def test_under_no_grad_at_its_line(make_leaf):
    w, v = make_leaf([1.0, 2.0], "w"), make_leaf([1.0, 2.0], "v")
    with explain.record() as tape:
        with mt.no_grad():
            h = w * 2
        later = h + 1
        loss = (later * v).sum()
    why = ask(loss, w, tape=tape)
    assert why.reason == "no_grad" and here(why, "h = w * 2") and "multiply took w" in why.summary
    assert ask(later, tape=tape).reason == "no_grad"  # one op further on


def test_an_op_without_a_derivative(make_leaf):
    w, v = make_leaf([1.2, 2.7], "w"), make_leaf([1.0, 2.0], "v")
    with explain.record() as tape:
        steps = mt.round(w)
        loss = (steps * v).sum()
    why = ask(loss, w, tape=tape)
    assert why.reason == "no_derivative" and "round has no derivative towards w" in why.summary
    with explain.record() as tape:
        mask = w > 2.0
        loss = mt.where(mask, v, 0.0).sum()
    assert ask(loss, w, tape=tape).reason == "no_derivative"


def test_used_for_nothing(make_leaf):
    w, v, idle = make_leaf([1.0], "w"), make_leaf([2.0], "v"), make_leaf([3.0], "idle")
    with explain.record() as tape:
        w * 2
        loss = (v * v).sum()
    why = ask(loss, w, tape=tape)
    assert why.reason == "unused" and here(why, "w * 2") and why.node is not None
    why = ask(loss, idle, tape=tape)
    assert why.reason == "unused" and "nothing was computed from it" in why.summary


def test_a_cut_beside_the_way_is_not_blamed(make_leaf):
    w, v = make_leaf([1.0], "w"), make_leaf([2.0], "v")
    with explain.record() as tape:
        w.detach()  # a report, say; the loss never sees it
        loss = (v * v).sum()
    assert ask(loss, w, tape=tape).reason == "unused"


def test_off_the_path_without_a_tape(make_leaf):
    why = ask((make_leaf([1.0]) * 2).sum(), make_leaf([1.0], "w"), tape=explain.Tape())
    assert why.reason == "not_on_path" and "record()" in why.text


def test_a_loss_without_a_gradient(make_leaf):
    w = make_leaf([1.0], "w")
    with explain.record() as tape:
        loss = w.detach().sum()
    why = ask(loss, w, tape=tape)
    assert why.reason == "detached" and "no gradient comes from loss at all" in why.summary
    assert ask(w, tape=tape).reason == "detached"  # the loss is found on the tape


# -- zero -----------------------------------------------------------------


def test_dead_relus_are_named(make_leaf):
    w = make_leaf(np.full((3, 4), -1.0), "w")
    with explain.record() as tape:
        h = mt.relu(mt.matmul(mt.ones((5, 3)), w))
        loss = h.sum()
    why = ask(loss, w, tape=tape)
    assert why.reason == "zero" and why.node is h.grad_fn
    assert "became so at #2 relu (h)" in why.summary and here(why, "h = mt.relu")
    assert "all 20 units of it are off" in why.text


def test_shares_of_dead_relus_are_told_even_when_all_is_well(make_leaf):
    w = make_leaf([-1.0, -2.0, -3.0, 4.0], "w")
    loss = mt.relu(w).sum()
    loss.backward(retain_graph=True)
    why = ask(loss, w)
    assert why.reason == "fine" and "75% of its 4 units are off" in why.text


def test_half_dead_and_the_rest_cut(make_leaf):
    w = make_leaf([-1.0, 2.0], "w")
    loss = (mt.relu(w) * mt.asarray([1.0, 0.0])).sum()
    why = ask(loss, w)
    assert why.reason == "zero" and "50% of its units are off" in why.text


def test_a_zero_factor(make_leaf):
    w, v = make_leaf([1.0, 2.0], "w"), make_leaf([0.0, 0.0], "v")
    why = ask((w * v).sum(), w)
    assert why.reason == "zero" and why.node.op.name == "multiply"
    assert "its x2 is 0 everywhere" in why.text


def test_saturation(make_leaf):
    w = make_leaf([100.0, 200.0], "w")
    why = ask(mt.tanh(w).sum(), w)
    assert why.reason == "zero" and "saturated: its results are [1 1]" in why.text


def test_nothing_selected(make_leaf):
    w = make_leaf([5.0, 6.0], "w")
    why = ask(mt.clip(w, 0.0, 1.0).sum(), w)
    assert why.reason == "zero" and why.node.op.name == "clip" and "gives 0 for these" in why.text


def test_cancellation(make_leaf):
    w = make_leaf([1.0, 2.0], "w")
    why = ask((w - w).sum(), w)
    assert why.reason == "zero" and "its 2 contributions cancel" in why.summary


def test_several_ways_all_blocked(make_leaf):
    w = make_leaf([-1.0, -2.0], "w")
    why = ask((mt.relu(w) + mt.relu(w * 2)).sum(), w)
    assert why.reason == "zero" and "also at" in why.text


# -- not finite -----------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "op", "reason", "evidence"),
    [
        (lambda x: mt.log(x), "log", "inf", "x = 0 → inf"),
        (lambda x: mt.sqrt(x), "sqrt", "inf", "out = 0 → inf"),
        (lambda x: mt.sqrt(x) * 0, "sqrt", "nan", "gradient in = 0, out = 0 → nan"),
        (lambda x: 1 / x, "divide", "inf", "x2 = 0 → -inf"),
        (lambda x: mt.where(x > 0, mt.sqrt(x), x), "sqrt", "nan", "where()"),
    ],
)
def test_where_it_began(make_leaf, build, op, reason, evidence):
    x = make_leaf([1.0, 0.0], "x")
    with explain.record() as tape:
        loss = (build(x * 1.0) * 2).sum()
    why = ask(loss, x, tape=tape)
    assert why.reason == reason and why.node.op.name == op
    assert "at [1]" in why.text and evidence in why.text and "(1 of 2 elements)" in why.text
    assert here(why, "(lambda x: ")


def test_the_first_of_several_nodes_is_blamed(make_leaf):
    x = make_leaf([0.0, 1.0], "x")
    inner = mt.sqrt(x)
    outer = mt.sqrt(inner * 1.0)
    why = ask(outer.sum(), x)
    assert why.node is outer.grad_fn


def test_a_forward_that_is_not_finite(make_leaf):
    x = make_leaf([-1.0, 1.0], "x")
    with explain.record() as tape:
        y = mt.log(x)
        loss = (y * y).sum()
    why = ask(loss, x, tape=tape)
    assert (
        why.reason == "nan" and "NaN first in #1 log (y)" in why.text and here(why, "y = mt.log(x)")
    )
    assert "record()" in ask(loss, x, tape=explain.Tape()).text


def test_overflow(make_leaf):
    x = mt.tensor([1e-30], dtype=mt.float32, requires_grad=True)
    with np.errstate(over="ignore"):
        why = ask((x * 1e30 * 1.0).sum(), x, grad=1e20)
    assert why.reason == "inf" and why.node.op.name == "multiply" and "#1" in why.summary


# -- huge and tiny --------------------------------------------------------


def test_the_largest_factor_is_named(make_leaf):
    w, b = make_leaf([[1.0, 2.0]], "w"), make_leaf([0.5, 0.5], "b")
    scale = mt.asarray(np.full((1000, 2), 3e4))
    with explain.record() as tape:
        y = (mt.ones((1000, 1)) * w + b) * scale
        loss = y.sum()
    why = ask(loss, b, tape=tape)
    assert why.reason == "huge" and why.node.op.name == "multiply"
    assert "×3e+04" in why.text and "|x2| from 3e+04 to 3e+04" in why.text
    assert "summed from (1000, 2) to (2,), because it was broadcast" in why.text
    assert "mean() divides by their number" in why.text


def test_many_small_factors(make_leaf):
    x = make_leaf([0.1, 0.2], "x")
    h = x
    for _ in range(20):
        h = mt.sigmoid(h)
    why = ask(h.sum(), x)
    assert why.reason == "tiny" and "20 nodes shrink it" in why.text and "at most 1/4" in why.text


def test_shared_weights_add_up(make_leaf):
    w, h = make_leaf([[8.0]], "w"), mt.ones((1, 1), dtype=mt.float64)
    for _ in range(8):
        h = mt.matmul(h, w)
    why = ask(h.sum(), w)
    assert why.reason == "huge" and "8 contributions to w are added up" in why.text


def test_the_bounds_can_be_chosen(make_leaf):
    x = make_leaf([1.0], "x")
    loss = (x * 50).sum()
    assert ask(loss, x, huge=10).reason == "huge"
    assert ask(loss, x, tiny=100).reason == "tiny"


# -- what .grad holds -----------------------------------------------------


def test_two_backwards_add_up(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    for _ in range(3):
        loss = (x * x).sum()
        loss.backward(retain_graph=True)
    why = ask(loss, x)
    assert why.reason == "accumulated" and "3 backward calls" in why.summary
    x.grad = None
    loss.backward(retain_graph=True)
    assert ask(loss, x).reason == "fine"


def test_an_old_gradient_is_not_this_losses(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    x.grad = mt.tensor([np.nan, 1.0], dtype=mt.float64)
    why = ask((x * x).sum(), x)
    assert why.reason == "nan" and "not because of this loss" in why.summary


def test_grad_alone_is_classified(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    for values, reason in (
        ([0.0, 0.0], "zero"),
        ([np.nan, 0.0], "nan"),
        ([np.inf, 0.0], "inf"),
        ([1e6, 0.0], "huge"),
        ([1e-12, 0.0], "tiny"),
        ([1.0, 0.0], "fine"),
    ):
        x.grad = mt.tensor(values, dtype=mt.float64)
        why = ask(x, tape=explain.Tape())
        assert why.reason == reason and (reason == "fine" or "explain_grad(loss, t)" in why.text)


def test_a_freed_graph_says_what_to_do(make_leaf):
    x = make_leaf([0.0, 1.0], "x")
    loss = mt.log(x).sum()
    loss.backward()
    why = ask(loss, x)
    assert why.reason == "inf" and "freed" in why.text


def test_it_leaves_no_trace(network):
    network["h"].retain_grad()
    kept = network["params"][0].grad = mt.ones((4, 6))
    with mt.detect_anomaly():
        for p in network["params"]:
            ask(network["loss"], p)
    assert network["params"][0].grad is kept and network["params"][1].grad is None
    assert network["h"].grad is None
    network["loss"].backward()


def test_the_loss_is_found_on_the_tape(network):
    for p in network["params"]:
        why = ask(p, tape=network["tape"])
        assert why.reason == "no_backward" and "from the loss it is" in why.text


def test_the_loss_itself_and_vectors(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    loss = (x * x).sum()
    assert ask(loss, loss).reason == "not_retained"
    assert "[2 4]" in ask(x * x, x).text
    assert "[20 40]" in ask(x * x, x, grad=[10.0, 10.0]).text


def test_explanations_print_and_serialise(make_leaf):
    x = make_leaf([0.0], "x")
    why = ask(mt.log(x).sum(), x)
    assert str(why) == repr(why) == why.text
    assert why.as_dict()["node"] == "log((1,)) -> (1,)"
    assert why.reason in explain.REASONS


def test_bad_questions():
    with pytest.raises(TypeError, match="found 0 arguments"):
        ask()
    with pytest.raises(TypeError, match="explain_grad: a tensor is needed, found a float"):
        ask(1.0)


def test_a_deep_graph(make_leaf):
    x = make_leaf([1.0], "x")
    y = x
    for _ in range(3000):
        y = y + 0
    assert ask(y.sum(), x).reason == "no_backward"
