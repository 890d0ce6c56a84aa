"""Faults are found: by the matrix of schedules, and each by the watched build at its line."""

from __future__ import annotations

import re

import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ALL
from tests.cuda.planted import ORACLES, run

PLAIN, _ = load_extension("_faults")
plain = pytest.mark.skipif(PLAIN is None, reason="minitorch._faults is not built")


@pytest.fixture
def scheduled():
    """Runs a kernel under a schedule, and leaves the device as it was."""
    before = {}

    def call(module, name, broken, schedule):
        before.setdefault(module, module.get_schedule())
        module.set_schedule(**schedule)
        return run(module, name, broken)

    yield call
    for module, schedule in before.items():
        module.set_schedule(**schedule)


def test_every_fault_has_an_oracle():
    if PLAIN is None:
        pytest.skip("minitorch._faults is not built")
    assert set(PLAIN.faults) == set(ORACLES)


@plain
@pytest.mark.parametrize("name", ORACLES)
def test_unbroken_kernels_are_right_under_every_schedule(scheduled, name):
    for schedule in ALL:
        assert scheduled(PLAIN, name, False, schedule) == []


# -- found by their results -----------------------------------------------------------------------

# Fault -> what a plain look at the arrays says of it, under at least one schedule.
RESULTS = {
    "missing_sync_after_load": "the result is wrong",
    "missing_sync_before_overwrite": "the result is wrong",
    "missing_syncwarp": "the result is wrong",
    "early_release": "the result is wrong",
    "unwaited_copy": "the result is wrong",
    "read_past_global": "the result is wrong",
    "write_past_global": "something was written beside an array",
    "read_unwritten_shared": "the result is wrong",
    "write_to_input": "the input has changed",
    "blocks_write_one_place": "the result is wrong",
    "blocks_read_unfinished": "the result is wrong",
}


@plain
@pytest.mark.parametrize("name", RESULTS)
def test_the_matrix_of_schedules_finds_it(scheduled, name):
    seen = [scheduled(PLAIN, name, True, schedule) for schedule in ALL]
    assert any(RESULTS[name] in wrong for wrong in seen), seen


# -- found by the machine itself, under every schedule --------------------------------------------

BLOCK = r"block \(\d,0,0\), thread \(\d+,0,0\)"
AT = r"\(csrc/cuda/faults/meetings.cu:\d+\)"
ERRORS = {
    "divergent_sync": rf"faults divergent_sync {AT}, {BLOCK}: divergence: it is at __syncthreads "
    rf"while {BLOCK} is at __syncthreads \(line \d+\)",
    "shuffle_missing_lane": rf"faults shuffle_missing_lane {AT}, {BLOCK}: (has ended while {BLOCK} "
    r"waits for it in __shfl_down_sync|__shfl_down_sync waits for lane 31, which has ended)",
    "named_barrier_deadlock": rf"faults named_barrier_deadlock {AT}: deadlock: nobody can go on; "
    rf"{BLOCK} waits for a named barrier at csrc/cuda/faults/meetings.cu:\d+; .*; and 61 more",
    "too_much_shared": r"faults too_much_shared: cannot launch grid \(4,1,1\) of blocks \(64,1,1\) "
    r"in clusters \(1,1,1\): 240000 bytes of shared memory, the limit is 232448",
}


@plain
@pytest.mark.parametrize("name", ERRORS)
def test_every_schedule_raises(scheduled, name):
    for schedule in ALL:
        with pytest.raises(RuntimeError) as error:
            scheduled(PLAIN, name, True, schedule)
        assert re.fullmatch(ERRORS[name], str(error.value)), str(error.value)


@plain
def test_the_device_works_on_after_an_error(scheduled):
    for name in ERRORS:
        with pytest.raises(RuntimeError):
            scheduled(PLAIN, name, True, ALL[0])
        assert scheduled(PLAIN, name, False, ALL[0]) == []
