"""Indexing, against NumPy: every kind of index, its gradient, and assignment."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch as mt

X = np.arange(60.0).reshape(3, 4, 5)
MASK = X % 7 > 3
INDICES = [
    0,
    -1,
    (1, 2, 3),
    slice(None, None, -1),
    (slice(0, 2), 1),
    (Ellipsis, 2),
    (None, 0, Ellipsis, None),
    (slice(None), [0, 2, 2]),
    ([0, 1], [1, 3]),
    (np.array([[0, 1], [2, 0]]),),
    MASK,
    (0, MASK[0]),
    (slice(None), np.array([True, False, True, False])),
    [],
    (np.array(1), slice(None)),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_getitem_and_its_gradient(index):
    x = mt.tensor(X, requires_grad=True)
    plain = np.zeros(0, int) if isinstance(index, list) and not index else index
    y = x[index]
    np.testing.assert_array_equal(y.detach().numpy(), X[plain])
    weights = np.random.default_rng(0).normal(size=X[plain].shape)
    (y * mt.asarray(weights)).sum().backward()
    expected = np.zeros_like(X)
    np.add.at(expected, plain, weights)
    np.testing.assert_allclose(x.grad.numpy(), expected)


@given(st.data())
def test_any_basic_index_is_a_view(data):
    index = data.draw(hnp.basic_indices(X.shape, allow_newaxis=True))
    x = mt.asarray(X.copy())
    y = x[index]
    np.testing.assert_array_equal(y.numpy(), X[index])
    if y.size:
        assert np.shares_memory(y.data, x.data) and y._cell is x._cell


@given(st.data())
def test_any_basic_assignment(data):
    index = data.draw(hnp.basic_indices(X.shape, allow_newaxis=True))
    x, expected = mt.asarray(X.copy()), X.copy()
    x[index] = -1.0
    expected[index] = -1.0
    np.testing.assert_array_equal(x.numpy(), expected)


@given(hnp.integer_array_indices(X.shape, dtype=np.intp))
def test_any_integer_index(index):
    x = mt.tensor(X, requires_grad=True)
    y = x[index]
    np.testing.assert_array_equal(y.detach().numpy(), X[index])
    y.sum().backward()
    expected = np.zeros_like(X)
    np.add.at(expected, index, 1.0)
    np.testing.assert_array_equal(x.grad.numpy(), expected)


def test_a_full_index_gives_a_0_d_view():
    x = mt.zeros(3)
    y = x[1]
    assert y.shape == () and isinstance(y.data, np.ndarray)
    y += 5.0
    assert x.tolist() == [0, 5, 0]


def test_tensors_as_indices():
    x = mt.asarray(X)
    index = mt.asarray([0, 2])
    np.testing.assert_array_equal(x[index].numpy(), X[[0, 2]])
    np.testing.assert_array_equal(x[x > 30].numpy(), X[X > 30])
    np.testing.assert_array_equal(x[mt.asarray(1)].numpy(), X[1])


@pytest.mark.parametrize("bad", [1.5, "a", (0, 0.5), np.array([0.5])])
def test_what_is_no_index(bad):
    with pytest.raises(IndexError, match="integers, booleans or slices"):
        mt.asarray(X)[bad]
    with pytest.raises(IndexError):
        mt.asarray(X)[99]


@pytest.mark.parametrize("index", INDICES[:-2], ids=str)
def test_setitem(index):
    x, expected = mt.asarray(X.copy()), X.copy()
    value = np.arange(X[index].size, dtype=float).reshape(X[index].shape)
    x[index] = mt.asarray(value)
    expected[index] = value
    np.testing.assert_array_equal(x.numpy(), expected)


@pytest.mark.parametrize("index", [1, (slice(1), 2), ([0, 2], [1, 3]), MASK], ids=str)
def test_setitem_with_gradients(index):
    x = mt.tensor(X, requires_grad=True)
    value = mt.tensor(np.full(X[index].shape, 2.0), requires_grad=True)
    y = x * 1
    y[index] = value
    (y * y).sum().backward()
    expected = 2 * X
    expected[index] = 0
    np.testing.assert_array_equal(x.grad.numpy(), expected)
    np.testing.assert_array_equal(value.grad.numpy(), np.full(X[index].shape, 4.0))


@pytest.mark.parametrize("index", [[0, 0], np.array([0, 0]), np.array([True, False, False])])
def test_a_recorded_index_may_change_afterwards(index):
    x = mt.tensor(X[:, 0, 0], requires_grad=True)
    for index_given in (index, mt.asarray(index)):
        before = np.zeros(3)
        np.add.at(before, np.array(index), 1.0)
        x.zero_grad()
        y = x[index_given]
        index_given[0] = 2 if np.array(index).dtype.kind == "i" else False
        y.sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), before)
        index_given[0] = 0 if np.array(index).dtype.kind == "i" else True


def test_a_counter_that_is_a_tensor_may_count_on():
    x = mt.tensor(X[:, 0, 0], requires_grad=True)
    i = mt.asarray(0)
    first, rest = x[i], x[i:]
    i += 2
    (first + 10 * rest.sum()).backward()
    assert x.grad.tolist() == [11, 10, 10]


def test_what_is_written_keeps_the_kind_of_the_target():
    whole = mt.zeros(3, dtype=mt.int64)
    with pytest.raises(TypeError, match="float32 values into a int64"):
        whole[0] = 2.5
    with pytest.raises(TypeError, match="float64 values into a int64"):
        whole[[0]] = np.array([2.5])
    small = mt.zeros(3, dtype=mt.uint8)
    small[0], small[1:] = 200, [1, True]
    assert small.tolist() == [200, 1, 1] and small.dtype == mt.uint8
    half = mt.zeros(2, dtype=mt.float16)
    half[:] = 0.5
    assert half.dtype == mt.float16 and half.version == 1
    with pytest.raises(ValueError, match=r"shape \(2,\) into a part of shape \(3,\)"):
        whole[:] = mt.zeros(2, dtype=mt.int64)


def test_a_write_without_history_moves_the_version_on():
    x = mt.zeros(4)
    view, mask = x[1:], mt.asarray([True, False, False, True])
    x[0] = 1.0
    x[[2]] = 3.0
    x[mask] = 5.0
    view[0] = 7.0
    assert x.tolist() == [5, 7, 3, 5] and x.version == view.version == 4


def test_a_view_made_without_recording_still_reaches_the_history():
    a = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    b = a * 1
    with mt.no_grad():
        view = b[1:]
    view[0] = 9.0
    b.sum().backward()
    assert a.grad.tolist() == [1, 0, 1]
    with mt.no_grad():
        part = a[1:]
    with pytest.raises(RuntimeError, match="leaf"):
        part += 1


def test_many_halves_add_up_in_single_precision():
    total = mt.scatter_add(mt.ones(4096, dtype=mt.float16), np.zeros(4096, int), (1,))
    assert total.item() == 4096 and total.dtype == mt.float16


PLACES = {
    "mirrored": np.pad(np.arange(5), 3, mode="reflect"),
    "doubled": np.repeat(np.arange(5), 2),
    "from the end": np.array([-1, 0, 4, -5, 2]),
    "unsigned": np.array([3, 3, 1], np.uint8),
    "one place too often": np.full(9, 2),
    "none": np.zeros(0, int),
}


@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_values_add_up_as_numpys_do_to_the_bit(places, axis):
    shape = (5, 5, 5)
    values = np.random.default_rng(0).normal(size=(*shape[:axis], len(places), *shape[axis + 1 :]))
    values = values.astype(np.float32)
    index = (*(slice(None),) * axis, places)
    wanted = np.zeros(shape, np.float32)
    np.add.at(wanted, index, values)
    found = mt.scatter_add(mt.asarray(values), index, shape).numpy()
    assert found.tobytes() == wanted.tobytes()


def test_places_out_of_bounds_are_an_error():
    for places in ([0, 5], [-6, 0]):
        with pytest.raises(IndexError):
            mt.scatter_add(mt.ones(2), places, (5,))
