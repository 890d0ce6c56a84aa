"""vjp, jvp, jacobian, hessian and hvp against formulas written out in NumPy."""

import numpy as np
import pytest

import minitorch as mt

A = np.array([[2.0, 1.0, 0.5], [1.0, 3.0, 0.0], [0.5, 0.0, 1.0]])
X = np.array([0.3, -0.7, 1.1])


def quadratic(x):
    return ((mt.asarray(A) @ x) * x).sum() * 0.5


def cubic(x):
    return x * x * x


def test_vjp_and_jvp():
    v = np.array([1.0, -2.0, 0.5])
    out, product = mt.vjp(cubic, mt.tensor(X), mt.tensor(v))
    np.testing.assert_allclose(out.numpy(), X**3)
    np.testing.assert_allclose(product.numpy(), 3 * X**2 * v)
    out, product = mt.jvp(cubic, mt.tensor(X), mt.tensor(v))
    np.testing.assert_allclose(product.numpy(), 3 * X**2 * v)
    assert not out.requires_grad and not product.requires_grad


def test_jvp_of_two_inputs_one_of_them_unused():
    a, b = mt.tensor(X), mt.tensor(np.ones(3))
    _, product = mt.jvp(lambda a, b: a * a, [a, b], [mt.tensor(np.ones(3)), b])
    np.testing.assert_allclose(product.numpy(), 2 * X)


def test_jvp_of_a_linear_and_of_a_constant_function():
    x = mt.tensor(X)
    _, product = mt.jvp(lambda t: t * 3, x, mt.tensor(np.ones(3)))
    np.testing.assert_allclose(product.numpy(), 3)
    _, product = mt.jvp(lambda t: mt.ones(2, dtype=mt.float64), x, x)
    np.testing.assert_allclose(product.numpy(), 0)


def test_jacobian_and_its_derivative():
    jac = mt.jacobian(lambda x: mt.asarray(A) @ x, mt.tensor(X))
    np.testing.assert_allclose(jac.numpy(), A)
    x = mt.tensor(X, requires_grad=True)
    jac = mt.jacobian(cubic, x, create_graph=True)
    np.testing.assert_allclose(jac.numpy(), np.diag(3 * X**2))
    np.testing.assert_allclose(mt.grad(jac.sum(), x).numpy(), 6 * X)


def test_jacobian_of_several_inputs():
    a, b = mt.tensor(X), mt.tensor(np.array(2.0))
    ja, jb = mt.jacobian(lambda a, b: a * b, [a, b])
    np.testing.assert_allclose(ja.numpy(), 2 * np.eye(3))
    np.testing.assert_allclose(jb.numpy(), X)


def test_hessian():
    np.testing.assert_allclose(mt.hessian(quadratic, mt.tensor(X)).numpy(), A)
    blocks = mt.hessian(lambda a, b: (a * a * b).sum(), [mt.tensor(X), mt.tensor(X)])
    np.testing.assert_allclose(blocks[0][0].numpy(), np.diag(2 * X))
    np.testing.assert_allclose(blocks[0][1].numpy(), np.diag(2 * X))
    np.testing.assert_allclose(blocks[1][1].numpy(), np.zeros((3, 3)))


def test_hvp_needs_no_hessian():
    v = np.array([1.0, 2.0, -1.0])
    value, product = mt.hvp(quadratic, mt.tensor(X), mt.tensor(v))
    np.testing.assert_allclose(product.numpy(), A @ v)
    np.testing.assert_allclose(value.item(), 0.5 * X @ A @ X)
    _, product = mt.hvp(lambda x: x.sum(), mt.tensor(X), mt.tensor(v))
    np.testing.assert_allclose(product.numpy(), 0)


def test_one_input_computed_from_another():
    a = mt.tensor(X, requires_grad=True)
    b = a * 2
    _, (da, db) = mt.vjp(lambda a, b: (a * b).sum(), [a, b], create_graph=True)
    np.testing.assert_allclose(da.numpy(), 2 * X)  # b held fixed
    np.testing.assert_allclose(db.numpy(), X)
    np.testing.assert_allclose(mt.grad(db.sum(), a).numpy(), 1)


def test_wrong_use_is_told():
    x = mt.tensor(X)
    with pytest.raises(ValueError, match=r"v has shapes \[\(2,\)\]"):
        mt.jvp(cubic, x, mt.ones(2))
    with pytest.raises(TypeError, match="input 0 is a list"):
        mt.vjp(cubic, [[1.0]])
    with pytest.raises(TypeError, match="returned a float"):
        mt.vjp(lambda t: 3.0, x)
    for function in (mt.hessian, lambda f, t: mt.hvp(f, t, t)):
        with pytest.raises(ValueError, match=r"one output element, the function gave \(3,\)"):
            function(cubic, x)
