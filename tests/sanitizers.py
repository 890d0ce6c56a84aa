"""The compiler's sanitizers: their libraries must be loaded before Python is, so what they watch
runs in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

__all__ = ["LIBRARIES", "ROOT", "build", "module", "run"]

ROOT = Path(__file__).parents[1]
LIBRARIES = {"address": "libasan.so", "thread": "libtsan.so"}
# Leaks and the stack of a function that has returned are no matter of kernels.
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "exitcode=66 die_after_fork=0",  # a forked child may have threads
}


def library(name):
    """Where the compiler keeps a library, or None."""
    compiler = shutil.which("g++")
    if compiler is None:
        return None
    command = [compiler, f"-print-file-name={name}"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return found if "/" in found else None


def build(kind, modules):
    """Compile modules with a sanitizer into build/<kind>; skips where there is none."""
    if library(LIBRARIES[kind]) is None:
        pytest.skip(f"g++ has no {LIBRARIES[kind]}")
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"], cwd=ROOT,
        env=os.environ | {"MINITORCH_SANITIZE": kind, "MINITORCH_MODULES": modules},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return kind


def module(kind, name):
    """The file of a module built so."""
    return next((ROOT / "build" / kind).glob(f"{name}.*.so"))


def run(kind, *command, **environment):
    """Python with the sanitizer's library; what it printed, and how it ended."""
    # The sanitizer looks for what throws exceptions when it is loaded.
    preload = f"{library(LIBRARIES[kind])} {library('libstdc++.so.6')}"
    environment = os.environ | OPTIONS | {
        "LD_PRELOAD": preload, "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    } | environment  # fmt: skip
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
