"""How much memory a device has, who holds it, and the error that says it does not suffice."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MemoryInfo", "OutOfMemoryError", "format_bytes", "out_of_memory"]

REMEDY = (
    "take a smaller batch, del what is done with, use no_grad() where no gradient is wanted, "
    "or checkpoint() parts of the network"
)


class OutOfMemoryError(MemoryError, RuntimeError):
    """A device has not enough memory left; the message says how much, and what to try."""


@dataclass(frozen=True)
class MemoryInfo:
    """A device's memory, in bytes.

    Attributes
    ----------
    device : str
    used : int
        In arrays of this process.
    held : int
        Taken from the device by this process's pool: what is used, and what the pool keeps
        so that the next array need not ask the driver.
    free : int or None
        Taken by nobody; None where there is no limit.
    total : int or None
        Of the whole device.
    """

    device: str
    used: int
    held: int
    free: int | None
    total: int | None

    def __str__(self) -> str:
        held, used = format_bytes(self.held), format_bytes(self.used)
        text = f"this process holds {held} ({used} in arrays)"
        if self.free is not None and self.total is not None:
            text = f"{format_bytes(self.free)} of {format_bytes(self.total)} free, {text}"
        return f"{self.device}: {text}"


def format_bytes(count: int) -> str:
    """A number of bytes for people.

    Examples
    --------
    >>> format_bytes(512), format_bytes(1536), format_bytes(3 << 30)
    ('512 bytes', '1.5 KiB', '3.0 GiB')
    """
    if count < 1024:
        return f"{count} byte{'s' * (count != 1)}"
    power = min(3, (count.bit_length() - 1) // 10)
    return f"{count / 1024**power:.1f} {('KiB', 'MiB', 'GiB')[power - 1]}"


def out_of_memory(what: str, asked: int | None, info: MemoryInfo) -> OutOfMemoryError:
    """The error for ``what``, an op's name, that asked for so many bytes.

    Examples
    --------
    >>> error = out_of_memory("conv_fwd", 3 << 30, MemoryInfo("cuda:0", 6, 7 << 30, 1024, 8 << 30))
    >>> str(error).partition(";")[0]
    'conv_fwd: out of memory: asked for 3.0 GiB on cuda:0'
    """
    amount = "more" if asked is None else format_bytes(asked)
    place, _, rest = str(info).partition(": ")
    return OutOfMemoryError(
        f"{what}: out of memory: asked for {amount} on {place}; {rest}; {REMEDY}"
    )
