"""One case to time: inputs, what the answer is, how much work it is, and who competes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from benchmarks.gpu.shapes import Conv, Matmul, Planes
from minitorch.autograd import registry

__all__ = ["Case", "channels_last", "conv_cases", "matmul_cases", "our_kernels", "plane_cases"]

# dtype -> (NumPy's type, how far a result may be from float64, relative to its norm)
DTYPES = {"float32": (np.float32, 1e-4), "float16": (np.float16, 1e-2)}


@dataclass
class Case:
    """An op on inputs of certain shapes."""

    op: str
    name: str
    dtype: str
    shapes: tuple[tuple[int, ...], ...]  # of the array inputs
    static: dict[str, Any]
    flops: int
    result: tuple[int, ...]  # shape of what it computes
    make: Callable[[np.random.Generator], list[np.ndarray]] | None = None
    peer: dict[str, Any] = field(default_factory=dict)  # what peers need to know

    @property
    def bytes(self) -> int:
        """Each input read once, the result written once."""
        size = np.dtype(DTYPES[self.dtype][0]).itemsize
        return size * (sum(map(prod, self.shapes)) + prod(self.result))

    def inputs(self, seed: int) -> list[np.ndarray]:
        """Random arrays: zeros run faster than data."""
        rng = np.random.default_rng(seed)
        if self.make is not None:
            return self.make(rng)
        kind = DTYPES[self.dtype][0]
        return [rng.standard_normal(shape, np.float32).astype(kind) for shape in self.shapes]


def matmul_cases(shapes: list[Matmul], dtypes: list[str]) -> list[Case]:
    """Products y = a b, and those of a backward: b transposed, a transposed."""
    cases = []
    for s in shapes:
        lead = (s.batch,) if s.batch > 1 else ()
        for dtype in dtypes:
            a, b, y = (*lead, s.m, s.k), (*lead, s.k, s.n), (*lead, s.m, s.n)
            cases.append(Case("matmul", s.name, dtype, (a, b), {}, s.flops, y))
    return cases


def conv_cases(shapes: list[Conv], dtypes: list[str]) -> list[Case]:
    """The three directions of every layer."""
    cases = []
    for s in shapes:
        static: dict[str, Any] = {
            "stride": (s.stride,) * 2,
            "pad": ((s.pad, s.pad),) * 2,
            "dilation": (1, 1),
            "groups": s.groups,
        }
        for dtype in dtypes:
            for op, inputs, result in (
                ("conv_fwd", (s.x, s.w), s.x and s.y),
                ("conv_dgrad", (s.y, s.w), s.x),
                ("conv_wgrad", (s.x, s.y), s.w),
            ):
                size = {} if op == "conv_fwd" else {"size": result[2:]}
                cases.append(
                    Case(op, s.name, dtype, inputs, {**size, **static}, s.flops, result,
                         peer={"shape": s})
                )  # fmt: skip
    return cases


def channels_last(op: str, arrays: list[Any]) -> list[Any]:
    """The inputs of a convolution with the images' channels last in memory, not the filters'."""
    from minitorch.backend.arrays import backend_of

    def last(a: Any) -> Any:
        xp = backend_of(a).xp
        return xp.moveaxis(xp.ascontiguousarray(xp.moveaxis(a, 1, -1)), -1, 1)

    images = (0, 1) if op == "conv_wgrad" else (0,)
    return [last(a) if i in images else a for i, a in enumerate(arrays)]


def plane_cases(shapes: list[Planes]) -> list[Case]:
    """What is bound by memory."""
    cases = []
    for s in shapes:
        static: dict[str, Any] = {}
        shape, result, make = (s.x,), s.x, None
        if s.op == "max_pool":
            static = {"window": (2, 2), "stride": (2, 2), "pad": ((0, 0),) * 2}
            static["ignore_border"] = True
            result = (*s.x[:2], s.x[2] // 2, s.x[3] // 2)
        elif s.op == "batch_norm":
            static = {"axes": (0, 2, 3)}
        elif s.op == "dropout":
            static = {"p": 0.5, "seed": 1, "offset": 0}
        elif s.op == "softmax_cross_entropy":
            result = s.x[:1]

            def make(rng: np.random.Generator, x: Any = s.x) -> list[np.ndarray]:
                return [rng.standard_normal(x, np.float32), rng.integers(0, x[1], x[0])]

        cases.append(Case(s.op, s.name, "float32", shape, static, 0, result, make))
    return cases


def our_kernels(case: Case, backend: str, arrays: list[Any]) -> dict[str, Callable[..., Any]]:
    """Every rung that can do the case, and the op's body: name -> fn(*arrays)."""
    from minitorch.backend.arrays import backend_of

    op = registry[case.op]
    xp = backend_of(arrays[0]).xp
    static = {**getattr(op, "defaults", {}), **case.static}
    found: dict[str, Callable[..., Any]] = {}
    for where, row in op.kernels:
        if where != backend or row.missing or row.supports(*arrays, **static) is not True:
            continue
        found[row.name] = lambda *given, row=row: row.fn(xp, *given, **static)
    if not found and hasattr(op, "body"):
        found["reference"] = lambda *given: op.body(xp, *given, **static)
    return found
