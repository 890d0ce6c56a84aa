"""The CPU kernels with vectors of 64 bytes and AVX-512's register tiles, where there is no AVX-512.

The variant "wide" is the same sources in AVX2's instructions: the compiler takes the vectors apart.
What depends on their width shows here: tails, transpositions, panels narrower than a vector.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.native.support import NATIVE

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        platform.machine() not in ("x86_64", "AMD64"), reason="AVX-512 is x86's alone"
    ),
    pytest.mark.skipif(NATIVE is None or "avx2" not in NATIVE.isas(), reason="it runs on AVX2"),
]


@pytest.fixture(scope="module")
def wide():
    """The file of _cpu with this variant, in a build folder of its own."""
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"], cwd=ROOT,
        env=os.environ | {"MINITORCH_ISAS": "generic,wide", "MINITORCH_MODULES": "_cpu"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return next((ROOT / "build" / "wide").glob("_cpu.*.so"))


# The build's own tests start compilers, the others processes with the installed module.
LEFT_OUT = (
    "test_build.py",
    "test_absent.py",
    "test_sanitizers.py",
    "test_wide.py",
    "test_isa.py",
    "test_cache.py",
    "test_winograd_choice.py",
)
FILES = sorted(
    f"tests/{path.parent.name}/{path.name}"
    for folder in ("native", "ops")
    for path in (ROOT / "tests" / folder).glob("test_*.py")
    if path.name not in LEFT_OUT
)


@pytest.mark.parametrize("file", FILES)
def test_kernels_pass(wide, file):
    environment = {
        "MINITORCH_TEST_CPU": str(wide),
        "MINITORCH_ISA": "wide",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", file], cwd=ROOT,
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert " passed" in done.stdout
