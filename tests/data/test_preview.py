"""What a preview chooses, and what is usual for which images."""

import numpy as np
import pytest

from minitorch.data import DataError, Dataset
from minitorch.data.preview import preview, usual_transforms
from minitorch.data.transforms import Compose, Reflect, example_stream

RNG = np.random.default_rng(0)


def data(channels=3, size=8, top=256, counts=(5, 1, 0, 3)):
    y = np.repeat(np.arange(4), counts)
    x = RNG.integers(0, top, (len(y), channels, size, size), np.uint8)
    return Dataset(x, y, 4, class_names="abcd")


def test_the_largest_classes_and_the_same_ones_augmented():
    train = data()
    sheet = preview(train, Compose([Reflect(1.0)]), classes=2, columns=3)
    assert sheet.names == ("a (5)", "d (3)")
    (_, plain), (_, changed) = sheet.blocks
    assert plain.shape == (2, 3, 3, 8, 8)
    np.testing.assert_array_equal(changed, plain[..., ::-1])
    of_a = {x.tobytes() for x in train.x[train.y == 0]}
    assert len({x.tobytes() for x in plain[0]} & of_a) == 3
    everything = preview(train, Compose([]), columns=3)
    assert everything.names == ("a (5)", "b (1)", "d (3)")
    assert len({x.tobytes() for x in everything.blocks[0][1][1]}) == 1


def test_sixteen_levels_are_stretched():
    (_, plain), _ = preview(data(1, top=17), Compose([])).blocks
    assert plain.max() == 255
    with pytest.raises(DataError, match=r"shape \(3,\) are no images"):
        preview(Dataset(np.zeros((4, 3)), [0, 1, 0, 1], 2), Compose([]))


def test_what_is_usual():
    names = lambda t: [type(step).__name__ for step in t.transforms]
    assert names(usual_transforms(data(1), mirrored=False)) == ["Rotate", "Scale", "Translate"]
    colour = usual_transforms(data(), background=255)
    assert names(colour) == ["Crop", "Lighting", "ColourJitter", "Reflect"]
    assert colour(data().x[0], example_stream(0, 0, 0)).shape == (3, 8, 8)
