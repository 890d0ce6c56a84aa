"""The processes that train together: who they are, and sums over all of them.

A :class:`Group` is one process alone, which needs no MPI: its sums are what it has. :func:`world`
gives it to a script that was started plainly, and to one that ``mpiexec`` started the group of all
its ranks (mpi.py). So a program is written once, for any number of ranks.
"""

from __future__ import annotations

import functools
import os
import platform
from typing import Any, Self

__all__ = ["Group", "Request", "launched", "world"]

# Set by the launchers of MPICH and its kin, of Open MPI, and by PMIx.
RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK")
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")


class Request:
    """A sum that was started. This one was done at once."""

    def test(self) -> bool:
        """Whether it is done; asking also moves it on."""
        return True

    def wait(self) -> None:
        """Until it is done: the array then has the sum."""


class Group:
    """A process alone.

    Attributes
    ----------
    rank, size : int
        Which process of how many.
    local_rank, local_size : int
        The same, among those on this machine: which GPU is its own, how to share the cores.
    host : str

    Examples
    --------
    >>> import numpy as np
    >>> group = Group()
    >>> group.rank, group.size, group.sum_(np.ones(2)), group.gather("a")
    (0, 1, array([1., 1.]), ['a'])
    """

    def __init__(
        self, rank: int = 0, size: int = 1, local_rank: int = 0, local_size: int = 1
    ) -> None:
        self.rank, self.size = rank, size
        self.local_rank, self.local_size = local_rank, local_size
        self.host = platform.node()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: rank {self.rank} of {self.size} on {self.host}>"

    @property
    def first(self) -> bool:
        """Whether it is rank 0, which writes files and reports."""
        return self.rank == 0

    def start_sum(self, array: Any) -> Request:
        """Begin to replace an array by the sum of all ranks' arrays, and return at once.

        Parameters
        ----------
        array : numpy, CuPy or emulated array, contiguous
            Of one shape and dtype on all ranks. Leave it alone until the sum is done.

        Returns
        -------
        Request
            Sums that are started in one order on all ranks may be waited for in any.

        Notes
        -----
        All ranks get the same bits, and another run with as many ranks gets them again: what
        the MPI standard advises (5.9.1, advice to implementors) and MPICH does.
        """
        return Request()

    def sum_(self, array: Any) -> Any:
        """Replace an array by the sum of all ranks' arrays; returns it."""
        self.start_sum(array).wait()
        return array

    def broadcast_(self, array: Any, root: int = 0) -> Any:
        """Replace an array by rank ``root``'s; returns it."""
        return array

    def gather(self, value: Any) -> list[Any]:
        """Every rank's value, in their order, on all ranks. It travels as a pickle."""
        return [value]

    def share(self, value: Any) -> Any:
        """Rank 0's value, on all ranks. It travels as a pickle."""
        return value

    def any(self, flag: object) -> bool:
        """Whether it is true on some rank: how all agree, for example to stop."""
        return bool(flag)

    def barrier(self) -> None:
        """Wait until all ranks are here."""

    def together(self, seconds: float) -> bool:
        """Whether all ranks come here within so many seconds."""
        return True

    def twin(self) -> Self:
        """The same ranks, with an order of their own in which sums are started.

        All ranks ask for it together. Sums of two kinds, started in turns that may differ from
        rank to rank, must not be taken for each other.
        """
        return self

    def abort(self, code: int = 1) -> None:
        """End all ranks at once; alone, it leaves by SystemExit."""
        raise SystemExit(code)


def first_set(names: tuple[str, ...]) -> str | None:
    """The value of the first of these environment variables that there is."""
    return next((os.environ[name] for name in names if name in os.environ), None)


def launched() -> bool:
    """Whether a launcher such as ``mpiexec`` started this process."""
    return first_set(RANKS) is not None


@functools.cache
def world() -> Group:
    """All processes that ``mpiexec`` started, or this one alone.

    Raises
    ------
    ImportError
        If mpiexec started it and mpi4py is not installed, or finds no MPI.
    RuntimeError
        If the ranks do not see each other, as mpiexec and mpi4py belong to two MPIs.

    Notes
    -----
    MPI begins when this is first called, so ``import minitorch`` never needs it.
    """
    if not launched():
        return Group()
    from minitorch.distributed.mpi import MPIGroup, drop_names, load

    group = MPIGroup(load().COMM_WORLD)
    said = int(first_set(SIZES) or group.size)
    if said != group.size:
        raise RuntimeError(
            f"mpiexec started {said} processes, but mpi4py sees {group.size}: they belong to two "
            f"MPIs. Use the mpiexec that lies beside python: python -m pip install "
            f"'minitorch[mpi]', then $(dirname $(which python))/mpiexec"
        )
    drop_names(group)
    return group
