"""Other ways back through rectifiers: the only thing that tells three methods apart.

With y = f(x) a rectifier and g what arrives at y, the gradient is

- saliency (Simonyan):           g where x > 0
- deconvnet (Zeiler, Fergus):    g where g > 0, wherever x was
- guided backprop (Springenberg): g where x > 0 and g > 0

A rule makes of a rectifier a function that gives the same values and goes back the other way.
None of them needs an op: a hook on y clips g, and y + constant has the slope 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.nonlinearities import rectify, relu6

__all__ = ["Rule", "deconvolved", "guided", "rectifies", "waking"]

Function = Callable[[Tensor], Tensor]
Rule = Callable[[Function], Function]
_RECTIFIERS = (rectify, relu6)


def rectifies(layer: Any) -> bool:
    """Whether a layer's nonlinearity is a rectifier."""
    return any(getattr(layer, "nonlinearity", None) is one for one in _RECTIFIERS)


def guided(function: Function) -> Function:
    """A rectifier through which only positive gradients go back, to where it was active."""

    def forward(x: Tensor) -> Tensor:
        out = function(x)
        if out.requires_grad:
            out.register_hook(ops.relu)
        return out

    return forward


def deconvolved(function: Function) -> Function:
    """A rectifier that rectifies what goes back, too, and forgets where it was active."""

    def forward(x: Tensor) -> Tensor:
        if not x.requires_grad:
            return function(x)
        out: Tensor = x + (function(x) - x).detach()
        out.register_hook(ops.relu)
        return out

    return forward


def waking(function: Function) -> Function:
    """A rectifier that also lets through what would make it active where it is not."""

    def forward(x: Tensor) -> Tensor:
        if not x.requires_grad:
            return function(x)
        out: Tensor = x + (function(x) - x).detach()
        active = ops.astype(x.detach() > 0, x.dtype)
        out.register_hook(lambda g: g * active + ops.relu(g) * (1 - active))
        return out

    return forward
