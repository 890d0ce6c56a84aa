"""Images as sums of cosines, and views of them: linear maps with their adjoints."""

import numpy as np
import pytest

from minitorch.look.spectrum import Spectrum, View, cosines

rng = np.random.default_rng(0)


@pytest.mark.parametrize("length", [1, 2, 7, 12])
def test_cosines_by_a_slow_loop(length):
    d = cosines(length)
    for k, i in np.ndindex(length, length):
        scale = np.sqrt((1 if k == 0 else 2) / length)
        assert d[k, i] == pytest.approx(scale * np.cos(np.pi * k * (2 * i + 1) / (2 * length)))
    np.testing.assert_allclose(d @ d.T, np.eye(length), atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 6, 9), (3, 5, 4), (4, 3, 3), (1, 1, 1)])
def test_gradients_go_back_as_differences_say(shape):
    spectrum = Spectrum(shape)
    z, wanted = rng.standard_normal(shape), rng.standard_normal(shape)
    found = spectrum.back(wanted, spectrum.pixels(z))
    for place in np.ndindex(shape):
        step = np.zeros(shape)
        step[place] = 1e-5
        up, down = ((wanted * spectrum.pixels(z + s)).sum() for s in (step, -step))
        assert found[place] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("shape", [(1, 6, 9), (3, 5, 4)])
def test_an_image_s_coefficients_give_it_again(shape):
    spectrum, image = Spectrum(shape, 1.3), rng.uniform(0, 1, shape)
    again = spectrum.pixels(spectrum.coefficients(image))
    np.testing.assert_allclose(again, image, atol=1 / 500)


def test_falloff_is_the_exponent_of_the_frequency():
    sizes = []
    for falloff in (0, 1):
        spectrum, z = Spectrum((1, 16, 16), falloff), np.zeros((1, 16, 16))
        for frequency in (2, 8):
            z[:] = 0
            z[0, 0, frequency] = 1e-3
            sizes.append(np.abs(spectrum.pixels(z) - 0.5).max())
    assert sizes[2] / sizes[3] == pytest.approx(4 * sizes[0] / sizes[1], rel=0.01)


def test_views_and_their_adjoints():
    for zoom, place in [(0.5, (0.0, 1.0)), (1.7, (0.3, 0.9)), (1.0, (0.5, 0.5))]:
        view = View((2, 9, 7), (6, 5), zoom, place)
        x, y = rng.standard_normal((2, 9, 7)), rng.standard_normal((2, 6, 5))
        assert (view(x) * y).sum() == pytest.approx((x * view.back(y)).sum(), rel=1e-5)


def test_views_that_are_crops_and_one_that_is_larger():
    x = rng.uniform(0, 1, (1, 9, 7)).astype(np.float32)
    np.testing.assert_array_equal(View((1, 9, 7), (5, 3))(x), x[:, 2:7, 2:5])
    np.testing.assert_array_equal(View((1, 9, 7), (5, 3), 1, (0, 1))(x), x[:, :5, 4:])
    doubled = View((1, 9, 7), (17, 13), 2)(x)
    np.testing.assert_array_equal(doubled[:, ::2, ::2], x)
    np.testing.assert_allclose(doubled[:, 1::2, ::2], (x[:, 1:] + x[:, :-1]) / 2, rtol=1e-6)
    small = View((1, 9, 7), (9, 7), 0.5)(x)
    assert (small[:, :2] == 0).all() and (small[:, 2:7] > 0).any()
