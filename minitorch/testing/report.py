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
    """What checking one op of the registry found.

    Attributes
    ----------
    name : str
    samples : int
        How many calls it was checked on.
    first, second, adjoint : float or None
        The largest relative error; None where there is nothing to check, NaN
        where a check could not be carried out.
    failures : list of str
        Each with the sample it happened on.
    """

    name: str
    samples: int = 0
    first: float | None = None
    second: float | None = None
    adjoint: float | None = None
    failures: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether there were no failures."""
        return not self.failures

    @property
    def verdict(self) -> str:
        """``"ok"``, ``"fail"``, or ``"constant"`` for an op without derivatives."""
        if self.failures:
            return "fail"
        return "constant" if self.first is None else "ok"

    def _take(self, which: str, label: str, check: Callable[[], float]) -> None:
        try:
            error = check()
        except GradcheckError as failure:
            error = failure.error
            self.failures.append(f"{label}: {failure}")
        except Exception as failure:  # a rule may raise whatever it likes
            error = float("nan")
            notes = "".join(f" ({note})" for note in getattr(failure, "__notes__", ()))
            self.failures.append(f"{label}: {type(failure).__name__}: {failure}{notes}")
        known = getattr(self, which)
        setattr(self, which, error if known is None else float(np.maximum(known, error)))


def check_op(
    entry: Any, make: Any, rtol: float = 1e-6, adjoint_rtol: float = 1e-12, seed: int = 0
) -> OpReport:
    """First order, second order and adjoint of an op, on all its samples.

    Parameters
    ----------
    entry : Op or Composite
        Of minitorch, or your own.
    make : SampleMaker
        What the op's sampler draws its arrays from.
    rtol, adjoint_rtol : float
        Relative errors that are allowed.
    seed : int
        Of the directions.

    Returns
    -------
    OpReport
        Failures are there too: wrong gradients, samples that cannot be
        computed, rules that no sample reaches, and having no samples at all.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.testing import SampleMaker, check_op
    >>> report = check_op(mt.tanh, SampleMaker(0))
    >>> report.verdict, report.first < 1e-6, report.adjoint
    ('ok', True, None)
    """
    report = OpReport(entry.name)
    samples = _draw(entry, make, report)
    unreached = set(entry.rules)
    for k, sample in enumerate(samples):
        report.samples += 1
        names = _input_names(entry, len(sample.args))
        active = [i for i in range(len(names)) if _is_active(entry, names[i], sample.args[i])]
        unreached -= {names[i] for i in active}
        if not active:
            continue
        label = f"sample {k}" + (f" ({sample.note})" if sample.note else "")
        arguments = (entry, sample.args, sample.kwargs)
        constant = [i for i in range(len(sample.args)) if i not in active]
        options: dict[str, Any] = {"rtol": rtol, "constant": constant, "seed": seed}
        report._take("first", label, partial(gradcheck, *arguments, **options))
        report._take("second", label, partial(gradgradcheck, *arguments, **options))
        for i in active:
            if names[i] in entry.linear:
                options = {"position": i, "rtol": adjoint_rtol, "seed": seed}
                report._take("adjoint", label, partial(adjoint_check, *arguments, **options))
    if samples and unreached:
        report.failures.append(f"no sample reaches the rule for {', '.join(sorted(unreached))}")
    return report


def _draw(entry: Any, make: Any, report: OpReport) -> list[Any]:
    """The op's samples; a failure in the report if there are none."""
    if entry.sampler is None:
        report.failures.append(f"it has no samples: declare them with @{entry.name}.samples")
        return []
    try:
        samples = list(entry.sampler(make))
    except Exception as failure:  # a user's sampler may raise whatever it likes
        report.failures.append(f"its sampler failed: {type(failure).__name__}: {failure}")
        return []
    if not samples:
        report.failures.append("its sampler yields nothing")
    return samples


def _input_names(entry: Any, count: int) -> list[str]:
    """The parameter that each argument belongs to, a variadic one repeated; "" for the rest."""
    names = list(entry.arrays)
    if getattr(entry, "variadic", None) is not None:
        names += [entry.variadic] * (count - len(names))
    return [*names, *[""] * (count - len(names))][:count]


def _is_active(entry: Any, name: str, value: Any) -> bool:
    """Whether a gradient is expected towards this argument."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or name in entry.constant:
        return False
    is_op = hasattr(entry, "variadic")  # a composite has no rules of its own
    return name in entry.rules if is_op else True
