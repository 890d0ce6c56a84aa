"""Probabilities that remember the logits they were made from.

softmax([200, 0]) is [1, 0] in floating point: that the second class has
log-probability -200 is lost, and the cross-entropy of such a row is infinite.
So ``softmax`` and ``sigmoid`` note, for every tensor they return, which tensor it
was made of, and the cross-entropies look there before they take a logarithm.
Theano found the same pairs by rewriting its graph.

The note belongs to that very tensor, not to copies, views or arithmetic of it. It
holds in any function, with gradients on or off, for as long as the probabilities
live (and keeps the logits alive as long). It is void

- once the probabilities or the logits have been written in place;
- while somebody waits for the gradient of the probabilities themselves (a hook,
  ``retain_grad``, or ``requires_grad`` set on probabilities without a history):
  a loss that takes the short cut sends its gradient straight to the logits.
"""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple

from minitorch.autograd.tensor import Tensor

__all__ = ["logits_of", "remember"]


class _Note(NamedTuple):
    handle: weakref.ref[Tensor]
    version: int
    logits: Tensor
    logits_version: int
    maker: str
    axis: int


# By the probabilities' id: a dictionary with tensors as weak keys would compare
# them, and == between tensors is elementwise.
_notes: dict[int, _Note] = {}


def remember(out: Tensor, logits: Any, maker: str, axis: int = 0) -> Tensor:
    """Note that ``out`` is ``maker(logits)``, and return it."""
    if isinstance(logits, Tensor):
        key = id(out)
        handle = weakref.ref(out, lambda _: _notes.pop(key, None))
        _notes[key] = _Note(handle, out.version, logits, logits.version, maker, axis)
    return out


def logits_of(probabilities: Any, maker: str, axis: int = 0) -> Tensor | None:
    """The tensor that ``maker`` made these probabilities of along ``axis``, if that still holds."""
    note = _notes.get(id(probabilities))
    if note is None or note.handle() is not probabilities:
        return None
    if note.maker != maker or note.axis != axis:
        return None
    if probabilities.version != note.version or note.logits.version != note.logits_version:
        return None
    if not probabilities.requires_grad:  # made under no_grad: a constant
        return note.logits.detach()
    node = probabilities.grad_fn
    if node is None or (node.hooks and node.hooks.get(probabilities._slot)):
        return None
    return note.logits
