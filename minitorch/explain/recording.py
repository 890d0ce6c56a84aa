"""Keeping a forward pass: values, names, call sites, and where gradients were cut off.

The graph alone keeps what the rules need and no more. A :class:`Tape` watches
the ops as they run and keeps the rest, for the drawings and the explanations.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from minitorch.autograd.hooks import Observer, Origin, observe
from minitorch.autograd.mode import is_grad_enabled
from minitorch.autograd.node import Node
from minitorch.autograd.tensor import Tensor

__all__ = ["Call", "Detachment", "Tape", "latest_tape", "record", "where"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_ENGINE = os.path.join(_PACKAGE, "autograd") + os.sep
_SKIP = (_PACKAGE, contextlib.__file__)

_OUTSIDE = "taken out of the graph (.numpy() or .data)"

_recent = threading.local()


@dataclass(slots=True, eq=False)
class Call:
    """One op that ran: what went in and came out, where, and whether it was recorded."""

    op: Any
    inputs: tuple[Any, ...]
    outs: tuple[Tensor, ...]
    node: Node | None
    origin: Origin
    grad_mode: bool
    versions: tuple[int, ...] = field(default=())


@dataclass(slots=True, eq=False)
class Detachment:
    """``out = source.detach()``, or another handle on the same memory without its history."""

    source: Tensor
    out: Tensor
    origin: Origin | None
    how: str


def where(origin: Origin | None) -> str:
    """``model.py:12`` of a call site, "" if it is not known."""
    frames = origin.frames if origin is not None else []
    return f"{os.path.basename(frames[0].filename)}:{frames[0].lineno}" if frames else ""


def _user_frame() -> FrameType | None:
    """The innermost frame that is not of this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_SKIP):
        frame = frame.f_back
    return frame


class Tape(Observer):
    """What :func:`record` returns: every op that touched a gradient's way.

    Attributes
    ----------
    calls : list of Call
        In the order in which they ran.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._names: dict[int, str] = {}
        self._makers: dict[int, Call] = {}  # id of a result -> its call
        self._nodes: dict[int, Call] = {}
        self._users: dict[int, list[Call]] = defaultdict(list)
        self._cuts: dict[int, Detachment] = {}
        self._memory: dict[int, Tensor] = {}  # id of an array -> the tensor with a history
        self._in_rules = False

    # -- watching ---------------------------------------------------------

    def before_rules(self, node: Node, grad: Any) -> None:
        """From here to :meth:`after_rules` ops belong to a backward."""
        self._in_rules = True

    def after_rules(self, step: Any) -> None:
        """The rules are done."""
        self._in_rules = False

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """Keep an op if what it computed comes from something that requires a gradient."""
        recording = is_grad_enabled()
        if self._in_rules and not recording:
            return
        self._in_rules = False
        tensors = [x for x in inputs if isinstance(x, Tensor)]
        origin: Origin | None = None
        for x in tensors:
            source = self.memory_of(x)
            if source is not None:
                origin = origin or Origin()
                self._note_cut(source, x, origin, _OUTSIDE)
        if not any(map(self.is_connected, tensors)):
            return
        outs = out if isinstance(out, tuple) else (out,)
        node = next((t.grad_fn for t in outs if t.grad_fn is not None), None)
        versions = tuple(t.version for t in outs)
        call = Call(op, inputs, outs, node, origin or Origin(), recording, versions)
        self._keep(call, tensors)
        self._read_names(tensors)

    def after_detach(self, source: Tensor, out: Tensor) -> None:
        """Keep the user's detachments, not those of the engine itself."""
        caller = sys._getframe(2)  # behind Tensor.detach
        if not caller.f_code.co_filename.startswith(_ENGINE) and self.is_connected(source):
            self._note_cut(source, out, Origin(), "detached")
            self._read_names([source])

    def _keep(self, call: Call, tensors: list[Tensor]) -> None:
        self.calls.append(call)
        if call.node is not None:
            self._nodes[id(call.node)] = call
        for t in call.outs:
            self._makers[id(t)] = call
            self._memory[id(t.data)] = t
        for t in tensors:
            self._users[id(t)].append(call)
            if t.requires_grad:
                self._memory.setdefault(id(t.data), t)

    def _note_cut(self, source: Tensor, out: Tensor, origin: Origin, how: str) -> None:
        self._cuts.setdefault(id(out), Detachment(source, out, origin, how))

    def _read_names(self, tensors: list[Tensor]) -> None:
        """Tensors are called what the user's variables call them."""
        unknown = {id(t): t for t in tensors if t.name is None and id(t) not in self._names}
        frame = _user_frame() if unknown else None
        if frame is None:
            return
        local = dict(frame.f_locals)
        places = (local, getattr(local.get("self"), "__dict__", {}), frame.f_globals)
        for variables in places:
            for name, value in list(variables.items()):
                if id(value) in unknown and not name.startswith("_"):
                    self._names.setdefault(id(value), name)

    # -- asking -----------------------------------------------------------

    def is_connected(self, t: Tensor) -> bool:
        """Whether ``t`` requires a gradient or was computed from something that did."""
        return t.requires_grad or id(t) in self._makers or id(t) in self._cuts

    def name_of(self, t: Tensor) -> str | None:
        """Its ``name``, or that of the variable it was seen in."""
        return t.name or self._names.get(id(t))

    def named(self) -> dict[str, Tensor]:
        """Every tensor on the tape that has a name; of several with the same, the first."""
        found: dict[str, Tensor] = {}
        for call in self.calls:
            for t in (*call.inputs, *call.outs):
                name = self.name_of(t) if isinstance(t, Tensor) else None
                if name is not None:
                    found.setdefault(name, t)
        return found

    def set_name(self, t: Tensor, name: str) -> None:
        """What to call a tensor that no name is known for."""
        if self.name_of(t) is None:
            self._names[id(t)] = name

    def call_of(self, t: Tensor) -> Call | None:
        """The call that made this tensor."""
        call = self._makers.get(id(t))
        return call if call is not None and any(out is t for out in call.outs) else None

    def call_at(self, node: Node) -> Call | None:
        """The call that this node records."""
        call = self._nodes.get(id(node))
        return call if call is not None and call.node is node else None

    def users_of(self, t: Tensor) -> list[Call]:
        """The calls that took this tensor."""
        return [call for call in self._users.get(id(t), ()) if any(x is t for x in call.inputs)]

    def detachment_of(self, t: Tensor) -> Detachment | None:
        """How this tensor lost its history, if it did."""
        cut = self._cuts.get(id(t))
        return cut if cut is not None and cut.out is t else None

    def memory_of(self, x: Tensor) -> Tensor | None:
        """The tensor with a history in whose memory ``x``, which has none, lies."""
        if x.requires_grad or id(x) in self._makers or id(x) in self._cuts:
            return None
        for array in (x.data, getattr(x.data, "base", None)):
            known = self._memory.get(id(array))
            if known is not None and known.data is array:
                return known
        return None

    def note_sharing(self, source: Tensor, out: Tensor) -> Detachment:
        """A cut that was found afterwards, so its line is not known."""
        self._cuts[id(out)] = cut = Detachment(source, out, None, _OUTSIDE)
        return cut

    def detachments_from(self, t: Tensor) -> list[Detachment]:
        """The handles without a history that were made of this tensor."""
        return [cut for cut in self._cuts.values() if cut.source is t]

    def value(self, node: Node, slot: int = 0) -> Tensor | None:
        """An output of a node; None if it is not known or was written in place since."""
        call = self.call_at(node)
        if call is None or call.outs[slot].version != call.versions[slot]:
            return None
        return call.outs[slot]

    def clear(self) -> None:
        """Forget everything (and let the memory go)."""
        for kept in (self.calls, self._names, self._makers, self._nodes, self._users):
            kept.clear()
        self._cuts.clear()
        self._memory.clear()

    def __repr__(self) -> str:
        return f"<Tape of {len(self.calls)} calls>"


@contextlib.contextmanager
def record() -> Iterator[Tape]:
    """Keep the values, names and call sites of the forward inside the block.

    Everything that is computed from something that requires a gradient is kept
    until the tape goes, so this is for looking, not for training. Tensors
    without a ``name`` are called what the variables that hold them are called.

    Yields
    ------
    Tape
        Give it to the other functions of this package as ``tape=``; those called
        while it is alive find it by themselves.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import explain
    >>> a = mt.tensor(2.0, requires_grad=True)
    >>> with explain.record() as tape:
    ...     b = a * a
    ...     loss = mt.log(b)
    >>> [call.op.name for call in tape.calls], tape.name_of(b)
    (['multiply', 'log'], 'b')
    """
    tape = Tape()
    _recent.tape = weakref.ref(tape)
    with observe(tape):
        yield tape
    tape._read_names([t for call in tape.calls for t in call.outs])


def latest_tape() -> Tape | None:
    """The tape of this thread's last :func:`record`, while somebody holds it."""
    handle = getattr(_recent, "tape", None)
    return None if handle is None else handle()
