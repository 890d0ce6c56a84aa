"""Testing tools, for minitorch's ops and for your own.

Here are the gradient checks, the check of an op with all its samples, and what
samples are drawn from. ``minitorch.testing.strategies`` has Hypothesis
strategies for arrays and tensors (it needs the ``hypothesis`` package);
``minitorch.testing.break_it`` switches single ingredients of the engine off.
"""

from __future__ import annotations

import importlib
from typing import Any

from minitorch.autograd.check import (
    GradcheckError,
    NotDifferentiableError,
    adjoint_check,
    gradcheck,
    gradgradcheck,
)
from minitorch.testing.report import OpReport, check_op
from minitorch.testing.samples import SampleMaker

__all__ = [
    "GradcheckError",
    "NotDifferentiableError",
    "OpReport",
    "SampleMaker",
    "adjoint_check",
    "check_op",
    "gradcheck",
    "gradgradcheck",
]


def __getattr__(name: str) -> Any:
    if name in ("break_it", "strategies"):
        return importlib.import_module(f"minitorch.testing.{name}")
    raise AttributeError(f"module 'minitorch.testing' has no attribute {name!r}")
