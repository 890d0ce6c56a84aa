"""Sums over GPUs by NCCL, through CuPy. Unmeasured: no machine with two GPUs has run it."""

from __future__ import annotations

from typing import Any

from minitorch.distributed.group import Group, Request

__all__ = ["NCCLSums"]

_TYPES = {
    "float16": "NCCL_FLOAT16",
    "float32": "NCCL_FLOAT32",
    "float64": "NCCL_FLOAT64",
    "int32": "NCCL_INT32",
    "int64": "NCCL_INT64",
}


class _StreamSum(Request):
    """A sum on a stream of its own; waiting for it holds up the current stream, not the host."""

    def __init__(self, cuda: Any, done: Any) -> None:
        self._cuda, self._done = cuda, done

    def test(self) -> bool:
        return bool(self._done.done)

    def wait(self) -> None:
        self._cuda.get_current_stream().wait_event(self._done)


class NCCLSums:
    """A communicator of NCCL with the ranks of a group, each with a GPU of its own.

    Parameters
    ----------
    group : Group
        Through it rank 0's id reaches the others.
    backend : CudaBackend
        The current GPU is this rank's.
    """

    def __init__(self, group: Group, backend: Any) -> None:
        self._cuda, self._nccl = backend.xp.cuda, backend.nccl()
        key = group.share(self._nccl.get_unique_id() if group.first else None)
        self._comm = self._nccl.NcclCommunicator(group.size, key, group.rank)
        self._stream = self._cuda.Stream(non_blocking=True)

    def start(self, array: Any) -> Request:
        """Begin the sum, after what the current stream has still to do with the array."""
        name = _TYPES.get(array.dtype.name)
        if name is None:
            raise TypeError(f"NCCL sums {', '.join(_TYPES)}, the array is {array.dtype}")
        ready = self._cuda.Event(disable_timing=True)
        ready.record(self._cuda.get_current_stream())
        self._stream.wait_event(ready)
        kind, add = getattr(self._nccl, name), self._nccl.NCCL_SUM
        place = array.data.ptr
        self._comm.allReduce(place, place, array.size, kind, add, self._stream.ptr)
        done = self._cuda.Event(disable_timing=True)
        done.record(self._stream)
        return _StreamSum(self._cuda, done)
