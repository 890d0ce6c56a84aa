"""Devices as users speak of them: a default for new tensors, which there are, their memory."""

from __future__ import annotations

import contextlib

from minitorch.backend.arrays import backend_named, place_of, set_place
from minitorch.backend.cuda import cuda_status
from minitorch.backend.memory import MemoryInfo

__all__ = ["device", "devices", "memory_info"]


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
        For the CPU, whose memory is the operating system's, or a device that does not exist.
    RuntimeError
        If the device is not there; the message says why.

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
