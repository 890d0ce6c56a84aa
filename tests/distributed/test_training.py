"""Any number of ranks trains what one process trains; it can be killed and taken up again."""

import importlib.util
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, updates
from minitorch.data import Batches
from minitorch.distributed import Group
from minitorch.training.state import capture

_spec = importlib.util.spec_from_file_location("program", Path(__file__).parent / "program.py")
program = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(program)


@cache
def alone(name):
    """Trained by one process that knows nothing of ranks."""
    before = mt.get_default_dtype()
    try:
        network = program.build(name)
        params = layers.get_all_params(network, trainable=True)
        batches = Batches(*program.data(), program.BATCH, seed=1)
        while batches.epoch < program.EPOCHS:
            for x, y in batches:
                loss = program.loss_of(network, x, y)
                updates.nesterov_momentum(mt.grad(loss, params), params, 0.05).apply()
        return capture(network)
    finally:
        mt.set_default_dtype(before)


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_ranks_train_what_one_process_trains(launch, tmp_path, ranks):
    """With dropout, noise, batch normalisation, momentum, a penalty; 12 + 12 + 3 rows an epoch."""
    code, _, errors = launch(ranks, "everything")
    assert code == 0, errors
    for name in program.BUILDERS:
        expected = alone(name)
        found = np.load(tmp_path / name / "end.npz")
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, rtol=1e-12, atol=1e-12, err_msg=key)


def test_the_networks_of_these_tests_learn_something():
    for name in program.BUILDERS:
        before = mt.get_default_dtype()
        network = program.build(name)
        mt.set_default_dtype(before)
        start, end = capture(network), alone(name)
        moved = [np.abs(end[key] - value).max() for key, value in start.items()]
        assert np.median(moved) > 1e-3, name


def test_killed_and_resumed_it_ends_with_the_same_bits(launch, tmp_path):
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert launch(2, "goes_on", folder=undisturbed)[0] == 0
    code, _, errors = launch(2, "dies", "killed", folder=disturbed / "checkpoints")
    assert code != 0
    assert "rank 1 of 2 on " in errors and "was killed by signal 9, SIGKILL" in errors
    assert "rank 0 of 2" not in errors  # it was ended, it did not fail
    code, out, errors = launch(2, "goes_on", folder=disturbed)
    assert code == 0, errors
    assert [line.split()[-1] for line in out.splitlines()] in (["2", "2"], ["3", "3"])
    first, second = (np.load(folder / "end.npz") for folder in (undisturbed, disturbed))
    assert set(first) == set(second)
    for key in first:
        np.testing.assert_array_equal(first[key], second[key], err_msg=key)


def test_the_trainer_on_ranks(launch, tmp_path):
    """Its figures and weights are one process's; 90 digits in batches of 28, 28, 28 and 6."""
    before = mt.get_default_dtype()
    try:
        program.trainer(Group(), tmp_path)
    finally:
        mt.set_default_dtype(before)
    expected = dict(np.load(tmp_path / "end.npz"))
    shutil.rmtree(tmp_path / "checkpoints")
    code, _, errors = launch(2, "trainer")
    assert code == 0, errors
    found = np.load(tmp_path / "end.npz")
    assert set(found) == set(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-12, atol=1e-12, err_msg=key)
