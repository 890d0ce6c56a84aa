"""However it ends, no process, no shared memory and no hang is left."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minitorch.data import Pipeline, PipelineError, toy_digits
from minitorch.data.transforms import Translate

MEMORY = Path("/dev/shm")
needs_list = pytest.mark.skipif(not MEMORY.is_dir(), reason="shared memory cannot be listed here")
# A shell that starts the tests in the background has Ctrl-C ignored, and children inherit that.
HEAD = """
import os, signal, sys, time, multiprocessing
signal.signal(signal.SIGINT, signal.default_int_handler)
from minitorch.data import Pipeline, toy_digits
from minitorch.data.transforms import Translate
def say():
    print(*(p.pid for p in multiprocessing.active_children()), flush=True)
class Slow:
    def __call__(self, image, rng):
        time.sleep(0.05)
        return image
"""
GUARD = 'if __name__ == "__main__":\n'


def segments():
    """Shared memory that multiprocessing named."""
    return {p.name for p in MEMORY.glob("psm_*")}


def nothing_left(before):
    """Whether no new name stays; those of tests beside us go as soon as their workers run."""
    end = time.monotonic() + 20
    while segments() - before and time.monotonic() < end:
        time.sleep(0.02)
    return segments() <= before


def lives(pid):
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids, within=20):
    """Whether all processes end in time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if not any(map(lives, pids)):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def running():
    """A pipeline whose workers have begun, and their ids."""
    before = segments()
    pipeline = Pipeline(toy_digits(64), Translate(1), 4, workers=2)
    batches = iter(pipeline)
    next(batches)
    pids = [p.pid for p in multiprocessing.active_children()]
    assert len(pids) == 2 and nothing_left(before)  # no name is left, even while they run
    yield pipeline, batches, pids
    pipeline.close()
    assert gone(pids) and nothing_left(before)


@needs_list
def test_a_killed_worker_is_an_error(running):
    pipeline, batches, pids = running
    os.kill(pids[1], signal.SIGKILL)
    with pytest.raises(PipelineError, match=r"worker [01] of 2 was killed by signal 9 \(SIGKILL\)"):
        list(batches)
    assert gone(pids)
    # Whoever wants to goes on: with new workers, from the batch that was not made.
    left = len(pipeline) - pipeline.position
    assert len(list(pipeline)) == left


@needs_list
def test_closing_twice_and_garbage_collection(running):
    pipeline, _, pids = running
    pipeline.close()
    pipeline.close()
    assert gone(pids)
    twin = Pipeline(toy_digits(8), Translate(1), 4, workers=1)
    next(iter(twin))
    (pid,) = (p.pid for p in multiprocessing.active_children())
    del twin
    gc.collect()
    assert gone([pid])


def start(code, tmp_path, guard=GUARD):
    """A script of its own in a process group of its own."""
    script = tmp_path / "script.py"
    script.write_text(HEAD + guard + code)
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )


ENDLESS = """
    pipeline = Pipeline(toy_digits(64), Slow(), 4, workers=2)
    batches = iter(pipeline)
    next(batches)
    say()
    while True:
        for x, y in pipeline: pass
"""


@needs_list
def test_ctrl_c(tmp_path):
    """As a terminal sends it: to the script and its workers at once."""
    before = segments()
    child = start(ENDLESS, tmp_path)
    pids = [int(p) for p in child.stdout.readline().split()]
    time.sleep(0.2)
    os.killpg(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == -signal.SIGINT
    assert errors.count("Traceback") == 1 and errors.strip().endswith("KeyboardInterrupt")
    assert len(pids) == 2 and gone(pids) and nothing_left(before)


@needs_list
def test_ctrl_c_while_they_start(tmp_path):
    before = segments()
    code = "    print('here', flush=True)\n" + ENDLESS
    child = start(code, tmp_path)
    child.stdout.readline()
    time.sleep(0.15)
    os.killpg(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == -signal.SIGINT and errors.count("Traceback") == 1, errors
    assert nothing_left(before)


@needs_list
def test_the_script_is_killed(tmp_path):
    before = segments()
    child = start(ENDLESS, tmp_path)
    pids = [int(p) for p in child.stdout.readline().split()]
    child.kill()
    child.communicate(timeout=30)
    assert gone(pids) and nothing_left(before)


@needs_list
@pytest.mark.slow
@pytest.mark.parametrize("ending", ["pass", "raise ValueError('mine')"])
def test_the_script_ends_in_the_middle(tmp_path, ending):
    before = segments()
    code = ENDLESS[: ENDLESS.index("    while")] + f"    {ending}\n"
    child = start(code, tmp_path)
    out, errors = child.communicate(timeout=30)
    assert gone(map(int, out.split())) and nothing_left(before)
    assert ("ValueError: mine" in errors) if "raise" in ending else errors == ""
    assert child.returncode == {"p": 0, "r": 1}[ending[0]]


@pytest.mark.slow
def test_a_script_without_a_guard_is_told(tmp_path):
    code = ENDLESS.replace("\n    ", "\n")
    child = start(code, tmp_path, guard="")
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 1
    last = errors.strip().splitlines()[-1]
    assert "worker 0 of 2 ended with exit code 1 before it was ready" in last
    assert '__name__ == "__main__"' in last
