"""Einstein summation, of any number of operands and any order of derivative."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.indexing import scatter_add
from minitorch.ops.shape import broadcast_to, expand_dims

__all__ = ["einsum"]

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _parse(subscripts: str, shapes: list[tuple[int, ...]]) -> tuple[list[str], str]:
    """One letter per axis of every operand, and the output's letters; "..." spelled out."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f"einsum: {subscripts!r} names {len(terms)} operands, got {len(shapes)}")
    free = [c for c in LETTERS if c not in text]
    spelled, most = [], 0
    for term, shape in zip(terms, shapes, strict=True):
        count = len(shape) - len(term.replace("...", ""))
        if count < 0 or (count and "..." not in term):
            raise ValueError(f"einsum: {term!r} does not fit an operand of shape {shape}")
        most = max(most, count)
        spelled.append((term, count))
    dots = "".join(free[:most])
    inputs = [term.replace("...", dots[most - count :]) for term, count in spelled]
    for term, shape in zip(inputs, shapes, strict=True):
        if not all(c in LETTERS for c in term):
            raise ValueError(f"einsum: {subscripts!r} has a subscript that is no letter")
        if len(term) != len(shape):
            raise ValueError(f"einsum: {term!r} does not fit an operand of shape {shape}")
    if arrow:
        output = right.replace("...", dots)
    else:
        once = [c for c in sorted(set("".join(inputs))) if "".join(inputs).count(c) == 1]
        output = dots + "".join(c for c in once if c not in dots)
    if len(set(output)) != len(output) or any(c not in "".join(inputs) for c in output):
        raise ValueError(f"einsum: the output of {subscripts!r} repeats or invents a subscript")
    return inputs, output


def _sizes(inputs: list[str], shapes: list[tuple[int, ...]]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for term, shape in zip(inputs, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            known = sizes.setdefault(letter, n)
            if known != n and 1 not in (known, n):
                raise ValueError(f"einsum: subscript {letter!r} is both {known} and {n} long")
            sizes[letter] = max(known, n)
    return sizes


@op(
    name="einsum",
    formula="y = Σ over the subscripts that are not in the output",
    linear=("arrays",),
    upcast=True,
)
def _einsum(xp, *arrays, subscripts):
    """The op behind :func:`einsum`."""
    inputs, output = _parse(subscripts, [a.shape for a in arrays])
    _sizes(inputs, [a.shape for a in arrays])
    out = xp.einsum(f"{','.join(inputs)}->{output}", *arrays, optimize=len(arrays) > 1)
    # A pure transpose or diagonal comes back as a view of the operand.
    return out.copy() if len(arrays) == 1 else out


@_einsum.vjp("arrays")
def einsum_darrays(g, arrays, subscripts):
    """dL/dx_k = einsum of g and the other operands, to x_k's subscripts"""
    shapes = [a.shape for a in arrays]
    inputs, output = _parse(subscripts, shapes)
    sizes = _sizes(inputs, shapes)
    return [
        _towards(g, arrays, inputs, output, sizes, k)
        if isinstance(a, Tensor) and a.requires_grad
        else None
        for k, a in enumerate(arrays)
    ]


def _towards(
    g: Tensor, arrays: Any, inputs: list[str], output: str, sizes: dict[str, int], k: int
) -> Tensor:
    """The gradient towards operand k, whose subscripts may repeat or appear nowhere else."""
    others = [i for i in range(len(arrays)) if i != k]
    known = set(output).union(*(inputs[i] for i in others)) if others else set(output)
    letters = "".join(dict.fromkeys(inputs[k]))
    reachable = "".join(c for c in letters if c in known)
    spec = ",".join([output, *(inputs[i] for i in others)]) + "->" + reachable
    part = _einsum(g, *(arrays[i] for i in others), subscripts=spec)
    # A subscript of operand k alone was summed over: every element gets the same.
    for position, letter in enumerate(letters):
        if letter not in known:
            part = expand_dims(part, axis=position)
    part = broadcast_to(part, shape=tuple(sizes[c] for c in letters))
    if len(letters) == len(inputs[k]):
        return part
    return _onto_diagonal(part, letters, inputs[k], sizes)


def _onto_diagonal(part: Tensor, letters: str, term: str, sizes: dict[str, int]) -> Tensor:
    """Spread the gradient of a diagonal (repeated subscripts) over the whole operand."""

    grids = numpy.ogrid[tuple(slice(sizes[c]) for c in letters)]
    index = tuple(numpy.broadcast_to(grids[letters.index(c)], part.shape) for c in term)
    return scatter_add(part, index=index, shape=tuple(sizes[c] for c in term))


@_einsum.samples
def _(make):
    yield Sample.of(make(2, 3), make(3, 4), subscripts="ij,jk->ik")
    yield Sample.of(make(2, 3), make(3, 4), subscripts="ij,jk", note="no output given")
    yield Sample.of(make(3, 3), subscripts="ii->i", note="diagonal")
    yield Sample.of(make(3, 3), subscripts="ii", note="trace")
    yield Sample.of(make(2, 3), make(4), subscripts="ij,k->k", note="summed away")
    yield Sample.of(make(2, 3, 4), make(4, 5), subscripts="...k,kl->...l")
    yield Sample.of(make(2, 3), make(3), make(2), subscripts="ij,j,i->")


def einsum(subscripts: str, /, *arrays: Tensor) -> Tensor:
    """Sum of products of elements, by Einstein's summation convention.

    Parameters
    ----------
    subscripts : str
        As for ``numpy.einsum``: a letter per axis, operands separated by
        commas, "..." for broadcast axes, then optionally "->" and the
        output's letters.
    *arrays : Tensor

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If subscripts and shapes do not fit.

    Notes
    -----
    The gradient towards an operand is again an einsum: of the incoming
    gradient and the other operands, to that operand's subscripts.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.einsum("ij,jk->ik", mt.ones((2, 3)), mt.ones((3, 4))).shape
    (2, 4)
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: the subscripts are a str, not a {type(subscripts).__name__}")
    return _einsum(*arrays, subscripts=subscripts)
