"""Panels: what colours say, and that figures are written."""

import numpy as np
import pytest

from minitorch.look import drawing
from minitorch.look.drawing import Panel, activation_panels, filter_panels, heat, panels, signed
from minitorch.training.plots.figures import png_size

pytest.importorskip("matplotlib", reason="figures need matplotlib")


def test_gradients_about_grey():
    g = np.zeros((3, 2, 2))
    g[0, 0, 0], g[2, 1, 1] = 1, -1
    pixels = signed(g).pixels
    assert pixels[0, 0].tolist() == [255, 127, 127] and pixels[1, 1].tolist() == [127, 127, 0]
    np.testing.assert_array_equal(signed(g, "", "BGR").pixels, pixels[..., ::-1])
    grey = signed(-2 * np.ones((1, 3, 3)), "caption")
    assert grey.how["vmin"] == -2 and grey.caption == "caption"
    assert signed(np.zeros((1, 2, 2))).how["vmax"] == 1


def test_heat_is_red_where_the_values_are_great():
    values = np.array([[0.0, 1.0]])
    for picture in (np.full((1, 2), 100, np.uint8), np.full((1, 2, 3), 100, np.uint8)):
        cold, hot = heat(picture, values)[0].astype(int)
        assert cold[2] > cold[0] and hot[0] > hot[2]
        np.testing.assert_array_equal(heat(picture, values, 0), np.full((1, 2, 3), 100))
    assert heat(np.zeros((1, 2), np.uint8), np.ones((1, 2))).shape == (1, 2, 3)


def test_sheets_are_written(tmp_path):
    maps = np.random.default_rng(0).standard_normal((5, 4, 4))
    shown = [*activation_panels(maps), *filter_panels(maps[:, None]), Panel(np.zeros((2, 3, 3)))]
    shown += activation_panels(maps[0, 0])
    assert len(shown) == 12
    path = panels(shown, "a title", 0.8, 6).save(tmp_path / "sheet.png")
    width, height = png_size(path.read_bytes(), "sheet.png")
    assert width > height > 150
    assert len(activation_panels(np.zeros((300, 2, 2)))) == 256


def test_tiles_by_hand():
    small = [np.full((1, 2), level, np.uint8) for level in (0, 10, 20, 30)]
    expected = [[0, 0, 255, 10, 10, 255, 20, 20], [255] * 8, [30, 30] + [255] * 6]
    np.testing.assert_array_equal(drawing.tiles(small), expected)
    assert drawing.tiles([np.zeros((2, 2, 3), np.uint8)] * 2).shape == (2, 5, 3)


def test_a_gradient_of_one_channel_as_bytes():
    shown = drawing.as_bytes(drawing.signed(np.array([[[-1.0, 0.0, 1.0]]])))
    assert shown.shape == (1, 3, 3)
    assert shown[0, 0, 2] > shown[0, 0, 0] and shown[0, 2, 0] > shown[0, 2, 2]  # blue, then red
    assert shown[0, 1].min() > 240
