"""Single layers in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.cpu.parts import Part, arrays_of

__all__ = ["build", "read"]

# PyTorch's sum of squares is divided by n = 5, ours is not.
RESPONSE = {"size": 5, "alpha": 5e-4, "beta": 0.75, "k": 2.0}
OPS: dict[str, Callable[..., Any]] = {
    "conv": lambda x, w, stride, pad: functional.conv2d(x, w, None, stride, pad),
    "max_pool": lambda x, window, stride: functional.max_pool2d(x, window, stride),
    "batch_norm": lambda x: functional.batch_norm(x, None, None, training=True, eps=1e-5),
    "local_response_norm": lambda x: functional.local_response_norm(x, **RESPONSE),
    "softmax_cross_entropy": lambda x, t: functional.cross_entropy(x, t, reduction="none"),
    "relu": torch.relu,
    "matmul": torch.matmul,
}


def build(column: str, part: Part, direction: str, threads: int) -> Callable[[], Any]:
    """What does the layer once."""
    torch.set_num_threads(threads)
    arrays = [torch.from_numpy(a) for a in arrays_of(part)]

    def forward() -> Any:
        return OPS[part.op](*arrays, **part.settings)

    if direction == "forward":
        return torch.no_grad()(forward)
    towards = arrays[("dx", "dw").index(direction)].requires_grad_(True)
    y = forward()
    (dy,) = (torch.from_numpy(a) for a in arrays_of(part, tuple(y.shape)))
    return lambda: torch.autograd.grad(y, towards, dy, retain_graph=True)[0]


def read(result: Any) -> np.ndarray:
    """As an array."""
    return np.asarray(result.detach().numpy())
