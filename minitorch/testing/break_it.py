"""Break the engine on purpose: switch one ingredient off and see which answer goes wrong.

    >>> from minitorch.testing.break_it import SWITCHES, broken, show
    >>> show("dtype")
    dtype: a gradient has the dtype of the tensor that it belongs to.
        a = mt.tensor([1.0], dtype=mt.float32, requires_grad=True)
        (a * mt.ones(1, dtype=mt.float64)).sum().backward()
        return a.grad.dtype
    with it:    float32
    without it: float64

``with broken("dtype"):`` switches it off for lines of your own; ``SWITCHES``
has them all. The same switches test the tests: ``tests/test_mutation.py``
demands that the suite notices each of them.

Every switch stands on the function that takes the ingredient's place, followed
by its example.
"""

from __future__ import annotations

from heapq import heappush
from typing import Any

import minitorch as mt
from minitorch.autograd import engine, inplace
from minitorch.autograd.mode import mode, set_grad_enabled
from minitorch.autograd.node import VERSION, Node
from minitorch.autograd.tensor import Tensor
from minitorch.ops import conv
from minitorch.ops.conv import conv_dgrad
from minitorch.ops.convolve import flipped
from minitorch.testing.switches import SWITCHES, Switch, broken, show, switch

__all__ = ["SWITCHES", "Switch", "broken", "show"]

_send = engine._Walk.send
_fit = engine._fit
_visit = engine._visit
_finish_leaf = engine._finish_leaf
_unpack = Node.unpack


# -- the walk ---------------------------------------------------------------------


@switch(
    "accumulation",
    "what a tensor gets from its several uses is added up.",
    engine._Walk,
    "send",
)
def _accumulation(walk: Any, target: Any, slot: int, g: Tensor) -> None:
    """What comes last replaces what came before."""
    known = None if isinstance(target, Tensor) else walk.waiting.get(target.seq)
    if known is None:
        walk.leaves.pop(id(target), None)
        _send(walk, target, slot, g)
    elif isinstance(known[1], list):
        known[1][slot] = g
    else:
        walk.waiting[target.seq] = (target, g)


@_accumulation.demo
def _() -> Any:
    a = mt.tensor(1.0, requires_grad=True)
    b = a + a
    c = b + b
    c.backward()
    return a.grad


@switch(
    "order",
    "a node waits until all that used its output has run.",
    engine,
    "_Walk",
)
class _Order(engine._Walk):
    """The node that was reached last runs at once, and only once: what comes later is lost."""

    def __init__(self, inputs: Any) -> None:
        super().__init__(inputs)
        self.numbers: dict[int, int] = {}  # seq -> the how-manieth to be reached

    def send(self, target: Any, slot: int, g: Tensor) -> None:
        if isinstance(target, Tensor):
            super().send(target, slot, g)
            return
        several = len(target.outs) > 1
        number = len(self.numbers)
        if self.numbers.setdefault(target.seq, number) == number:
            heappush(self.heap, -number)
            self.waiting[number] = (target, [None] * len(target.outs) if several else None)
        _, known = self.waiting.get(self.numbers[target.seq], (None, None))
        if several and known is not None:
            known[slot] = g if known[slot] is None else known[slot] + g
        elif self.numbers[target.seq] in self.waiting:
            self.waiting[self.numbers[target.seq]] = (target, g if known is None else known + g)


@_Order.demo
def _() -> Any:
    a = mt.tensor(2.0, requires_grad=True)
    b = a * a
    c = b * a
    (c + b).backward()
    return a.grad


@switch(
    "freeing",
    "saved values go when their node has run, so memory falls during the walk.",
    engine,
    "_visit",
)
def _freeing(walk: Any, node: Node, g: Any, create_graph: bool, keep: bool) -> Any:
    """As if retain_graph were always given."""
    return _visit(walk, node, g, create_graph, True)


@_freeing.demo
def _() -> Any:
    a = mt.tensor(2.0, requires_grad=True)
    b = a * a
    b.backward()
    return b.grad_fn.saved


@switch(
    "hooks", "hooks see a gradient when it is whole, and may replace it.", engine, "_apply_hooks"
)
def _hooks(hooks: list[Any], g: Tensor) -> Tensor:
    """Nobody is asked."""
    return g


@_hooks.demo
def _() -> Any:
    a = mt.tensor(2.0, requires_grad=True)
    b = a * 3
    b.register_hook(lambda g: g * 100)
    b.backward()
    return a.grad


# -- from a rule's result to an input's gradient -------------------------------------


@switch(
    "unbroadcasting",
    "a gradient is summed over the axes along which its tensor was broadcast.",
    engine,
    "_fit",
)
def _unbroadcasting(node: Node, rule: Any, g: Any, shape: Any, dtype: Any) -> Tensor:
    """The shape stays what the rule gave."""
    return _fit(node, rule, g, g.shape, dtype)


@_unbroadcasting.demo
def _() -> Any:
    bias = mt.zeros(3).requires_grad_()
    (mt.ones((2, 3)) + bias).sum().backward()
    return bias.grad


@switch(
    "dtype",
    "a gradient has the dtype of the tensor that it belongs to.",
    engine,
    "_fit",
)
def _dtype(node: Node, rule: Any, g: Any, shape: Any, dtype: Any) -> Tensor:
    """The dtype stays what the rule gave."""
    return _fit(node, rule, g, shape, g.dtype)


@_dtype.demo
def _() -> Any:
    a = mt.tensor([1.0], dtype=mt.float32, requires_grad=True)
    (a * mt.ones(1, dtype=mt.float64)).sum().backward()
    return a.grad.dtype


# -- leaves ------------------------------------------------------------------------


@switch(
    "grad accumulation",
    "backward() adds to .grad, until zero_grad() clears it.",
    engine,
    "_finish_leaf",
)
def _grad_accumulation(leaf: Tensor, g: Tensor, accumulate: bool, create_graph: bool) -> Tensor:
    """The last backward counts."""
    if accumulate:
        leaf.grad = None
    return _finish_leaf(leaf, g, accumulate, create_graph)


@_grad_accumulation.demo
def _() -> Any:
    a = mt.tensor(3.0, requires_grad=True)
    (a * a).backward()
    (a * a).backward()
    return a.grad


@switch(
    "grad copy",
    ".grad is memory of its own, so writing to one tensor's does not change another's.",
    engine,
    "_finish_leaf",
)
def _grad_copy(leaf: Tensor, g: Tensor, accumulate: bool, create_graph: bool) -> Tensor:
    """The gradient that happens to arrive is kept as it is."""
    return _finish_leaf(leaf, g, accumulate, True)


@_grad_copy.demo
def _() -> Any:
    a, b = mt.tensor(1.0, requires_grad=True), mt.tensor(2.0, requires_grad=True)
    (a + b).backward()
    a.grad *= 100
    return b.grad


# -- what is saved, and writing in place -----------------------------------------------


@switch(
    "version check",
    "a saved value that was written in place since is refused.",
    Node,
    "unpack",
)
def _version_check(node: Node, create_graph: bool) -> Any:
    """Whatever the memory holds by now is used."""
    node.versions = [cell[VERSION] for cell in node.cells]
    return _unpack(node, create_graph)


@_version_check.demo
def _() -> Any:
    a = mt.tensor(3.0, requires_grad=True)
    b = a * 1
    c = b * b
    b += 100
    c.backward()
    return a.grad


@switch(
    "saved copies",
    "x *= w keeps a copy of the old x, which the gradient of w needs.",
    inplace,
    "_keep_old_values",
)
def _saved_copies(node: Node, cell: list[int]) -> None:
    """Nothing is kept."""


@_saved_copies.demo
def _() -> Any:
    w = mt.tensor(5.0, requires_grad=True)
    x = mt.tensor(2.0)
    x *= w
    x.backward()
    return w.grad


@switch(
    "views",
    "a view knows in whose memory it lies, so that writing to it changes the gradient of both.",
    Tensor,
    "_join",
)
def _views(out: Tensor, source: Any, op: Any, static: dict[str, Any]) -> None:
    """A view passes for a tensor of its own."""


@_views.demo
def _() -> Any:
    a = mt.tensor([1.0, 1.0], requires_grad=True)
    b = a * 1
    b[:1] *= 100
    b.sum().backward()
    return a.grad


# -- recording -----------------------------------------------------------------------


@switch(
    "output history",
    "a rule that uses the op's own output can be differentiated through it.",
    Node,
    "_with_history",
)
def _output_history(node: Node, saved: list[Any]) -> list[Any]:
    """Saved outputs stay the constants that they were saved as."""
    return saved


@_output_history.demo
def _() -> Any:
    x = mt.tensor(1.0, requires_grad=True)
    slope = mt.grad(mt.exp(x) * x, x, create_graph=True)
    return mt.grad(slope, x)


@switch("no_grad", "inside no_grad() nothing is recorded.", set_grad_enabled, "__enter__")
def _no_grad(self: set_grad_enabled) -> None:
    """The block is entered, but the mode stays what it was."""
    self._previous.append(mode.grad)


@_no_grad.demo
def _() -> Any:
    a = mt.tensor(2.0, requires_grad=True)
    with mt.no_grad():
        b = a * 3
    return b.requires_grad


# -- one rule, as an example for all -----------------------------------------------------


@switch(
    "flip",
    "the input gradient of a convolution meets the filters the other way round.",
    conv,
    "conv_dgrad",
)
def _flip(dy: Tensor, w: Tensor, **settings: Any) -> Tensor:
    """The filters as they are; their rows and columns happen to fit as well."""
    return conv_dgrad(dy, flipped(w), **settings)


@_flip.demo
def _() -> Any:
    x = mt.zeros((1, 1, 3)).requires_grad_()
    w = mt.asarray([[[1.0, 10.0, 100.0]]])
    mt.conv1d(x, w).sum().backward()
    return x.grad
