"""A pipeline's workers: spawned processes that write batches into shared memory.

Each worker has a pipe of its own and slots of its own, and makes batches in the order in
which it is asked: batch n is made by worker n mod w, into that worker's next slot. So there is no
lock that a killed worker could hold and no queue that could be broken in the middle, who makes
what is known beforehand, and the death of a worker is the end of its pipe.

A worker ends when its pipe does, however the parent ended. Ctrl-C, which a terminal sends to all,
is the parent's to answer.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import numpy

from minitorch.data.dataset import Dataset
from minitorch.data.errors import PipelineError
from minitorch.data.make import Maker
from minitorch.data.shared import SharedArray, SharedDataset

__all__ = ["Workers"]

Array = numpy.ndarray
Task = Callable[[int], tuple[int, Array]]


def _work(pipe: Connection) -> None:
    """A worker's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with contextlib.suppress(EOFError, OSError):  # the parent is gone, or wants no more
        _serve(pipe)
    # At once: an orderly end would complain of views on memory that is being closed.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _serve(pipe: Connection) -> None:
    """Take what there is to do, and then do what is asked."""
    content = pipe.recv_bytes()
    try:
        maker, slots = pickle.loads(content)
    except Exception as error:
        what = f"a worker cannot read this pipeline: {type(error).__name__}: {error}"
        pipe.send((False, what, traceback.format_exc()))
        return
    pipe.send((True, "", ""))
    while True:
        slot, epoch, indices = pipe.recv()
        try:
            slots.array[slot, : len(indices)] = maker.batch(epoch, indices)
        except Exception as error:
            what = str(error) if isinstance(error, PipelineError) else repr(error)
            pipe.send((False, what, traceback.format_exc()))
        else:
            pipe.send((True, "", ""))


@contextlib.contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Processes that are started here begin with Ctrl-C held back, until they ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Workers:
    """Processes that make a pipeline's batches ahead of their use.

    Parameters
    ----------
    maker : Maker
        What they do; it goes to them as a pickle.
    count : int
        How many processes.
    prefetch : int
        How many batches each is ahead.
    batch_size : int

    Raises
    ------
    PipelineError
        If the maker cannot be pickled, or a worker does not come up; nothing is left then.
    """

    def __init__(self, maker: Maker, count: int, prefetch: int, batch_size: int) -> None:
        self.count, self.prefetch = count, prefetch
        self._expected = self._asked = 0
        self._owner = os.getpid()
        self._processes: list[Any] = []
        self._pipes: list[Connection] = []
        self._shared: list[SharedArray] = []
        try:
            self._start(maker, batch_size)
        except BaseException:
            self.close()
            raise

    def _start(self, maker: Maker, batch_size: int) -> None:
        """Start all, hand them their work, wait until they have it."""
        shape = (self.count * self.prefetch, batch_size, *maker.shape)
        self._slots = SharedArray(shape, maker.dtype)
        self._shared.append(self._slots)
        if isinstance(maker.source, Dataset):
            source = SharedDataset(maker.source)
            self._shared.append(source.x)
            maker = maker.with_source(source)
        try:
            work = pickle.dumps((maker, self._slots))
        except Exception as error:
            raise PipelineError(
                f"workers cannot be given this pipeline: {error}; define transforms at the top of "
                f"a module (no lambdas), or use workers=0"
            ) from error
        context = multiprocessing.get_context("spawn")
        for number in range(self.count):
            ours, theirs = context.Pipe()
            self._pipes.append(ours)
            name = f"minitorch-data-{number}"
            process = context.Process(target=_work, args=(theirs,), name=name, daemon=True)
            with _without_ctrl_c():
                process.start()
            self._processes.append(process)
            theirs.close()
        for pipe in self._pipes:
            # A worker that is gone already is reported by the receiving below.
            with contextlib.suppress(OSError):
                pipe.send_bytes(work)
        for number in range(self.count):
            if failed := self._receive(number, "before it was ready"):
                raise failed
        for shared in self._shared:
            shared.unlink()

    def take(self, number: int, task: Task) -> Array:
        """Batch ``number``; those after it are asked for meanwhile.

        Parameters
        ----------
        number : int
            Counted over all epochs.
        task : callable
            What a number means: the epoch, and the examples' indices.

        Raises
        ------
        PipelineError
            If it could not be made, or its worker is dead.
        """
        if number != self._expected:
            for late in range(self._expected, self._asked):  # asked for, and not wanted any more
                self._receive(late % self.count, "between batches")
            self._expected = self._asked = number
        while self._asked < number + self.count * self.prefetch:
            self._ask(self._asked, task)
            self._asked += 1
        epoch, indices = task(number)
        when = f"while it made a batch of epoch {epoch + 1}"
        if failed := self._receive(number % self.count, when):
            raise failed
        self._expected += 1
        assert self._slots.array is not None
        return self._slots.array[self._slot(number), : len(indices)].copy()

    def _slot(self, number: int) -> int:
        """Where a batch is written: free, as it is asked for only when the one before was taken."""
        worker, turn = number % self.count, number // self.count
        return worker * self.prefetch + turn % self.prefetch

    def _ask(self, number: int, task: Task) -> None:
        """Send a task; that a worker is gone is said when its answer is wanted."""
        with contextlib.suppress(OSError):
            self._pipes[number % self.count].send((self._slot(number), *task(number)))

    def _receive(self, worker: int, when: str) -> PipelineError | None:
        """Wait for a worker's next answer: nothing, or what failed; raise at its death."""
        pipe, process = self._pipes[worker], self._processes[worker]
        try:
            # Asked now and then whether it lives: a process that it forked may hold its pipe.
            while not pipe.poll(1.0):
                if not process.is_alive() and not pipe.poll():
                    raise EOFError
            fine, what, trace = pipe.recv()
        except (EOFError, OSError):
            raise PipelineError(self._obituary(worker, when)) from None
        if fine:
            return None
        failed = PipelineError(what)
        failed.add_note(f"in worker {worker}:\n{trace}")
        return failed

    def _obituary(self, worker: int, when: str) -> str:
        """How a worker ended, and what may be the reason."""
        process = self._processes[worker]
        process.join(5)
        code = process.exitcode
        if code is not None and code < 0:
            how = f"was killed by signal {-code} ({signal.Signals(-code).name})"
            why = "was there too little memory?" if -code == signal.SIGKILL else "it crashed"
        else:
            how = f"ended with exit code {code}"
            why = "its traceback is above"
            if when == "before it was ready":
                why += '; a script that uses workers does its work under if __name__ == "__main__":'
        return f"worker {worker} of {self.count} {how} {when}; {why}"

    def close(self) -> None:
        """End the processes and let go of the memory; once is enough, twice does no harm."""
        if os.getpid() != self._owner:  # a forked child has our memory, but not our children
            return
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        self._pipes, self._processes = [], []
        for shared in self._shared:
            shared.close()
        self._shared = []
