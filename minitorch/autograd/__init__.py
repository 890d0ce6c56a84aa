"""Reverse-mode automatic differentiation: tensors, ops, the tape and its walk."""

from minitorch.autograd.autocast import autocast, get_autocast
from minitorch.autograd.check import (
    GradcheckError,
    NotDifferentiableError,
    adjoint_check,
    gradcheck,
    gradgradcheck,
)
from minitorch.autograd.checkpoint import checkpoint, once
from minitorch.autograd.create import asarray, tensor
from minitorch.autograd.engine import Step, backward, backward_steps, grad
from minitorch.autograd.functional import hessian, hvp, jacobian, jvp, vjp
from minitorch.autograd.hooks import (
    AnomalyError,
    NanGuard,
    Observer,
    Printer,
    Timer,
    detect_anomaly,
    observe,
    scope,
)
from minitorch.autograd.hooks_memory import MemoryMeter, PeakMeter
from minitorch.autograd.mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from minitorch.autograd.node import Node
from minitorch.autograd.op import Op, Sample, composite, find_op, op, registry, use_kernel
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import get_default_dtype, set_default_dtype

__all__ = [
    "AnomalyError",
    "GradcheckError",
    "MemoryMeter",
    "NanGuard",
    "Node",
    "NotDifferentiableError",
    "Observer",
    "Op",
    "PeakMeter",
    "Printer",
    "Sample",
    "Step",
    "Tensor",
    "Timer",
    "adjoint_check",
    "asarray",
    "autocast",
    "backward",
    "backward_steps",
    "checkpoint",
    "composite",
    "detect_anomaly",
    "enable_grad",
    "find_op",
    "get_autocast",
    "get_default_dtype",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "hessian",
    "hvp",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "no_grad",
    "observe",
    "once",
    "op",
    "registry",
    "scope",
    "set_default_dtype",
    "set_grad_enabled",
    "tensor",
    "use_kernel",
    "vjp",
]
