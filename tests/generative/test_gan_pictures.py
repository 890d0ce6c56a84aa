"""Sheets, animations, and ways through the noise."""

import numpy as np
import pytest
from PIL import Image

from minitorch.generative import animate, arithmetic, between, plot_losses, sheet, write_png


def test_a_sheet_has_each_image_in_its_place():
    images = np.full((5, 1, 60, 60), -1.0)
    images[4] = 1
    page = sheet(images, 3)
    assert page.shape == (2 * 62 + 2, 3 * 62 + 2, 3)
    assert (page[:2] == 128).all()  # the gap
    assert (page[2:62, 2:62] == 0).all() and (page[64:124, 64:124] == 255).all()
    assert (page[64:, 126:] == 128).all()  # where there is no image


def test_small_images_are_enlarged_and_colours_kept():
    image = np.array([1.0, -1.0, 0.0]).reshape(1, 3, 1, 1).repeat(8, 2).repeat(8, 3)
    page = sheet(image, 1)
    assert page.shape == (60, 60, 3)
    assert page[30, 30].tolist() == [255, 0, 128]


@pytest.mark.parametrize("shape", [(2, 2, 4, 4), (0, 1, 4, 4), (4, 4)])
def test_what_is_no_sheet(shape):
    with pytest.raises(ValueError, match="1 or 3, rows, columns"):
        sheet(np.zeros(shape), 2)


@pytest.mark.parametrize("name", ["a.webp", "a.gif"])
def test_an_animation_has_all_frames(tmp_path, name):
    frames = [write_png(tmp_path / f"{i}.png", np.full((20, 30, 3), 80 * i, "uint8"))
              for i in range(3)]  # fmt: skip
    with Image.open(animate(tmp_path / name, frames)) as found:
        assert found.size == (30, 20) and found.n_frames == 3
        found.seek(2)
        assert abs(found.convert("RGB").getpixel((5, 5))[0] - 160) < 3
    with Image.open(animate(tmp_path / name, frames[:1])) as found:
        assert found.size == (30, 20)
    with pytest.raises(ValueError, match="no pictures"):
        animate(tmp_path / name, [])


def test_losses_are_drawn_where_one_player_waits(tmp_path):
    usual = {"kind": "step", "discriminator_loss": 1.0, "real": 0.5, "fake": 0.5}
    lines = [{**usual, "number": n, "generator_loss": 1.0 if n % 2 else None} for n in range(9)]
    path = plot_losses(tmp_path / "losses.png", [*lines, {"kind": "epoch"}], "losses")
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_the_arc_keeps_the_length_and_meets_its_ends():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50))
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    way = between(a, b, 7)
    np.testing.assert_allclose(way[[0, -1]], [a, b], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1, atol=1e-12)
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])  # even ones


def test_an_arc_that_is_none_is_a_line():
    a = np.array([1.0, 2.0])
    np.testing.assert_allclose(between(a, a, 3), [a, a, a])
    np.testing.assert_allclose(between(a, -a, 3)[1], [0, 0], atol=1e-12)
    np.testing.assert_allclose(between(0 * a, a, 3)[1], a / 2)
    with pytest.raises(ValueError, match="one length and 2 or more steps"):
        between(a, np.zeros(3), 2)


def test_arithmetic_is_of_means():
    rng = np.random.default_rng(0)
    plus, minus, other = rng.normal(size=(3, 3, 4))
    want = sum(plus) / 3 - sum(minus) / 3 + sum(other) / 3
    found = arithmetic([(1, plus), (-1, minus), (1, other)])
    np.testing.assert_allclose(found, want)
