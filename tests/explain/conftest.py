"""Graphs that several tests look at."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import explain


def leaf(values, name=None):
    t = mt.tensor(values, dtype=mt.float64, requires_grad=True)
    t.name = name
    return t


@pytest.fixture
def make_leaf():
    return leaf


@pytest.fixture
def scalars():
    """(a · b + c) · a with a = 2, b = -3, c = 10: y = 8, dy/da = -2, dy/db = 4, dy/dc = 2."""
    a, b, c = leaf(2.0, "a"), leaf(-3.0, "b"), leaf(10.0, "c")
    with explain.record() as tape:
        product = a * b
        total = product + c
        y = total * a
    return {"a": a, "b": b, "c": c, "product": product, "total": total, "y": y, "tape": tape}


@pytest.fixture
def network():
    """Two layers on eight points of three classes."""
    rng = np.random.default_rng(7)
    x, labels = mt.asarray(rng.normal(size=(8, 4))), mt.asarray(rng.integers(0, 3, 8))
    w1, b1 = leaf(rng.normal(size=(4, 6)), "w1"), leaf(np.zeros(6), "b1")
    w2, b2 = leaf(rng.normal(size=(6, 3)), "w2"), leaf(np.zeros(3), "b2")
    with explain.record() as tape:
        h = mt.relu(mt.matmul(x, w1) + b1)
        logits = mt.matmul(h, w2) + b2
        loss = mt.mean(mt.softmax_cross_entropy(logits, labels))
    return {"loss": loss, "params": [w1, b1, w2, b2], "h": h, "tape": tape}
