"""Every op has its card."""

import json

import pytest

import minitorch as mt
from minitorch import explain


def test_every_registered_op_has_a_card():
    for name in mt.registry:
        card = explain.card(name)
        assert card.name == name and card.name in card.text
        assert json.loads(json.dumps(card.as_dict()))["formula"] == card.formula
        for rule in card.rules:
            assert "def " in rule["source"], f"{name}: {rule}"


def test_a_card_says_it_all():
    card = explain.card("max")
    assert card.kind == "op" and card.signature == "(x, *, axis=None, keepdims=False)"
    assert card.rules[0]["inputs"] == ["x"] and "out" in card.rules[0]["needs"]
    assert any("share" in sentence for sentence in card.conventions)
    assert "def max_(xp, x" in card.source and '"""' not in card.source
    assert str(card) == card.text == repr(card)


def test_constant_and_linear():
    assert "no gradient rules" in explain.card("floor").text
    assert explain.card("add").linear == ["x1", "x2"]
    assert explain.card("add").rules[0]["inputs"] == ["x1", "x2"]
    assert explain.card("where").constant == ["condition"]


def test_kernels_are_the_rows_of_the_table():
    card = explain.card("max_pool")
    table = [(backend, kernel.name) for backend, kernel in mt.registry["max_pool"].kernels]
    assert [(row["backend"], row["name"]) for row in card.kernels] == table
    assert all(name in str(card) for _, name in table)


def test_composites():
    card = explain.card(mt.registry["conv2d"])
    assert card.kind == "composite" and "made of other ops" in card.text


def test_close_names():
    with pytest.raises(ValueError, match="no op named 'rleu'; did you mean relu"):
        explain.card("rleu")
