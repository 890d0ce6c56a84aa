"""Faults are found: by the matrix of schedules, and each by the watched build at its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ALL
from tests.cuda.planted import ORACLES, run

PLAIN, _ = load_extension("_faults")
WATCHED, _ = load_extension("_emulated_watched")
plain = pytest.mark.skipif(PLAIN is None, reason="minitorch._faults is not built")
watched = pytest.mark.skipif(
    WATCHED is None, reason="minitorch._emulated_watched is not built: make watched"
)
KERNELS = Path(__file__).parents[2] / "csrc" / "cuda" / "faults"


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


# -- found by the watched build, under every schedule, at the line --------------------------------

WHO = r"(block \(\d,0,0\), )?thread \(\d+,0,0\)"
PLACE = r"csrc/cuda/faults/\w+.cu:\d+"
NOBODY = r"which nobody has written \(is a barrier missing\?\)"
RACE = rf"which {WHO} (reads|writes) at {PLACE}, and nothing orders the two"
VERDICTS = {
    "missing_sync_after_load": rf"reads 4 bytes of tile at byte \d+, ({NOBODY}|{RACE})",
    "missing_sync_before_overwrite": rf"(reads|writes) 4 bytes of tile at byte \d+, {RACE}",
    "missing_syncwarp": rf"reads 4 bytes of tile at byte \d+, ({NOBODY}|{RACE})",
    "early_release": rf"(reads|writes) 4 bytes of slots at byte \d+, {RACE}",
    "unwaited_copy": rf"reads 4 bytes of tile at byte \d+, which the cp.async of {WHO} at {PLACE} "
    "may still be copying",
    "read_past_global": r"reads 4 bytes right after the end of x \(256,\) float32",
    "write_past_global": r"writes 4 bytes right after the end of y \(256,\) float32",
    "read_past_shared": r"reads 4 bytes right after the end of tile",
    "write_past_shared": r"writes 4 bytes right after the end of tile",
    "read_unwritten_shared": rf"reads 4 bytes of tile at byte \d+, {NOBODY}",
    "write_to_input": r"writes 4 bytes of x \(256,\) float32 at byte \d+, which is an input",
    "misaligned_vector": r"reads 16 bytes of x \(256,\) float32 at byte \d+, which is no address "
    "for a vector of 16 bytes: it is 4 past a multiple of that",
    "blocks_write_one_place": rf"writes 4 bytes of y \(256,\) float32 at byte \d+, {RACE}",
    "blocks_read_unfinished": rf"(reads|writes) 4 bytes of y \(256,\) float32 at byte \d+, {RACE}",
}


def lines_of(fault):
    """Where the fault may be reported: the lines that say so."""
    for path in KERNELS.glob("*.cu"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.endswith(f"// (fault) {fault}"):
                yield f"csrc/cuda/faults/{path.name}:{number}"


@watched
@pytest.mark.parametrize("name", ORACLES)
def test_the_watch_is_silent_about_right_kernels(scheduled, name):
    for schedule in ALL:
        assert scheduled(WATCHED, name, False, schedule) == []


@watched
@pytest.mark.parametrize("name", VERDICTS)
def test_the_watch_names_line_block_and_thread(scheduled, name):
    places = "|".join(lines_of(name))
    pattern = rf"faults {name} \(({places})\), {BLOCK}: {VERDICTS[name]}"
    for schedule in ALL:
        with pytest.raises(RuntimeError) as error:
            scheduled(WATCHED, name, True, schedule)
        assert re.fullmatch(pattern, str(error.value)), f"{error.value}\n{pattern}"


@watched
@pytest.mark.parametrize("name", ERRORS)
def test_the_watched_machine_raises_as_the_plain_one(scheduled, name):
    for schedule in ALL[:3]:
        with pytest.raises(RuntimeError) as error:
            scheduled(WATCHED, name, True, schedule)
        assert re.fullmatch(ERRORS[name], str(error.value)), str(error.value)


def test_every_fault_is_found_by_the_watch_or_the_machine():
    assert set(VERDICTS) | set(ERRORS) == set(ORACLES)


@watched
def test_whole_texts(scheduled):
    """Forward, the first thread of the first block that can see the fault reports it."""
    at = "csrc/cuda/faults/memory.cu"
    for name, text in {
        "write_past_global": "block (4,0,0), thread (0,0,0): writes 4 bytes right after the end of "
        "y (256,) float32",
        "misaligned_vector": "block (0,0,0), thread (0,0,0): reads 16 bytes of x (256,) float32 at "
        "byte 4, which is no address for a vector of 16 bytes: it is 4 past a multiple of that",
    }.items():
        with pytest.raises(RuntimeError) as error:
            scheduled(WATCHED, name, True, ALL[0])
        (place,) = lines_of(name)
        assert place.startswith(at)
        assert str(error.value) == f"faults {name} ({place}), {text}"


@watched
def test_the_page_on_the_emulated_device_shows_these_texts(scheduled):
    page = " ".join((KERNELS.parents[1] / "emulate" / "README.md").read_text("utf-8").split())
    shown = ("missing_sync_before_overwrite", "unwaited_copy", "named_barrier_deadlock")
    for name in shown:
        with pytest.raises(RuntimeError) as error:
            scheduled(WATCHED, name, True, ALL[0])
        assert str(error.value).partition("; block (0,0,0), thread (1,0,0)")[0] in page
