"""Between devices: the only op whose result is elsewhere than its input."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import device_of, is_on, place_of
from minitorch.backend.arrays import to_device as move

__all__ = ["transfer"]


@op(formula="y = x, on another device", linear=("x",))
def transfer(xp: Any, x: Any, *, device: str, source: str) -> Any:
    """A copy of x in another device's memory; :meth:`Tensor.to` calls it.

    Parameters
    ----------
    x : Tensor
        On ``source``.
    device, source : str
        Where it goes, and where its gradient goes back to.

    Returns
    -------
    Tensor, as x, on ``device``

    Raises
    ------
    RuntimeError
        If the device is not there; the message says why.
    ValueError
        For a device that does not exist.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x.to("emulated") * 3
    >>> y.device
    'emulated'
    >>> y.sum().backward()
    >>> x.grad
    Tensor([3., 3.])
    """
    moved = move(x, device)
    return x.copy() if moved is x else moved


@transfer.vjp("x")
def transfer_dx(g: Tensor, device: str, source: str) -> Any:
    """dL/dx = g, on x's device"""
    return transfer(g, device=source, source=device)


def to_device(self: Tensor, device: str, /, *, stream: Any = None) -> Tensor:
    """The tensor on ``device``: itself if it is there, else a copy that gradients flow through.

    Parameters
    ----------
    device : str
        ``"cpu"``, ``"cuda"``, ``"cuda:<index>"`` or ``"emulated"``.
    stream : None
        The Array API standard's; copies run on the current stream.

    Raises
    ------
    RuntimeError
        If the device is not there; the message says why.
    ValueError
        For a device that does not exist, or a stream.
    """
    if stream is not None:
        raise ValueError("to_device: pass stream=None; copies run on the current stream")
    if is_on(self.data, device):
        return self
    return transfer(self, device=place_of(device), source=device_of(self.data))


@transfer.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 3), device="cpu", source="cpu", note="a copy where it is")
