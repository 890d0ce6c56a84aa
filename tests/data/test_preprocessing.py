"""Images of any size to inputs and back, against single steps and slow loops."""

import json

import numpy as np
import pytest

from minitorch.data import PREPROCESSINGS, Preprocessing, Standardiser
from minitorch.data.resample import centre_crop, resize, resize_short

RNG = np.random.default_rng(0)


def image(channels=3, rows=9, columns=14):
    return RNG.integers(0, 256, (channels, rows, columns), np.uint8)


def standardiser(channels=3):
    return Standardiser(RNG.uniform(90, 150, channels), RNG.uniform(40, 80, channels))


def test_a_whole_image_is_scaled_and_standardised():
    x, s = image(), standardiser()
    out = Preprocessing((3, 5, 6), s)(x)
    assert out.dtype == np.float32
    small = resize(x, (5, 6))
    for c in range(3):
        np.testing.assert_allclose(out[c], (small[c] - s.mean[c]) / s.std[c], rtol=1e-5, atol=1e-6)


def test_the_middle_is_cut_out_in_bgr():
    x, s = image(), standardiser()
    out = Preprocessing((3, 5, 4), s, short=6, order="BGR", filter="cubic")(x)
    middle = centre_crop(resize_short(x, 6, "cubic"), (5, 4))
    for c in range(3):
        expected = (middle[2 - c] - s.mean[c]) / s.std[c]
        np.testing.assert_allclose(out[c], expected, rtol=1e-5, atol=1e-6)


def test_grey_and_colour():
    x = image()
    grey = Preprocessing((1, 9, 14), Standardiser([0], [1]))(x)
    for i, j in [(0, 0), (8, 13), (4, 7)]:
        r, g, b = x[:, i, j].astype(float)
        assert grey[0, i, j] == round(0.299 * r + 0.587 * g + 0.114 * b)
    three = Preprocessing((3, 9, 14), Standardiser([0] * 3, [1] * 3))(image(1))
    assert (three[0] == three[1]).all() and (three[0] == three[2]).all()
    floats = Preprocessing((1, 9, 14), Standardiser([0], [1]))(x.astype(np.float32))
    np.testing.assert_allclose(floats, grey, atol=0.51)


def test_pillow_makes_the_same_grey():
    pillow = pytest.importorskip("PIL.Image", reason="the oracle is Pillow")
    x = image(3, 40, 50)
    theirs = np.asarray(pillow.fromarray(x.transpose(1, 2, 0)).convert("L"), int)
    ours = Preprocessing((1, 40, 50), Standardiser([0], [1]))(x)[0]
    assert abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_pictures_are_what_went_in(order):
    prepare = Preprocessing((3, 9, 14), standardiser(), order=order)
    stack = np.stack([image(), image()])
    x = prepare(stack)
    assert x.shape == (2, 3, 9, 14)
    np.testing.assert_array_equal(x[1], prepare(stack[1]))
    np.testing.assert_array_equal(prepare.picture(x), stack)
    np.testing.assert_array_equal(prepare.picture(x[0]), stack[0])


def test_per_pixel_and_vectors():
    x = image(1, 3, 4)
    per_pixel = Standardiser(RNG.uniform(0, 9, (1, 3, 4)), np.ones((1, 3, 4)))
    out = Preprocessing((1, 3, 4), per_pixel)(x)
    np.testing.assert_allclose(out, x - per_pixel.mean, rtol=1e-5, atol=1e-5)
    vectors = RNG.normal(size=(7, 4))
    out = Preprocessing((4,), Standardiser(np.arange(4), np.full(4, 2.0)))(vectors)
    np.testing.assert_allclose(out, (vectors - np.arange(4)) / 2, rtol=1e-5, atol=1e-6)


def test_json_keeps_every_bit():
    prepare = Preprocessing((3, 5, 4), standardiser(), short=6, order="BGR", filter="cubic")
    again = Preprocessing.from_dict(json.loads(json.dumps(prepare.as_dict())))
    assert again.as_dict() == prepare.as_dict() and again.input_shape == (3, 5, 4)
    x = image()
    np.testing.assert_array_equal(again(x), prepare(x))


@pytest.mark.parametrize("name", PREPROCESSINGS)
def test_those_with_names(name):
    prepare = Preprocessing.named(name, (3, 224, 224))
    white, black = np.full((3, 300, 400), 255, np.uint8), np.zeros((3, 300, 400), np.uint8)
    low, high = prepare(black).min(axis=(1, 2)), prepare(white).max(axis=(1, 2))
    ends = {
        "bytes": (0, 255),
        "unit": (0, 1),
        "torchvision": (
            [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
            [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225],
        ),
        "caffe": ([-103.939, -116.779, -123.68], [151.061, 138.221, 131.32]),
        "tensorflow": (-1, 1),
    }
    np.testing.assert_allclose(low, np.broadcast_to(ends[name][0], 3), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(high, np.broadcast_to(ends[name][1], 3), rtol=1e-5)
    assert prepare.short in (None, 256) and (prepare.order == "BGR") == (name == "caffe")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda s: Preprocessing((), s), r"\(\) is no shape of an example"),
        (lambda s: Preprocessing((1, 4, 4), s), r"the standardiser is for \(3,\), expected \(1,\)"),
        (lambda s: Preprocessing((3, 4, 4), s, order="GBR"), '"RGB" or "BGR", not \'GBR\''),
        (lambda s: Preprocessing((3, 4, 4), s, filter="box"), "triangle or cubic, not 'box'"),
        (lambda s: Preprocessing((3, 4, 5), s, short=4), "a shorter side of 4 is too short"),
        (lambda s: Preprocessing((3, 4, 4), s)(image(4)), "takes 3 channels, the image has shape"),
        (lambda s: Preprocessing((3, 4, 4), s).picture(np.zeros((3, 4, 5))), "expected examples"),
        (lambda s: Preprocessing.from_dict({"mean": [0]}), "no entry, or a wrong one: 'input_sh"),
        (lambda s: Preprocessing.named("torchvison", (3, 4, 4)), "did you mean 'torchvision'"),
    ],
)
def test_what_does_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        make(standardiser())


def test_grey_images_by_name():
    out = Preprocessing.named("unit", (1, 4, 4))(np.full((1, 4, 4), 51, np.uint8))
    np.testing.assert_allclose(out, 0.2, rtol=1e-6)
    with pytest.raises(ValueError, match=r"the standardiser is for \(3,\)"):
        Preprocessing.named("caffe", (1, 4, 4))
