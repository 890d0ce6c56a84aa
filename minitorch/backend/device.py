"""Devices as users speak of them: a default for new tensors, which there are, their memory."""

from __future__ import annotations

import contextlib

from minitorch.backend.arrays import backend_named, place_of, set_place
from minitorch.backend.cuda import cuda_status
from minitorch.backend.memory import MemoryInfo

__all__ = ["device", "devices", "empty_cache", "memory_info"]


class device(contextlib.ContextDecorator):
    """A device, and a context in which new tensors are made there.

    Parameters
    ----------
    name : str
        ``"cpu"``; ``"cuda"`` or ``"cuda:<index>"``, a GPU; ``"emulated"``, which runs the
        CUDA kernels on the CPU.

    Raises
    ------
    ValueError
        For any other name.
    TypeError
        For None.
    RuntimeError
        If the device is not there; the message says why.

    Examples
    --------
    >>> import minitorch as mt
    >>> with mt.device("emulated"):
    ...     x = mt.ones(3)
    >>> str(x.device), str(mt.ones(3).device)
    ('emulated', 'cpu')
    """

    def __init__(self, name: str) -> None:
        if name is None:
            raise TypeError("device: takes a name, such as 'cpu' or 'emulated', not None")
        backend_named(name)
        self.name = str(name)
        self._before: list[tuple[str, contextlib.AbstractContextManager[object]]] = []

    def __enter__(self) -> device:
        context = backend_named(self.name).context(self.name)
        context.__enter__()
        self._before.append((set_place(self.name), context))
        return self

    def __exit__(self, *error: object) -> None:
        before, context = self._before.pop()
        set_place(before)
        context.__exit__(None, None, None)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"device({self.name!r})"


def devices() -> list[str]:
    """The devices that tensors can live on here.

    Returns
    -------
    list of str
        ``"cpu"``, ``"emulated"``, and ``"cuda:<index>"`` for every GPU.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.devices()[:2]
    ['cpu', 'emulated']
    """
    found = ["cpu", "emulated"]
    if cuda_status()[0]:
        count = backend_named("cuda").xp.cuda.runtime.getDeviceCount()
        found += [f"cuda:{index}" for index in range(count)]
    return found


def memory_info(device: str | device | None = None) -> MemoryInfo:
    """How much memory a device has, and how much of it this process holds.

    Parameters
    ----------
    device : str, optional
        Default: where new tensors are made.

    Returns
    -------
    MemoryInfo
        ``used``, ``held``, ``free`` and ``total``, in bytes.

    Raises
    ------
    ValueError
        For a device that does not exist.
    RuntimeError
        If the device is not there; the message says why.

    Notes
    -----
    Of the CPU's memory, which is the operating system's to share out, it says what native
    kernels have made arrays of 64 KiB and more in. Memory of theirs is kept when an array
    dies, for the next one: fresh memory costs more than a small layer's arithmetic.

    Examples
    --------
    >>> import minitorch as mt
    >>> before = mt.memory_info("emulated").used
    >>> x = mt.zeros(1000, device="emulated")
    >>> mt.memory_info("emulated").used - before
    4000
    """
    place = place_of(device)
    return backend_named(place).memory(place)


def empty_cache(device: str | device | None = None) -> None:
    """Give back the memory that is kept for arrays to come and that none uses now.

    Parameters
    ----------
    device : str, optional
        Default: where new tensors are made.

    Raises
    ------
    ValueError, RuntimeError
        As :func:`memory_info`.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.empty_cache()
    >>> info = mt.memory_info("cpu")
    >>> info.held == info.used
    True
    """
    place = place_of(device)
    backend_named(place).empty_cache(place)
