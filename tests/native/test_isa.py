"""Which instruction set the kernels use, and how it is said that another cannot be."""

import os
import re
import subprocess
import sys

import pytest

from minitorch.backend.native import native_status
from tests.native.test_absent import ROOT

NOTE = "from minitorch.backend.native import native_status; print(native_status()['note'])"


def run(code, **environment):
    """A process of Python with an instruction set asked for."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_status_names_the_instruction_set(native):
    found = native_status()
    assert found["available"]
    assert found["note"].startswith(native.isa())


def test_the_best_is_chosen(native):
    if not os.environ.get("MINITORCH_ISA"):
        assert native.isa() == native.isas()[0]
    assert native.isas()[-1] in ("generic", "neon")


def test_status_names_what_this_cpu_cannot_run(native):
    beyond = ", ".join(native.isas_beyond())
    ends = f"; {beyond}: compiled, but this CPU cannot run it" if beyond else "thread(s)"
    assert native_status()["note"].endswith(ends)
    assert not set(native.isas_beyond()) & set(native.isas())


def test_another_can_be_asked_for(native):
    base = native.isas()[-1]
    assert run(NOTE, MINITORCH_ISA=base).stdout.startswith(f"{base} of ")


def test_an_unknown_one_is_refused(native):
    here = ", ".join(native.isas())
    message = f"no kernels were compiled for the instruction set 'mmx'; this CPU can run {here}"
    with pytest.raises(ValueError, match=f"use_isa: {message}"):
        native.use_isa("mmx")
    asked = run("import minitorch", MINITORCH_ISA="mmx")
    assert asked.returncode == 1
    assert f"MINITORCH_ISA: {message}" in asked.stderr


def test_one_that_this_cpu_cannot_run_is_refused(native):
    for name in native.isas_beyond():
        message = f"this CPU cannot run the instruction set '{name}'; it can run "
        with pytest.raises(ValueError, match=f"use_isa: {message}"):
            native.use_isa(name)
        asked = run("import minitorch", MINITORCH_ISA=name)
        assert asked.returncode == 1
        assert f"ImportError: MINITORCH_ISA: {message}" in asked.stderr


def test_no_variant_runs_when_the_module_is_loaded():
    """A table outside of functions that calls functions of its variant would be made then, in
    instructions that the CPU may not have."""
    for source in (ROOT / "csrc" / "cpu").rglob("*.cpp"):
        tables = re.findall(r"^(?:static )?const .*? = \{$.*?^\};", source.read_text(), re.S | re.M)
        assert not any(re.search(r"MT_ALL_TYPES|\w+<\w+>\(\)", table) for table in tables), source
