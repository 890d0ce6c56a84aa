"""Making tensors of other things: numbers, nested lists, arrays, tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minitorch.autograd.mode import mode
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import (
    BACKENDS,
    as_array,
    backend_named,
    get_default_dtype,
    is_on,
    shares_memory,
)

__all__ = ["asarray", "tensor"]


def _as_data(obj: Any, dtype: Any, device: str | None, copy: bool | None) -> Any:
    """An array of ``obj``: Python floats take the default dtype, arrays keep theirs."""
    if isinstance(obj, Tensor):
        array = _convert(obj.data, dtype, device or obj.device, copy)
        if array is not obj.data:
            for observer in mode.observers:
                observer.after_copy(obj.data, array)
        return array
    return _convert(obj, dtype, device, copy)


def _convert(obj: Any, dtype: Any, device: str | None, copy: bool | None) -> Any:
    given = hasattr(obj, "dtype") or hasattr(obj, "__cuda_array_interface__")
    if not given and (held := list(_tensors_in(obj))):
        device = device or _common_device(held)
        obj = _to_plain(obj)
    array = as_array(obj, dtype, device)
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"a tensor holds numbers, not {array.dtype}; the data may be ragged or hold objects"
        )
    if not given and dtype is None:
        if array.dtype == np.float64:
            array = array.astype(get_default_dtype())
        elif array.dtype == np.complex128 and get_default_dtype() != np.float64:
            array = array.astype(np.complex64)
    foreign = given and type(obj) not in BACKENDS  # which may share memory unseen
    if copy and (foreign or shares_memory(array, obj)):
        return array.copy()
    if copy is False and not shares_memory(array, obj):
        raise ValueError("asarray: copy=False, but this data cannot be shared")
    return array


def _tensors_in(obj: Any) -> Iterator[Tensor]:
    """The tensors of a nested sequence."""
    if isinstance(obj, list | tuple):
        for item in obj:
            yield from _tensors_in(item)
    elif isinstance(obj, Tensor):
        yield obj


def _common_device(tensors: list[Tensor]) -> str:
    found = sorted({tensor.device for tensor in tensors})
    if len(found) > 1:
        raise RuntimeError(
            f"a sequence has tensors on {' and '.join(found)}; there is no implicit transfer, "
            f"give device=... or move them with .to_device(...)"
        )
    return found[0]


def _to_plain(obj: Any) -> Any:
    if isinstance(obj, list | tuple):
        return [_to_plain(item) for item in obj]
    if not isinstance(obj, Tensor):
        return obj
    if obj.requires_grad and mode.grad:
        raise TypeError(
            "a sequence of tensors that require gradients would lose them; use stack(...), or "
            "detach() them"
        )
    return obj.tolist()


def tensor(
    data: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """A new leaf tensor that owns a copy of ``data``.

    Parameters
    ----------
    data : number, nested sequence, array or Tensor
    dtype : dtype, optional
        Default: that of an array; for Python numbers bool, int64, or the
        default dtype (float32 unless :func:`set_default_dtype` says otherwise).
    device : str, optional
        Default: where a tensor or an array of a GPU is; else where new tensors are
        made (the CPU unless in a :class:`minitorch.device`). A sequence of tensors stays
        where they are.
    requires_grad : bool
        Collect a gradient for it.

    Raises
    ------
    TypeError
        For data that are no numbers, or a gradient for integers.
    RuntimeError
        If the device is not there; the message says why. If a sequence has tensors on
        several devices and none is given.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.tensor([[1.0, 2.0]], requires_grad=True)
    Tensor([[1., 2.]], requires_grad=True)
    """
    backend_named(device)  # before the data are looked at
    try:
        out = Tensor(_as_data(data, dtype, device, True))
    except ValueError as error:
        raise TypeError(f"tensor: cannot make an array of this data: {error}") from None
    return out.requires_grad_() if requires_grad else out


def asarray(
    obj: Any, /, *, dtype: Any = None, device: str | None = None, copy: bool | None = None
) -> Tensor:
    """A tensor of ``obj``, sharing its memory where that is possible.

    A tensor that needs no conversion is returned as it is, history included, and
    gradients flow through a conversion. What another library holds on a GPU
    (``__cuda_array_interface__``) is shared and stays there. Parameters are those of the
    Array API standard.

    Raises
    ------
    ValueError
        For ``copy=False`` where a copy would be needed.
    TypeError
        For data that are no numbers.
    RuntimeError
        If the device is not there; the message says why.
    """
    if isinstance(obj, Tensor):
        same = dtype is None or obj.dtype == dtype
        here = device is None or is_on(obj.data, device)
        if same and here and not copy:
            return obj
        if obj.requires_grad and mode.grad and copy is not False:
            moved = obj if here else obj.to_device(str(device))
            return moved if same and not here else moved.astype(dtype or obj.dtype)
    return Tensor(_as_data(obj, dtype, device, copy))
