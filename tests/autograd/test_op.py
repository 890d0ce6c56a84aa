"""Declaring ops: what the decorator works out and what it refuses."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Sample, composite, find_op, op, registry, use_kernel


@pytest.fixture(autouse=True)
def forget_new_ops():
    before = set(registry)
    yield
    for name in set(registry) - before:
        del registry[name]


def make_scaled():
    @op(formula="y = k x + b", constant=("mask",))
    def scaled(xp, x, mask, b=None, *, k=2.0, unused=0):
        out = x * k * mask
        return out if b is None else out + b

    @scaled.vjp("x")
    def scaled_dx(g, mask, k):
        return g * mask * k

    @scaled.vjp("b")
    def scaled_db(g):
        return g

    return scaled


def test_arguments_by_position_and_keyword():
    scaled = make_scaled()
    x, m = mt.tensor([1.0, 2.0]), mt.tensor([1.0, 0.0])
    assert scaled(x, m).tolist() == [2, 0]
    assert scaled(x, m, k=3.0).tolist() == [3, 0]
    assert scaled(x, mask=m, b=1.0).tolist() == [3, 1]
    assert scaled(x, m, 1.0, 5.0).tolist() == [6, 1]
    assert scaled(x, m, None, 5.0).tolist() == [5, 0]


def test_wrong_arguments_are_told():
    scaled = make_scaled()
    x = mt.tensor([1.0])
    with pytest.raises(TypeError, match="missing its argument 'mask'"):
        scaled(x)
    with pytest.raises(TypeError, match="two values for 'x'"):
        scaled(x, x=x, mask=x)
    with pytest.raises(TypeError, match="two values for 'k'"):
        scaled(x, x, None, 1.0, k=2.0)
    with pytest.raises(TypeError, match="5 arguments at most, got 6"):
        scaled(x, x, x, 1, 2, 3)
    with pytest.raises(TypeError, match="cannot compute with a list"):
        scaled([1.0], x)
    with pytest.raises(TypeError, match="bogus"):
        scaled(x, x, bogus=1)


def test_rules_get_what_they_ask_for():
    scaled = make_scaled()
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    b = mt.tensor(0.5, requires_grad=True)
    scaled(x, mt.tensor([1.0, 0.0]), b, k=7.0).sum().backward()
    assert x.grad.tolist() == [7, 0] and b.grad.item() == 2.0


def test_constant_inputs_get_no_gradient():
    scaled = make_scaled()
    mask = mt.tensor([1.0], requires_grad=True)
    assert not scaled(mt.tensor([1.0]), mask).requires_grad


def test_only_what_a_needed_rule_wants_is_saved():
    x, c = mt.tensor([1.0], requires_grad=True), mt.tensor([2.0])
    assert list((x * c).grad_fn.named_saved()) == ["x2"]


@pytest.mark.parametrize("wanted", ["y", "ou", "x_shap"])
def test_unknown_names_in_a_rule_are_refused(wanted):
    @op
    def plain(xp, x):
        return x * 1

    namespace = {}
    exec(f"def rule(g, {wanted}): return g", namespace)
    with pytest.raises(ValueError, match=f"asks for '{wanted}'.*x, out, x_shape"):
        plain.vjp("x")(namespace["rule"])


def test_declarations_are_checked():
    with pytest.raises(TypeError, match="first parameter .* xp"):
        op(lambda x: x, name="op_test_noxp")
    with pytest.raises(ValueError, match="linear input 'z'"):
        op(lambda xp, x: x, name="op_test_linear", linear=("z",))
    scaled = make_scaled()
    with pytest.raises(ValueError, match="'mask' is no differentiable input"):
        scaled.vjp("mask")(lambda g: g)


def test_a_built_in_name_is_not_taken_over():
    with pytest.raises(ValueError, match="'add' exists already"):

        @op
        def add(xp, x):
            return x * 1


def test_a_cell_can_be_run_twice():
    first = make_scaled()
    second = make_scaled()
    assert first is not second and find_op("scaled") is second


def test_find_op_suggests_close_names():
    with pytest.raises(ValueError, match="did you mean .*multiply"):
        find_op("multply")


def test_a_variadic_op():
    @op
    def total(xp, *arrays, weight=1.0):
        out = arrays[0] * weight
        for a in arrays[1:]:
            out = out + a * weight
        return out

    @total.vjp("arrays")
    def total_darrays(g, arrays_shape, weight):
        return [g * weight for _ in arrays_shape]

    a, b = (mt.tensor(v, requires_grad=True) for v in ([1.0, 2.0], 3.0))
    c = mt.tensor([1.0, 1.0])
    out = total(a, c, b, weight=2.0)
    assert out.tolist() == [10, 12]
    out.sum().backward()
    assert a.grad.tolist() == [2, 2] and b.grad.item() == 4.0


def test_auxiliary_outputs_are_seen_by_rules_only():
    @op(aux=("where",))
    def biggest(xp, x):
        where = x == x.max()
        return x.max(), where

    @biggest.vjp("x")
    def biggest_dx(g, where):
        return g * mt.asarray(where).astype(g.dtype)

    x = mt.tensor([1.0, 5.0, 2.0], requires_grad=True)
    out = biggest(x)
    assert out.shape == () and isinstance(out, mt.Tensor)
    out.backward()
    assert x.grad.tolist() == [0, 1, 0]


def test_half_precision_is_computed_in_single():
    @op(upcast=True)
    def seen_dtype(xp, x):
        assert x.dtype == np.float32
        return x.sum()

    out = seen_dtype(mt.ones(5000, dtype=mt.float16))
    assert out.dtype == mt.float16 and out.item() == 5000


def test_kernels_are_preferred_forced_and_refused():
    @op
    def twice(xp, x):
        return x * 2

    calls = []

    @twice.kernel("cpu", "k01_sum", supports=lambda x: x.ndim == 1 or "it is for 1-D arrays")
    def k01(xp, x):
        calls.append("k01")
        return x + x

    @twice.kernel("cpu", "k02_gone", missing="no compiler")
    def k02(xp, x):
        raise AssertionError

    one, two = mt.ones(3), mt.ones((2, 2))
    assert twice(one).tolist() == [2, 2, 2] and calls == ["k01"]
    assert twice(two).tolist() == [[2, 2], [2, 2]] and calls == ["k01"]
    with use_kernel(twice, "reference"):
        twice(one)
    assert calls == ["k01"]
    with use_kernel("twice", "k01_sum"), pytest.raises(RuntimeError, match="it is for 1-D arrays"):
        twice(two)
    with use_kernel(twice, "k02_gone"), pytest.raises(RuntimeError, match="no compiler"):
        twice(one)
    with pytest.raises(ValueError, match="no kernel 'k09'; it has reference, k01_sum, k02_gone"):
        use_kernel(twice, "k09")
    with pytest.raises(ValueError, match="taken"):
        twice.kernel("cpu", "k01_sum")(k01)
    twice(one)
    assert calls == ["k01", "k01"]


def test_a_forced_kernel_of_another_backend_does_not_exist_here():
    @op
    def thrice(xp, x):
        return x * 3

    thrice.kernel("cuda", "k01_gpu")(lambda xp, x: x)
    with use_kernel(thrice, "k01_gpu"), pytest.raises(RuntimeError, match="does not exist on cpu"):
        thrice(mt.ones(2))


def test_a_composite_is_registered_and_a_method():
    @composite(formula="y = x x")
    def squared(x):
        return x * x

    @squared.samples
    def _(make):
        yield Sample.of(make(3))

    x = mt.tensor(3.0, requires_grad=True)
    squared(x).backward()
    assert x.grad.item() == 6.0 and find_op("squared") is squared


def test_an_op_is_a_method_when_stored_on_a_class():
    scaled = make_scaled()

    class Box(mt.Tensor):
        grown = scaled

    box = Box(np.ones(2))
    assert box.grown(np.ones(2), k=4.0).tolist() == [4, 4]
    assert Box.grown is scaled
