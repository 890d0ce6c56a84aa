"""The walk: order, accumulation, freeing, hooks, stepping, depth."""

import gc
import threading
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Node, Sample, backward_steps, op
from minitorch.autograd.op import registry


def leaf(*values):
    return mt.tensor(list(values), dtype=mt.float64, requires_grad=True)


def test_a_shared_node_waits_for_all_its_uses():
    # The counter-example that everyone asks about: b is used twice by c.
    a = mt.tensor(1.0, requires_grad=True)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad.item() == 4.0


def test_late_use_of_an_early_tensor():
    a = leaf(2.0)
    b = a * a
    c = b * a
    d = c + b  # b is older than c and gets a second contribution
    d.sum().backward()
    assert a.grad.item() == 3 * 4 + 2 * 2


def test_gradients_accumulate_over_backwards_and_zero_grad_clears():
    a = leaf(3.0)
    for expected in (6.0, 12.0):
        (a * a).sum().backward()
        assert a.grad.item() == expected
    a.zero_grad()
    assert a.grad is None


def test_the_second_backward_names_the_op_and_the_remedy():
    a = leaf(3.0)
    y = (a * a).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"(?s)sum.*second time.*retain_graph=True"):
        y.backward()


def test_retain_graph_allows_a_second_backward():
    a = leaf(3.0)
    y = (a * a).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert a.grad.item() == 12.0


def test_saved_values_are_freed_as_the_walk_goes():
    a = leaf(1.0, 2.0)
    b = a * a
    node = b.grad_fn
    seen = []
    c = b * a
    for step in backward_steps([c], [np.ones(2)]):
        if isinstance(step.node, Node):
            seen.append((step.node.op.name, step.node.saved is None))
    assert seen == [("multiply", True), ("multiply", True)]
    assert node.saved is None


def test_grad_leaves_every_dot_grad_alone():
    a, b = leaf(2.0), leaf(5.0)
    da, db = mt.grad((a * b).sum(), [a, b])
    assert (da.item(), db.item()) == (5.0, 2.0)
    assert a.grad is None and b.grad is None


def test_grad_towards_an_intermediate_tensor():
    a = leaf(2.0)
    b = a * a
    c = (b * b * a).sum()
    db, da = mt.grad(c, [b, a])
    assert db.item() == 2 * 4 * 2
    assert da.item() == 5 * 2**4


def test_grad_runs_only_the_nodes_that_lead_to_the_inputs():
    a, b = leaf(2.0), leaf(3.0)
    left, right = a * a, b * b
    out = (left * right).sum()
    steps = backward_steps([out], inputs=[a])
    ran = [s.node for s in steps if isinstance(s.node, Node)]
    assert right.grad_fn not in ran and left.grad_fn in ran


def test_unused_inputs_raise_or_give_none():
    a, b = leaf(2.0), leaf(3.0)
    with pytest.raises(RuntimeError, match="input 1 .* not used .*allow_unused"):
        mt.grad((a * a).sum(), [a, b])
    da, db = mt.grad((a * a).sum(), [a, b], allow_unused=True)
    assert da.item() == 4.0 and db is None


@pytest.mark.parametrize("order", range(1, 6))
def test_any_order_of_derivative(order):
    x = leaf(1.5)
    y = x * x * x * x * x
    expected = 1.0
    for k in range(order):
        (y,) = mt.grad(y, [x], np.ones(1), create_graph=True)
        expected *= 5 - k
    assert y.item() == pytest.approx(expected * 1.5 ** (5 - order), rel=1e-12)


def test_backward_with_create_graph_makes_dot_grad_differentiable():
    x = leaf(3.0)
    (x * x * x).sum().backward(create_graph=True)
    first = x.grad
    assert mt.grad(first.sum(), x).item() == 18.0


def test_the_start_needs_a_gradient_of_the_right_shape():
    a = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"gradient is needed .* shape \(2,\)"):
        (a * a).backward()
    with pytest.raises(ValueError, match=r"\(3,\), the output \(2,\)"):
        (a * a).backward(np.ones(3))
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        mt.ones(()).backward()


def test_integers_carry_no_gradient():
    with pytest.raises(TypeError, match="int64"):
        mt.tensor([1, 2], requires_grad=True)
    x = leaf(1.0, 2.0)
    assert not (x > 1).requires_grad
    assert not x.astype(mt.int64).requires_grad


def test_gradients_have_the_dtype_and_shape_of_their_input():
    a = mt.tensor(np.ones((3, 1), np.float32), requires_grad=True)
    b = mt.tensor(np.ones((1, 4)), requires_grad=True)
    (a * b).sum().backward()
    assert (a.grad.dtype, a.grad.shape) == (mt.float32, (3, 1))
    assert (b.grad.dtype, b.grad.shape) == (mt.float64, (1, 4))


def test_dot_grad_is_memory_of_its_own():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = mt.tensor(np.ones(2))
    (a + b).backward(seed)
    with mt.no_grad():
        a.grad *= 7
    np.testing.assert_array_equal(b.grad.numpy(), 1)
    np.testing.assert_array_equal(seed.numpy(), 1)


def test_hooks_see_the_whole_gradient_and_may_replace_it():
    a = leaf(2.0)
    b = a * 3
    seen = []
    handle = b.register_hook(lambda g: seen.append(g.item()))
    b.register_hook(lambda g: g * 10)
    a.register_hook(lambda g: g + 1)
    (b + b).sum().backward()
    assert seen == [2.0]
    assert a.grad.item() == 2 * 10 * 3 + 1
    handle.remove()
    handle.remove()


def test_a_hook_that_changes_the_shape_is_refused():
    a = leaf(2.0, 3.0)
    a.register_hook(lambda g: g.sum())
    with pytest.raises(RuntimeError, match=r"hook must return .* shape \(2,\)"):
        (a * a).sum().backward()


def test_retain_grad_keeps_the_gradient_of_a_computed_tensor():
    a = leaf(2.0)
    b = a * a
    b.retain_grad()
    (b * b).sum().backward()
    assert b.grad.item() == 8.0


def test_retain_grad_twice_counts_once():
    a = mt.tensor([1.0, 2.0], requires_grad=True)
    b = a * 3
    b.retain_grad()
    b.retain_grad()
    b.sum().backward()
    assert b.grad.tolist() == [1.0, 1.0]


def test_no_grad_records_nothing_and_is_a_decorator():
    a = leaf(2.0)

    @mt.no_grad()
    def double(x):
        with mt.enable_grad():
            assert (x * 2).requires_grad
        return x * 2

    assert not double(a).requires_grad
    assert mt.is_grad_enabled()


def test_no_grad_is_left_after_an_exception():
    with pytest.raises(KeyError), mt.no_grad():
        raise KeyError
    assert mt.is_grad_enabled()


def test_each_thread_has_its_own_grad_mode():
    seen = {}

    def work():
        seen["other"] = (leaf(1.0) * 2).requires_grad

    with mt.no_grad():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        seen["this"] = (leaf(1.0) * 2).requires_grad
    assert seen == {"other": True, "this": False}


def test_threads_can_walk_their_own_graphs_at_once():
    results = [None] * 4

    def work(k):
        x = leaf(float(k + 1))
        y = x
        for _ in range(200):
            y = y * 1.001 + x * 0
        y.sum().backward()
        results[k] = x.grad.item()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    np.testing.assert_allclose(results, 1.001**200, rtol=1e-12)


def test_stepping_is_the_engine_and_holds_no_grad_mode():
    a = leaf(2.0)
    out = (a * a * 3).sum()
    for step in backward_steps([out]):
        assert mt.is_grad_enabled()
        assert not step.grad.requires_grad
    assert a.grad.item() == 12.0
    with mt.no_grad():
        for _ in backward_steps([(a * 1.0).detach().requires_grad_()]):
            assert not mt.is_grad_enabled()


def test_stopping_midway_leaves_the_mode_and_the_leaves_alone():
    a = leaf(2.0)
    steps = backward_steps([(a * a * 3).sum()])
    next(steps)
    steps.close()
    assert a.grad is None and mt.is_grad_enabled()


def test_a_failing_rule_names_its_op():
    name = "engine_test_failing"
    try:

        @op(name=name)
        def failing(xp, x):
            return x + 1

        @failing.vjp("x")
        def failing_dx(g):
            raise ZeroDivisionError("oh")

        a = leaf(1.0, 2.0)
        with pytest.raises(ZeroDivisionError) as caught:
            failing(a).sum().backward()
        assert f"in the backward of {name}((2,)) -> (2,)" in caught.value.__notes__
    finally:
        registry.pop(name, None)


def test_a_rule_with_a_wrong_result_is_told():
    names = ("engine_test_shape", "engine_test_kind")
    try:

        @op(name=names[0])
        def shape(xp, x):
            return x + 1

        @shape.vjp("x")
        def shape_dx(g):
            return mt.ones((5, 7))

        @op(name=names[1])
        def kind(xp, x):
            return x + 1

        @kind.vjp("x")
        def kind_dx(g):
            return 3.0

        a = leaf(1.0, 2.0)
        with pytest.raises(RuntimeError, match=r"shape_dx of .* returned shape \(5, 7\)"):
            shape(a).sum().backward()
        with pytest.raises(TypeError, match="kind_dx .* returned a float"):
            kind(a).sum().backward()
    finally:
        for name in names:
            registry.pop(name, None)


def test_several_outputs_of_which_one_is_used():
    name = "engine_test_split"
    try:

        @op(name=name, outputs=("low", "high"))
        def split(xp, x):
            return x[:1] * 1, x[1:] * 2

        @split.vjp("x")
        def split_dx(g):
            return mt.concat([g[0], g[1] * 2])

        x = leaf(1.0, 2.0, 3.0)
        low, high = split(x)
        seen = []
        high.register_hook(lambda g: seen.append(g.shape))
        (high * high).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), [0, 2 * 4 * 2, 2 * 6 * 2])
        assert seen == [(2,)]
        x.zero_grad()
        low, high = split(x)
        (low.sum() * high.sum()).backward()
        np.testing.assert_allclose(x.grad.numpy(), [10, 2, 2])
        assert mt.grad(split(x)[0].sum(), x).tolist() == [1, 0, 0]
    finally:
        registry.pop(name, None)


def count_alive(kind):
    # type(), not isinstance(): some libraries' objects answer to __class__ with a warning.
    return sum(type(o) is kind for o in gc.get_objects())


def test_a_graph_is_freed_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        a = leaf(2.0)
        b = mt.exp(a) * a  # exp saves its own output
        ref = weakref.ref(b.grad_fn)
        b.sum().backward()
        del b
        assert ref() is None
    finally:
        gc.enable()


def test_a_million_nodes_neither_recurse_nor_leak():
    before = count_alive(Node)
    x = mt.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1.0
    del y
    assert count_alive(Node) == before


def test_a_deep_graph_can_be_dropped_unwalked():
    before = count_alive(Node)
    y = x = mt.tensor(1.0, requires_grad=True)
    for _ in range(200_000):
        y = y * x
    del y
    assert count_alive(Node) == before


def test_samples_are_plain_calls():
    sample = Sample.of(1, 2, axis=0, note="why")
    assert (sample.args, sample.kwargs, sample.note) == ((1, 2), {"axis": 0}, "why")
