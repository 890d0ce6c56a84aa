"""The data of a run: scaled, held out, standardised, augmented."""

import numpy as np
import pytest

from minitorch.data import Dataset, Pipeline, save_idx_folder, toy_digits
from minitorch.training import Recipe, prepare
from minitorch.training.augment import WORDS, augmentation

TRAIN, TEST = toy_digits(60, seed=1, size=16), toy_digits(20, seed=2, size=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("digits")
    save_idx_folder(place, TRAIN, TEST)
    return place


def test_a_dataset_is_standardised_with_the_training_images(folder):
    found = prepare(Recipe("mlp64"), folder)
    assert isinstance(found.train, Dataset) and found.shape == (1, 16, 16)
    assert abs(found.train.x.mean()) < 1e-4 and abs(found.train.x.std() - 1) < 1e-4
    np.testing.assert_array_equal(found.standardiser.picture(found.test.x), TEST.x)
    empty = (0 - found.standardiser.mean[0]) / found.standardiser.std[0]
    assert found.background == pytest.approx(empty) and found.against == "test"


def test_images_are_scaled(folder):
    found = prepare(Recipe("mlp64", size=8), folder)
    assert found.shape == (1, 8, 8) and found.raw_test.x.shape == (20, 1, 8, 8)


def test_augmented_images_come_from_a_pipeline(folder):
    recipe = Recipe("mlp64", augment="crop:2,reflect", batch_size=16)
    found = prepare(recipe, folder)
    assert isinstance(found.train, Pipeline)
    x, y = next(iter(found.train))
    assert x.shape == (16, 1, 16, 16) and x.dtype == np.float32
    plain = found.standardiser.apply(TRAIN.x[found.train.order(0)[:16]])
    assert not np.array_equal(x, plain) and (y == TRAIN.y[found.train.order(0)[:16]]).all()


def test_the_last_are_held_out_and_the_test_images_are_not_looked_at(folder):
    found = prepare(Recipe("mlp64", validation=15), folder)
    assert found.against == "validation" and len(found.train) == 45
    assert sorted(found.raw_test.y) == sorted(TRAIN.y[-15:])
    with pytest.raises(ValueError, match="can hold out 1 to 59 of 60 training images, not 60"):
        prepare(Recipe("mlp64", validation=60), folder)


def test_of_a_set_that_is_sorted_by_class_examples_are_drawn(tmp_path):
    order = np.argsort(TRAIN.y, kind="stable")
    save_idx_folder(tmp_path, TRAIN.take(order), TEST)
    held = prepare(Recipe("mlp64", validation=20, seed=1), tmp_path).raw_test
    assert len(set(held.y)) > 5
    again = prepare(Recipe("mlp64", validation=20, seed=1), tmp_path).raw_test
    assert (held.x == again.x).all()


def test_a_folder_of_images(tmp_path):
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for i in range(10):
            size = (20 + i, 24, 3)
            picture = rng.integers(0, 255, size, dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / name / f"{i}.png")
    data = f"folder:{tmp_path}"
    found = prepare(Recipe("resnet20", data, size=12, augment="reflect", batch_size=4))
    assert found.shape == (3, 12, 12) and found.class_names == ("cats", "dogs")
    x, _ = next(iter(found.train))
    assert x.shape == (4, 3, 12, 12) and np.isfinite(x).all()
    # Without --size files come in the size that the network was published for.
    assert prepare(Recipe("resnet20", data)).shape == (3, 32, 32)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_a_transform_that_keeps_size_and_kind(word):
    images = np.random.default_rng(0).integers(0, 255, (6, 3, 12, 12), dtype=np.uint8)
    (transform,) = augmentation(word, 12, 255, images)
    rng = np.random.default_rng(1)
    changed = [transform(image, rng) for image in images for _ in range(4)]
    assert {c.shape for c in changed} == {(3, 12, 12)} and {c.dtype for c in changed} == {
        images.dtype
    }
    assert any(not np.array_equal(c, images[i // 4]) for i, c in enumerate(changed))
