"""Writing into a tensor's memory without losing its gradients.

``x += y`` computes ``x + y`` as a new tensor, copies it into x's memory and
gives x the new tensor's history. The version cell that x shares with its views
and with what was saved of it moves on, so that a gradient that needs the old
values says so instead of being wrong.

A write through a *view* changes part of its root: the root gets a ``view_write``
node, whose rules send the gradient of the written part to the new value and
the rest to the old root. All other views of that root derive their history
from it again when they are next used.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from minitorch.autograd.mode import mode
from minitorch.autograd.node import EPOCH, VERSION, Node
from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor, View
from minitorch.backend.arrays import backend_of, same_backend

__all__ = ["view_write", "write"]


def _follow(start: Any, path: Any) -> Any:
    for view_op, static in path:
        start = view_op(start, **static)
    return start


@op(formula="y = base, with base[path] = value", linear=("base", "value"))
def view_write(xp: Any, base: Any, value: Any, *, path: Any) -> Any:
    """``base`` with the part that the view ops of ``path`` select replaced by ``value``."""
    out = base.copy()
    part = out
    for view_op, static in path:
        part = view_op.source(xp, part, **static)
    part[...] = value
    return out


@view_write.vjp("base")
def view_write_dbase(g: Tensor, value_shape: tuple[int, ...], path: Any) -> Tensor:
    """g, with zeros where the value went."""
    backend = backend_of(g.data)
    zeros = Tensor(backend.run("setitem", (g.data,), backend.xp.zeros, value_shape, g.dtype))
    result: Tensor = view_write(g, zeros, path=path)
    return result


@view_write.vjp("value")
def view_write_dvalue(g: Tensor, path: Any) -> Any:
    """The same view of g."""
    return _follow(g, path)


@view_write.samples
def _view_write_samples(make: Any) -> Any:
    from minitorch.autograd.op import find_op

    path = ((find_op("getitem"), {"index": (slice(1, 3),)}),)
    yield Sample.of(make(4, 3), make(2, 3), path=path)


def _same_place(a: View | None, b: View | None) -> bool:
    return a is not None and b is not None and a.root is b.root and a.path == b.path


def _keep_old_values(node: Node, cell: list[int]) -> None:
    """Copy what the op that computed the new value saved of the memory to be written.

    ``x *= w`` needs the old x for the gradient of w; only this one node can be
    helped, the others that saved x will find it stale.
    """
    pairs = list(zip(node.cells, node.versions, strict=True))
    if node.saved is None or not any(c is cell for c, _ in pairs):
        return
    if any(c is cell and version != cell[VERSION] for c, version in pairs):
        return  # written before already
    for i, value in enumerate(node.saved):
        if not isinstance(value, Tensor) or value._cell is not cell:
            continue
        if value._needs and value._node is None:
            return  # a leaf's copy would be another leaf: let it be found stale
        copy = value.copied()
        copy._needs, copy._node, copy._slot = value._needs, value._node, value._slot
        node.saved[i] = copy
    kept = [(c, version) for c, version in pairs if c is not cell]
    node.cells = [c for c, _ in kept]
    node.versions = [version for _, version in kept]


def is_recorded(target: Tensor, value: Tensor) -> bool:
    """Whether writing ``value`` into ``target`` changes the history of what it lies in."""
    root = target if target._view is None else target._view.root
    return mode.grad and (target.requires_grad or value.requires_grad or root._needs)


def _assign(array: Any, index: Any, value: Any) -> None:
    if array.__class__ is np.ndarray:
        array[index] = value
    else:
        backend_of(array).run("setitem", (array, value), operator.setitem, array, index, value)


def _check(target: Tensor, value: Tensor) -> None:
    """That the target's memory can be written, and with values of that dtype."""
    if not getattr(target.data.flags, "writeable", True):
        raise ValueError(
            f"cannot write into this tensor {target.shape}: its memory is read-only, as after "
            f"broadcast_to, where elements share it. Write to a copy instead"
        )
    if target.data.__class__ is not value.data.__class__:
        same_backend("setitem", (target.data, value.data))
    xp = backend_of(target.data).xp
    if value.dtype != target.dtype and not xp.can_cast(value.dtype, target.dtype, "same_kind"):
        raise TypeError(f"cannot write {value.dtype} values into a {target.dtype} tensor")


def overwrite(target: Tensor, index: Any, value: Tensor) -> None:
    """``target[index] = value`` in plain terms, where nothing is recorded.

    Raises
    ------
    ValueError
        If the value does not broadcast to what the index selects, or the
        memory is read-only.
    TypeError
        If its dtype cannot be cast to the target's.
    """
    _check(target, value)
    try:
        _assign(target.data, index, value.data)
    except ValueError as error:
        raise ValueError(
            f"cannot write shape {value.shape} into a part of shape {target.shape}: {error}"
        ) from None
    target._cell[VERSION] += 1
    for observer in mode.observers:
        observer.after_write(target, index, value)


def write(target: Tensor, value: Tensor) -> None:
    """``target[...] = value``: memory, version and history.

    Raises
    ------
    RuntimeError
        If a leaf that requires a gradient would be overwritten while recording, or the value
        is on another device.
    ValueError
        If the value does not broadcast to the target, or its memory is read-only.
    TypeError
        If its dtype cannot be cast to the target's (float into int, say).
    """
    target_view = target._view
    target._refresh()
    value._refresh()
    if _same_place(target_view, value._view):
        return  # Python's x[i] += y ends by assigning x[i] to itself
    root = target if target_view is None else target_view.root
    records = is_recorded(target, value)
    if records and root._needs and root._node is None:
        raise RuntimeError(
            f"a leaf that requires a gradient {root.shape} is written in place; do it under "
            f"minitorch.no_grad(), or write to a copy"
        )
    _check(target, value)
    if records:
        if value.dtype != target.dtype:
            value = value.astype(target.dtype)
        if value.shape != target.shape:
            value = value.broadcast_to(target.shape)
    if records and value._node is not None:
        _keep_old_values(value._node, target._cell)
    try:
        _assign(target.data, ..., value.data)
    except ValueError:
        raise ValueError(f"cannot write shape {value.shape} into shape {target.shape}") from None
    cell = target._cell
    cell[VERSION] += 1
    for observer in mode.observers:
        observer.after_write(target, ..., value)
    if not records:
        return
    if target_view is not None:
        view_write.link((root, value), root, {"path": target_view.path})
    elif value._needs and value._node is None:  # a bare leaf was copied in
        view_write.link((root.detach(), value), root, {"path": ()})
    else:
        root._needs, root._node, root._slot = value._needs, value._node, value._slot
    cell[EPOCH] += 1
