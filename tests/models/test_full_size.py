"""Every network at its paper's size: a forward and a backward of one image, and its memory."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import models
from minitorch.backend.native import load_extension
from minitorch.models import MODELS

FILE = Path(models.__file__).parent / "results" / "models_memory.json"


def check(name):
    """Finite, with a gradient for every parameter; the figures."""
    loss, params, figures = models.one_step(MODELS[name])
    assert np.isfinite(loss) and loss > 0
    for p in params:
        assert p.grad is not None and p.grad.shape == p.shape, p.name
        assert np.isfinite(p.grad.numpy()).all(), p.name
    # HED begins with sides that answer 0 to everything, and pass nothing back.
    some = [p.grad.numpy().any() for p in params if name != "hed" or p.name.startswith("dsn")]
    assert sum(some) > 0.9 * len(some)
    held = sum(p.data.nbytes for p in params) / 1e6
    assert figures["peak_mb"] > 2 * held  # parameters and their gradients, at least
    return figures


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_step_at_full_size(name):
    figures = check(name)
    recorded = {row["network"]: row for row in json.loads(FILE.read_text())["rows"]}[name]
    assert figures["parameters_mb"] == recorded["parameters_mb"]
    if load_extension("_cpu")[0] is not None:  # the figures are those of the kernels
        assert figures["peak_mb"] == pytest.approx(recorded["peak_mb"], rel=0.05)


@pytest.mark.parametrize("name", ["mlp64", "lenet", "lenet5"])
def test_a_step_of_small_ones(name):
    check(name)


def test_every_networks_memory_is_recorded():
    rows = json.loads(FILE.read_text())["rows"]
    assert [row["network"] for row in rows] == list(MODELS)
    assert all(row["peak_mb"] > row["parameters_mb"] > 0 and row["batch"] == 1 for row in rows)
