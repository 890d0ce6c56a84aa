"""What the table in ops/__init__.py gives to Tensor: operators, methods, NumPy's protocols."""

import operator

import numpy as np
import pytest

import minitorch as mt

A, B = np.array([5.0, -3.0, 2.0]), np.array([2.0, 4.0, -1.0])
BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip


@pytest.mark.parametrize("op", BINARY)
def test_operators_with_tensors_numbers_and_arrays(op):
    a, b = mt.asarray(A), mt.asarray(B)
    for left, right in ((a, b), (a, B), (A, b)):
        found = op(left, right)
        assert isinstance(found, mt.Tensor)
        np.testing.assert_array_equal(found.numpy(), op(A, B))
    np.testing.assert_array_equal(op(a, 2).numpy(), op(A, 2))
    np.testing.assert_array_equal(op(2, b).numpy(), op(2, B))


def test_power_products_and_unary():
    a = mt.asarray(np.abs(A))
    np.testing.assert_allclose((a**2).numpy(), A**2)
    np.testing.assert_allclose((2**a).numpy(), 2 ** np.abs(A))
    assert (a @ a).item() == pytest.approx(A @ A)
    assert (-a).tolist() == [-5, -3, -2] and (+a).tolist() == [5, 3, 2]
    assert abs(mt.asarray(A)).tolist() == [5, 3, 2]


@pytest.mark.parametrize(
    "op", [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
)
def test_bitwise(op):
    a, b = np.array([6, 3]), np.array([1, 2])
    np.testing.assert_array_equal(op(mt.asarray(a), mt.asarray(b)).numpy(), op(a, b))
    assert (~mt.asarray([True])).tolist() == [False]


@pytest.mark.parametrize(
    "op", [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow]
)
def test_in_place_keeps_the_memory(op):
    a = mt.asarray(np.abs(A))
    memory = a.data
    found = op(a, mt.asarray([2.0, 2.0, 2.0], dtype=mt.float64))
    assert found is a and a.data is memory
    np.testing.assert_allclose(a.numpy(), op(np.abs(A), 2.0))
    with pytest.raises(ValueError, match="does not fit"):
        op(mt.ones(3), mt.ones((2, 3)))


def test_unknown_operands_are_left_to_python():
    with pytest.raises(TypeError, match="unsupported operand"):
        mt.ones(2) + "a"
    with pytest.raises(TypeError, match="unsupported operand"):
        [1, 2] - mt.ones(2)


def test_ufuncs_of_numpy_are_ours():
    x = mt.tensor(A, requires_grad=True)
    y = np.sin(x) + np.multiply(B, x) + np.arctan2(x, B)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.cos(A) + B + B / (A**2 + B**2))
    with pytest.raises(TypeError, match="numpy.add .reduce. is not for tensors"):
        np.add.reduce(x)
    with pytest.raises(TypeError, match="in place"):
        operator.iadd(A.copy(), x)


def test_the_namespace_is_found():
    assert mt.ones(1).__array_namespace__() is mt
    assert mt.ones(1).__array_namespace__(api_version="2024.12") is mt
    with pytest.raises(ValueError, match="1999"):
        mt.ones(1).__array_namespace__(api_version="1999.01")


def test_methods_are_the_ops():
    x = mt.asarray(A)
    assert (
        x.sum().item() == 4
        and x.max().item() == 5
        and x.mean(axis=0).item() == pytest.approx(4 / 3)
    )
    assert x.reshape(3, 1).sum(1).tolist() == A.tolist()
    assert x.clip(min=0).tolist() == [5, 0, 2] and x.argmax().item() == 0


def test_functions_of_numpy_are_ours_where_there_are_such():
    x = mt.tensor(A, requires_grad=True)
    y = np.concatenate([x, 2 * x]).sum() + np.mean(x) + np.where(x > 0, x, 0.0).sum()
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), 3 + 1 / 3 + (A > 0))
    assert isinstance(np.stack([x.detach(), x.detach()]), mt.Tensor)
    assert np.ravel(mt.ones((2, 2))).shape == (4,)


def test_functions_of_numpy_never_lose_a_gradient():
    x = mt.tensor(A, requires_grad=True)
    with pytest.raises(TypeError, match=r"numpy.median is not for tensors; .* \.numpy\(\)"):
        np.median(x)
    with pytest.raises(TypeError, match="numpy.dot"):
        np.dot(A, x)
    with pytest.raises(TypeError, match="numpy.vstack"):
        np.vstack([x, x])
    with pytest.raises(TypeError, match="numpy.copyto"):
        np.copyto(x.detach(), A)
    assert np.median(x.detach()) == 2 and np.median(x.numpy()) == 2
    assert np.allclose(x, A) and np.shape(x) == (3,) and np.array_equal(x, x)
    with mt.no_grad():
        assert np.median(x) == 2


def test_a_list_of_tensors_that_want_gradients_is_refused():
    x = mt.tensor(A, requires_grad=True)
    for make in (mt.asarray, mt.tensor):
        with pytest.raises(TypeError, match=r"use stack\(...\)"):
            make([x[0], x[1]])
        with mt.no_grad():
            assert make([x[0], x[1]]).tolist() == [5, -3]


def test_to_a_device_or_a_dtype():
    x = mt.tensor([1.5], requires_grad=True)
    assert x.to("cpu") is x and x.to(mt.float32).dtype == mt.float32
    assert x.to("float64").dtype == mt.float64
    x.to(mt.float64).sum().backward()
    assert x.grad.tolist() == [1] and x.grad.dtype == mt.float32


def test_the_top_level_holds_functions_not_the_files_they_are_in():
    import types

    modules = {n for n in mt.ops.__all__ if isinstance(getattr(mt, n), types.ModuleType)}
    assert not modules and not {"numpy", "Index", "write", "reduce", "conv"} & set(vars(mt))
    assert {"matmul", "conv2d", "take", "gather", "einsum"} <= set(mt.ops.__all__)
    assert mt.random.__name__ == "minitorch.random"
