"""The rungs of csrc/cuda/update as the bodies of the update steps are called."""

from __future__ import annotations

from functools import partial
from typing import Any

from minitorch.backend.arrays import backend_of
from minitorch.backend.device_kernels import attach_device
from minitorch.backend.native import NATIVE_FLOATS

__all__ = ["attach_step"]

# rule -> what its op takes after p and g, in order; it returns p and then these
REMEMBERS = {"sgd": "", "momentum": "v", "nesterov": "v", "adam": "mv"}
# Numbers that may change at every step and say nothing of what is fastest
FREE = ("rate", "momentum", "beta1", "beta2", "epsilon")


def attach_step(op: Any, rule: str) -> None:
    """Give ``op`` the rungs of csrc/cuda/update, which call it ``rule``."""
    attach_device(op, "update", partial(_step, rule), supports=_supports, free=FREE)


def _step(rule: str, module: Any, rung: str, *arrays: Any, stream: int, **numbers: float) -> Any:
    """The op of this rule by a rung of csrc/cuda/update."""
    xp = backend_of(arrays[0]).xp
    p, g, *memory = [xp.ascontiguousarray(a) for a in arrays]
    old = dict(zip(REMEMBERS[rule], memory, strict=True))
    new = {f"new_{name}": xp.empty(p.shape, dtype=p.dtype) for name in ("p", *old)}
    module.update(rung, rule, p, g, **old, **new, **numbers, stream=stream)
    return tuple(new.values()) if old else new["new_p"]


def _supports(module: Any, rung: str, p: Any, *rest: Any, **numbers: float) -> bool | str:
    """Whether a rung can do this step, or why not."""
    if p.dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, the parameter is {p.dtype}"
    if any(getattr(a, "dtype", None) != p.dtype or a.shape != p.shape for a in rest):
        return "its arrays must be of one shape and dtype"
    return True
