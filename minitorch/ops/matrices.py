"""What the ops on matrices share: checks at the door, and small pieces of their rules."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.autograd.tensor import Tensor
from minitorch.ops.arithmetic import multiply
from minitorch.ops.grids import eye, tril
from minitorch.ops.matmul import matrix_transpose

__all__: list[str] = []


def check_matrix(name: str, x: Any) -> None:
    """That x is a stack of matrices of numbers."""
    if getattr(x, "ndim", 0) < 2:
        shape = getattr(x, "shape", x)
        raise ValueError(f"{name}: takes matrices (two axes at least), x has shape {shape}")


def check_square(name: str, x: Any) -> None:
    """That x is a stack of square matrices."""
    if getattr(x, "ndim", 0) < 2 or x.shape[-1] != x.shape[-2]:
        shape = getattr(x, "shape", x)
        raise ValueError(f"{name}: takes square matrices, x has shape {shape}")


def naming(name: str, call: Any) -> Any:
    """NumPy's LinAlgError as a ValueError that names the op."""
    try:
        return call()
    except numpy.linalg.LinAlgError as error:
        raise ValueError(f"{name}: {error}") from None


def regular(make: Any, *shape: int) -> Any:
    """Well-conditioned matrices to test on."""
    return make(*shape) + 2.0 * numpy.eye(shape[-2], shape[-1])


def symmetric(x: Tensor) -> Tensor:
    """The symmetric part."""
    return (x + matrix_transpose(x)) * 0.5


def half_lower(x: Tensor) -> Tensor:
    """The lower triangle with the diagonal halved: Φ in the rules of triangular factors."""
    return tril(x) - multiply(x, eye(x.shape[-1], dtype=x.dtype, device=x.device)) * 0.5
