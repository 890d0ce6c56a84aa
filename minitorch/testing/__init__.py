"""Testing tools, for minitorch's ops and for your own: samples, strategies, checks.

Hypothesis strategies are in ``minitorch.testing.strategies`` (they need the
``hypothesis`` package).
"""

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
