"""Tensors that remember what they were made from: probabilities, and vectors of words.

softmax([200, 0]) is [1, 0] in floating point: that the second class has
log-probability -200 is lost, and the cross-entropy of such a row is infinite.
So ``softmax`` and ``sigmoid`` note, for every tensor they return, which tensor it
was made of, and the cross-entropies look there before they take a logarithm.
Theano found the same pairs by rewriting its graph.

``embedding`` notes the table that its vectors are rows of, and which. A product of all
the vectors with one matrix is a row of the table's product each: whoever has many vectors
of few words multiplies the table, and looks the products up.

The note belongs to that very tensor, not to copies, views or arithmetic of it. It
holds in any function, with gradients on or off, for as long as the tensor lives (and
keeps the logits or the table alive as long). It is void

- once the tensor, or what it was made from, has been written in place;
- while somebody waits for the gradient of the tensor itself (a hook, ``retain_grad``, or
  ``requires_grad`` set on a tensor without a history): who takes the short cut sends the
  gradient straight to the logits or the table.
"""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple

from minitorch.autograd.tensor import Tensor

__all__ = ["logits_of", "lookup_of", "remember"]


class _Note(NamedTuple):
    handle: weakref.ref[Tensor]
    version: int
    source: Tensor
    source_version: int
    maker: str
    detail: Any


# By the tensor's id: a dictionary with tensors as weak keys would compare
# them, and == between tensors is elementwise.
_notes: dict[int, _Note] = {}


def remember(out: Tensor, source: Any, maker: str, detail: Any = 0) -> Tensor:
    """Note that ``out`` is ``maker(source)``, and return it; ``detail`` is an axis, say."""
    if isinstance(source, Tensor):
        key = id(out)
        handle = weakref.ref(out, lambda _: _notes.pop(key, None))
        _notes[key] = _Note(handle, out.version, source, source.version, maker, detail)
    return out


def _found(out: Any, maker: str) -> tuple[Tensor, Any] | None:
    """What ``maker`` made a tensor of and the detail, if that still holds."""
    note = _notes.get(id(out))
    if note is None or note.handle() is not out or note.maker != maker:
        return None
    if out.version != note.version or note.source.version != note.source_version:
        return None
    if not out.requires_grad:  # made under no_grad: a constant
        return note.source.detach(), note.detail
    node = out.grad_fn
    if node is None or (node.hooks and node.hooks.get(out._slot)):
        return None
    return note.source, note.detail


def logits_of(probabilities: Any, maker: str, axis: int = 0) -> Tensor | None:
    """The tensor that ``maker`` made these probabilities of along ``axis``, if that still holds."""
    found = _found(probabilities, maker)
    return found[0] if found is not None and found[1] == axis else None


def lookup_of(vectors: Any) -> tuple[Tensor, Tensor] | None:
    """The index and the table of which these vectors are rows, if that still holds."""
    found = _found(vectors, "embedding")
    if found is None:
        return None
    table, (index, version) = found
    return (index, table) if index.version == version else None
