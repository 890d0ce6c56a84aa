"""Devices are carried by arrays: a second array type stands in for a GPU's."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Tensor
from minitorch.backend.arrays import BACKENDS, Backend, backend_of, same_backend


class Elsewhere(np.ndarray):
    """An array type of another backend."""


@pytest.fixture
def far(monkeypatch):
    monkeypatch.setitem(BACKENDS, Elsewhere, Backend("elsewhere", np, Elsewhere))
    return Tensor(np.ones(3).view(Elsewhere))


@pytest.mark.parametrize("swap", [False, True])
def test_mixing_devices_raises_with_both_named(far, swap):
    near = mt.ones(3, dtype=mt.float64)
    pair = (near, far) if swap else (far, near)
    with pytest.raises(RuntimeError, match="no implicit transfer") as caught:
        pair[0] * pair[1]
    assert "multiply" in str(caught.value)
    assert "elsewhere" in str(caught.value) and "cpu" in str(caught.value)


def test_numbers_go_with_any_device(far):
    assert backend_of((far * 2.0).data).name == "elsewhere"
    assert same_backend("any", [1.0, None]).name == "cpu"


def test_what_is_no_array_has_no_backend():
    with pytest.raises(TypeError, match="list"):
        backend_of([1.0])
