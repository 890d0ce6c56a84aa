"""Casting, promotion and what dtypes can hold."""

import numpy as np
import pytest

import minitorch as mt


def test_astype_and_its_gradient():
    x = mt.tensor([1.7, -1.7], requires_grad=True)
    assert x.astype(mt.int64).tolist() == [1, -1]
    y = x.astype(mt.float64)
    y.sum().backward()
    assert y.dtype == mt.float64 and x.grad.dtype == mt.float32
    plain = mt.zeros(2)
    assert mt.astype(plain, mt.float32, copy=False).data is plain.data
    assert not np.shares_memory(mt.astype(plain, mt.float32).data, plain.data)
    with pytest.raises(TypeError, match="imaginary"):
        mt.astype(mt.asarray([1j]), mt.float32)
    with pytest.raises(TypeError, match="takes a tensor, not a float"):
        mt.astype(1.0, mt.int32)
    with pytest.raises(TypeError, match="holds numbers, not object"):
        mt.astype(plain, object)
    with pytest.raises(ValueError, match="to_device"):
        mt.astype(plain, mt.float64, device="cpu")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((mt.int8, mt.uint8), "int16"),
        ((mt.float32, mt.float64), "float64"),
        ((mt.asarray([1]), mt.float32), "float64"),
        ((mt.float32, 2.0), "float32"),
        ((mt.float32, mt.complex64), "complex64"),
        ((mt.bool, mt.bool), "bool"),
    ],
)
def test_result_type(arguments, expected):
    assert mt.result_type(*arguments) == np.dtype(expected)


def test_result_type_needs_an_array():
    for bad in ((), (1.0, 2)):
        with pytest.raises(TypeError, match="at least one"):
            mt.result_type(*bad)


def test_can_cast():
    assert mt.can_cast(mt.int8, mt.int16) and not mt.can_cast(mt.float64, mt.int64)
    assert mt.can_cast(mt.zeros(1), mt.float64)


def test_isdtype():
    assert mt.isdtype(mt.float32, "real floating") and mt.isdtype(mt.int8, ("bool", "integral"))
    assert not mt.isdtype(mt.complex64, "real floating") and mt.isdtype(mt.bool, mt.bool)
    with pytest.raises(ValueError, match="unknown kind 'floating'"):
        mt.isdtype(mt.float32, "floating")


def test_limits():
    info = mt.finfo(mt.float32)
    assert (info.bits, info.dtype) == (32, mt.float32) and info.eps == np.finfo(np.float32).eps
    assert mt.iinfo(mt.zeros(1, dtype=mt.int8)).max == 127


def test_broadcast_arrays():
    a, b = mt.broadcast_arrays(mt.zeros((3, 1)), mt.zeros(4))
    assert a.shape == b.shape == (3, 4)


def test_namespace_info():
    info = mt.__array_namespace_info__()
    assert info.default_device() == "cpu" and "cpu" in info.devices()
    assert info.default_dtypes()["real floating"] == mt.get_default_dtype()
    assert set(info.dtypes(kind="bool")) == {"bool"}
    assert info.capabilities()["boolean indexing"]


def test_broadcast_arrays_says_what_does_not_fit():
    with pytest.raises(ValueError, match=r"the shapes \(2,\), \(3,\) do not broadcast"):
        mt.broadcast_arrays(mt.ones(2), mt.ones(3))
