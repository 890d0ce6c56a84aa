"""Values as text."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.explain.values import full, is_bad, norm, number, place, show


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (np.float32(0.1), "0.1"),
        (123456, "123456"),
        (True, "True"),
        (mt.tensor([1.0, -2.5]), "[1 -2.5]"),
        (np.array([[1, 2], [3, 4]]), "[[1 2] [3 4]]"),
        (np.zeros((0, 3)), "empty (0, 3)"),
        (np.arange(10), "min 0  mean 4.5  max 9"),
        (np.full(9, 2.0), "all 2"),
        (np.array([0.0] * 5 + [1.0] * 5), "min 0  mean 0.5  max 1, 50% zero"),
        (np.array([1.0] * 8 + [np.nan, np.inf]), "1, 1 NaN, 1 inf"),
        (np.array([np.nan, 1.0]), "[nan 1]"),
        (np.array([True] * 3 + [False] * 7), "30% True"),
        (np.full(8, 3 + 4j), "mean |z| 5"),
        (None, "—"),
        ("same", "same"),
        (slice(1, 3), "slice(1, 3, None)"),
        ((mt.tensor(1.0), None), "1; —"),
    ],
)
def test_show(value, text):
    assert show(value) == text


def test_show_keeps_lines_short():
    assert len(show("x" * 500)) == 60


def test_numbers_and_places():
    assert number(1 / 3) == "0.3333" and number(np.int64(-7)) == "-7"
    assert place((1, 2)) == "[1, 2]" and place(()) == ""


def test_norm_does_not_overflow():
    assert norm(np.full(4, 1e200)) == 2e200
    assert norm(mt.tensor([3.0, 4.0])) == 5.0
    assert norm(np.array([np.inf, 1.0])) == np.inf and norm(np.zeros(3)) == 0 and norm(None) == 0


def test_flaws():
    assert is_bad(np.array([1.0, np.nan, np.inf])) == "NaN"
    assert is_bad(np.array([np.inf])) == "infinity"
    assert is_bad(np.array([1, 2])) == "" and is_bad("x") == ""


def test_full_leaves_out_the_middle_of_much():
    assert full(np.arange(4.0)) == "[0. 1. 2. 3.]"
    assert "..." in full(np.arange(1000.0))
