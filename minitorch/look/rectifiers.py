"""Other ways back through rectifiers: the only thing that tells three methods apart.

With y = f(x) a rectifier and g what arrives at y, the gradient is

- saliency (Simonyan):           g where x > 0
- deconvnet (Zeiler, Fergus):    g where g > 0, wherever x was
- guided backprop (Springenberg): g where x > 0 and g > 0

A rule makes of a rectifier a function that gives the same values and goes back the other way.
None of them needs an op: a hook on y clips g, and y + constant has the slope 1.

A rectifier is what passes positive values on and holds negative ones back: rectify, relu6, and
with a slope or a floor below zero leaky_rectify, elu, selu and the layers of prelu and rrelu. In
these guided backprop clips g at y and goes back by their own slope; the deconvnet has the slope 1
for all. Functions that bend above zero too (softplus, swish, gelu) and those that saturate
(sigmoid, tanh) are none, and are gone through as by their gradient.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from minitorch import layers, ops
from minitorch.autograd import Tensor
from minitorch.nonlinearities import SELU, LeakyRectify, elu, rectify, relu6

__all__ = ["Rule", "deconvolved", "guided", "rectifies", "waking", "with_rule"]

Function = Callable[[Tensor], Tensor]
Rule = Callable[[Function], Function]
_FUNCTIONS = (rectify, relu6, elu)
_CLASSES = (LeakyRectify, SELU)
_LAYERS = (layers.ParametricRectifierLayer, layers.RandomizedRectifierLayer)


def rectifies(layer: Any) -> bool:
    """Whether a layer is a rectifier, or its nonlinearity one."""
    function = getattr(layer, "nonlinearity", None)
    known = any(function is one for one in _FUNCTIONS) or isinstance(function, _CLASSES)
    return known or isinstance(layer, _LAYERS)


def with_rule(layer: Any, rule: Rule) -> Any:
    """A copy of a layer that rectifies, which goes back by a rule; it shares the parameters."""
    changed = copy.copy(layer)
    if isinstance(layer, _LAYERS):
        back = rule(lambda x: layer.get_output_for(x, deterministic=True))
        vars(changed)["get_output_for"] = lambda x, **kwargs: back(x)
    else:
        vars(changed)["nonlinearity"] = rule(layer.nonlinearity)
    return changed


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
