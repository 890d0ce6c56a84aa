"""The pictures: PNG files that show what they should."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the pictures need matplotlib")
from PIL import Image

from minitorch import layers
from minitorch.data import Standardiser
from minitorch.models import build_lenet
from minitorch.training import Evaluation
from minitorch.training.plots import (
    displayable,
    filter_images,
    first_filters,
    plot_confusion,
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


def epoch(number, **values):
    common = {"train_loss": 1 / number, "test_loss": 0.8 / number, "learning_rate": 0.1}
    return SimpleNamespace(number=number, **{**common, **values})


def test_a_learning_curve_has_both_lines(tmp_path):
    errors = [(0.3 / i, 0.0 if i == 3 else 0.2 / i) for i in (1, 2, 3)]
    history = [epoch(i, train_error=a, test_error=b) for i, (a, b) in enumerate(errors, 1)]
    image = pixels(plot_learning_curve(tmp_path / "a.png", history, "net $x_{"))
    # Both in the panel of errors and in that of losses, which is below it.
    for half in (image[: len(image) // 2], image[len(image) // 2 :]):
        assert near(half, (0x1F, 0x6F, 0xB4)) > 200 and near(half, (0xD9, 0x82, 0x2B)) > 200
    assert pixels(plot_learning_curve(tmp_path / "b.png", history[:1], "net")).size
    with pytest.raises(ValueError, match="no epoch"):
        plot_learning_curve(tmp_path / "c.png", [], "net")


@pytest.mark.parametrize("steps", [1, 1000])
def test_a_learning_curve_with_steps(tmp_path, steps):
    """Losses that are missing leave gaps, and the rate of each step is drawn."""
    history = [epoch(i, train_error=0.5, test_error=0.4) for i in (1, 2)]
    lines = []
    for i in range(1, 2 * steps + 1):
        loss = None if i % 3 == 0 else 1 / i
        lines.append({"kind": "step", "number": i, "loss": loss, "learning_rate": 0.1})
        if i % steps == 0:
            lines.append({"kind": "epoch", "number": i // steps, "step": i})
    image = pixels(plot_learning_curve(tmp_path / "a.png", history, "net", "test", lines))
    plain = pixels(plot_learning_curve(tmp_path / "b.png", history, "net"))
    assert image.shape == plain.shape and (image != plain).any()


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


def test_filters_of_three_channels_are_in_colour(tmp_path):
    filters = np.zeros((4, 3, 7, 7))
    filters[:, 0], filters[:, 1] = 1, -1  # red, with the less of green
    image = pixels(plot_filters(tmp_path / "a.png", filters, "filters"))
    assert near(image, (255, 0, 128)) > 10_000
    filters = np.zeros((4, 2, 7, 7))
    filters[:, 1] = 1  # of two channels the stronger one
    image = pixels(plot_filters(tmp_path / "b.png", filters, "filters"))
    assert near(image, (103, 0, 31)) > 10_000


def test_first_filters_are_those_that_see_the_image():
    network = build_lenet(input_shape=(3, 32, 32))
    W = layers.get_all_params(network, trainable=True)[0].get_value()
    np.testing.assert_array_equal(first_filters(network), W[:, :, ::-1, ::-1])
    image = layers.InputLayer((None, 3, 9, 9))
    W = np.arange(2 * 3 * 7 * 7.0).reshape(2, 3, 7, 7).astype(np.float32)
    correlating = layers.Conv2DLayer(layers.DropoutLayer(image), 2, 7, W=W, flip_filters=False)
    np.testing.assert_array_equal(first_filters(layers.DenseLayer(correlating, 5)), W)
    assert first_filters(layers.FlattenLayer(image)) is None
    words = layers.EmbeddingLayer(layers.InputLayer((None, 4), dtype="int64"), 9, 5)
    assert first_filters(layers.DenseLayer(words, 2)) is None


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


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_misclassified_images_of_any_kind(tmp_path, channels):
    """Colour, names that are long or in other scripts, more classes than ten, standardised."""
    result = result_with(7, classes=12)
    names = [f"golden retriever no. $x_{{ {i} 数字" for i in range(12)]
    images = np.zeros((40, channels, 9, 6), np.uint8)
    images[:, 0], images[:, -1] = 200, 30 if channels > 1 else 200
    standardiser = Standardiser.fit(np.concatenate([images, images // 2]))
    paths = [
        plot_misclassified(tmp_path / "raw.png", images, result, names, "t"),
        plot_misclassified(
            tmp_path / "undone.png",
            standardiser.apply(images),
            result,
            names,
            "t",
            standardiser=standardiser,
        ),
    ]
    colour = (200, 0, 30) if channels == 3 else (200, 200, 200)
    for path in paths:
        assert near(pixels(path), colour) > 7 * 100 * 60
    with pytest.raises(ValueError, match="12 classes and 40 labels need as many names"):
        plot_misclassified(tmp_path / "a.png", images, result, names[:3], "t")


def test_what_is_displayed():
    """Ink on paper, bytes of other ranges, and what is still standardised."""
    dark, light = np.zeros((1, 1, 3, 3)), np.full((1, 1, 3, 3), 255)
    dark[0, 0, 1, 1], light[0, 0, 1, 1] = 255, 0
    assert displayable(dark)[0, 1, 1].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(displayable(dark), displayable(light))
    colour = np.linspace(0, 1, 27).reshape(1, 3, 3, 3)
    bytes_ = np.rint(255 * colour).astype(np.uint8).transpose(0, 2, 3, 1)
    for same in (colour, 16 * colour, 255 * colour):
        np.testing.assert_array_equal(displayable(same), bytes_)
    assert abs(displayable(4 * colour - 2).astype(int) - bytes_).max() <= 1
    assert displayable(colour[:0]).shape == (0, 3, 3, 3)
    with pytest.raises(ValueError, match="expected images"):
        displayable(colour[0])


@pytest.mark.parametrize("classes", [2, 61, 201])
def test_confusion_matrices_show_the_mistakes(tmp_path, classes):
    """One mistake of a hundred per class is a hundredth of it, and dark red all the same."""
    confusion = 99 * np.eye(classes, dtype=int)
    names = [f"class {i} $x_{{" for i in range(classes)]
    clean = pixels(plot_confusion(tmp_path / "a.png", confusion, names, "t"))
    confusion[0, classes - 1] = 1
    image = pixels(plot_confusion(tmp_path / "b.png", confusion, names, "t"))
    dark = (103, 0, 13)
    side = min(max(0.45 * classes, 3.0), 8.0) * 150
    cell = side / min(classes, 200)
    assert near(image, dark) - near(clean, dark) > 0.3 * cell * cell
    blue = near(image, (32, 113, 181)) + near(image, (35, 116, 182))
    assert (blue > 100) == (classes <= 200)  # the diagonal, which blocks leave white


def test_confusion_of_empty_classes_and_large_counts(tmp_path):
    confusion = np.diag([0, 123_456, 5])
    assert pixels(plot_confusion(tmp_path / "a.png", confusion, "012", "t")).size
    assert pixels(plot_confusion(tmp_path / "b.png", confusion[:1, :1], "0", "t")).size
    for wrong, names in ((np.ones((2, 3)), "01"), (np.eye(3), "01"), (np.ones(2), "01")):
        with pytest.raises(ValueError, match="expected a square matrix and as many names"):
            plot_confusion(tmp_path / "c.png", wrong, names, "t")
    with pytest.raises(ValueError, match="must not be negative"):
        plot_confusion(tmp_path / "c.png", -np.eye(2), "01", "t")


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
