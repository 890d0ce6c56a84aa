"""minitorch: a from-scratch autograd framework that can be read from top to bottom.

The top level is the array namespace (the Python Array API standard, 2024.12,
and more), with gradients: ``minitorch.tensor``, ``minitorch.grad``, the ops.
Layers, losses and updates are in ``minitorch.layers`` and its neighbours.
"""

# ruff: noqa: F403 (the ops and the engine say in __all__ what they export)

from __future__ import annotations

import importlib
from typing import Any

from minitorch import ops
from minitorch.autograd import *
from minitorch.backend.device import device, devices, empty_cache, memory_info
from minitorch.backend.device_kernels import (
    are_deterministic_algorithms_enabled,
    get_float32_matmul_precision,
    set_autotune,
    set_float32_matmul_precision,
    use_deterministic_algorithms,
)
from minitorch.backend.memory import MemoryInfo, OutOfMemoryError
from minitorch.backend.native import get_num_threads, set_num_threads
from minitorch.ops import *
from minitorch.ops.conv_winograd import get_winograd, set_winograd
from minitorch.ops.dtypes import namespace_info as __array_namespace_info__

__version__ = "0.1.0"
__array_api_version__ = "2024.12"

e = 2.718281828459045
inf = float("inf")
nan = float("nan")
newaxis = None
pi = 3.141592653589793

# Loaded when first used, so that `import minitorch` stays quick.
_LAZY = (
    "data", "distributed", "explain", "init", "io", "layers", "linalg", "look", "models",
    "nonlinearities", "objectives", "parameter", "random", "regularization", "testing", "training",
    "updates", "utils",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in ("function", "CaptureError"):
        return getattr(importlib.import_module("minitorch.capture"), name)
    if name in _LAZY:
        return importlib.import_module(f"minitorch.{name}")
    raise AttributeError(f"module 'minitorch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, "CaptureError", "function"})
