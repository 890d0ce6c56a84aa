"""Killed at any moment and resumed, a run ends with the bits of an undisturbed one."""

import json
import random
import subprocess
import sys
import time

import pytest

from minitorch.data import save_idx_folder, toy_digits
from minitorch.io import load_arrays

# A dropout network with shifted images, so that every kind of randomness takes part.
RUN = """
import sys
from minitorch.training import Recipe, Run
settings = {"epochs": 3, "batch_size": 10, "dropout": 0.3, "weight_decay": 2e-4, "shift": 1}
recipe = Recipe("mlp64", ema=0.9, augment="rotate:10", seed=5, **settings)
run = Run(recipe, sys.argv[1], sys.argv[2])
run.begin("auto")
def step():
    print(run.trainer.step, flush=True)
complete = run.train(every=3, stop=step)
assert complete
run.finish(pictures=False)
"""
STEPS = 75


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    save_idx_folder(folder, toy_digits(250, seed=1, size=16), toy_digits(50, seed=2, size=16))
    return folder


def start(folder, digits):
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), str(digits)], stdout=subprocess.PIPE, text=True
    )


def outcome(folder):
    """The parameters, and the history without the seconds."""
    arrays, _ = load_arrays(folder / "model.safetensors")
    history = json.loads((folder / "history.json").read_text())
    for epoch in history:
        del epoch["seconds"]
    return {name: array.tobytes() for name, array in arrays.items()}, history


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, digits):
    folder = tmp_path_factory.mktemp("whole")
    child = start(folder, digits)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 0 and len(out.split()) == STEPS + 3
    return outcome(folder)


def kill_after(child, lines, delay):
    """SIGKILL once so many steps were seen and a moment has passed; the steps seen."""
    seen = []
    for line in child.stdout:
        seen.append(int(line))
        if len(seen) == lines:
            time.sleep(delay)
            child.kill()
            break
    child.communicate(timeout=120)
    return seen


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_it_ends_with_the_same_bits(tmp_path, digits, undisturbed, seed):
    rng = random.Random(seed)
    killed = 0
    child = start(tmp_path, digits)
    for _ in range(3):
        seen = kill_after(child, rng.randint(4, 28), rng.uniform(0, 0.02))
        killed += child.returncode != 0
        # It goes on from the last checkpoint (every third step), not from the start.
        child = start(tmp_path, digits)
        first = int(child.stdout.readline())
        assert seen[-1] - 3 < first
    child.communicate(timeout=120)
    assert child.returncode == 0 and killed == 3
    assert outcome(tmp_path) == undisturbed


def test_the_seed_matters(tmp_path, digits, undisturbed):
    code = RUN.replace("seed=5", "seed=6")
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(digits)], check=True, capture_output=True
    )
    assert outcome(tmp_path)[0] != undisturbed[0]
