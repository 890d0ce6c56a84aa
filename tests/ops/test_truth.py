"""any, all and count_nonzero against Python's, over every choice of axes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt

REDUCTIONS = [
    ("any", any, np.bool_),
    ("all", all, np.bool_),
    ("count_nonzero", lambda values: sum(v != 0 for v in values), np.int64),
]


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.float32])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 0), (0, 1, 2), ()], ids=str)
@pytest.mark.parametrize(("name", "oracle", "kind"), REDUCTIONS)
def test_against_python(name, oracle, kind, axis, dtype):
    x = np.random.default_rng(22).integers(0, 2, (2, 3, 2)).astype(dtype)
    chosen = range(3) if axis is None else np.atleast_1d(np.array(axis, int))
    axes = {int(a) % 3 for a in chosen}
    out = getattr(mt, name)(mt.asarray(x), axis=axis, keepdims=True)
    assert out.dtype == kind
    for index in np.ndindex(out.shape):
        part = x[tuple(slice(None) if a in axes else i for a, i in enumerate(index))]
        assert out.numpy()[index] == oracle(part.ravel().tolist())
    flat = getattr(mt, name)(mt.asarray(x), axis=axis)
    assert flat.shape == tuple(n for a, n in enumerate(x.shape) if a not in axes)
    assert flat.numpy().ravel().tolist() == out.numpy().ravel().tolist()


def test_over_nothing():
    x = mt.asarray(np.zeros((0, 2)))
    assert mt.any(x, axis=0).tolist() == [False, False]
    assert mt.all(x, axis=0).tolist() == [True, True]
    assert mt.count_nonzero(x).item() == 0


def test_nan_is_true():
    x = mt.asarray([math.nan])
    assert mt.any(x).item() and mt.all(x).item() and mt.count_nonzero(x).item() == 1


def test_no_gradient():
    x = mt.tensor([1.0], requires_grad=True)
    assert not any(getattr(mt, name)(x).requires_grad for name, _, _ in REDUCTIONS)
