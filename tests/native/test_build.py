"""A build that fails leaves a package that works, and one sentence that says why."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
setuptools = pytest.importorskip("setuptools", "77", reason="the build needs setuptools 77")


def run(folder, **environment):
    """Run setup.py on a copy of what it reads."""
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "csrc", folder / "csrc")
    (folder / "minitorch").mkdir()
    (folder / "minitorch" / "_cpu.so").touch()
    return subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def build(folder, **environment):
    """The note that a build leaves whose compiler does not work."""
    done = run(folder, **environment)
    assert done.returncode == 0, done.stderr
    assert "minitorch._cpu is not built" in done.stderr
    stale = folder / "minitorch" / "_cpu.so"
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


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="AVX-512 is x86's alone")
def test_flags_that_the_compiler_does_not_know(tmp_path):
    """The variant is left out, and the build says so."""
    pytest.importorskip("pybind11", reason="the build needs pybind11")
    done = run(tmp_path, CC="false", CXX="false", MINITORCH_MODULES="_cpu")
    assert "minitorch._cpu has no avx512: false does not know -mavx2 -mfma -mavx512f" in done.stderr


def test_an_unknown_instruction_set(tmp_path):
    done = run(tmp_path, MINITORCH_ISAS="generic,mmx")
    assert done.returncode == 1
    assert "MINITORCH_ISAS names mmx; there are " in done.stderr
