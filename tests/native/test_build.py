"""A build that fails leaves a package that works, and one sentence that says why."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
setuptools = pytest.importorskip("setuptools", "77", reason="the build needs setuptools 77")


def build(folder, **environment):
    """Run setup.py on a copy of what it reads; returns the note it leaves."""
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "csrc", folder / "csrc")
    (folder / "minitorch").mkdir()
    stale = folder / "minitorch" / "_cpu.so"
    stale.touch()
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "minitorch._cpu is not built" in done.stderr
    assert not stale.exists(), "a module of another build must not be taken for this one"
    return (folder / "minitorch" / "_cpu_missing.txt").read_text()


def test_without_pybind11(tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "pybind11.py").write_text("raise ImportError")
    (tmp_path / "tree").mkdir()
    note = build(tmp_path / "tree", PYTHONPATH=str(hidden))
    assert note == "pybind11 is not installed where the build runs\n"


def test_without_a_compiler(tmp_path):
    pytest.importorskip("pybind11", reason="the build needs pybind11")
    note = build(tmp_path, CC="no-such-compiler", CXX="no-such-compiler")
    assert note == "the C++ compiler no-such-compiler was not found\n"


def test_with_a_compiler_that_fails(tmp_path):
    pytest.importorskip("pybind11", reason="the build needs pybind11")
    note = build(tmp_path, CC="false", CXX="false")
    assert note.startswith("false could not compile csrc/")
