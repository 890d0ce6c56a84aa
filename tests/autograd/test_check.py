"""The gradient checks themselves: what they find, what they do not accuse, what they cost."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import op, registry


@pytest.fixture(autouse=True)
def forget_new_ops():
    before = set(registry)
    yield
    for name in set(registry) - before:
        del registry[name]


def wrong_at(bad, **options):
    """y = x1³ x2 with a rule towards x2 that ``bad`` spoils."""

    @op(name="check_test_product", **options)
    def product(xp, x1, x2):
        return x1 * x1 * x1 * x2

    @product.vjp("x1")
    def product_dx1(g, x1, x2):
        return g * 3 * x1 * x1 * x2

    @product.vjp("x2")
    def product_dx2(g, x1):
        return bad(g * x1 * x1 * x1)

    return product


def spoiled(index, factor=1.0, plus=0.0):
    def bad(g):
        mask = np.zeros(g.shape)
        mask[index] = 1.0
        return g + g * (mask * (factor - 1)) + mt.asarray(mask * plus)

    return bad


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.5, 1.5, size=shape)


# -- what is right passes, closely ------------------------------------------


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1.0, 1e9])
def test_right_gradients_pass_at_any_scale(scale, offset):
    def f(x, y):
        return mt.tanh(x / scale) * mt.exp(y) + offset

    point = [numbers(3, 4) * scale, numbers(4, seed=1)]
    # A large offset drowns the digits; what is left of them must still not accuse.
    if scale >= 1e-3:
        assert mt.gradcheck(f, point) < (1e-6 if offset else 1e-8)
        assert mt.gradgradcheck(f, point) < 1e-7


def test_steep_and_curved_functions_pass():
    x = numbers(5)
    assert mt.gradcheck(lambda x: mt.sin(300 * x), x) < 1e-7
    assert mt.gradcheck(lambda x: mt.exp(20 * x), x) < 1e-8
    assert mt.gradcheck(lambda x: mt.log(x), x * 1e-3) < 1e-8
    assert mt.gradcheck(lambda x: 1 / (x * x), x * 1e-2) < 1e-8
    assert mt.gradcheck(lambda x: x * x, x * 1e12) < 1e-8


def test_zero_and_constant_gradients_pass():
    x = numbers(4)
    assert mt.gradcheck(lambda x: x * 0, x) == 0
    assert mt.gradcheck(lambda x: mt.softmax(x, axis=0).sum(), x) < 1e-6
    assert mt.gradcheck(mt.var, np.ones((2, 3))) < 1e-6  # 0, and so is the variance
    assert mt.gradcheck(lambda x: mt.ones(3, dtype="float64"), x) == 0
    assert mt.gradgradcheck(lambda x: mt.ones(3, dtype="float64"), x) == 0


def test_empty_inputs_pass():
    assert mt.gradcheck(lambda x: x * 2, np.zeros((0, 3))) == 0


def test_the_forms_that_functions_and_inputs_take():
    x = numbers(2, 3)
    assert mt.gradcheck(mt.tensor(x).__class__.exp, [x]) < 1e-8
    assert mt.gradcheck(lambda x, k, flag: x**k if flag else x, [mt.asarray(x), 3, True]) < 1e-8
    assert mt.gradcheck(mt.sum, [x], {"axis": 1}) < 1e-8
    assert mt.gradcheck(lambda x, i: x[i], [x, np.array([1, 1, 0])]) < 1e-8
    assert mt.gradcheck(lambda x, y: [x @ y.T, mt.argmax(x), y], [x, numbers(4, 3)]) < 1e-8
    assert mt.gradcheck(lambda x, y: x + y, [x, numbers(1, 3)], exhaustive=True) < 1e-8
    assert mt.gradcheck(lambda x: x * x, np.array(3.0)) < 1e-8


def test_a_function_may_ask_for_gradients_itself():
    def slope(x):
        if not x.requires_grad:
            x = x.detach().requires_grad_()
        return mt.grad((x * x * x).sum(), x, create_graph=True)

    assert mt.gradcheck(slope, numbers(3)) < 1e-8
    assert mt.gradgradcheck(slope, numbers(3)) < 1e-8


def test_inputs_and_random_numbers_are_left_alone():
    x = numbers(3)
    before, state = x.copy(), np.random.get_state()[1].copy()
    seen = mt.asarray(x)
    mt.gradcheck(lambda x: mt.exp(x), [seen])
    mt.gradgradcheck(lambda x: mt.exp(x), [seen])
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert seen.grad is None and not seen.requires_grad


def test_a_good_gradient_costs_few_calls():
    calls = []

    def f(x):
        calls.append(x.shape)
        return mt.tanh(x).sum()

    mt.gradcheck(f, numbers(30, 30), directions=1)
    assert len(calls) <= 6  # the point, the gradient, one or two steps either way


# -- what is wrong is found, and named ---------------------------------------


@pytest.mark.parametrize("index", [(0, 0), (3, 1), (6, 4)])
@pytest.mark.parametrize("factor", [-1.0, 0.0, 2.0, 1.0 + 1e-3])
def test_one_wrong_element_is_found_and_named(index, factor):
    product = wrong_at(spoiled(index, factor))
    point = [numbers(7, 5), numbers(7, 5, seed=1)]
    with pytest.raises(mt.GradcheckError) as caught:
        mt.gradcheck(product, point)
    failure = caught.value
    assert (failure.input, failure.index) == (1, index)
    right = _derivative(point, index)
    assert failure.analytic == pytest.approx(factor * right, rel=1e-9, abs=1e-9)
    assert failure.numeric == pytest.approx(right, rel=1e-7)
    expected = f"check_test_product: wrong first-order gradient towards input 'x2' at index {index}"
    assert str(failure).startswith(f"{expected}: analytic ")


def _derivative(point, index):
    """d<u, f>/dx2 at an index, for the u that the check draws first."""
    u = np.random.default_rng(0).normal(size=point[0].shape)
    return u[index] * point[0][index] ** 3


def test_a_wrong_additive_term_is_found():
    product = wrong_at(spoiled((2,), plus=1e-4))
    with pytest.raises(mt.GradcheckError, match=r"'x2' at index \(2,\)"):
        mt.gradcheck(product, [numbers(5), numbers(5)])


def test_a_small_gradient_does_not_hide_behind_a_large_one():
    product = wrong_at(spoiled(slice(None), 1.01))

    def f(x, small):
        return product(x, small * 1e-5) + x * 1e3

    with pytest.raises(mt.GradcheckError, match="'small'"):
        mt.gradcheck(f, [numbers(4), numbers(4, seed=1)])


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (-1.0, "the sign is wrong"),
        (2.0, "twice too large"),
        (0.5, "half of it"),
        (0.0, "cuts this"),
    ],
)
def test_usual_mistakes_are_recognised(factor, words):
    with pytest.raises(mt.GradcheckError, match=words):
        mt.gradcheck(wrong_at(lambda g: g * factor), [numbers(3), numbers(3)])


def test_a_gradient_of_what_does_not_matter_is_recognised():
    @op(name="check_test_ignored")
    def ignored(xp, x1, x2):
        return x1 + 0 * x2

    ignored.vjp("x1", "x2")(lambda g: g)
    with pytest.raises(mt.GradcheckError, match="'x2'.*the function does not depend on it"):
        mt.gradcheck(ignored, [numbers(3), numbers(3)])


def test_names_of_plain_functions_and_variadic_ops():
    def f(first, second):
        return first * second.detach()

    with pytest.raises(mt.GradcheckError, match=r"^f: wrong .* input 'second' at index"):
        mt.gradcheck(f, [numbers(3), numbers(3)])
    with pytest.raises(mt.GradcheckError, match=r"input 1 at index \(0, 1\)"):
        mt.gradcheck(lambda *xs: xs[0] * xs[1].detach(), [numbers(1, 2), np.array([[0.0, 1.0]])])

    @op(name="check_test_many")
    def many(xp, *arrays):
        return arrays[0] + 2 * arrays[1]

    many.vjp("arrays")(lambda g: (g, g))
    with pytest.raises(mt.GradcheckError, match=r"input 'arrays\[1\]' at"):
        mt.gradcheck(many, [numbers(3), numbers(3)])


def test_a_second_order_that_is_wrong_alone():
    @op(name="check_test_square")
    def square(xp, x):
        return x * x

    @square.vjp("x")
    def square_dx(g, x):
        return g * 2 * x.detach()  # right, but constant for the next order

    x = numbers(3)
    assert mt.gradcheck(square, x) < 1e-8
    with pytest.raises(mt.GradcheckError, match="wrong second-order gradient towards input 'x'"):
        mt.gradgradcheck(square, x)


def test_a_second_order_that_is_wrong_in_the_incoming_gradient():
    @op(name="check_test_linear", linear=("x",))
    def twice(xp, x):
        return x * 2

    @twice.vjp("x")
    def twice_dx(g):
        return g.detach() * 2

    x = numbers(3)
    assert mt.gradcheck(twice, x) < 1e-8
    with pytest.raises(mt.GradcheckError, match="wrong second-order gradient towards input 'g0'"):
        mt.gradgradcheck(twice, x)


def test_exhaustive_checks_every_element():
    calls = []

    def f(x):
        calls.append(0)
        return x * x

    mt.gradcheck(f, numbers(4, 5), directions=1)
    few = len(calls)
    calls.clear()
    mt.gradcheck(f, numbers(4, 5), directions=1, exhaustive=True)
    assert few + 2 * 20 <= len(calls) <= few + 4 * 20


# -- kinks are no wrong rules --------------------------------------------------


@pytest.mark.parametrize(
    ("function", "point", "index"),
    [
        (mt.abs, [1.0, 0.0, -2.0], (1,)),  # the convention 0 is the mean of both sides
        (mt.relu, [1.0, -1.0, 0.0], (2,)),
        (lambda x: mt.max(x), [1.0, 3.0, 3.0], None),  # the gradient is split evenly
        (lambda x: mt.clip(x, -1.0, 2.0), [0.0, 2.0], (1,)),
        (lambda x: mt.abs(x) * 1e-3 + x, [0.5, 0.0], (1,)),
    ],
)
def test_kinks_are_told_whatever_the_convention(function, point, index):
    with pytest.raises(mt.NotDifferentiableError, match="from the left and .* from the right") as e:
        mt.gradcheck(function, np.array(point))
    assert index is None or e.value.index == index


def test_a_jump_is_told():
    with pytest.raises(mt.NotDifferentiableError, match=r"'x' at index \(0,\)"):
        mt.gradcheck(lambda x: mt.where(x > 0.0, x + 1, x), np.array([0.0, 1.0]))


def test_a_kink_among_many_elements():
    x = numbers(40, 50)
    x[17, 23] = 0.0
    with pytest.raises(mt.NotDifferentiableError) as caught:
        mt.gradcheck(mt.abs, x)
    assert caught.value.index == (17, 23)


@pytest.mark.parametrize("distance", [1e-1, 1e-2, 1e-3, 1e-4])
def test_kinks_nearby_are_stepped_round(distance):
    assert mt.gradcheck(mt.abs, np.array([distance, -distance, 1.0])) < 1e-7


def test_a_kink_of_the_slope_is_the_second_orders_business():
    def f(x):
        return x * mt.abs(x)  # its derivative is 2 |x|

    assert mt.gradcheck(f, np.array([1.0, 0.0])) < 1e-6
    with pytest.raises(mt.NotDifferentiableError):
        mt.gradgradcheck(f, np.array([1.0, 0.0]))


def test_a_wrong_rule_is_not_excused_as_a_kink():
    product = wrong_at(lambda g: g * 1.5)
    with pytest.raises(mt.GradcheckError) as caught:
        mt.gradcheck(product, [numbers(3), numbers(3)])
    assert type(caught.value) is mt.GradcheckError


# -- what cannot be checked is said ---------------------------------------------


def test_inputs_that_cannot_be_checked():
    with pytest.raises(TypeError, match=r"input 0 is float32; .* float64.*astype"):
        mt.gradcheck(mt.exp, [np.ones(3, np.float32)])
    with pytest.raises(TypeError, match="no floating-point input"):
        mt.gradcheck(mt.abs, [np.arange(3)])
    with pytest.raises(TypeError, match="no floating-point input"):
        mt.gradcheck(lambda x, y: x * y, [numbers(2), 2.0], constant=["x"])
    with pytest.raises(ValueError, match="has no input 'z'; it has 'x'"):
        mt.gradcheck(mt.exp, [numbers(2)], constant=["z"])


def test_results_that_cannot_be_checked():
    with pytest.raises(TypeError, match="floating-point tensor.*returned int64"):
        mt.gradcheck(lambda x: mt.argmax(x), numbers(3))
    with pytest.raises(TypeError, match="returned ndarray"):
        mt.gradcheck(lambda x: x.detach().numpy(), numbers(3))


def test_points_that_are_not_finite():
    with pytest.raises(mt.GradcheckError, match="output 0 is not finite at this point"):
        mt.gradcheck(mt.log, [np.array([1.0, -1.0])])
    with pytest.raises(mt.GradcheckError, match=r"input 'x' at index \(1,\) is -?inf"):
        mt.gradcheck(lambda x: mt.sqrt(x), np.array([1.0, 0.0]))


def test_a_function_that_is_none():
    rng = np.random.default_rng(0)
    with pytest.raises(mt.GradcheckError, match="two calls .* different results.*fixed seed"):
        mt.gradcheck(lambda x: x * float(rng.normal()), numbers(3))


# -- the adjoint ------------------------------------------------------------------


def test_the_adjoint_of_a_linear_op():
    x, y = numbers(5, 4), numbers(4, 3)
    assert mt.adjoint_check(mt.matmul, [x, y]) < 1e-14
    assert mt.adjoint_check(mt.matmul, [x, y], position="x2") < 1e-14
    assert mt.adjoint_check(lambda x: 3 * x + 7, x) < 1e-14  # affine will do
    assert mt.adjoint_check(mt.sum, [x], {"axis": 0}) < 1e-14
    assert mt.adjoint_check(lambda x: x * 0, x) == 0


def test_a_rule_that_is_not_the_adjoint():
    product = wrong_at(lambda g: g * (1 + 1e-10))
    with pytest.raises(mt.GradcheckError, match=r"'x2' is not the adjoint: <A dx, y> = "):
        mt.adjoint_check(product, [numbers(3), numbers(3)], position=1)
    assert mt.gradcheck(product, [numbers(3), numbers(3)]) < 1e-6  # no difference sees that


def test_a_function_that_is_not_linear():
    with pytest.raises(mt.GradcheckError, match="not the adjoint"):
        mt.adjoint_check(mt.exp, numbers(3))


def test_an_adjoint_towards_something_else():
    with pytest.raises(TypeError, match="input 1 is not a float64 array"):
        mt.adjoint_check(mt.pow, [numbers(3), 2.0], position=1)
    with pytest.raises(ValueError, match="no input 5"):
        mt.adjoint_check(mt.exp, [numbers(3)], position=5)
