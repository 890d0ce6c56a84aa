"""The example of ``python -m minitorch explain --demo``: one layer, four numbers, no data."""

from __future__ import annotations

import minitorch as mt
from minitorch.autograd.tensor import Tensor

__all__ = ["demo_loss"]


def demo_loss() -> Tensor:
    """A rectified layer whose error is squared and averaged.

    Two of the things that learners trip over happen in it: the bias is broadcast
    over the rows, so its gradient is a sum over them; and ``error * error`` sends
    two contributions to the same tensor. One unit is off and passes nothing back.

    Returns
    -------
    Tensor
        A scalar.

    Examples
    --------
    >>> demo_loss().detach()
    Tensor(1.5625)
    """
    x = mt.asarray([[1.0, 2.0], [3.0, -1.0]])
    target = mt.asarray([[1.0, 0.0], [2.0, 1.0]])
    w = mt.tensor([[0.5, -1.0], [1.0, 0.25]], requires_grad=True)
    b = mt.tensor([0.5, 1.0], requires_grad=True)
    w.name, b.name = "w", "b"
    hidden = mt.relu(mt.matmul(x, w) + b)
    error = hidden - target
    loss: Tensor = mt.mean(error * error)
    return loss
