"""Single layers in minitorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minitorch as mt
from benchmarks.cpu.parts import Part, arrays_of

__all__ = ["build", "read"]

OPS: dict[str, Callable[..., Any]] = {
    "conv": lambda x, w, stride, pad: mt.conv2d(x, w, stride=stride, pad=pad),
    "max_pool": lambda x, window, stride: mt.max_pool2d(x, window, stride=stride),
    "batch_norm": lambda x: mt.batch_norm(x, axes=(0, 2, 3), epsilon=1e-5)[0],
    "local_response_norm": lambda x: mt.local_response_norm(x, alpha=1e-4, k=2, beta=0.75, n=5),
    "softmax_cross_entropy": mt.softmax_cross_entropy,
    "relu": mt.relu,
    "matmul": mt.matmul,
}


def build(column: str, part: Part, direction: str, threads: int) -> Callable[[], Any]:
    """What does the layer once."""
    mt.set_num_threads(threads)
    arrays = [mt.asarray(a) for a in arrays_of(part)]

    def forward() -> Any:
        return OPS[part.op](*arrays, **part.settings)

    if direction == "forward":
        return mt.no_grad()(forward)
    towards = arrays[("dx", "dw").index(direction)]
    towards.requires_grad = True
    y = forward()
    (dy,) = (mt.asarray(a) for a in arrays_of(part, y.shape))
    return lambda: mt.grad(y, towards, dy, retain_graph=True)


def read(result: Any) -> np.ndarray:
    """As an array."""
    return np.asarray(result.numpy())
