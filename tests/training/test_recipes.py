"""Recipes: checked when made, changed by replacing."""

import json

import pytest

from minitorch.data import DATASETS
from minitorch.models import MODELS
from minitorch.training import RECIPES, Recipe, find_recipe, read_config, write_config


def test_the_named_recipes_name_models():
    assert {r.model for r in RECIPES.values()} <= set(MODELS)
    assert {r.data for r in RECIPES.values()} <= set(DATASETS)
    assert all(key == (recipe.model, recipe.data) for key, recipe in RECIPES.items())


@pytest.mark.parametrize("name", [n for n, entry in MODELS.items() if entry.classifies])
def test_every_model_has_a_usual_recipe(name):
    recipe = find_recipe(name, "cifar10")
    assert (recipe.model, recipe.data) == (name, "cifar10")


def test_replacing_leaves_what_is_none():
    recipe = find_recipe("lenet").replace(epochs=None, seed=7, batch_size=50)
    assert (recipe.epochs, recipe.seed, recipe.batch_size) == (
        RECIPES["lenet", "mnist"].epochs,
        7,
        50,
    )
    assert Recipe(**json.loads(json.dumps(recipe.as_dict()))) == recipe


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"batch_size": -1}, "batch_size must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive and finite"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive and finite, not nan"),
        ({"learning_rate": float("inf")}, "learning_rate must be positive"),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\)"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"weight_decay": -1e-4}, "weight_decay must be not negative"),
        ({"label_smoothing": 1.0}, r"label_smoothing must be in \[0, 1\)"),
        ({"ema": 1.0}, r"ema must be in \[0, 1\)"),
        ({"clip": float("inf")}, "clip must be not negative"),
        ({"warmup": 20.0}, "warmup must be less than the 20 epochs"),
        ({"rule": "addam"}, "no update rule named 'addam'; did you mean 'adam'"),
        ({"augment": "krop:4"}, "no word 'krop'; did you mean 'crop'"),
        ({"augment": "crop:four"}, "'crop:four' needs a number"),
        ({"patience": 3}, "patience decides by what is measured.* with validation"),
        ({"schedule": "plateau"}, "the schedule plateau decides by what is measured"),
        ({"epochs": 2.5}, "epochs is a whole number, not 2.5"),
        ({"epochs": True}, "epochs is a whole number, not True"),
        ({"rule": 3}, "rule is text, not 3"),
        ({"shift": -1}, "shift must be not negative"),
        ({"schedule": "cosinus"}, "did you mean 'cosine'"),
    ],
)
def test_values_out_of_range(changes, message):
    with pytest.raises(ValueError, match=message):
        Recipe("lenet", **changes)


def test_a_misspelt_name():
    with pytest.raises(ValueError, match="no model named 'lenett'; did you mean 'lenet'"):
        find_recipe("lenett")


def test_what_is_no_classifier():
    with pytest.raises(ValueError, match="hed gives pictures, not classes; there are"):
        find_recipe("hed")


def test_a_config_comes_back(tmp_path):
    recipe = find_recipe("resnet20", "fashion").replace(
        augment="crop:2, reflect", data='folder:C:\\a "b"', learning_rate=1e-05
    )
    path = tmp_path / "config.toml"
    path.write_text(write_config(recipe), "utf-8")
    assert Recipe(**read_config(path)) == recipe


def test_a_config_that_is_none(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("epochs = = 3")
    with pytest.raises(ValueError, match=r"config\.toml: this is no TOML: .*line 1"):
        read_config(path)
    path.write_text("epoch = 3")
    with pytest.raises(ValueError, match="a recipe has no 'epoch'; did you mean 'epochs'"):
        read_config(path)
