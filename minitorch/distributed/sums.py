"""The sum over all ranks as an op: what a graph that spans several processes is made of."""

from __future__ import annotations

from typing import Any

from minitorch.autograd import Tensor
from minitorch.autograd.op import Sample, op
from minitorch.distributed.group import Group

__all__ = ["all_sum"]


@op(formula="y = Σ x over the ranks", linear=("x",))
def all_sum(xp: Any, x: Any, *, group: Group) -> Any:
    """The sum of all ranks' tensors, on all ranks.

    Parameters
    ----------
    x : Tensor
        Of one shape and dtype on all ranks, which all come here, in forward and backward.
    group : Group

    Returns
    -------
    Tensor, as x

    Notes
    -----
    The graphs of all ranks together are one graph, whose loss is the sum of their losses. In it
    x of one rank goes into y of every rank, so dL/dx is the sum over all ranks of
    dL/dy: the op is its own adjoint.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.distributed import Group
    >>> all_sum(mt.asarray([1.0, 2.0]), group=Group())
    Tensor([1., 2.])
    """
    return group.sum_(xp.array(x, order="C", copy=True))


@all_sum.vjp("x")
def all_sum_dx(g: Tensor, group: Group) -> Any:
    """dL/dx = Σ g over the ranks"""
    return all_sum(g, group=group)


@all_sum.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 2), group=Group())
    yield Sample.of(make(), group=Group(), note="0-d")
