"""The end of one rank is the end of all, and says whose it was.

A rank that waits for a sum waits for ever if another is gone. One that raises says so and has
MPI end all. One that is killed can say nothing, and what mpiexec prints then is a process's
number; so each rank runs in a child of the process that mpiexec started, which does nothing but
wait, and tells how the child ended before mpiexec hears of it.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import platform
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator

from minitorch.distributed.group import RANKS, SIZES, Group, first_set, launched, world

__all__ = ["guarded"]

_told: mmap.mmap | None = None  # shared with the parent: whether the child has said why it ends


@contextlib.contextmanager
def guarded(patience: float = 10.0) -> Iterator[Group]:
    """The group of all ranks, for a ``with`` block that none leaves alone.

    Enter it before anything that a fork would break: CUDA, MPI, threads. In a process that mpiexec
    started it forks; the caller goes on in the child. Without mpiexec nothing happens.

    Parameters
    ----------
    patience : float
        Seconds that a rank which leaves by SystemExit or KeyboardInterrupt waits for the others
        to do so too; then it ends them.

    Yields
    ------
    Group

    Examples
    --------
    >>> with guarded() as group:
    ...     print(group.rank, "of", group.size)
    0 of 1
    """
    if launched():
        _supervise()
    group = world()
    leavers = group.twin()  # who leaves must not be taken for who comes to a sum
    try:
        yield group
    except (SystemExit, KeyboardInterrupt) as leave:
        orderly = isinstance(leave, SystemExit) and not leave.code
        if group.size == 1 or orderly or leavers.together(patience):
            _say_nothing_more()
            raise
        what = (
            f"left with code {leave.code}" if isinstance(leave, SystemExit) else "was interrupted"
        )
        _end_all(group, f"{what}, and the others did not")
    except Exception as error:
        if group.size == 1:
            _say_nothing_more()
            raise
        what = f"failed: {type(error).__name__}: {error}"
        _end_all(group, what, traceback.format_exc())


def _end_all(group: Group, what: str, trace: str = "") -> None:
    """Say which rank it was, and end the job."""
    _say(f"rank {group.rank} of {group.size} on {group.host} {what}; the job ends", trace)
    _say_nothing_more()
    sys.stdout.flush()
    group.abort(1)


def _say(what: str, trace: str = "") -> None:
    # In one write, as other ranks write too.
    sys.stderr.write(f"{trace}minitorch: {what}\n")
    sys.stderr.flush()


def _say_nothing_more() -> None:
    if _told is not None:
        _told[0] = 1


def _supervise() -> None:
    """Go on in a child, whose end this process reports and then shares."""
    global _told
    if _told is not None or not hasattr(os, "fork") or "mpi4py.MPI" in sys.modules:
        return
    told = mmap.mmap(-1, 1)
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Python 3.12 warns of threads. Those there are, BLAS's, know how to live on in a child.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        os.close(reading)
        _watch(child, told)
    os.close(writing)
    _told = told
    threading.Thread(target=_end_with_parent, args=(reading,), daemon=True).start()


def _end_with_parent(reading: int) -> None:
    """Wait for the end of the pipe, which is that of the parent; nobody would wait for us then."""
    os.read(reading, 1)
    os._exit(1)


def _watch(child: int, told: mmap.mmap) -> None:
    """The parent's whole life from here: wait, report, end as the child did."""
    # The launcher sends signals to the whole process group; the child answers them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code and not told[0]:
        _say(f"{_who()} {_how(child, code)}; the job ends")
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 1)


def _who() -> str:
    """This process's rank as the launcher calls it, and where."""
    size = first_set(SIZES)
    return f"rank {first_set(RANKS)}{f' of {size}' if size else ''} on {platform.node()}"


def _how(child: int, code: int) -> str:
    """How the child ended, and what may be the reason."""
    if code > 0:
        return f"(process {child}) ended with exit code {code}"
    name = signal.Signals(-code).name
    why = " (was there too little memory?)" if name == "SIGKILL" else ""
    return f"(process {child}) was killed by signal {-code}, {name}{why}"
