"""All checks of one op of the registry, on all its samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from minitorch.autograd.check import GradcheckError, adjoint_check, gradcheck, gradgradcheck

__all__ = ["OpReport", "check_op"]


@dataclass
class OpReport:
    """What checking one op of the registry found: the largest errors, and failures in words."""

    name: str
    samples: int = 0
    first: float | None = None
    second: float | None = None
    adjoint: float | None = None
    failures: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether there were samples and no failures."""
        return not self.failures

    def _take(self, which: str, label: str, check: Callable[[], float]) -> None:
        try:
            error = check()
        except (GradcheckError, TypeError, ValueError, RuntimeError) as failure:
            error = getattr(failure, "error", float("nan"))
            self.failures.append(f"{label}: {failure}")
        known = getattr(self, which)
        setattr(self, which, error if known is None else max(known, error))


def check_op(entry: Any, make: Any, rtol: float = 1e-6, adjoint_rtol: float = 1e-12) -> OpReport:
    """First order, second order and adjoint of an op, on all its samples.

    Parameters
    ----------
    entry : Op or Composite
    make : object
        What samplers draw from (``minitorch.testing.SampleMaker``).
    rtol, adjoint_rtol : float

    Returns
    -------
    OpReport
        Orders are None for an op that is constant by declaration.
    """
    report = OpReport(entry.name)
    samples = list(entry.sampler(make)) if entry.sampler is not None else []
    differentiable = bool(entry.rules) or not hasattr(entry, "variadic")
    if not samples and (differentiable or not entry.constant):
        report.failures.append("it has no samples")
    for k, sample in enumerate(samples):
        report.samples += 1
        label = f"sample {k}" + (f" ({sample.note})" if sample.note else "")
        constant = [
            i for i, name in enumerate(entry.arrays[: len(sample.args)]) if name in entry.constant
        ]
        if not differentiable or not _has_active(sample, constant):
            continue
        arguments = (entry, sample.args, sample.kwargs)
        options = {"rtol": rtol, "constant": constant}
        report._take("first", label, partial(gradcheck, *arguments, **options))
        report._take("second", label, partial(gradgradcheck, *arguments, **options))
        for position in _linear_positions(entry, sample):
            exact = partial(adjoint_check, *arguments, position=position, rtol=adjoint_rtol)
            report._take("adjoint", label, exact)
    return report


def _has_active(sample: Any, constant: list[int]) -> bool:
    return any(
        isinstance(x, np.ndarray) and x.dtype.kind == "f" and i not in constant
        for i, x in enumerate(sample.args)
    )


def _linear_positions(entry: Any, sample: Any) -> list[int]:
    variadic = getattr(entry, "variadic", None)
    names = [
        variadic if variadic is not None and i >= entry.arity else entry.arrays[i]
        for i in range(
            min(len(sample.args), len(entry.arrays)) if variadic is None else len(sample.args)
        )
    ]
    return [
        i
        for i, name in enumerate(names)
        if name in entry.linear
        and isinstance(sample.args[i], np.ndarray)
        and sample.args[i].dtype.kind == "f"
    ]
