"""Datasets are checked at the door; standardising is exact and can be undone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.data import Dataset, Standardiser, check_inputs, check_labels


def images(n=6, channels=2):
    return np.random.default_rng(0).normal(3, 5, (n, channels, 4, 3))


def test_a_dataset_counts_takes_and_splits():
    data = Dataset(images(6), [0, 1, 2, 2, 1, 2], classes=4, name="pets")
    assert len(data) == 6 and data.counts() == [1, 2, 3, 0]
    assert data.y.dtype == np.int64
    first, last = data.split(2)
    np.testing.assert_array_equal(first.x, data.x[:4])
    np.testing.assert_array_equal(last.y, [1, 2])
    assert data.take(data.y == 2).counts() == [0, 0, 3, 0]


@pytest.mark.parametrize("held_out", [0, -1, 6, 7])
def test_a_split_needs_both_parts(held_out):
    with pytest.raises(ValueError, match="can hold out 1 to 5 of 6"):
        Dataset(images(6), [0] * 6, classes=1).split(held_out)


def test_inputs_that_are_no_numbers():
    with pytest.raises(TypeError, match="dtype object"):
        check_inputs(np.array([[1, 2], None], dtype=object))
    with pytest.raises(TypeError, match="cannot make an array"):
        check_inputs([[1.0, 2.0], [3.0]])
    with pytest.raises(TypeError, match="<U"):
        check_inputs(["a", "b"])
    with pytest.raises(TypeError, match="complex"):
        check_inputs([1j])


@pytest.mark.parametrize("shape", [(), (0, 3), (3, 0)])
def test_inputs_without_an_example(shape):
    with pytest.raises(ValueError, match="at least one example"):
        check_inputs(np.zeros(shape))


@given(st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0, 5), st.booleans())
def test_one_bad_value_is_found_wherever_it_is(value, index, also_opposite):
    x = images(6)
    x[index, 1, 2, 0] = value
    if also_opposite:
        x[5, 0, 0, 0] = -value
    with pytest.raises(ValueError, match=f"the first at index {index}"):
        check_inputs(x)


def test_huge_finite_values_are_fine():
    x = np.full((2, 3), np.finfo(np.float64).max)
    assert check_inputs(x) is x


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 1, 10], ValueError, "0 to 9, found 10 at index 2"),
        ([0, -1, 1], ValueError, "0 to 9, found -1 at index 1"),
        ([0.0, 1.0, 2.0], TypeError, "integers, found dtype float64"),
        ([[0], [1], [2]], ValueError, r"one label per example, found shape \(3, 1\)"),
        ([0, 1], ValueError, "3 examples need 3 labels, found 2"),
        ([], TypeError, "integers"),
        (np.array([], int), ValueError, "one label per example"),
        ([[0], 1, 2], TypeError, "cannot make an array"),
    ],
)
def test_labels_that_do_not_fit(labels, error, message):
    with pytest.raises(error, match=message):
        check_labels(labels, classes=10, count=3)


def test_standardising_gives_zero_mean_and_unit_variance_per_channel():
    x = images(500)
    x[:, 1] *= 100
    s = Standardiser.fit(x)
    np.testing.assert_allclose(s.mean, x.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(s.std, x.std(axis=(0, 2, 3)), rtol=1e-12)
    z = s.apply(x)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(axis=(0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(z.std(axis=(0, 2, 3)), 1, atol=1e-6)
    np.testing.assert_allclose(s.undo(z), x, rtol=1e-4, atol=1e-3)


def test_integers_are_summed_without_overflow_and_in_chunks():
    x = np.full((5000, 1, 2, 2), 255, np.uint8)
    x[:1000] = 0
    s = Standardiser.fit(x)
    np.testing.assert_allclose([s.mean[0], s.std[0]], [204.0, 102.0], rtol=1e-12)


def test_a_constant_channel_is_only_shifted():
    x = np.stack([np.arange(4.0), np.full(4, 7.0)], axis=1)
    z = Standardiser.fit(x).apply(x)
    np.testing.assert_array_equal(z[:, 1], 0)


def test_the_input_is_left_as_it_was():
    x = images().astype(np.float32)
    before = x.copy()
    s = Standardiser.fit(x)
    s.undo(s.apply(x))
    np.testing.assert_array_equal(x, before)


def test_a_standardiser_says_what_it_was_fitted_on():
    s = Standardiser.fit(images(channels=2))
    with pytest.raises(ValueError, match="fitted on 2 channels, x has shape"):
        s.apply(images(channels=3))
    with pytest.raises(ValueError, match="one value per channel"):
        Standardiser([0.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="finite"):
        Standardiser([0.0], [np.inf])
    with pytest.raises(ValueError, match="negative"):
        Standardiser([0.0], [-1.0])
    with pytest.raises(ValueError, match=r"\(n, channels, ...\)"):
        Standardiser.fit(np.zeros(3))


def test_standardising_per_pixel():
    x = images(50)
    s = Standardiser.fit(x, per="pixel")
    np.testing.assert_allclose(s.mean, x.mean(axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(s.std, x.std(axis=0), rtol=1e-9)
    again = Standardiser(s.mean.tolist(), s.std.tolist())
    np.testing.assert_array_equal(again.apply(x), s.apply(x))
    np.testing.assert_allclose(s.undo(s.apply(x)), x, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="per pixel on examples of shape"):
        s.apply(x[..., 1:])
    with pytest.raises(ValueError, match='"channel" or "pixel", not'):
        Standardiser.fit(x, per="image")


def test_the_mean_alone():
    x = images(50)
    s = Standardiser.fit(x, per="pixel", scale=False)
    np.testing.assert_allclose(s.apply(x), x - x.mean(axis=0), atol=1e-5)


def test_pictures_come_back_as_bytes():
    x = np.random.default_rng(0).integers(0, 256, (9, 3, 4, 5), np.uint8)
    for per in ("channel", "pixel"):
        s = Standardiser.fit(x, per=per)
        np.testing.assert_array_equal(s.picture(s.apply(x)), x)
    assert s.picture(s.apply(x) + 1000).max() == 255


def test_class_names_stay_with_their_data():
    data = Dataset(np.zeros((4, 2)), [0, 1, 0, 1], 2, class_names=["a", "b"])
    assert data.take([1]).class_names == data.split(2)[1].class_names == ("a", "b")
    assert data.origin(3) == "example 3 of data" and data.example(3).shape == (2,)
    with pytest.raises(ValueError, match="2 classes need as many names or none, found 1"):
        Dataset(np.zeros((2, 1)), [0, 1], 2, class_names=["a"])
