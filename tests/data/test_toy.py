"""The drawn digits: repeatable, balanced, and told apart by a nearest neighbour."""

import numpy as np
import pytest

from minitorch.data import toy_digits


def test_they_are_repeatable_and_balanced():
    a, b, c = toy_digits(40, seed=3), toy_digits(40, seed=3), toy_digits(40, seed=4)
    np.testing.assert_array_equal(a.x, b.x)
    assert (a.x != c.x).any() and a.counts() == [4] * 10


def test_ten_glyphs_that_differ():
    data = toy_digits(10, size=14, noise=0)
    # At size 14 there is one row offset; take the lit pixels' pattern without its column.
    patterns = {
        tuple(map(tuple, np.argwhere(x[0] > 0) - np.argwhere(x[0] > 0).min(0))) for x in data.x
    }
    assert len(patterns) == 10


@pytest.mark.parametrize(("count", "size"), [(0, 28), (5, 13)])
def test_too_few_or_too_small(count, size):
    with pytest.raises(ValueError, match="toy_digits"):
        toy_digits(count, size=size)
