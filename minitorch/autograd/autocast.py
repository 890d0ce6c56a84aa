"""Mixed precision: products in 16 bits, what sums in float32, the rest in what comes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

import numpy

from minitorch.autograd.mode import mode
from minitorch.backend.arrays import bfloat16

__all__ = ["autocast", "call_cast", "get_autocast"]

P = ParamSpec("P")
R = TypeVar("R")
HALF, SINGLE = numpy.dtype("float16"), numpy.dtype("float32")
DTYPES = ("float16", "bfloat16", "float32")


class autocast:
    """Compute products in 16 bits inside a ``with`` block or function of this thread.

    Parameters
    ----------
    dtype : {"float16", "bfloat16", "float32"}
        What matrix products and convolutions compute in; "float32" casts nothing, as outside
        of any block.

    Raises
    ------
    ValueError
        For another dtype.
    RuntimeError
        For "bfloat16" without the package that has it.

    Notes
    -----
    An op's declaration says what it is given (:func:`minitorch.autograd.op`):

    - products (``matmul``, the convolutions and what is made of them) float16,
    - what sums, exponentials and powers (softmax, losses, normalisation, ``sum``, ``exp``)
      float32,
    - the rest what comes; of float16 and float32 together comes float32.

    In bfloat16 products return float32, as no other op knows it. float64 is left as it is. The
    casts are ops, so gradients arrive in the dtype of the parameters, which stay float32.
    Backward rules are not cast: they compute in the types of the forward, so a product's gradients
    are products in 16 bits, whether ``backward`` is called in the block or after it. Gradients
    below 3e-8 vanish in float16: :class:`minitorch.training.LossScaler` keeps them. bfloat16 has
    the range of float32, and 8 bits for float16's 11.

    References
    ----------
    P. Micikevicius and others: Mixed precision training, 2018.

    Examples
    --------
    >>> import minitorch as mt
    >>> x, w = mt.ones((2, 3)), mt.ones((3, 4)).requires_grad_()
    >>> with mt.autocast("float16"):
    ...     y = x @ w
    ...     loss = y.sum()
    >>> y.dtype, loss.dtype, mt.grad(loss, w).dtype
    (dtype('float16'), dtype('float32'), dtype('float32'))
    """

    def __init__(self, dtype: str = "float16") -> None:
        if str(dtype) not in DTYPES:
            raise ValueError(f"autocast: products compute in {', '.join(DTYPES)}, not in {dtype!r}")
        chosen = bfloat16() if str(dtype) == "bfloat16" else numpy.dtype(dtype)
        self._dtype = None if chosen == SINGLE else chosen
        self._previous: list[Any] = []

    def __enter__(self) -> None:
        self._previous.append(mode.autocast)
        mode.autocast = self._dtype

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        mode.autocast = self._previous.pop()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        dtype = "float32" if self._dtype is None else self._dtype.name

        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            # A context of its own per call: recursion and threads stay apart.
            with autocast(dtype):
                return function(*args, **kwargs)

        return wrapped


def get_autocast() -> str:
    """What products of this thread compute in where they are given float32."""
    return SINGLE.name if mode.autocast is None else str(mode.autocast)


def call_cast(op: Any, inputs: tuple[Any, ...], static: dict[str, Any]) -> Any:
    """An op that is given something else here than what comes; see :class:`autocast`."""
    half, product = mode.autocast, op.autocast == "half"
    mode.autocast = None
    try:
        out = op(*_cast(inputs, half, product), **static)
        # No other op knows bfloat16, so products take it and give float32.
        return out.astype(SINGLE) if product and half != HALF and out.dtype == half else out
    finally:
        mode.autocast = half


def _cast(inputs: tuple[Any, ...], half: Any, narrow: bool) -> tuple[Any, ...]:
    """The inputs, those of float32 in ``half`` or the other way round; all as they are where
    another floating-point type takes part."""
    found = {x.dtype for x in inputs if hasattr(x, "dtype")}
    old, new = (SINGLE, half) if narrow else (half, SINGLE)
    if old not in found or any(d.kind in "fc" and d not in (SINGLE, half) for d in found):
        return inputs
    return tuple([x.astype(new) if getattr(x, "dtype", None) == old else x for x in inputs])
