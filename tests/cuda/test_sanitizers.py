"""The compiler's own sanitizers on kernels: they know CUDA threads as fibers, each with a stack.

AddressSanitizer finds what lies beyond an array, ThreadSanitizer what no barrier orders within a
block (blocks it takes to run one after another). Their libraries must be loaded before Python is,
so everything here runs in processes of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import sanitizers
from tests.sanitizers import LIBRARIES, ROOT, module

KERNELS = ROOT / "csrc" / "cuda" / "faults"

pytestmark = pytest.mark.slow


def run(kind, *command):
    return sanitizers.run(kind, *command, MINITORCH_TEST_DEVICE=str(module(kind, "_emulated")))


def planted(kind, name, how):
    file = str(module(kind, "_faults"))
    return run(kind, str(Path(__file__).with_name("run_planted.py")), file, name, how)


@pytest.fixture(scope="module", params=LIBRARIES)
def kind(request):
    """A sanitizer, with its modules built."""
    return sanitizers.build(request.param, "_emulated _faults")


def lines_of(fault):
    for path in KERNELS.glob("*.cu"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.endswith(f"// (fault) {fault}"):
                yield f"{path.name}:{number}"


# Sanitizer -> the planted faults that it finds, and what it calls them.
FOUND = {
    "address": {
        "read_past_global": "heap-buffer-overflow",
        "write_past_global": "heap-buffer-overflow",
        "read_past_shared": "use-after-poison",
        "write_past_shared": "use-after-poison",
    },
    "thread": {
        "missing_sync_after_load": "data race",
        "missing_sync_before_overwrite": "data race",
        "missing_syncwarp": "data race",
        "early_release": "data race",
        "unwaited_copy": "data race",
    },
}


def test_planted_faults_are_found_at_their_lines(kind):
    for name, called in FOUND[kind].items():
        right = planted(kind, name, "right")
        assert right.returncode == 0 and right.stdout == "ok\n", right.stderr
        broken = planted(kind, name, "broken")
        assert broken.returncode != 0 and called in broken.stderr, f"{name}: {broken.stderr}"
        assert any(line in broken.stderr for line in lines_of(name)), broken.stderr


# File -> which of its tests: each rung once at least, through its barriers and copies.
KERNELS_OF = {
    "matmul": "test_product and float32 and nt and forward",
    "conv": "test_float32 and forward-forward and (lenet or 3x3)",
    "conv_wgmma": "test_shapes and forward-forward and (129 or parts)",
    "pool": "forward-forward and float32",
    "norm": "forward-forward and float32",
    "loss": "forward-forward and float32",
    "random": "forward-forward and float32",
    "response": "forward-forward and float32",
    "update": "forward-forward and float32",
}


@pytest.mark.parametrize("family", KERNELS_OF)
def test_kernels_pass(kind, family):
    command = ["-m", "pytest", "-q", "-x", "-s", "-p", "no:cacheprovider"]
    done = run(kind, *command, f"tests/cuda/test_{family}.py", "-k", KERNELS_OF[family])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert " passed" in done.stdout
