"""Checking a rung: what a right one, a wrong one and one that writes too far are told."""

import re

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from minitorch.testing.kernel_families import MATMUL, families
from minitorch.testing.kernels import (
    ALL_SCHEDULES,
    FEW_SCHEDULES,
    FORMATS,
    check_rung,
    guarded,
)


class Stub:
    """A module whose only rung multiplies as ``how`` says."""

    rungs = {"matmul": [("k01_stub", "", "", "full")]}  # noqa: RUF012

    def __init__(self, how):
        self.how = how
        self.schedule = self.first = {"threads": "forward"}
        self.seen = []

    def get_schedule(self):
        return self.schedule

    def set_schedule(self, **schedule):
        self.schedule = schedule
        self.seen.append(schedule)

    def matmul_supports(self, rung, a, b):
        return "" if a.dtype == np.float64 else "float64 only"

    def matmul_workspace(self, rung, a, b):
        return 8

    def matmul(self, rung, a, b, y, bias=None, residual=None, relu=False, workspace=None):
        assert workspace.nbytes == 8
        result = a @ b
        if bias is not None:
            result = np.maximum(result + bias + residual[0], 0)
        y[0] = self.how(result, y)


def verdicts(how):
    module = Stub(how)
    found = list(check_rung(module, MATMUL, "k01_stub"))
    assert module.schedule == module.first  # is put back
    assert module.seen[:3] == FEW_SCHEDULES
    return [v for v in found if v.verdict != "left out"], found


def test_a_right_rung_passes_and_says_what_it_leaves_out():
    ran, found = verdicts(lambda result, y: result)
    assert {v.verdict for v in ran} == {"ok"} and all(v.error <= 1 for v in ran)
    assert {v.text for v in found if v.verdict == "left out"} == {"float64 only"}
    assert len(ran) == 3 * 14 and len(found) == len(ran) + 3 * 14


def test_a_wrong_element_is_named():
    def off_by_little(result, y):
        result = result.copy()
        if result.size:
            result[-1, -1] += 1e-9
        return result

    ran, _ = verdicts(off_by_little)
    bad = [v for v in ran if v.verdict == "wrong"]
    assert bad and len(bad) == len(ran) - 3  # all but the empty one
    (text,) = {v.text for v in bad if v.case == "7x5x3 tn float64"}
    assert re.fullmatch(r"1 of 35 elements; the first, \(0, 6, 4\), is \S+, not \S+", text)


def test_an_output_that_is_not_written_is_wrong():
    ran, _ = verdicts(lambda result, y: y[0])
    assert {v.verdict for v in ran if not v.case.startswith("0x")} == {"wrong"}
    assert any("is nan, not" in v.text for v in ran)


@pytest.mark.parametrize(("offset", "where"), [(-1, "before"), (32, "after")])
def test_writes_beside_an_output_are_seen(offset, where):
    out, beside = guarded((4,), np.float64)
    assert np.isnan(out).all() and beside() == "" and out.ctypes.data % 256 == 0
    memory = out.base  # bytes
    memory[out.ctypes.data - memory.ctypes.data + offset] = 0
    assert beside() == f"something was written {where} the output"


def test_formats_keep_what_they_can_hold():
    exact = np.array([0.0, -1.5, 2.0**-10, 96.0])
    for form in FORMATS.values():
        assert (form.read(form.make(exact)) == exact).all()
        rounded = form.read(form.make(1 + form.unit * 0.99))
        assert rounded in (1.0, 1 + 2 * form.unit)


def test_all_schedules_differ():
    assert len({tuple(s.values())[:3] for s in ALL_SCHEDULES}) == len(ALL_SCHEDULES) == 27


def test_every_family_names_one_of_the_device():
    module, reason = load_extension("_emulated")
    if module is None:
        pytest.skip(reason)
    assert set(families()) == set(module.rungs)


def test_the_ground_rung_passes():
    module, reason = load_extension("_emulated")
    if module is None:
        pytest.skip(reason)
    found = list(check_rung(module, MATMUL, "k01_naive", FEW_SCHEDULES[:1]))
    assert len(found) == 56 and {v.verdict for v in found} == {"ok"}
