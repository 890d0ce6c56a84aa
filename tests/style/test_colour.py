"""Colours: what must be equal is, and what lies off the way stays."""

import numpy as np
import pytest

from minitorch.style import colour


def pictures(seed=0):
    rng = np.random.default_rng(seed)
    mix = rng.uniform(size=(3, 3))
    one = np.einsum("ij,bjrc->birc", mix, rng.uniform(0, 90, (1, 3, 12, 9)))
    return one, rng.uniform(20, 200, (1, 3, 7, 15))


def moments(image):
    x = image.reshape(3, -1).astype(float)
    return x.mean(1), np.cov(x, bias=True)


def test_mean_and_covariance_are_the_others():
    style, content = pictures()
    found, wanted = moments(colour.matched_colours(style, content)), moments(content)
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-5)
    np.testing.assert_allclose(found[1], wanted[1], rtol=1e-4, atol=1e-3 * wanted[1].max())


def test_the_same_colours_stay():
    style, _ = pictures()
    np.testing.assert_allclose(colour.matched_colours(style, style), style, atol=1e-2)


@pytest.mark.parametrize("grey", ["style", "content"])
def test_grey_pictures(grey):
    pair = dict(zip(("style", "content"), pictures(), strict=True))
    pair[grey] = np.repeat(pair[grey][:, :1], 3, axis=1)
    found = colour.matched_colours(**pair)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(moments(found)[0], moments(pair["content"])[0], rtol=1e-5)


def test_a_picture_of_one_colour():
    flat = np.full((1, 3, 4, 4), 7.0)
    style, content = pictures()
    for found in (
        colour.matched_colours(flat, content),
        colour.matched_colours(style, flat),
        colour.matched_luminance(flat, content),
        colour.matched_luminance(style, flat),
    ):
        assert np.isfinite(found).all()


def test_luminance():
    style, content = pictures()
    y = colour.luminance(style)
    wanted = 0.299 * style[0, 0] + 0.587 * style[0, 1] + 0.114 * style[0, 2]
    for channel in y[0]:
        np.testing.assert_allclose(channel, wanted, rtol=1e-5)
    found, other = colour.matched_luminance(style, content), colour.luminance(content)
    assert found.mean() == pytest.approx(other.mean(), rel=1e-5)
    assert found.std() == pytest.approx(other.std(), rel=1e-5)


def test_luminance_of_one_colours_of_the_other():
    one, two = pictures()
    two = two[:, :, :7, :9]
    found = colour.with_luminance(one[:, :, :7], two)
    np.testing.assert_allclose(colour.luminance(found), colour.luminance(one[:, :, :7]), rtol=1e-4)
    difference = found - two  # the same in R, G and B: I and Q are kept
    np.testing.assert_allclose(difference[0, 0], difference[0, 2], atol=1e-3)
