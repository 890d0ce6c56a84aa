"""Expressions, shared variables and theano.function."""

import copy

import numpy as np
import pytest

import minitorch as mt
import minitorch.compat.theano as theano
import minitorch.compat.theano.tensor as T
from minitorch.compat.theano.compile import MissingInputError, UnusedInputError
from minitorch.compat.theano.sandbox.rng_mrg import MRG_RandomStreams

ROWS = np.arange(6, dtype=np.float32).reshape(2, 3)


# -- what a function gives ------------------------------------------------------------


def test_results_are_numpy_arrays_in_the_structure_of_the_outputs():
    x = T.matrix("x")
    one = theano.function([x], x.sum())(ROWS)
    several = theano.function([x], [x.sum(), x * 2])(ROWS)
    named = theano.function([x], {"sum": x.sum()})(ROWS)
    assert isinstance(one, np.ndarray) and one == 15 and one.dtype == np.float32
    assert isinstance(several, list) and np.array_equal(several[1], ROWS * 2)
    nested = theano.function([x], [x.sum(), [x, {"twice": x * 2}]])(ROWS)
    assert np.array_equal(nested[1][1]["twice"], ROWS * 2)
    assert named.keys() == {"sum"} and named["sum"] == 15
    assert theano.function([], None)() == []
    assert 0 + one == 15.0 and f"{one:.1f}" == "15.0"


def test_results_may_be_written_to():
    x = T.matrix("x")
    out = theano.function([x], x)(ROWS)
    out[0, 0] = 9
    assert ROWS[0, 0] == 0


def test_inputs_by_name():
    x, y = T.scalar("x"), T.scalar("y")
    assert theano.function([x, y], x - y)(1, y=3) == -2


def test_operators_are_those_of_numpy():
    x, y = T.matrix("x"), T.matrix("y")
    f = theano.function(
        [x, y], [x + y, x - y, x * y, x / y, x**2, -x, abs(x - y), x % y, x // y, 2 - x, x.T, x[1]]
    )
    a, b = ROWS + 1, ROWS[::-1] + 2
    wanted = [a + b, a - b, a * b, a / b, a**2, -a, abs(a - b), a % b, a // b, 2 - a, a.T, a[1]]
    for ours, theirs in zip(f(a, b), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_numpy_scalars_on_the_left_give_way():
    x = T.vector("x")
    assert isinstance(np.float32(2) * x, theano.Variable)
    assert (np.float32(2) * x).eval({x: [1.0, 2.0]}).tolist() == [2.0, 4.0]
    W = theano.shared(np.float32(3))
    assert (np.float32(2) * W).eval() == 6


def test_comparisons_are_int8_and_identity_is_identity():
    x = T.vector("x")
    less, equal = theano.function([x], [x < 2, T.eq(x, 2)])([1.0, 2.0])
    assert less.dtype == np.int8 and less.tolist() == [1, 0] and equal.tolist() == [0, 1]
    assert x == x and x != T.vector("x") and len({x, x}) == 1
    a, b = theano.shared(np.zeros(3)), theano.shared(np.zeros(3))
    assert a in [b, a] and (a == b) is False


def test_lengths_and_slices_may_be_expressions():
    x, i = T.matrix("x"), T.iscalar("i")
    rows, columns = x.shape
    f = theano.function([x, i], [x[i : i + 1], T.zeros((rows, columns * 2)), rows * columns])
    part, zeros, size = f(ROWS, 1)
    assert part.tolist() == [[3, 4, 5]] and zeros.shape == (2, 6) and size == 6


def test_a_node_is_computed_once_a_call():
    noise = MRG_RandomStreams(seed=4).normal((1000,))
    f = theano.function([], [noise, noise * 1, noise.mean(), noise.std()])
    first, same, mean, std = f()
    second = f()[0]
    assert np.array_equal(first, same) and not np.array_equal(first, second)
    assert abs(mean) < 0.15 and abs(std - 1) < 0.15


def test_random_variables_have_the_size_of_an_expression():
    x, rng = T.matrix("x"), MRG_RandomStreams(1)
    u, b = theano.function([x], [rng.uniform(x.shape, 2, 3), rng.binomial(x.shape, p=0.5)])(ROWS)
    assert u.shape == b.shape == ROWS.shape and (u >= 2).all() and (u <= 3).all()
    assert set(b.ravel().tolist()) <= {0, 1} and b.dtype == np.int64
    with pytest.raises(TypeError, match="give the size"):
        rng.normal()


def test_long_chains_need_no_recursion():
    x = T.scalar("x")
    y = x
    for _ in range(3000):
        y = y + 1
    assert y.eval({x: 0.0}) == 3000


# -- updates and givens -----------------------------------------------------------------


def test_updates_are_assigned_together_and_outputs_come_before():
    a, b = theano.shared(np.float32(1), "a"), theano.shared(np.float32(2), "b")
    swap = theano.function([], [a, b], updates=[(a, b), (b, a + b)])
    assert [float(v) for v in swap()] == [1, 2]
    assert (a.get_value(), b.get_value()) == (2, 3)
    theano.function([], updates={a: np.float32(7)})()
    assert a.get_value() == 7


def test_what_is_made_of_a_shared_variable_follows_it():
    W = theano.shared(np.ones((2, 2), np.float32))
    norm = (W**2).sum() + T.sum(W) + W.T[0, 0]
    f = theano.function([], norm)
    assert f() == 9
    W.set_value(np.full((2, 2), 2, np.float32))
    assert f() == 26


def test_givens_replace_placeholders_and_expressions():
    data = theano.shared(np.arange(12, dtype=np.float32).reshape(6, 2))
    labels = T.cast(theano.shared(np.arange(6)), "int32")
    x, y, i = T.matrix("x"), T.ivector("y"), T.lscalar("i")
    part = slice(i * 2, (i + 1) * 2)
    f = theano.function([i], [x.sum(), y], givens={x: data[part], y: labels[part]})
    total, taken = f(1)
    assert total == 4 + 5 + 6 + 7 and taken.tolist() == [2, 3] and taken.dtype == np.int32
    middle = x * 2
    assert theano.function([], middle + 1, givens=[(middle, data)])()[0, 1] == 2


def test_gradients_flow_through_a_replacement():
    W, x = theano.shared(np.float32(3)), T.scalar("x")
    cost = x * x
    f = theano.function([], T.grad(cost, W), givens={x: W * 2})
    assert f() == 24


def test_shared_data_may_change_its_length():
    data = theano.shared(np.zeros((1, 1), np.float32))
    total = theano.function([], data.sum())
    data.set_value(ROWS)
    assert total() == 15 and data.shape == (2, 3)
    with pytest.raises(TypeError, match="has 2 axes, the value has 1"):
        data.set_value(np.zeros(3, np.float32))
    counts = theano.shared(np.zeros(1, np.int64))
    with pytest.raises(TypeError, match="cannot take float64 values"):
        counts.set_value(np.zeros(2))


# -- gradients ----------------------------------------------------------------------------


def test_grad_of_a_placeholder_and_of_something_between():
    x = T.vector("x")
    y = x**2
    dx, dy = T.grad(T.sum(y * y), [x, y])
    a, b = theano.function([x], [dx, dy])([1.0, 2.0])
    assert a.tolist() == [4, 32] and b.tolist() == [2, 8]


def test_grad_of_a_grad():
    x = T.scalar("x")
    slope = T.grad(x**3, x)
    assert theano.function([x], [slope, T.grad(slope, x)])(2.0) == [12, 12]


def test_two_gradients_share_a_tape():
    W, x = theano.shared(np.float32(3)), T.scalar("x")
    y = W * x
    f = theano.function([x], [T.grad(y * y, W), T.grad(y * 2, W), T.grad(y, x)])
    assert [float(v) for v in f(2.0)] == [24, 4, 3]


def test_disconnected_inputs():
    a, b = theano.shared(np.float32(1), "a"), theano.shared(np.float32(1), "b")
    with pytest.raises(RuntimeError, match="the cost does not depend on wrt 1 .*SharedData b"):
        theano.function([], T.grad(a * 2, [a, b]))()
    assert theano.function([], T.grad(a * 2, b, disconnected_inputs="ignore"))() == 0
    assert theano.function([], T.grad(theano.gradient.disconnected_grad(a) * a, a))() == 1
    with pytest.raises(ValueError, match="disconnected_inputs is one of"):
        T.grad(a * 2, a, disconnected_inputs="maybe")


def test_grad_refuses_what_has_none():
    x = T.ivector("x")
    with pytest.raises(TypeError, match="the cost is an expression, not a float"):
        T.grad(1.0, x)
    with pytest.raises(TypeError, match="wrt holds a ndarray"):
        T.grad(x.sum(), np.ones(3))
    with pytest.raises(ValueError, match="no gradient towards wrt"):
        theano.function([x], T.grad(T.sum(x * 2.0), x))([1, 2])
    v = T.vector("v")
    with pytest.raises(ValueError, match="a cost has one element, this one has shape") as caught:
        theano.function([v], T.grad(v * 2, v))([1.0, 2.0])
    assert "while computing <Gradients grad>, made at" in caught.value.__notes__[0]
    assert "test_function.py" in caught.value.__notes__[0]


# -- what is refused ----------------------------------------------------------------------


def test_wrong_counts_and_names():
    x, y = T.scalar("x"), T.scalar("y")
    f = theano.function([x, y], x + y, name="add")
    with pytest.raises(TypeError, match="takes 2 inputs, got 1: there is no value for .*y: float"):
        f(1)
    with pytest.raises(TypeError, match=r"<Function add> takes 2 inputs \(x: float32, 0 axes"):
        f(1, 2, 3)
    with pytest.raises(TypeError, match="was given 'x', twice"):
        f(1, x=2)
    with pytest.raises(TypeError, match="was given 'z', which is not among its inputs"):
        f(1, z=2)


def test_wrong_kinds_of_values():
    x, y = T.matrix("x"), T.ivector("y")
    f = theano.function([x, y], x[y])
    with pytest.raises(TypeError, match=r"float64 values, which float32 cannot hold; .*astype"):
        f(ROWS.astype(np.float64), [0])
    with pytest.raises(TypeError, match="int64 values, which int32 cannot hold"):
        f(ROWS, np.array([0]))
    with pytest.raises(TypeError, match="float64 values, which int32 cannot hold"):
        f(ROWS, [0.5])
    with pytest.raises(TypeError, match=r"takes values of 2 axes, got 1: shape \(3,\)"):
        f(ROWS[0], [0])
    with pytest.raises(TypeError, match="takes numbers"):
        f([["a"]], [0])
    assert f([[1, 2.5]], [0]).dtype == np.float32  # Python's numbers take the precision
    assert f(ROWS.astype(np.float16), np.array([1], np.uint8)).tolist() == [[3, 4, 5]]
    loose = theano.function([x, y], x[y], allow_input_downcast=True)
    assert loose(ROWS.astype(np.float64), np.array([1.0])).tolist() == [[3, 4, 5]]


def test_missing_and_unused_inputs():
    x, y = T.scalar("x"), T.scalar("y")
    with pytest.raises(MissingInputError, match="<Placeholder y: .* is needed.*test_function.py"):
        theano.function([x], x + y)
    with pytest.raises(UnusedInputError, match="<Placeholder y: .* is not needed"):
        theano.function([x, y], x)
    with pytest.warns(UserWarning, match="is not needed"):
        theano.function([x, y], x, on_unused_input="warn")
    assert theano.function([x, y], x, on_unused_input="ignore")(1, 2) == 1
    with pytest.raises(ValueError, match="'raise', 'warn' or 'ignore', not 'perhaps'"):
        theano.function([x, y], x, on_unused_input="perhaps")


def test_wrong_kinds_of_arguments():
    x, W = T.scalar("x"), theano.shared(np.float32(1))
    with pytest.raises(TypeError, match="an input is a placeholder"):
        theano.function([W], W)
    with pytest.raises(TypeError, match="an input is a placeholder"):
        theano.function([x * 2], x * 2)
    with pytest.raises(ValueError, match="named twice"):
        theano.function([x, x], x)
    with pytest.raises(TypeError, match="updates are for shared variables"):
        theano.function([x], x, updates={x: x})
    with pytest.raises(ValueError, match="updates names a variable twice"):
        theano.function([x], updates=[(W, x), (W, x)])
    with pytest.raises(TypeError, match="updates is a dictionary or a list of pairs"):
        theano.function([x], x, updates=[W])
    with pytest.raises(TypeError, match="givens replace expressions"):
        theano.function([x], x, givens={W: x})
    with pytest.raises(ValueError, match="never changes its shape"):
        theano.function([], updates={W: T.zeros((2,))})()


@pytest.mark.parametrize(
    "use", [bool, float, int, len, list, np.asarray, lambda e: 1 in e, lambda e: [0, 1][e]]
)
def test_expressions_have_no_value(use):
    x = T.matrix("x")
    for one in (x, x * 2):
        with pytest.raises(TypeError, match="has no value yet.*theano.function"):
            use(one)


def test_shared_variables_have_one():
    W = theano.shared(2.5)
    assert float(W) == 2.5 and W.eval() == 2.5 and np.asarray(W.get_value()) == 2.5


def test_unknown_names_say_what_there_is():
    with pytest.raises(AttributeError, match="theano.tensor has no 'matrixx' here; did you mean"):
        T.matrixx
    with pytest.raises(AttributeError, match="there are .*arange.*zeros"):
        T.qqqqq
    with pytest.raises(AttributeError, match="theano.tensor.nnet has no 'softmaxx'"):
        T.nnet.softmaxx
    with pytest.raises(AttributeError, match="theano has no 'scan' here"):
        theano.scan
    with pytest.raises(AttributeError, match="no attribute 'dimshufle'; did you mean 'dimshuffle'"):
        T.matrix("x").dimshufle
    with pytest.raises(AttributeError, match="theano.config has no 'gpu'"):
        theano.config.gpu
    with pytest.raises(AttributeError, match="theano.config has no 'gpu'"):
        theano.config.gpu = 1


def test_floatx_is_the_default_dtype():
    try:
        theano.config.floatX = "float64"
        assert mt.get_default_dtype() == np.float64
        assert T.matrix().dtype == "float64" and T.fmatrix().dtype == "float32"
    finally:
        theano.config.floatX = "float32"


def test_copies_are_variables_of_their_own():
    x = T.vector("x")
    y = copy.copy(x * 2)
    assert y.eval({x: [1.0]}) == [2.0]
