"""Batches come in an order that depends on seed and epoch only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.data import Batches, shift_images, stream

X = np.arange(23)


def epoch_of(batches):
    return [x.tolist() for x, _ in batches]


def test_an_epoch_holds_every_example_once():
    batches = Batches(X, X * 2, batch_size=5)
    seen = list(batches)
    assert [len(x) for x, _ in seen] == [5, 5, 5, 5, 3] and len(batches) == 5
    assert sorted(np.concatenate([x for x, _ in seen])) == X.tolist()
    assert all((y == 2 * x).all() for x, y in seen)


def test_epochs_and_seeds_differ_and_repeat():
    a, b, c = (Batches(X, X, 5, seed=s) for s in (1, 1, 2))
    first, second = epoch_of(a), epoch_of(a)
    assert first != second
    assert [epoch_of(b), epoch_of(b)] == [first, second]
    assert epoch_of(c) != first


def test_without_shuffling_the_order_stays():
    batches = Batches(X, X, 23, shuffle=False)
    assert epoch_of(batches) == epoch_of(batches) == [X.tolist()]


@given(st.integers(1, 30), st.integers(0, 40), st.integers(0, 2**31))
def test_left_anywhere_and_restored_it_goes_on_the_same(batch_size, steps, seed):
    def run(batches, epochs):
        while batches.epoch < epochs:
            yield from batches

    whole = [x.tolist() for x, _ in run(Batches(X, X, batch_size, seed), 2)]
    one = Batches(X, X, batch_size, seed)
    first = [x.tolist() for (x, _), _ in zip(run(one, 2), range(steps), strict=False)]
    # zip takes one more from the generator when it runs out of steps first.
    taken = min(steps, len(whole))
    epoch, position = divmod(taken, len(one))
    two = Batches(X, X, batch_size, seed)
    two.restore({"epoch": epoch, "position": position})
    assert first + [x.tolist() for x, _ in run(two, 2)] == whole


def test_the_state_counts_a_batch_that_was_handed_out():
    batches = Batches(X, X, 10)
    states = [batches.state() for _ in batches]
    assert states == [{"epoch": 0, "position": p} for p in (1, 2, 3)]
    batches.restore(states[-1])
    assert epoch_of(batches) == [] and batches.state() == {"epoch": 1, "position": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, X[1:], 5), "23 examples but 22 labels"),
        ((X[:0], X[:0], 5), "no examples"),
        ((X, X, 0), "at least 1, not 0"),
        ((X, X, 5, -1), "not negative"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Batches(*arguments)


@pytest.mark.parametrize("state", [{"epoch": -1, "position": 0}, {"epoch": 0, "position": 6}])
def test_a_place_that_does_not_exist(state):
    with pytest.raises(ValueError, match="an epoch has 5 batches"):
        Batches(X, X, 5).restore(state)


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_parts_make_up_the_batches(parts):
    whole = epoch_of(Batches(X, X, 10))
    split = [Batches(X, X, 10) for _ in range(parts)]
    for part, batches in enumerate(split):
        batches.split(part, parts)
        assert len(batches) == 3
        before = [batches.span(position) for position in range(3)]
        assert [total for _, _, total in before] == [10, 10, 3]
    pieces = [epoch_of(batches) for batches in split]
    for position, rows in enumerate(whole):
        spans = [batches.span(position)[:2] for batches in split]
        assert [stop for _, stop in spans[:-1]] == [start for start, _ in spans[1:]]
        joined = []
        for piece, (start, stop) in zip(pieces, spans, strict=True):
            joined += piece[position][: stop - start]
        assert joined == rows
        # A part without rows gets the first one, which its span says does not count.
        assert all(piece[position] for piece in pieces)
    assert all(batches.state() == {"epoch": 1, "position": 0} for batches in split)


@pytest.mark.parametrize(("part", "parts"), [(2, 2), (-1, 2), (0, 0)])
def test_a_part_that_does_not_exist(part, parts):
    with pytest.raises(ValueError, match=f"of {parts} parts there is none of number {part}"):
        Batches(X, X, 10).split(part, parts)


def test_streams_depend_on_their_place():
    draws = {p: stream(7, *p).integers(2**62) for p in [(), (0,), (1,), (1, 0), (1, 2), (2, 1)]}
    assert len(set(draws.values())) == len(draws)
    assert stream(7, 1, 2).integers(2**62) == draws[1, 2]


def slow_shift(x, offsets, fill):
    out = np.full_like(x, fill)
    for n, (down, right) in enumerate(offsets):
        for r in range(x.shape[2]):
            for c in range(x.shape[3]):
                if 0 <= r - down < x.shape[2] and 0 <= c - right < x.shape[3]:
                    out[n, :, r, c] = x[n, :, r - down, c - right]
    return out


@pytest.mark.parametrize("most", [0, 1, 2, 6])
def test_shifting_is_what_the_slow_loop_does(most):
    rng = np.random.default_rng(most)
    x = rng.normal(size=(9, 2, 5, 4)).astype(np.float32)
    offsets = rng.integers(-most, most + 1, (9, 2))
    moved = shift_images(x, offsets, fill=-0.5)
    assert moved.dtype == x.dtype
    np.testing.assert_array_equal(moved, slow_shift(x, offsets, -0.5))


def test_shifting_needs_one_offset_pair_per_image():
    with pytest.raises(ValueError, match="offsets"):
        shift_images(np.zeros((3, 1, 4, 4)), np.zeros((2, 2), int))
