"""The engine on random shapes, layouts and programs, against oracles that share nothing with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.testing import strategies as some

MANY = settings(max_examples=60, deadline=None)


def leaf(array):
    return mt.asarray(array).requires_grad_()


# -- un-broadcasting --------------------------------------------------------------


@st.composite
def broadcast_pairs(draw, min_side=0):
    a, b = draw(some.broadcastable_shapes(min_side=min_side))
    return draw(some.arrays(a, layout=True)), draw(some.arrays(b, layout=True))


def slow_reduction(g, shape):
    """What broadcasting an array of ``shape`` sends back: element by element."""
    out = np.zeros(shape)
    for index in np.ndindex(g.shape):
        tail = index[g.ndim - len(shape) :]
        out[tuple(0 if n == 1 else k for k, n in zip(tail, shape, strict=True))] += g[index]
    return out


@MANY
@given(broadcast_pairs())
def test_gradients_are_summed_over_what_was_broadcast(pair):
    a, b = map(leaf, pair)
    u = np.random.default_rng(0).normal(size=np.broadcast_shapes(a.shape, b.shape))
    (a * b).backward(u)
    np.testing.assert_allclose(a.grad.numpy(), slow_reduction(u * pair[1], a.shape), atol=1e-12)
    np.testing.assert_allclose(b.grad.numpy(), slow_reduction(u * pair[0], b.shape), atol=1e-12)


@MANY
@given(broadcast_pairs(min_side=1))
def test_the_second_order_is_summed_too(pair):
    mt.gradgradcheck(lambda a, b: mt.tanh(a) * b + a, pair)


@MANY
@given(some.broadcastable_shapes(3, min_side=1), st.data())
def test_where_and_clip_send_back_to_all_three(three, data):
    mask = data.draw(some.arrays(three[0], dtype=bool))
    a, b = (data.draw(some.arrays(shape)) for shape in three[1:])
    mt.gradcheck(lambda a, b: mt.where(mask, a * b, b), [a, b])


@MANY
@given(some.broadcastable_shapes(2))
def test_broadcasting_and_summing_are_adjoint(two):
    small, large = two[0], np.broadcast_shapes(*two)
    x, y = np.random.default_rng(0).normal(size=small), np.random.default_rng(1).normal(size=large)
    there = float(mt.sum(mt.broadcast_to(mt.asarray(x), large) * y))
    back = float(mt.sum(mt.sum_to(mt.asarray(y), small) * x))
    assert there == pytest.approx(back, rel=1e-12, abs=1e-12)


# -- reductions and indices ----------------------------------------------------------


@MANY
@given(some.arrays(some.shapes(max_dims=4), layout=True), st.data())
def test_reductions_over_any_axes(x, data):
    axis, keep = data.draw(some.axes(x.ndim)), data.draw(st.booleans())
    if axis == ():
        return
    for name in ("sum", "mean", "var", "logsumexp"):
        reduce = getattr(mt, name)
        out = reduce(mt.asarray(x), axis=axis, keepdims=keep)
        if name != "logsumexp":
            expected = getattr(np, name)(x, axis=axis, keepdims=keep)
            np.testing.assert_allclose(out.numpy(), expected, rtol=1e-10, atol=1e-10)
        mt.gradcheck(reduce, [x], {"axis": axis, "keepdims": keep})


@MANY
@given(some.arrays(some.shapes(min_side=0), layout=True), st.data())
def test_basic_indices(x, data):
    index = data.draw(some.indices(x.shape))
    t = leaf(x)
    out = t[index]
    np.testing.assert_array_equal(out.numpy(), x[index])
    u = np.random.default_rng(0).normal(size=out.shape)
    expected = np.zeros(x.shape)
    expected[index] += u
    out.backward(u)
    np.testing.assert_array_equal(t.grad.numpy(), expected)


# -- memory layouts -------------------------------------------------------------------


@MANY
@given(st.data())
def test_the_layout_of_the_memory_changes_nothing(data):
    x, w = np.random.default_rng(0).normal(size=(2, 3, 4)), np.random.default_rng(1).normal(size=4)

    def run(x, w):
        a, b = leaf(x), leaf(w)
        y = mt.softmax(mt.tanh(a @ b) + mt.sum(a, axis=2), axis=0)
        return [y, *mt.grad(mt.sum(y * y), [a, b])]

    strided = run(data.draw(some.layouts(x)), data.draw(some.layouts(w)))
    for got, expected in zip(strided, run(x, w), strict=True):
        np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-12, atol=1e-14)


@MANY
@given(st.data())
def test_writing_through_any_view_leaves_the_right_gradient(data):
    shape = data.draw(some.shapes(1, 3))
    index = data.draw(some.indices(shape))
    x, factor = np.random.default_rng(0).normal(size=shape), 3.0

    def in_place(x):
        y = x * 1
        y[index] *= factor
        return y * y

    mask = np.ones(shape)
    mask[index] = factor
    t = leaf(x)
    in_place(t).backward(np.ones(shape))
    np.testing.assert_allclose(t.grad.numpy(), 2 * x * mask**2, rtol=1e-12)


# -- random programs ------------------------------------------------------------------

# Each step takes two earlier values. Forward mode on pairs (value, derivative) is the oracle.
STEPS = {
    "add": (lambda a, b: a + b, lambda a, da, b, db: (a + b, da + db)),
    "sub": (lambda a, b: a - b, lambda a, da, b, db: (a - b, da - db)),
    "mul": (lambda a, b: a * b, lambda a, da, b, db: (a * b, da * b + a * db)),
    "div": (
        lambda a, b: a / (2 + b * b),
        lambda a, da, b, db: (a / (2 + b * b), (da - a / (2 + b * b) * 2 * b * db) / (2 + b * b)),
    ),
    "tanh": (
        lambda a, b: mt.tanh(a),
        lambda a, da, b, db: (np.tanh(a), da * (1 - np.tanh(a) ** 2)),
    ),
    "twice": (lambda a, b: a + a, lambda a, da, b, db: (a + a, da + da)),
}  # fmt: skip


@st.composite
def programs(draw):
    """Steps (name, i, j) on a growing list of values, of which the first three are inputs."""
    count = draw(st.integers(1, 15))
    return [
        (draw(st.sampled_from(sorted(STEPS))), draw(st.integers(0, k)), draw(st.integers(0, k)))
        for k in range(2, 2 + count)
    ]


def run_reverse(program, inputs):
    values = [leaf(np.array(x)) for x in inputs]
    for name, i, j in program:
        values.append(STEPS[name][0](values[i], values[j]))
    return values


def run_forward(program, inputs, direction):
    pairs = list(zip(inputs, direction, strict=True))
    for name, i, j in program:
        pairs.append(STEPS[name][1](*pairs[i], *pairs[j]))
    return pairs[-1][1]


@settings(max_examples=200, deadline=None)
@given(programs(), st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_reverse_mode_agrees_with_forward_mode(program, inputs):
    values = run_reverse(program, inputs)
    values[-1].backward()
    for k in range(3):
        direction = [float(k == i) for i in range(3)]
        expected = run_forward(program, inputs, direction)
        found = 0.0 if values[k].grad is None else values[k].grad.item()
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(programs(), st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_grad_agrees_with_backward_and_frees_nothing_it_should_keep(program, inputs):
    values = run_reverse(program, inputs)
    found = mt.grad(values[-1], values[:3], retain_graph=True, allow_unused=True)
    values[-1].backward()
    for g, leaf_ in zip(found, values[:3], strict=True):
        assert (g is None) == (leaf_.grad is None)
        assert g is None or g.item() == leaf_.grad.item()


@settings(max_examples=60, deadline=None)
@given(programs(), st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.data())
def test_the_gradient_of_an_intermediate_value(program, inputs, data):
    # Cut the program at a step: what follows is a function of the values before it.
    cut = data.draw(st.integers(0, len(program)))
    values = run_reverse(program, inputs)
    middle = 2 + cut
    (found,) = mt.grad(values[-1], [values[middle]], retain_graph=True, allow_unused=True)
    fresh = [leaf(v.detach().numpy().copy()) for v in values[: middle + 1]]
    for name, i, j in program[cut:]:
        fresh.append(STEPS[name][0](fresh[i], fresh[j]))
    fresh[-1].backward()
    expected = fresh[middle].grad
    assert (found is None) == (expected is None)
    assert found is None or found.item() == pytest.approx(expected.item(), rel=1e-12, abs=1e-15)
