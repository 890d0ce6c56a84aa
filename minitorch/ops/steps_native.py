"""The rungs of csrc/cpu/update as the bodies of the update steps are called."""

from __future__ import annotations

from functools import partial
from typing import Any

from minitorch.backend.native import NATIVE_FLOATS, attach, native_array, native_empty

__all__ = ["attach_native_step"]

# rule -> what its op takes after p and g, in order; it returns p and then these
REMEMBERS = {"sgd": "", "momentum": "v", "nesterov": "v", "adam": "mv"}


def attach_native_step(op: Any, rule: str) -> None:
    """Give ``op`` the rungs of csrc/cpu/update, which call it ``rule``."""
    attach(op, "update", partial(_step, rule), supports=_supports)


def _step(rule: str, native: Any, rung: str, *arrays: Any, **numbers: float) -> Any:
    """The op of this rule by a rung of csrc/cpu/update."""
    p, g, *memory = [native_array(a).reshape(-1) for a in arrays]
    shape = arrays[0].shape
    old = dict(zip(REMEMBERS[rule], memory, strict=True))
    new = {f"new_{name}": native_empty(shape, p.dtype) for name in ("p", *old)}
    flat = {name: a.reshape(-1) for name, a in new.items()}
    native.update(rung, rule, p, g, **old, **flat, **numbers)
    return tuple(new.values()) if old else new["new_p"]


def _supports(p: Any, *rest: Any, **numbers: float) -> bool | str:
    """Whether the kernels can do this step, or why not."""
    if p.dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, the parameter is {p.dtype}"
    if any(getattr(a, "dtype", None) != p.dtype or a.shape != p.shape for a in rest):
        return "its arrays must be of one shape and dtype"
    if any(not isinstance(n, (int, float)) for n in numbers.values()):
        return "rates and factors must be Python numbers"
    return True
