"""The small helpers."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, utils
from minitorch.parameter import Parameter, ParamExpr
from minitorch.utils import as_tuple, compute_norms, create_param, one_hot, unique


def test_floatx_follows_the_default_dtype():
    assert utils.floatX([1, 2]).dtype == np.float32
    mt.set_default_dtype("float64")
    try:
        assert utils.floatX(np.ones(2, np.float32)).dtype == np.float64
    finally:
        mt.set_default_dtype("float32")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((1, 3), (1, 1, 1)),
        (([1, 2], 2), (1, 2)),
        (((1, 2), 2, int), (1, 2)),
        ((5, 0), ()),
        ((np.array([1, 2]), 2, int), (1, 2)),
        ((1.5, 2, float), (1.5, 1.5)),
        ((1, 2, (int, float)), (1, 1)),
        (("ab", 2, str), ("a", "b")),
    ],
)
def test_as_tuple(args, expected):
    assert as_tuple(*args) == expected


@pytest.mark.parametrize(
    ("args", "kind", "text"),
    [
        (("s", 2, int), TypeError, "expected a single value or an iterable of int, got s instead"),
        (([1.5, 2], 2, int), TypeError, "iterable of int, got [1.5, 2] instead"),
        ((None, 2, (int, str)), TypeError, "iterable of int or str, got None instead"),
        (([1, 2, 3], 2), ValueError, "iterable with length 2, got [1, 2, 3] instead"),
        (((), 2, int), ValueError, "iterable with length 2, got () instead"),
    ],
)
def test_as_tuple_errors(args, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        as_tuple(*args)


def test_one_hot():
    np.testing.assert_array_equal(one_hot([2, 0]).numpy(), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(one_hot(np.array([[1], [0]]), 2).numpy(), [[[0, 1]], [[1, 0]]])
    assert one_hot(mt.asarray(1), 3).tolist() == [0, 1, 0]
    assert one_hot([1]).dtype == np.float32
    assert one_hot(np.zeros((0,), int), 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("x", "m", "kind", "text"),
    [
        ([0.0, 1.0], None, TypeError, "x holds float32, not integers"),
        ([0, 3], 3, ValueError, "x goes from 0 to 3, it must be in 0 to 2"),
        ([-1, 1], None, ValueError, "x goes from -1 to 1"),
    ],
)
def test_one_hot_errors(x, m, kind, text):
    with pytest.raises(kind, match=text):
        one_hot(x, m)


def test_unique():
    assert unique([3, 1, 3, 2, 1]) == [3, 1, 2]
    a, b = Parameter([1.0]), Parameter([1.0])
    assert unique(iter([b, a, b])) == [b, a]


def test_inspect_kwargs():
    def function(a, b=1, *args, c, d=2, **kwargs):
        pass

    assert utils.inspect_kwargs(function) == ["b", "d"]


@pytest.mark.parametrize(
    ("shape", "axes", "expected"),
    [
        ((7,), None, None),
        ((4, 3), None, (0,)),
        ((4, 3, 2), None, (1, 2)),
        ((4, 3, 2, 2), None, (1, 2, 3)),
        ((4, 3, 2, 1, 2), None, (1, 2, 3, 4)),
        ((4, 3), 1, (1,)),
        ((2, 2, 2, 2, 2, 2), [0, 5], (0, 5)),
    ],
)
def test_compute_norms(shape, axes, expected):
    x = np.random.default_rng(0).normal(size=shape)
    exact = abs(x) if expected is None else np.sqrt((x**2).sum(axis=expected))
    np.testing.assert_allclose(compute_norms(x, axes), exact, rtol=1e-14)
    np.testing.assert_allclose(compute_norms(mt.asarray(x), axes), exact, rtol=1e-14)


@pytest.mark.parametrize("ndim", [0, 6])
def test_norms_need_axes(ndim):
    with pytest.raises(ValueError, match=f"dimensionality {ndim}; must specify norm_axes"):
        compute_norms(np.ones((2,) * ndim))


# -- create_param -------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        init.Constant(2.0),
        lambda shape: np.full(shape, 2.0),
        lambda shape: mt.ones(shape) * 2,
        lambda shape: Parameter(np.full(shape, 2.0)),
        lambda shape: [[2.0] * 3] * 2,
        np.full((2, 3), 2.0),
        np.full((2, 3), 2),
        [[2.0] * 3] * 2,
        mt.ones((2, 3)) * 2,
    ],
)
def test_specs(spec):
    p = create_param(spec, [2, 3], name="p")
    assert isinstance(p, Parameter) and p.name == "p" and p.shape == (2, 3)
    assert (p.get_value() == 2).all()


def test_a_number_has_no_axes():
    assert create_param(2.0, (), name="p").get_value() == 2
    assert create_param(np.float64(2.0), ()).shape == ()
    text = "the provided numpy array has shape (), should be (2,); minitorch.init.Constant(value)"
    with pytest.raises(ValueError, match=re.escape(text)):
        create_param(2.0, (2,))


def test_arrays_keep_their_dtype_and_are_copied():
    array = np.ones(2)
    p = create_param(array, (2,))
    assert p.dtype == np.float64
    array[0] = 5
    assert p[0].item() == 1


def test_a_parameter_is_shared_and_named_once():
    p = Parameter([1.0, 2.0])
    assert create_param(p, (2,), name="a") is p and p.name == "a"
    assert create_param(p, (2,), name="b") is p and p.name == "a"


def test_trainable():
    assert create_param(init.Constant(1.0), (2,)).requires_grad
    assert not create_param(init.Constant(1.0), (2,), trainable=False).requires_grad


@pytest.mark.parametrize("shape", [(0,), (2, -1), (None, 2), (2.0,)])
def test_lengths_are_positive(shape):
    text = (
        f"Cannot create param with a non-positive shape dimension. "
        f"Tried to create param with shape={shape!r}, name='p'"
    )
    with pytest.raises(ValueError, match=re.escape(text)):
        create_param(init.Constant(0.0), shape, name="p")


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        (np.ones((3, 2)), "provided numpy array"),
        (lambda shape: np.ones(5), "provided numpy array"),
        (Parameter(np.ones((3, 2))), "parameter"),
    ],
)
def test_shapes_agree(spec, what):
    with pytest.raises(ValueError, match=f"cannot initialize parameter p: the {what} has shape"):
        create_param(spec, (2, 3), name="p")


@pytest.mark.parametrize("spec", ["x", None, {}, lambda shape: "x", lambda shape: None])
def test_other_specs(spec):
    with pytest.raises(TypeError, match="cannot initialize parameter p: spec is not a numpy array"):
        create_param(spec, (2,), name="p")


@pytest.mark.parametrize("spec", [[["a", "b"]], np.array([[None, 1]]), [[1.0, 2.0], [3.0]]])
def test_specs_hold_numbers(spec):
    with pytest.raises(TypeError):
        create_param(spec, (1, 2), name="p")


def test_expressions_would_go_stale():
    p = Parameter(np.ones((3, 2)))
    with pytest.raises(TypeError, match="a computed tensor would go stale.*ParamExpr"):
        create_param(p * 2, (3, 2))


def test_views_of_parameters_are_expressions():
    p = Parameter(np.arange(6.0).reshape(3, 2))
    for trainable in (True, False):
        p.requires_grad = trainable
        made = create_param(p.T[::-1], (2, 3), name="t")
        assert isinstance(made, ParamExpr) and made.name == "t" and made.sources() == [p]
    assert isinstance(create_param(lambda shape: p.T, (2, 3)), ParamExpr)
    copied = create_param(p.detach().T, (2, 3))
    assert type(copied) is Parameter


def test_expressions_keep_their_name_and_have_a_shape():
    p = Parameter(np.ones((3, 2)))
    given = ParamExpr(lambda w: w * 2, p, name="mine")
    assert create_param(given, (3, 2), name="w") is given and given.name == "mine"
    text = "cannot initialize parameter w: the expression has shape (3, 2), should be (2, 2)"
    with pytest.raises(ValueError, match=re.escape(text)):
        create_param(given, (2, 2), name="w")


def test_collect_shared_vars():
    a, b, c = (Parameter([1.0], name=n) for n in "abc")
    assert utils.collect_shared_vars(a) == [a]
    nested = ParamExpr(lambda x, y: x * y, ParamExpr(lambda x: x * 2, b), a)
    assert utils.collect_shared_vars(nested) == [b, a]
    assert utils.collect_shared_vars([c, nested, a]) == [c, b, a]
    product = a * b
    assert utils.collect_shared_vars(product + product.exp() * 2 + mt.ones(1)) == [a, b]
    assert utils.collect_shared_vars([mt.ones(1), mt.tensor([1.0], requires_grad=True) * a]) == [a]
    assert utils.collect_shared_vars([]) == []


def test_a_long_history_does_not_recurse():
    a = Parameter([1.0])
    x = a
    for _ in range(5000):
        x = x + 1
    assert utils.collect_shared_vars(x) == [a]


def test_as_theano_expression():
    x = mt.ones(2)
    assert utils.as_theano_expression(x) is x
    assert utils.as_theano_expression(np.ones(2)).tolist() == [1, 1]
    assert utils.as_theano_expression(ParamExpr(lambda p: p * 3, Parameter(2.0))).item() == 6
    with pytest.raises(TypeError):
        utils.as_theano_expression("x")


def test_shared_empty():
    assert utils.shared_empty().shape == (1, 1) and utils.shared_empty().dtype == np.float32
    assert utils.shared_empty(3, "int64").get_value().tolist() == [[[0]]]


# -- unroll_scan ---------------------------------------------------------------------


@pytest.mark.parametrize("go_backwards", [False, True])
def test_unroll_scan(go_backwards):
    a, b = np.arange(8.0).reshape(4, 2), np.arange(4.0)

    def step(x, y, total, last, scale):
        return [total + x * scale, last * 0 + y]

    outs = utils.unroll_scan(
        step, [mt.asarray(a), mt.asarray(b)], [mt.zeros(2), mt.asarray(0.0)], [3.0], 4, go_backwards
    )
    order = [3, 2, 1, 0] if go_backwards else [0, 1, 2, 3]
    np.testing.assert_array_equal(outs[0].numpy(), np.cumsum(a[order] * 3, axis=0))
    np.testing.assert_array_equal(outs[1].numpy(), b[order])


def test_unroll_scan_of_one_output():
    x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (out,) = utils.unroll_scan(lambda x, h: h * x, x, [mt.asarray(1.0)], [], 3)
    assert out.tolist() == [1, 2, 6]
    assert mt.grad(out[-1], x).tolist() == [6, 3, 2]


def test_unroll_scan_needs_a_step():
    with pytest.raises(ValueError, match="n_steps is 0, it must be at least 1"):
        utils.unroll_scan(lambda x, h: h, [mt.ones(1)], [mt.ones(1)], [], 0)
