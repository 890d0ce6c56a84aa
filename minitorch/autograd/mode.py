"""What each thread is doing right now: grad mode, observers, anomaly detection.

Every thread starts with gradients on and nothing watching. The class
attributes are those defaults; assigning through ``mode`` touches the current
thread only.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

__all__ = ["enable_grad", "is_grad_enabled", "mode", "no_grad", "set_grad_enabled"]

P = ParamSpec("P")
R = TypeVar("R")


class _Mode(threading.local):
    grad: bool = True
    # What products are cast to where they are given float32, or None (see autocast.py).
    autocast: Any = None
    # Observers of this thread, innermost last. Empty is the one truth test
    # that an op pays when nobody watches.
    observers: tuple[Any, ...] = ()
    # Names of the layers that are being computed, outermost first.
    scope: tuple[str, ...] = ()
    # What a checkpointed function did once, while it runs (see checkpoint.py).
    journal: Any = None


mode = _Mode()


class set_grad_enabled:
    """Record (True) or do not record (False) inside a ``with`` block or function.

    Parameters
    ----------
    enabled : bool
        Whether ops leave a graph behind.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0], requires_grad=True)
    >>> with mt.set_grad_enabled(False):
    ...     print((x * 2).requires_grad)
    False
    """

    def __init__(self, enabled: bool) -> None:
        self._enabled = bool(enabled)
        self._previous: list[bool] = []

    def __enter__(self) -> None:
        self._previous.append(mode.grad)
        mode.grad = self._enabled

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        mode.grad = self._previous.pop()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        enabled = self._enabled

        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            # A context of its own per call: recursion and threads stay apart.
            with set_grad_enabled(enabled):
                return function(*args, **kwargs)

        return wrapped


class no_grad(set_grad_enabled):
    """Do not record: a context manager (``with no_grad():``) and a decorator.

    Examples
    --------
    >>> import minitorch as mt
    >>> w = mt.tensor([1.0], requires_grad=True)
    >>> with mt.no_grad():
    ...     w -= 0.5          # a leaf may be written here
    >>> w
    Tensor([0.5], requires_grad=True)
    """

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):
    """Record again inside a ``no_grad`` region: context manager and decorator."""

    def __init__(self) -> None:
        super().__init__(True)


def is_grad_enabled() -> bool:
    """Whether ops of this thread leave a graph behind."""
    return mode.grad
