"""Watching the engine: observers, name scopes, and the anomaly detector.

An observer sees every op before and after it runs, and every step of a
backward. Timers, memory meters, NaN guards, drawings and printers are all
observers; while none is active an op pays one truth test for them.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from minitorch.autograd.engine import Step
from minitorch.autograd.mode import mode
from minitorch.autograd.node import Node
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_of

__all__ = [
    "AnomalyError",
    "NanGuard",
    "Observer",
    "Origin",
    "Printer",
    "Timer",
    "detect_anomaly",
    "observe",
    "scope",
]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Observer:
    """Base class of all observers; override what you want to see.

    Examples
    --------
    >>> import minitorch as mt
    >>> class Count(mt.Observer):
    ...     ops = 0
    ...     def after_op(self, op, inputs, out, static):
    ...         self.ops += 1
    >>> with mt.observe(Count()) as count:
    ...     y = mt.ones(3) * 2 + 1
    >>> count.ops
    2
    """

    def before_op(self, op: Any, inputs: tuple[Any, ...], static: dict[str, Any]) -> None:
        """An op is about to run."""

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """An op has run; ``out`` is a tensor, or a tuple of them."""

    def after_body(
        self,
        op: Any,
        inputs: tuple[Any, ...],
        arrays: list[Any],
        static: dict[str, Any],
        results: tuple[Any, ...],
    ) -> None:
        """An op's body or kernel has made arrays of arrays, those that only its rules see too."""

    def after_detach(self, source: Tensor, out: Tensor) -> None:
        """``source.detach()`` has made ``out``; the engine's own detachments are seen too."""

    def after_copy(self, source: Any, copy: Any) -> None:
        """An array has been copied outside of any op."""

    def after_write(self, target: Tensor, index: Any, value: Tensor) -> None:
        """``target[index] = value`` has been done."""

    def before_read(self, tensor: Tensor) -> None:
        """A tensor's values are about to leave it, for Python or another library."""

    def after_check(self, check: Any, arrays: list[Any]) -> None:
        """``check(*arrays)`` has found nothing wrong with their values."""

    def after_leaf(self, leaf: Tensor, grad: Any) -> None:
        """A leaf's ``.grad`` has been set, from this array."""

    def fresh(self, compute: Any) -> Any:
        """A stand-in for ``compute()``, or None; see :func:`minitorch.autograd.fresh.fresh`."""

    def before_rules(self, node: Node, grad: Any) -> None:
        """A node's gradient is whole; its rules are about to run."""

    def after_rules(self, step: Step) -> None:
        """A node's rules have run."""


@contextlib.contextmanager
def observe(observer: Any) -> Iterator[Any]:
    """Let an observer watch this thread inside the ``with`` block."""
    before = mode.observers
    mode.observers = (*before, observer)
    try:
        yield observer
    finally:
        mode.observers = before


class scope:
    """Name what is computed inside the block: reports say ``in net/c_bn``.

    ``with scope(name) as here`` may take other names on its way, ``here.rename(name)``: a
    pass through a network enters one block, not one for each layer.
    """

    __slots__ = ("_before", "_name")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> scope:
        self._before = mode.scope
        self.rename(self._name)
        return self

    def rename(self, name: str) -> None:
        """Name what follows in the block."""
        mode.scope = (*self._before, name)

    def __exit__(self, *error: object) -> None:
        mode.scope = self._before


class Origin:
    """Where a forward op ran: the user's lines, innermost first, and the layer."""

    __slots__ = ("_frames", "scope")

    def __init__(self) -> None:
        self.scope = "/".join(mode.scope)
        frames: list[tuple[Any, int]] = []
        frame = sys._getframe(1)
        fallback: tuple[Any, int] | None = None
        while frame is not None and len(frames) < 4:
            code = frame.f_code
            if not code.co_filename.startswith(_PACKAGE):
                frames.append((code, frame.f_lineno))
            elif not frames and f"{os.sep}autograd{os.sep}" not in code.co_filename:
                fallback = (code, frame.f_lineno)
            frame = frame.f_back  # type: ignore[assignment]
        self._frames = frames or ([fallback] if fallback else [])

    @property
    def frames(self) -> list[traceback.FrameSummary]:
        """The call site, innermost first, as ``traceback`` shows it."""
        return [traceback.FrameSummary(c.co_filename, line, c.co_name) for c, line in self._frames]

    def __str__(self) -> str:
        where = f" in layer {self.scope}" if self.scope else ""
        lines = [f"the forward ran{where}, most recent call first:"]
        for entry in self.frames:
            lines.append(f'  File "{entry.filename}", line {entry.lineno}, in {entry.name}')
            if entry.line:
                lines.append(f"    {entry.line}")
        return "\n".join(lines)


class AnomalyError(RuntimeError):
    """A value or gradient that is NaN (or infinite), with the op where it began.

    Attributes
    ----------
    node : Node or None
        The node whose rule made it, for a gradient.
    origin : Origin or None
        The forward call site.
    """

    def __init__(
        self, message: str, node: Node | None = None, origin: Origin | None = None
    ) -> None:
        super().__init__(message if origin is None else f"{message}\n{origin}")
        self.node = node
        self.origin = origin


def results_of(out: Any) -> tuple[Tensor, ...]:
    """What an op returned, as a tuple."""
    return out if isinstance(out, tuple) else (out,)


def _flaw(t: Any, infinities: bool) -> str:
    """ "NaN" or "infinity" if a floating tensor holds one, else ""."""
    if not isinstance(t, Tensor) or t.data.dtype.kind != "f":
        return ""
    xp = backend_of(t.data).xp
    if bool(xp.isnan(t.data).any()):
        return "NaN"
    return "infinity" if infinities and bool(xp.isinf(t.data).any()) else ""


class detect_anomaly(Observer):
    """Find the op whose gradient first turns NaN, and the line of its forward.

    A context manager. Every op recorded inside keeps its call site, so the
    forward must run inside the block too; that costs a few microseconds an op.

    Parameters
    ----------
    check_forward : bool
        Also stop at the first op whose *result* is NaN.
    infinities : bool
        Treat infinities like NaN.

    Raises
    ------
    AnomalyError
        From the backward (or the op): op, shapes, layer and forward line.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, 1.0], requires_grad=True)
    >>> with mt.detect_anomaly():
    ...     y = (mt.sqrt(x) * 0).sum()
    ...     y.backward()               # 0 * infinity at x = 0
    Traceback (most recent call last):
        ...
    minitorch.autograd.hooks.AnomalyError: NaN in the gradient of sqrt((2,)) -> (2,) ...
    """

    def __init__(self, check_forward: bool = False, infinities: bool = False) -> None:
        self.check_forward = check_forward
        self.infinities = infinities
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> detect_anomaly:
        self._stack.enter_context(observe(self))
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stack.close()

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """Note the call site of what was recorded."""
        origin: Origin | None = None
        for t in results_of(out):
            node = t._node
            if node is not None and node.origin is None:
                origin = node.origin = origin or Origin()
            flaw = _flaw(t, self.infinities) if self.check_forward else ""
            if flaw:
                shapes = ", ".join(str(getattr(x, "shape", x)) for x in inputs)
                raise AnomalyError(
                    f"{flaw} in the result of {op.name}({shapes})", node, origin or Origin()
                )

    def after_rules(self, step: Step) -> None:
        """Stop where a gradient first goes wrong."""
        node = step.node
        if not isinstance(node, Node):
            return
        names = node.op.input_names(len(node.edges))
        for name, g in zip(names, step.input_grads, strict=True):
            flaw = _flaw(g, self.infinities)
            if flaw:
                raise AnomalyError(
                    f"{flaw} in the gradient of {node.describe()} towards its input {name!r}",
                    node,
                    node.origin,
                )


class NanGuard(Observer):
    """Remember the first op whose result is not finite, and in which layer it ran.

    Attributes
    ----------
    found : str or None
        What was found first, in words.
    scope : str
        The layer it was found in, "" outside of layers.
    """

    def __init__(self, infinities: bool = True) -> None:
        self.found: str | None = None
        self.scope = ""
        self._infinities = infinities

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """Look at the result, until something is found."""
        if self.found is not None:
            return
        for t in results_of(out):
            flaw = _flaw(t, self._infinities)
            if flaw:
                self.scope = "/".join(mode.scope)
                where = f" in layer {self.scope}" if self.scope else ""
                self.found = f"{flaw} first appeared in {op.name} {t.shape}{where}"
                return


class Timer(Observer):
    """Seconds and calls per op, forward and backward.

    Attributes
    ----------
    forward, backward : dict of str to [calls, seconds]
        An op that calls other ops counts their time too.
    """

    def __init__(self) -> None:
        self.forward: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        self.backward: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        self._starts: list[float] = []

    def before_op(self, op: Any, inputs: tuple[Any, ...], static: dict[str, Any]) -> None:
        """Start the clock."""
        self._starts.append(time.perf_counter())

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """Stop the clock."""
        self._count(self.forward[op.name])

    def before_rules(self, node: Node, grad: Any) -> None:
        """Start the clock."""
        self._starts.append(time.perf_counter())

    def after_rules(self, step: Step) -> None:
        """Stop the clock."""
        if isinstance(step.node, Node):
            self._count(self.backward[step.node.op.name])

    def _count(self, row: list[float]) -> None:
        row[0] += 1
        row[1] += time.perf_counter() - self._starts.pop()

    def table(self) -> str:
        """The ops by total time, slowest first."""
        rows = [("forward", n, v[0], v[1]) for n, v in self.forward.items()]
        rows += [("backward", n, v[0], v[1]) for n, v in self.backward.items()]
        rows.sort(key=lambda row: -row[3])
        return "\n".join(
            f"{kind:<9}{name:<24}{int(calls):>8}{seconds * 1e3:>12.3f} ms"
            for kind, name, calls, seconds in rows
        )


class Printer(Observer):
    """Print every op and every backward step as it happens."""

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """One line per op."""
        shapes = ", ".join(str(getattr(x, "shape", x)) for x in inputs)
        print(f"{op.name}({shapes}) -> {', '.join(str(t.shape) for t in results_of(out))}")

    def after_rules(self, step: Step) -> None:
        """One line per step."""
        outs = ", ".join("-" if g is None else str(g.shape) for g in step.input_grads)
        if isinstance(step.node, Node):
            print(f"backward of {step.node.describe()}: sends {outs}")
