"""Recipes: checked when made, changed by replacing."""

import json

import pytest

from minitorch.models import MODELS
from minitorch.training import RECIPES, Recipe, find_recipe


def test_the_named_recipes_name_models():
    assert {r.model for r in RECIPES.values()} <= set(MODELS)
    assert all(name == recipe.model for name, recipe in RECIPES.items())


def test_replacing_leaves_what_is_none():
    recipe = find_recipe("lenet").replace(epochs=None, seed=7, batch_size=50)
    assert (recipe.epochs, recipe.seed, recipe.batch_size) == (RECIPES["lenet"].epochs, 7, 50)
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
        ({"l2": -1e-4}, "l2 must be not negative"),
        ({"shift": -1}, "shift must be not negative"),
        ({"schedule": "cosinus"}, "did you mean 'cosine'"),
    ],
)
def test_values_out_of_range(changes, message):
    with pytest.raises(ValueError, match=message):
        Recipe("lenet", **changes)


def test_a_misspelt_name():
    with pytest.raises(ValueError, match="no recipe named 'lenett'; did you mean 'lenet'"):
        find_recipe("lenett")
