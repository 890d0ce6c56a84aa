"""Making tensors, leaving the graph, Python's protocols."""

import copy
import pickle

import numpy as np
import pytest

import minitorch as mt


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        ([1, 2], "int64"),
        ([True], "bool"),
        (np.float64(2.0), "float64"),
        (np.zeros(2, np.float16), "float16"),
        ([[1.0], [2.0]], "float32"),
        (1j, "complex64"),
    ],
)
def test_dtypes_of_new_tensors(data, dtype):
    assert mt.tensor(data).dtype == np.dtype(dtype)


def test_the_default_dtype_can_be_changed():
    mt.set_default_dtype(mt.float64)
    try:
        assert mt.tensor(1.0).dtype == mt.float64 == mt.get_default_dtype()
    finally:
        mt.set_default_dtype(mt.float32)
    with pytest.raises(ValueError, match="float16, float32 or float64"):
        mt.set_default_dtype(mt.int64)


def test_tensor_copies_and_asarray_shares():
    a = np.zeros(3)
    copied, shared = mt.tensor(a), mt.asarray(a)
    a[0] = 7
    assert copied.tolist() == [0, 0, 0] and shared.tolist() == [7, 0, 0]
    assert mt.asarray(shared) is shared
    assert not np.shares_memory(mt.asarray(a, copy=True).numpy(), a)
    with pytest.raises(ValueError, match="copy=False"):
        mt.asarray([1.0], copy=False)


def test_nested_sequences_may_hold_tensors():
    assert mt.asarray([mt.tensor(1.0), 2.0]).tolist() == [1, 2]


@pytest.mark.parametrize(
    "bad", [object(), "abc", [[1.0], [1.0, 2.0]], [None], np.array([object()])]
)
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(TypeError):
        mt.tensor(bad)


def test_unknown_and_missing_devices():
    with pytest.raises(ValueError, match="unknown device 'tpu'"):
        mt.tensor(1.0, device="tpu")
    with pytest.raises(RuntimeError, match="'cuda' is not available: cupy"):
        mt.tensor(1.0, device="cuda")
    x = mt.tensor(1.0)
    assert x.device == "cpu" and x.to_device("cpu") is x
    for wrong in ("tpu", "cuda:x", "emulated:0"):
        with pytest.raises(ValueError, match=f"unknown device '{wrong}'"):
            x.to_device(wrong)


def test_detach_shares_memory_without_history():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = (x * 2).detach()
    assert not y.requires_grad and y.is_leaf


def test_requires_grad_can_be_set_on_leaves_only():
    x = mt.tensor([1.0])
    x.requires_grad = True
    y = x * 2
    with pytest.raises(RuntimeError, match="detach"):
        y.requires_grad = False
    x.requires_grad = False
    assert not (x * 2).requires_grad


def test_scalars():
    x = mt.tensor(2.5)
    assert (x.item(), float(x), int(x), bool(x), complex(x)) == (2.5, 2.5, 2, True, 2.5 + 0j)
    assert [10, 20, 30][mt.tensor(1)] == 20
    with pytest.raises(ValueError, match="one element"):
        mt.ones(2).item()
    with pytest.raises(TypeError, match="0-d"):
        float(mt.ones(2))
    with pytest.raises(TypeError, match="integer tensor"):
        [1][mt.tensor(0.0)]
    with pytest.raises(ValueError, match="ambiguous"):
        bool(mt.ones(2))


def test_lengths_and_iteration():
    x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    assert len(x) == 2
    first, second = x
    (first * second).sum().backward()
    assert x.grad.tolist() == [[3, 4], [1, 2]]
    for bad in (len, list):
        with pytest.raises(TypeError, match="0-d"):
            bad(mt.tensor(1.0))


def test_a_tensor_is_a_dict_key_by_identity():
    x, y = mt.ones(2), mt.ones(2)
    assert {x: 1, y: 2}[x] == 1


def test_copies_and_pickles_of_leaves():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    x.name = "x"
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.tolist() == [1, 2] and twin.requires_grad and twin.name == "x"
        assert not np.shares_memory(twin.data, x.data)
    with pytest.raises(RuntimeError, match="only leaves"):
        copy.deepcopy(x * 2)


def test_repr_says_dtype_and_gradient():
    assert repr(mt.tensor([1.0], requires_grad=True)) == "Tensor([1.], requires_grad=True)"
    assert repr(mt.tensor([1.0], dtype=mt.float64)) == "Tensor([1.], dtype=float64)"
    assert repr(mt.zeros((0, 3))) == "Tensor([], shape=(0, 3))"
    assert "grad_fn=multiply" in repr(mt.tensor([1.0], requires_grad=True) * 2)


def test_numpy_on_the_left_makes_tensors():
    x = mt.tensor([1.0, 2.0], dtype=mt.float64, requires_grad=True)
    y = np.array([3.0, 4.0]) * x
    assert isinstance(y, mt.Tensor)
    y.sum().backward()
    assert x.grad.tolist() == [3, 4]
    np.testing.assert_array_equal(np.asarray(x), [1, 2])


def test_dlpack_round_trip():
    x = mt.tensor([1.0, 2.0])
    np.testing.assert_array_equal(np.from_dlpack(x), [1, 2])
    assert x.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="detach"):
        np.from_dlpack(mt.tensor([1.0], requires_grad=True))
