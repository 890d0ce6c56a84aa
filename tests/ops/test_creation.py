"""New tensors, against NumPy."""

import numpy as np
import pytest

import minitorch as mt


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: mt.zeros((2, 3)), np.zeros((2, 3), np.float32)),
        (lambda: mt.ones(4, dtype=mt.int32), np.ones(4, np.int32)),
        (lambda: mt.full((2,), 7), np.full(2, 7)),
        (lambda: mt.full((2,), 0.5), np.full(2, 0.5, np.float32)),
        (lambda: mt.full((), True), np.full((), True)),
        (lambda: mt.arange(5), np.arange(5)),
        (lambda: mt.arange(1, 8, 3), np.arange(1, 8, 3)),
        (lambda: mt.arange(5, 0, -2), np.arange(5, 0, -2)),
        (lambda: mt.arange(0.0, 1.0, 0.25), np.arange(0, 1, 0.25, np.float32)),
        (lambda: mt.arange(3, 1), np.arange(3, 1)),
        (lambda: mt.linspace(0, 1, 5), np.linspace(0, 1, 5, dtype=np.float32)),
        (lambda: mt.linspace(0, 1, 4, endpoint=False), np.array([0, 0.25, 0.5, 0.75], np.float32)),
        (lambda: mt.eye(3), np.eye(3, dtype=np.float32)),
        (lambda: mt.eye(2, 4, k=1), np.eye(2, 4, 1, np.float32)),
        (lambda: mt.zeros_like(mt.arange(3)), np.zeros(3, np.int64)),
        (lambda: mt.ones_like(mt.arange(3), dtype=mt.float64), np.ones(3)),
        (lambda: mt.full_like(mt.zeros(2), 3), np.full(2, 3, np.float32)),
    ],
)
def test_values_and_dtypes(found, expected):
    x = found()
    np.testing.assert_array_equal(x.numpy(), expected)
    assert x.dtype == expected.dtype and not x.requires_grad


def test_empty_has_shape_and_dtype():
    assert mt.empty((2, 3), dtype=mt.int8).dtype == np.int8
    assert mt.empty_like(mt.zeros((4,))).shape == (4,)


def test_from_dlpack_shares_or_copies():
    a = np.arange(3.0)
    shared, copied = mt.from_dlpack(a), mt.from_dlpack(a, copy=True)
    a[0] = 9
    assert shared.tolist() == [9, 1, 2] and copied.tolist() == [0, 1, 2]
    assert mt.from_dlpack(mt.ones(2)).tolist() == [1, 1]


def test_unknown_devices_are_told():
    with pytest.raises(ValueError, match="unknown device"):
        mt.zeros(2, device="abacus")


def test_a_tensor_to_fill_with_gets_its_gradient():
    x = mt.tensor(2.0, requires_grad=True)
    y = mt.full((2, 3), x) + mt.full_like(mt.zeros((2, 3), dtype=mt.float64), x)
    assert y.dtype == mt.float64 and (y.numpy() == 4).all()
    y.sum().backward()
    assert x.grad.item() == 12
    filled = mt.full(3, mt.asarray(1))
    filled[0] = 5  # memory of its own
    assert filled.tolist() == [5, 1, 1]
    with pytest.raises(ValueError, match=r"full: .* not of shape \(2,\)"):
        mt.full(3, mt.zeros(2))


def test_what_holds_no_numbers_is_refused():
    for make in (mt.zeros, mt.ones, mt.empty, lambda n, dtype: mt.full(n, 0, dtype=dtype)):
        with pytest.raises(TypeError, match="holds numbers, not object"):
            make(3, dtype=object)
    with pytest.raises(TypeError, match="zeros_like: a tensor holds numbers, not <U"):
        mt.zeros_like(mt.zeros(2), dtype=str)
    with pytest.raises(ValueError, match="step must not be 0"):
        mt.arange(0, 3, 0)
    with pytest.raises(ValueError, match=r"meshgrid: takes 1-D tensors, .* \(2, 2\)"):
        mt.meshgrid(mt.zeros((2, 2)))


@pytest.mark.dev
def test_dlpack_to_and_from_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is the other side")
    x = mt.arange(4, dtype=mt.float32)
    theirs = torch.from_dlpack(x)
    theirs[0] = 7
    assert x.tolist() == [7, 1, 2, 3]
    assert mt.from_dlpack(theirs).data.base is not None
    with pytest.raises(BufferError, match="detach"):
        torch.from_dlpack(mt.ones(2).requires_grad_())
