"""Embedding: rows of a table, looked up by integer."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.create import asarray
from minitorch.autograd.fresh import check_values
from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import BACKENDS, backend_of
from minitorch.backend.native import attach
from minitorch.ops.embedding_native import (
    embedding_fwd_native,
    embedding_wgrad_native,
    supports_embedding,
)
from minitorch.ops.provenance import remember

__all__ = ["embedding", "embedding_wgrad"]


@op(name="embedding", formula="y[i...] = w[index[i...]]", constant=("index",), linear=("w",))
def embedding_op(xp: Any, w: Any, index: Any) -> Any:
    """Rows of w; see :func:`minitorch.embedding`, which calls this op."""
    return xp.take(w, index, axis=0)


@embedding_op.vjp("w")
def embedding_dw(g: Tensor, index: Tensor, w_shape: tuple[int, ...]) -> Any:
    """dL/dw = for every row, the sum of g over the places where it was looked up"""
    return embedding_wgrad(g, index, rows=w_shape[0])


@op(
    formula="w[r] = Σ y[i...] over index[i...] = r",
    constant=("index",),
    linear=("y",),
    upcast=True,
)
def embedding_wgrad(xp: Any, y: Any, index: Any, *, rows: int) -> Any:
    """The adjoint of :func:`embedding`: add every vector to the row that it came from.

    Parameters
    ----------
    y : Tensor, (..., D)
    index : integer Tensor, (...)
    rows : int
        Of the result.

    Returns
    -------
    Tensor, (rows, D)

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.embedding_wgrad(mt.asarray([[1.0], [2.0], [4.0]]), mt.asarray([1, 0, 1]), rows=3)
    Tensor([[2.],
            [5.],
            [0.]])
    """
    out = xp.zeros((rows, *y.shape[index.ndim :]), dtype=y.dtype)
    xp.add.at(out, index, y)
    return out


@embedding_wgrad.vjp("y")
def embedding_wgrad_dy(g: Tensor, index: Tensor) -> Any:
    """dL/dy = g at the rows that the index names"""
    return embedding_op(g, index)


def embedding(index: Any, w: Tensor) -> Tensor:
    """Look up the vectors of integers in a table.

    Parameters
    ----------
    index : integer Tensor, (...)
        Words, say, each from 0 to rows - 1.
    w : Tensor, (rows, D)
        One vector per row.

    Returns
    -------
    Tensor, (..., D)

    Raises
    ------
    TypeError
        If the index holds no integers.
    ValueError
        If an index is out of range, or w is no matrix.

    Notes
    -----
    The gradient of a row is the sum over all places where it was looked up; it is
    dense, zero for the other rows.

    The result remembers index and table: the gated layers multiply a table that is shorter
    than the sequences instead of what was looked up in it. Where the gradient of the
    result itself is wanted, call ``retain_grad()`` on it, or give it a hook, before.

    Examples
    --------
    >>> import minitorch as mt
    >>> w = mt.tensor([[0.0, 1.0], [2.0, 3.0]], requires_grad=True)
    >>> y = mt.embedding(mt.asarray([1, 1, 0]), w)
    >>> y.shape
    (3, 2)
    >>> y.sum().backward()
    >>> w.grad
    Tensor([[1., 1.],
            [2., 2.]])
    """
    if not isinstance(index, Tensor):
        device = None if type(index) in BACKENDS or not isinstance(w, Tensor) else w.device
        index = asarray(index, device=device)
    if w.ndim != 2:
        raise ValueError(f"embedding: w must be (rows, features), got {w.shape}")
    if index.dtype.kind not in "iu":
        raise TypeError(f"embedding: the index must hold integers, got {index.dtype} {index.shape}")
    rows = w.shape[0]

    def check(data: Any) -> None:
        xp = backend_of(data).xp
        wrong = xp.logical_or(data < 0, data >= rows)
        if wrong.any():
            first = int(data.reshape(-1)[int(xp.argmax(wrong.reshape(-1)))])
            raise ValueError(
                f"embedding: index {first} is out of range, w has the rows 0 to {rows - 1}"
            )

    check_values(check, index)
    return remember(embedding_op(w, index), w, "embedding", (index, index.version))


for _op, _call in ((embedding_op, embedding_fwd_native), (embedding_wgrad, embedding_wgrad_native)):
    attach(_op, "embedding", _call, supports=supports_embedding)


@embedding_op.samples
def _(make: Any) -> Any:
    yield Sample.of(make(5, 3), make.ints(4, 2, high=5))
    yield Sample.of(make(5, 3), make.ints(high=5), note="one index")


@embedding_wgrad.samples
def _(make: Any) -> Any:
    yield Sample.of(make(4, 2, 3), make.ints(4, 2, high=5), rows=5)
