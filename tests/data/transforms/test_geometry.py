"""Transforms that move pixels: exact cases, slow loops, and statistics with derived bounds."""

import math

import numpy as np
import pytest

from minitorch.data import shift_images
from minitorch.data.resample import resize
from minitorch.data.transforms import (
    Compose,
    Crop,
    RandomResizedCrop,
    Reflect,
    ResizeShort,
    Rotate,
    Scale,
    Translate,
    apply,
    example_stream,
)

NUMBERS = np.arange(30, dtype=np.uint8).reshape(1, 5, 6) + 1
X = np.random.default_rng(0).integers(0, 256, (4, 3, 9, 9), np.uint8)
ALL = [
    Translate(2),
    Reflect(),
    Scale(),
    Rotate(30.0),
    Crop(5),
    Crop(9, pad=2),
    Crop(4, "centre"),
    ResizeShort(6, 12),
    RandomResizedCrop(7),
]


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("transform", ALL, ids=repr)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_the_argument_is_left_alone_and_its_dtype_kept(transform, dtype):
    x = X.astype(dtype)
    before = x.copy()
    for seed in range(5):
        out = transform(x[0], rng(seed))
        assert out.dtype == dtype and out.shape[0] == 3
        # A stack is treated alike.
        np.testing.assert_array_equal(transform(x, rng(seed))[0], out)
    np.testing.assert_array_equal(x, before)
    with pytest.raises(TypeError, match="uint8 or floats"):
        transform(np.zeros((1, 4, 4), int), rng())


def test_translation_is_what_shift_images_does():
    seen = set()
    for seed in range(200):
        out = Translate(1, fill=99)(NUMBERS, rng(seed))
        found = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if (out == shift_images(NUMBERS[None], np.array([[down, right]]), 99)[0]).all()
        ]
        assert len(found) == 1
        seen.add(found[0])
    assert len(seen) == 9


def test_a_reflection_twice_is_none():
    always = Reflect(1.0)
    once = always(NUMBERS, rng())
    np.testing.assert_array_equal(once[0, 0], NUMBERS[0, 0, ::-1])
    np.testing.assert_array_equal(always(once, rng()), NUMBERS)
    np.testing.assert_array_equal(Reflect(0.0)(NUMBERS, rng()), NUMBERS)


def test_half_are_reflected():
    """4,000 coins: a share beyond 1/2 by 5 sigma = 5 / (2 sqrt(4000)) = 0.04 has chance 6e-7."""
    hits = [Reflect()(NUMBERS, example_stream(0, 0, i))[0, 0, 0] == 6 for i in range(4000)]
    assert abs(np.mean(hits) - 0.5) < 0.04


@pytest.mark.parametrize("turns", [1, 2, 3, 4, -1])
@pytest.mark.parametrize("size", [6, 7])
def test_right_angles_are_exact(turns, size):
    x = np.random.default_rng(size).integers(0, 256, (2, size, size), np.uint8)
    turned = Rotate(0.0).by(x, 90.0 * turns)
    np.testing.assert_array_equal(turned, np.rot90(x, turns, axes=(1, 2)))


def test_angles_and_factors_are_those_asked_for():
    """A point off the middle goes where the angle, or the factor, takes it."""
    x = np.zeros((1, 41, 41), np.float32)
    x[0, 20, 35] = 1  # 15 to the right of the middle
    for seed in range(5):
        angle = rng(seed).uniform(-30, 30)
        out = Rotate(30.0)(x, rng(seed))
        row, column = centroid(out)
        assert math.degrees(math.atan2(20 - row, column - 20)) == pytest.approx(angle, abs=1.5)
        factor = math.exp(rng(seed).uniform(math.log(0.7), math.log(1.3)))
        row, column = centroid(Scale(0.7, 1.3)(x, rng(seed)))
        assert column - 20 == pytest.approx(15 * factor, abs=0.6) and abs(row - 20) < 0.01


def centroid(image):
    weight = image[0] / image.sum()
    rows, columns = np.indices(weight.shape)
    return (rows * weight).sum(), (columns * weight).sum()


def test_scaling_by_one_changes_nothing():
    np.testing.assert_array_equal(Scale(1.0, 1.0)(X[0], rng()), X[0])
    shrunk = Scale(0.5, 0.5, fill=(1, 2, 3))(X[0], rng())
    np.testing.assert_array_equal(shrunk[:, 0, 0], [1, 2, 3])


def test_crops_reach_every_place_equally():
    """6 places, 3,000 draws: each 500 within 5 sigma = 5 sqrt(3000 (1/6)(5/6)) = 102."""
    corners = [Crop(4)(NUMBERS, example_stream(0, 0, i))[0, 0, 0] for i in range(3000)]
    counts = dict(zip(*np.unique(corners, return_counts=True), strict=True))
    assert sorted(counts) == [1, 2, 3, 7, 8, 9]
    assert all(abs(n - 500) < 102 for n in counts.values())


def test_pad_and_crop_is_a_translation():
    for seed in range(20):
        square = X[0]
        np.testing.assert_array_equal(
            Crop(9, pad=2)(square, rng(seed)), Translate(2)(square, rng(seed))
        )
    centre = Crop(9, "centre", pad=2)
    np.testing.assert_array_equal(centre(X[0], rng()), X[0])


def test_the_shorter_side_takes_every_size():
    sizes = {ResizeShort(3, 6)(NUMBERS, rng(i)).shape[1] for i in range(60)}
    assert sizes == {3, 4, 5, 6}
    assert ResizeShort(10)(NUMBERS, rng()).shape == (1, 10, 12)


def test_pieces_have_the_area_and_shape_that_they_should():
    """Area uniform in 8% to 100%, log of the ratio uniform, where every draw fits.

    With 2,000 pieces a mean is within 5 sigma / sqrt(2000). Ratio and area of a large square
    image are those drawn, but for rounding and for draws that did not fit; areas up to 56% fit
    with any allowed ratio, as 0.56 * 4/3 < 0.75.
    """
    crop = RandomResizedCrop(8, area=(0.08, 0.56))
    boxes = np.array([crop.box(1000, 1000, example_stream(0, 0, i)) for i in range(2000)])
    top, left, rows, columns = boxes.T
    area, ratio = rows * columns / 1e6, np.log(columns / rows)
    assert (
        area.min() > 0.079 and area.max() < 0.561 and np.abs(ratio).max() < math.log(4 / 3) + 0.01
    )
    for values, low, high in ((area, 0.08, 0.56), (ratio, -math.log(4 / 3), math.log(4 / 3))):
        sigma = (high - low) / math.sqrt(12)
        assert abs(values.mean() - (low + high) / 2) < 5 * sigma / math.sqrt(2000)
    assert (top >= 0).all() and (top + rows <= 1000).all() and (left + columns <= 1000).all()


def test_a_piece_is_cut_and_scaled():
    crop = RandomResizedCrop(7)
    top, left, rows, columns = crop.box(9, 9, rng(5))
    piece = X[0][:, top : top + rows, left : left + columns]
    np.testing.assert_array_equal(crop(X[0], rng(5)), resize(piece, (7, 7)))


@pytest.mark.parametrize(("shape", "box"), [((2, 90), (0, 43, 2, 3)), ((90, 2), (43, 0, 3, 2))])
def test_where_no_piece_fits_it_is_the_middle(shape, box):
    assert RandomResizedCrop(4, area=(1.0, 1.0)).box(*shape, rng()) == box


def test_an_image_per_stream():
    both = Compose([Translate(2), Reflect()])
    out = apply(both, X, seed=7, epoch=2, indices=[5, 1, 9, 9])
    for image, index, x in zip(out, [5, 1, 9, 9], X, strict=True):
        np.testing.assert_array_equal(image, both(x, example_stream(7, 2, index)))
    assert repr(both) == "Compose([Translate(most=2, fill=0.0), Reflect(p=0.5)])"
    with pytest.raises(TypeError, match="5 is no transform"):
        Compose([5])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Translate(-1), "most is at least 0"),
        (lambda: Scale(0.0), "0 < low <= high"),
        (lambda: Scale(2.0, 1.0), "found 2 and 1"),
        (lambda: Crop(3, "middle"), "not 'middle'"),
        (lambda: Crop(0), "size >= 1"),
        (lambda: Crop(6)(NUMBERS, rng()), "cannot cut 6 x 6 out of 5 x 6; put ResizeShort"),
        (lambda: ResizeShort(5, 4), "found 5 and 4"),
        (lambda: RandomResizedCrop(4, area=(0.5, 1.5)), "0 < area <= 1"),
    ],
)
def test_settings_that_are_none(call, message):
    with pytest.raises(ValueError, match=message):
        call()
