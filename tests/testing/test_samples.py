"""What samplers draw from: the same for the same seed, and as promised."""

import numpy as np
import pytest

from minitorch.testing import SampleMaker


def draw(make):
    return [make(2, 3), make.positive(4), make.distinct(2, 5), make.ints(6), make.bools(7), make()]


def test_the_same_seed_the_same_arrays():
    for a, b in zip(draw(SampleMaker(5)), draw(SampleMaker(5)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(SampleMaker(5)(9), SampleMaker(6)(9))


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()
    draw(SampleMaker(0))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_values_keep_their_bounds_and_distances():
    x = SampleMaker(0)(1000, low=-3, high=2, away=(0.0, 1.0), gap=0.25)
    assert x.dtype == np.float64 and x.min() >= -3 and x.max() <= 2
    assert (np.abs(x) >= 0.25).all() and (np.abs(x - 1) >= 0.25).all()
    positive = SampleMaker(0).positive(1000)
    assert positive.min() >= 0.5 and positive.max() <= 2


def test_an_impossible_distance_is_told():
    with pytest.raises(ValueError, match=r"no values in \[0, 1\] are 2 away"):
        SampleMaker(0)(3, low=0, high=1, away=(0.5,), gap=2)


@pytest.mark.parametrize("shape", [(), (1,), (30,), (4, 5, 6)])
def test_distinct_values_are_apart(shape):
    x = SampleMaker(0).distinct(*shape)
    assert x.shape == shape
    assert (np.diff(np.sort(x.ravel())) >= 0.05 - 1e-12).all()


def test_integers_and_booleans():
    make = SampleMaker(0)
    x = make.ints(1000, low=-2, high=3)
    assert x.dtype == np.int64 and set(x.tolist()) == {-2, -1, 0, 1, 2}
    for _ in range(50):
        mask = make.bools(2)
        assert mask.dtype == np.bool_ and mask.any() and not mask.all()
