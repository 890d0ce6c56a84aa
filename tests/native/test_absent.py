"""Without the compiled module: NumPy does everything, and whoever asks is told why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT = {**os.environ, "MINITORCH_NATIVE": "0", "OMP_NUM_THREADS": "1"}


def run(code):
    """Standard output of Python code in a process without the kernels."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=WITHOUT, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_network_trains():
    code = """
import numpy as np, minitorch as mt
x = mt.tensor(np.ones((2, 1, 8, 8), "f4"), requires_grad=True)
w = mt.tensor(np.ones((3, 1, 3, 3), "f4"), requires_grad=True)
mt.max_pool2d(mt.conv2d(x, w), 2).sum().backward()
print(w.grad.sum().item(), x.grad.sum().item())
"""
    assert run(code).split() == ["486.0", "486.0"]


def test_threads_can_be_set_all_the_same():
    assert (
        run("import minitorch as mt; mt.set_num_threads(4); print(mt.get_num_threads())") == "1\n"
    )


def test_asking_for_a_kernel_says_why_there_is_none():
    code = """
import minitorch as mt
try:
    mt.use_kernel("conv_fwd", "k03_packed")
except ValueError as error:
    print(error)
"""
    expected = "has no kernel 'k03_packed'; it has reference (minitorch._cpu is left out because"
    assert expected in run(code)


def test_status_says_why():
    code = "from minitorch.backend.native import native_status; print(native_status()['note'])"
    note = "minitorch._cpu is left out because MINITORCH_NATIVE=0; NumPy does everything\n"
    assert run(code) == note


@pytest.mark.parametrize("left", ["Python.h is missing", None])
def test_the_reason_of_a_failed_build_is_kept(tmp_path, left):
    """What setup.py notes beside the package is what load_extension answers."""
    code = f"""
import minitorch.backend.native as native
native.__file__ = {str(tmp_path / "m" / "backend" / "native.py")!r}
print(native.load_extension("_gone")[1])
"""
    (tmp_path / "m" / "backend").mkdir(parents=True)
    if left:
        (tmp_path / "m" / "_gone_missing.txt").write_text(left + "\n")
    built = {key: value for key, value in os.environ.items() if key != "MINITORCH_NATIVE"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=built,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    reason = left or "No module named 'minitorch._gone'"
    assert done.stdout == f"minitorch._gone is not built ({reason})\n"


@pytest.mark.slow
def test_the_suites_of_the_ops_pass():
    """Everything that kernels serve, on the bodies alone."""
    wanted = ["tests/ops", "tests/layers", "tests/models"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *wanted]
    done = subprocess.run(
        command, env=WITHOUT, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
