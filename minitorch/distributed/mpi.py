"""A group of processes that talk through MPI, by mpi4py: the only file that imports it."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Any, Self

import numpy

from minitorch.backend.arrays import backend_of, to_numpy
from minitorch.distributed.group import Group, Request
from minitorch.distributed.nccl import NCCLSums

__all__ = ["MPIGroup", "drop_names", "load"]


def load() -> Any:
    """mpi4py's module MPI, begun.

    Raises
    ------
    ImportError
        If mpi4py is not installed, or finds no MPI library.
    """
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # it raises RuntimeError for a missing library
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ImportError(
            f"several processes talk through mpi4py and an MPI library: pip install "
            f"'minitorch[mpi]' ({reason})"
        ) from error
    return MPI


def drop_names(group: MPIGroup) -> None:
    """Take away the names of the memory that MPICH's ranks share, once all have it mapped.

    MPICH does so when a job ends well. Of one that is killed the names would stay in /dev/shm,
    with the memory; without a name it goes with the last process.
    """
    group.barrier()
    with contextlib.suppress(OSError):  # no Linux, no MPICH, or nothing shared
        for name in set(re.findall(r"/dev/shm/mpich_shm_\w+", Path("/proc/self/maps").read_text())):
            Path(name).unlink(missing_ok=True)
    group.barrier()


def _write(array: Any, host: Any) -> None:
    """Put an array of the host into one of any device, without changing its dtype."""
    backend = backend_of(array)
    there = backend.run("all_sum", (array,), backend.xp.asarray, host.astype(array.dtype))
    backend.run("all_sum", (array,), backend.xp.copyto, array, there)


class _HostSum(Request):
    """A sum over host memory; arrays of a device are taken there and back."""

    def __init__(self, comm: Any, array: Any) -> None:
        self._array = self._buffer = array
        if type(array) is not numpy.ndarray or array.dtype == "float16":  # which MPI does not know
            wire = "float32" if array.dtype == "float16" else array.dtype
            self._buffer = numpy.array(to_numpy(array), dtype=wire, order="C", subok=False)
        self._request = comm.Iallreduce(load().IN_PLACE, self._buffer)

    def test(self) -> bool:
        return bool(self._request.Test())

    def wait(self) -> None:
        self._request.Wait()
        if self._buffer is not self._array:
            _write(self._array, self._buffer)
            self._buffer = self._array


class MPIGroup(Group):
    """The ranks of an MPI communicator.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm
        Kept for this group's own messages.
    """

    def __init__(self, comm: Any) -> None:
        near = comm.Split_type(load().COMM_TYPE_SHARED)
        super().__init__(comm.rank, comm.size, near.rank, near.size)
        near.Free()
        self.host = load().Get_processor_name()
        self._comm = comm
        self._nccl: NCCLSums | None = None
        self._by_nccl: bool | None = None

    def start_sum(self, array: Any) -> Request:
        if not array.flags.c_contiguous:
            raise ValueError(f"start_sum: the array {array.shape} must be contiguous")
        if array.size == 0:
            return Request()
        backend = backend_of(array)
        if backend.name == "cuda" and self._sums_by_nccl(backend):
            if self._nccl is None:
                self._nccl = backend.run("all_sum", (array,), NCCLSums, self, backend)
            started: Request = backend.run("all_sum", (array,), self._nccl.start, array)
            return started
        return _HostSum(self._comm, array)

    def _sums_by_nccl(self, backend: Any) -> bool:
        """Whether all ranks can: asked once, when all come to their first sum."""
        if self._by_nccl is None:
            self._by_nccl = not self.any(not backend.has_nccl(self.local_size))
        return self._by_nccl

    def broadcast_(self, array: Any, root: int = 0) -> Any:
        # Through the host: it happens once, at the start.
        host = self._comm.bcast(numpy.array(to_numpy(array), subok=False), root)
        if self.rank != root:
            _write(array, host)
        return array

    def gather(self, value: Any) -> list[Any]:
        everyone: list[Any] = self._comm.allgather(value)
        return everyone

    def share(self, value: Any) -> Any:
        return self._comm.bcast(value, 0)

    def any(self, flag: object) -> bool:
        return bool(self._comm.allreduce(bool(flag), load().LOR))

    def barrier(self) -> None:
        self._comm.Barrier()

    def together(self, seconds: float) -> bool:
        request, end = self._comm.Ibarrier(), time.monotonic() + seconds
        while not request.Test():
            if time.monotonic() > end:
                return False
            time.sleep(0.001)
        return True

    def twin(self) -> Self:
        return type(self)(self._comm.Dup())

    def abort(self, code: int = 1) -> None:
        load().COMM_WORLD.Abort(code)
