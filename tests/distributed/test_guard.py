"""One rank's end is the end of all, and says whose it was."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("raises", "failed: ValueError: of mine; the job ends"),
        ("exits", "ended with exit code 7; the job ends"),
        ("leaves", "left with code 5, and the others did not; the job ends"),
    ],
)
def test_a_rank_that_ends_ends_all_and_is_named(launch, how, message):
    code, _, errors = launch(2, "dies", how)
    assert code != 0
    ours = [line for line in errors.splitlines() if line.startswith("minitorch:")]
    assert len(ours) == 1 and ours[0].startswith("minitorch: rank 1 of 2 on ")
    assert ours[0].endswith(message)
    assert ("Traceback" in errors) == (how == "raises")


def lives(folder):
    """Whether a process has this folder among its arguments."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in file.read_bytes():
                return True
    return False


def shared():
    """The names of memory that MPICH's ranks share."""
    return {file.name for file in Path("/dev/shm").glob("mpich_shm_*")}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes cannot be listed here")
def test_nothing_outlives_the_one_that_watches_it(launch, tmp_path):
    before = shared()
    code, _, errors = launch(2, "dies", "orphaned")
    assert code != 0 and "minitorch:" not in errors
    end = time.monotonic() + 20
    # Those of tests beside us go as soon as their ranks have begun.
    while (lives(tmp_path) or shared() - before) and time.monotonic() < end:
        time.sleep(0.05)
    assert not lives(tmp_path) and shared() <= before


def test_ranks_that_leave_together_are_no_failure(launch):
    code, _, errors = launch(2, "leave_together")
    assert code == 3 and "minitorch:" not in errors


@pytest.mark.parametrize("error", ["ValueError('mine')", "SystemExit(4)", "KeyboardInterrupt()"])
def test_alone_it_guards_nothing(error):
    from minitorch.distributed import guarded

    failure = eval(error)
    with pytest.raises(type(failure)), guarded():
        raise failure
    with guarded() as group:
        assert (group.rank, group.size, group.first) == (0, 1, True)


def test_mpi_is_asked_for_by_those_who_were_launched_alone():
    code = (
        "import sys; sys.modules['mpi4py'] = None\n"
        "import os; from minitorch import distributed\n"
        "assert distributed.world().size == 1 and not distributed.launched()\n"
        "distributed.world.cache_clear(); os.environ['PMI_RANK'] = '0'\n"
        "try: distributed.world()\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'minitorch[mpi]'" in done.stdout


def test_two_mpis_that_do_not_know_each_other(monkeypatch):
    pytest.importorskip("mpi4py", reason="needs mpi4py (the extra mpi)")
    from minitorch import distributed

    code = (
        "import os; os.environ |= {'OMPI_COMM_WORLD_RANK': '0', 'OMPI_COMM_WORLD_SIZE': '2'}\n"
        "from minitorch import distributed\n"
        "try: distributed.world()\n"
        "except RuntimeError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "mpiexec started 2 processes, but mpi4py sees 1" in done.stdout
    assert distributed.world() is distributed.world()
