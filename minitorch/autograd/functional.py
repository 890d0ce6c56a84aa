"""Derivatives of functions: vjp, jvp, jacobian, hessian, and products with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from minitorch.autograd.engine import grad
from minitorch.autograd.mode import enable_grad
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_of

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vjp"]


def _zeros_like(t: Tensor) -> Tensor:
    return Tensor(backend_of(t.data).xp.zeros_like(t.data))


def _prepare(inputs: Any, create_graph: bool) -> tuple[bool, list[Tensor]]:
    """The inputs as differentiable handles of their own, history kept on request."""
    single = isinstance(inputs, Tensor)
    handles = []
    for i, x in enumerate([inputs] if single else inputs):
        if not isinstance(x, Tensor):
            raise TypeError(f"input {i} is a {type(x).__name__}, not a tensor")
        if create_graph and x.requires_grad:
            # A node of its own: one input may have been computed from another.
            handles.append(x.reshape(x.shape))
        else:
            handles.append(x.detach().requires_grad_())
    return single, handles


def _evaluate(function: Callable[..., Any], handles: list[Tensor], what: str) -> Tensor:
    with enable_grad():
        out = function(*handles)
    if not isinstance(out, Tensor):
        raise TypeError(f"{what}: the function returned a {type(out).__name__}, not a tensor")
    return out


def _grads(
    out: Tensor, handles: list[Tensor], v: Any, create_graph: bool, retain: bool
) -> list[Tensor]:
    if not out.requires_grad:  # constant in every input
        return [_zeros_like(x) for x in handles]
    found = grad(
        out,
        handles,
        v,
        create_graph=create_graph,
        retain_graph=retain or create_graph,
        allow_unused=True,
    )
    return [_zeros_like(x) if g is None else g for x, g in zip(handles, found, strict=True)]


def _tangents(v: Any, handles: list[Tensor], what: str) -> list[Tensor]:
    tangents = [v] if isinstance(v, Tensor) else list(v)
    if [t.shape for t in tangents] != [x.shape for x in handles]:
        raise ValueError(
            f"{what}: v has shapes {[t.shape for t in tangents]}, the inputs "
            f"{[x.shape for x in handles]}"
        )
    return tangents


def vjp(
    function: Callable[..., Tensor],
    inputs: Any,
    v: Tensor | None = None,
    *,
    create_graph: bool = False,
) -> tuple[Tensor, Any]:
    """``function(*inputs)`` and vᵀJ, the gradient for an incoming gradient ``v``.

    Parameters
    ----------
    function : callable
        From tensors to one tensor.
    inputs : Tensor or sequence of Tensor
    v : Tensor, optional
        Of the output's shape; 1 for an output of one element.
    create_graph : bool
        Make the results differentiable towards ``inputs``.

    Returns
    -------
    output : Tensor
    products : Tensor or list of Tensor
        Of the inputs' shapes; zeros where the output does not depend on one.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.vjp(lambda x: x * x, mt.tensor([1.0, 2.0]), mt.tensor([1.0, 10.0]))
    (Tensor([1., 4.]), Tensor([ 2., 40.]))
    """
    single, handles = _prepare(inputs, create_graph)
    out = _evaluate(function, handles, "vjp")
    products = _grads(out, handles, v, create_graph, False)
    return out if create_graph else out.detach(), products[0] if single else products


def jvp(
    function: Callable[..., Tensor], inputs: Any, v: Any, *, create_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """``function(*inputs)`` and Jv, the derivative along ``v``.

    The vector-Jacobian product uᵀJ is linear in u; its own gradient towards u,
    with v coming in, is Jv. So two reverse walks make a forward derivative.

    Parameters
    ----------
    function, inputs, create_graph
        As for :func:`vjp`.
    v : Tensor or sequence of Tensor
        A direction, of the inputs' shapes.

    Returns
    -------
    output, product : Tensor
        Both of the output's shape.

    Raises
    ------
    ValueError
        If a shape of ``v`` is not that of its input.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.jvp(lambda x: x * x, mt.tensor([1.0, 2.0]), mt.tensor([1.0, 1.0]))
    (Tensor([1., 4.]), Tensor([2., 4.]))
    """
    _, handles = _prepare(inputs, create_graph)
    tangents = _tangents(v, handles, "jvp")
    out = _evaluate(function, handles, "jvp")
    u = _zeros_like(out).requires_grad_()
    products = _grads(out, handles, u, True, True)
    pairs = [(p, t) for p, t in zip(products, tangents, strict=True) if p.requires_grad]
    if not pairs:
        return out if create_graph else out.detach(), _zeros_like(out)
    total = grad(
        [p for p, _ in pairs],
        u,
        [t for _, t in pairs],
        create_graph=create_graph,
        allow_unused=True,
    )
    product = _zeros_like(out) if total is None else total
    return out if create_graph else out.detach(), product


def jacobian(function: Callable[..., Tensor], inputs: Any, *, create_graph: bool = False) -> Any:
    """The whole matrix of first derivatives, one reverse walk per output element.

    Parameters
    ----------
    function, inputs, create_graph
        As for :func:`vjp`.

    Returns
    -------
    Tensor or list of Tensor
        Per input: shape ``output.shape + input.shape``.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.jacobian(lambda x: x * x, mt.tensor([1.0, 2.0]))
    Tensor([[2., 0.],
            [0., 4.]])
    """
    single, handles = _prepare(inputs, create_graph)
    out = _evaluate(function, handles, "jacobian")
    xp = backend_of(out.data).xp
    rows: list[list[Tensor]] = []
    for i in range(out.size):
        seed = xp.zeros(out.size, dtype=out.dtype)
        seed[i] = 1
        rows.append(_grads(out, handles, Tensor(seed.reshape(out.shape)), create_graph, True))
    results = []
    for k, x in enumerate(handles):
        shape = out.shape + x.shape
        if create_graph and rows:
            # Assembled by ops, so that the rows keep their history.
            total: Any = Tensor(xp.zeros((out.size, *x.shape), dtype=x.dtype))
            for i, row in enumerate(rows):
                unit = numpy.zeros((out.size,) + (1,) * x.ndim)
                unit[i] = 1
                total = total + row[k] * Tensor(xp.asarray(unit, dtype=x.dtype))
            results.append(total.reshape(shape))
        else:
            stacked = xp.zeros((out.size, *x.shape), dtype=x.dtype)
            for i, row in enumerate(rows):
                stacked[i] = row[k].data
            results.append(Tensor(stacked.reshape(shape)))
    return results[0] if single else results


def hessian(function: Callable[..., Tensor], inputs: Any, *, create_graph: bool = False) -> Any:
    """The matrix of second derivatives of a function of one element.

    Parameters
    ----------
    function, inputs, create_graph
        As for :func:`vjp`; the output has one element.

    Returns
    -------
    Tensor, or list of lists of Tensor
        ``[i][j]`` of shape ``inputs[i].shape + inputs[j].shape``.

    Raises
    ------
    ValueError
        If the output has several elements.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.hessian(lambda x: (x * x * x).sum(), mt.tensor([1.0, 2.0]))
    Tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    single, handles = _prepare(inputs, create_graph)

    def gradient(i: int) -> Callable[..., Tensor]:
        def of(*xs: Tensor) -> Tensor:
            out = _evaluate(function, list(xs), "hessian")
            if out.size != 1:
                raise ValueError(f"hessian needs one output element, the function gave {out.shape}")
            return _grads(out.reshape(()), list(xs), None, True, True)[i]

        return of

    rows = [jacobian(gradient(i), handles, create_graph=create_graph) for i in range(len(handles))]
    return rows[0][0] if single else rows


def hvp(function: Callable[..., Tensor], inputs: Any, v: Any) -> tuple[Tensor, Any]:
    """``function(*inputs)`` and Hv: the Hessian times a vector, without the Hessian.

    Parameters
    ----------
    function, inputs
        As for :func:`hessian`.
    v : Tensor or sequence of Tensor
        Of the inputs' shapes.

    Returns
    -------
    output : Tensor
    products : Tensor or list of Tensor

    References
    ----------
    Pearlmutter: Fast exact multiplication by the Hessian, 1994.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.hvp(lambda x: (x * x * x).sum(), mt.tensor([1.0, 2.0]), mt.tensor([1.0, 1.0]))
    (Tensor(9.), Tensor([ 6., 12.]))
    """
    single, handles = _prepare(inputs, False)
    tangents = _tangents(v, handles, "hvp")
    out = _evaluate(function, handles, "hvp")
    if out.size != 1:
        raise ValueError(f"hvp needs one output element, the function gave {out.shape}")
    first = _grads(out, handles, None, True, True)
    pairs = [(g, t) for g, t in zip(first, tangents, strict=True) if g.requires_grad]
    if not pairs:
        products = [_zeros_like(x) for x in handles]
    else:
        found = grad([g for g, _ in pairs], handles, [t for _, t in pairs], allow_unused=True)
        products = [_zeros_like(x) if g is None else g for x, g in zip(handles, found, strict=True)]
    return out.detach(), products[0] if single else products
