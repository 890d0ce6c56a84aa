"""Products that end with a bias and a rectifier, while their results are in the cache.

A matrix product or a convolution that only a group ``add`` bias, ``relu`` reads takes the group in:
its kernel does both before a tile of the result leaves the cache.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from minitorch.capture.fuse import Fused
from minitorch.capture.ir import Instruction, Value

__all__ = ["Finished", "finish"]

# Ops whose kernels do that, and whether they add a bias, one for each column, as well.
PRODUCTS = {"matmul": True, "conv_fwd": False}


class Finished(Instruction):
    """``product`` and then ``group``, by one kernel, or apart where no kernel does the product.

    The group adds ``bias``, if that is not None, and takes ``max(., 0)`` if ``relu``.
    """

    def __init__(self, product: Instruction, group: Fused, bias: Value | None, relu: bool) -> None:
        (source,), (result,) = product.outputs, group.outputs
        inputs = [*product.inputs, *([] if bias is None else [bias])]
        super().__init__(product.name, product.op, inputs, [result], product.static, product.where)
        self.bias, self.relu = bias, relu
        self.product, self.group = product, group
        product.outputs = [result]  # apart, the group works in place
        group.inputs = [result if x.storage is source.storage else x for x in group.inputs]

    def ending(self, arrays: Callable[[Value], Any]) -> dict[str, Any]:
        """What the kernel is told besides the product's own settings."""
        told: dict[str, Any] = {"relu": self.relu}
        if self.bias is not None:
            told["bias"] = arrays(self.bias)
        return told


def finish(instructions: list[Instruction], wanted: Iterable[Value]) -> list[Instruction]:
    """The program with groups that only finish a product's result within the product."""
    reads = Counter(id(v.storage) for step in instructions for v in step.reads)
    reads.update(id(v.storage) for v in wanted)
    makes = Counter(id(v.storage) for step in instructions for v in step.outputs)
    made: dict[int, int] = {}  # storage -> where in `out` it is made
    out: list[Instruction] = []
    for step in instructions:
        found = _ending(step) if isinstance(step, Fused) else None
        if isinstance(step, Fused) and found is not None:
            source, bias, relu = found
            at = made.get(id(source.storage))
            once = reads[id(source.storage)] == 1 and makes[id(source.storage)] == 1
            if at is not None and once and _fits(out, at, source, bias, step.outputs[0]):
                out[at] = Finished(out[at], step, bias, relu)
                made[id(step.outputs[0].storage)] = at
                continue
        for v in step.outputs:
            made[id(v.storage)] = len(out)
        out.append(step)
    return out


def _ending(group: Fused) -> tuple[Value, Value | None, bool] | None:
    """What a group finishes, the bias that it adds and whether it rectifies, if that is all."""
    codes = [code for code, _ in group.steps]
    if codes not in (["relu"], ["add"], ["add", "relu"]) or len(group.outputs) != 1:
        return None
    values = [x for x in group.inputs if isinstance(x, Value)]
    if len(values) != len(group.inputs) or group.targets != [len(values) + len(codes) - 1]:
        return None
    if codes == ["relu"]:
        return values[0], None, True
    shape = group.outputs[0].shape
    if len(values) != 2 or set(group.steps[0][1]) != {0, 1}:
        return None
    values.sort(key=lambda v: v.shape != shape)
    source, bias = values
    if source.shape != shape or bias.shape != shape[-1:] or bias.shape == shape or not bias.dense:
        return None
    return source, bias, "relu" in codes


def _fits(
    out: list[Instruction], at: int, source: Value, bias: Value | None, result: Value
) -> bool:
    """Whether the instruction at ``at`` makes all of ``source`` and can make ``result``."""
    product = out[at]
    if product.name not in PRODUCTS or isinstance(product, Finished) or product.fresh:
        return False
    if bias is not None and not PRODUCTS[product.name]:
        return False
    if any(isinstance(x, Value) and len(x.shape) < 2 for x in product.inputs[:2]):
        return False
    same = source.shape == result.shape and source.dtype == result.dtype
    whole = source.whole and product.outputs[0].shape == source.shape and result.whole
    if not (same and whole) or result.storage.kind != "temp":
        return False
    # The bias is read where the product is.
    return bias is None or not any(
        v.storage is bias.storage for step in out[at:] for v in step.outputs
    )
