"""The pictures: PNG files that show what they should."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the pictures need matplotlib")
from PIL import Image

from minitorch.training import Evaluation
from minitorch.training.plots import (
    filter_images,
    plot_examples,
    plot_filters,
    plot_learning_curve,
    plot_misclassified,
)


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def near(image, colour):
    """How many pixels have about this colour."""
    return int((np.abs(image - np.array(colour)).max(axis=2) < 12).sum())


def test_a_learning_curve_has_both_lines(tmp_path):
    history = [
        SimpleNamespace(number=i, train_error=0.3 / i, test_error=0.0 if i == 3 else 0.2 / i)
        for i in (1, 2, 3)
    ]
    image = pixels(plot_learning_curve(tmp_path / "a.png", history, "net"))
    assert near(image, (0x1F, 0x6F, 0xB4)) > 200 and near(image, (0xD9, 0x82, 0x2B)) > 200
    assert pixels(plot_learning_curve(tmp_path / "b.png", history[:1], "net")).size
    with pytest.raises(ValueError, match="no epoch"):
        plot_learning_curve(tmp_path / "c.png", [], "net")


def test_filters_are_turned_as_they_match():
    w = np.arange(18.0).reshape(2, 1, 3, 3)
    np.testing.assert_array_equal(
        filter_images(w, (1, 8, 8))[0, 0], [[8, 7, 6], [5, 4, 3], [2, 1, 0]]
    )
    dense = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(filter_images(dense, (1, 2, 2))[1, 0], [[1, 4], [7, 10]])
    with pytest.raises(ValueError, match=r"expected weights .* \(9, units\), found \(4, 3\)"):
        filter_images(dense, (1, 3, 3))


def test_a_sheet_of_filters(tmp_path):
    filters = np.zeros((70, 1, 2, 2))
    filters[:, 0, 0, 0], filters[:, 0, 1, 1] = 1, -1
    filters[5] = 0
    image = pixels(plot_filters(tmp_path / "a.png", filters, "filters"))
    red, blue = near(image, (103, 0, 31)), near(image, (5, 48, 97))
    assert red > 1000 and abs(red - blue) < 0.05 * red
    plot_filters(tmp_path / "b.png", filters[5:6], "a dead one")


def result_with(wrong, classes=10, n=40):
    y = np.arange(n) % classes
    p = np.eye(classes)[y] * 0.8 + 0.02
    for i in range(wrong):
        p[i] = np.roll(p[i], 1)
    return Evaluation(p, y)


@pytest.mark.parametrize("wrong", [0, 1, 12, 40])
def test_the_misclassified_are_shown_with_both_labels(tmp_path, wrong):
    images = np.random.default_rng(0).integers(0, 255, (40, 1, 8, 8))
    result = result_with(wrong)
    assert len(result.wrong) == wrong
    path = plot_misclassified(tmp_path / "a.png", images, result, "0123456789", "t", most=15)
    image = pixels(path)
    assert (near(image, (0xC0, 0x39, 0x2B)) > 5) == (wrong > 0)
    assert (near(image, (0x1F, 0x6F, 0xB4)) > 5) == (wrong > 0)


def test_without_matplotlib_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        plot_filters(tmp_path / "a.png", np.ones((1, 1, 2, 2)), "t")
    assert not list(tmp_path.iterdir())


def test_a_sheet_of_examples(tmp_path):
    """Both blocks are there, grey images and colour ones, each tile in its place."""
    red, grey = np.zeros((2, 3, 3, 6, 6), np.uint8), np.full((2, 2, 1, 6, 6), 90, np.uint8)
    red[:, :, 0] = 250
    path = plot_examples(
        tmp_path / "a.png", [("left", red), ("right", grey)], ["one", "two"], "t", "note"
    )
    image = pixels(path)
    reds, greys = near(image, (250, 0, 0)), near(image, (90, 90, 90))
    assert reds / greys == pytest.approx(6 / 4, rel=0.02)
    columns = lambda colour: np.flatnonzero((np.abs(image - colour).max(axis=2) < 12).any(axis=0))
    assert columns((250, 0, 0)).max() < columns((90, 90, 90))[-1]
