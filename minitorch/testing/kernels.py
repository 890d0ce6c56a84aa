"""The device's kernels against slow, obviously right ones, for the tests and the command line.

A :class:`Family` is one of csrc/cuda's: problems of edge shapes with their exact
results, and how its rungs are called; ``kernel_families.py`` has them by name.
:func:`check_rung` runs a rung of a compiled module over them, under the schedules of
the emulated device that are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np

__all__ = [
    "ALL_SCHEDULES",
    "FEW_SCHEDULES",
    "FORMATS",
    "Case",
    "Family",
    "Format",
    "Verdict",
    "aligned",
    "check_rung",
    "guarded",
    "load_watched",
]

ORDERS = ("forward", "reverse", "random")
LANDINGS = ("late", "early", "random")
# Each order and each landing once, and the whole product.
FEW_SCHEDULES: list[dict[str, Any]] = [
    {"threads": order, "blocks": order, "landing": landing, "seed": 1}
    for order, landing in zip(ORDERS, LANDINGS, strict=True)
]
ALL_SCHEDULES: list[dict[str, Any]] = [
    {"threads": threads, "blocks": blocks, "landing": landing, "seed": seed}
    for seed, (threads, blocks, landing) in enumerate(product(ORDERS, ORDERS, LANDINGS), start=1)
]

GUARD, GUARD_BYTE = 256, 0xA5  # bytes round an output, and what they are full of


# -- the types that kernels compute in ---------------------------------------------


def _to_bfloat16(a: Any) -> np.ndarray:
    bits = np.asarray(a, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def _from_bfloat16(a: Any) -> np.ndarray:
    return (np.asarray(a).astype(np.uint32) << 16).view(np.float32)


@dataclass(frozen=True, slots=True)
class Format:
    """How arrays of a kernel's type are made and read, and its unit roundoff."""

    make: Callable[[Any], np.ndarray]
    read: Callable[[Any], np.ndarray]
    unit: float


FORMATS = {
    "float16": Format(lambda a: np.asarray(a, np.float16), np.asarray, 2.0**-11),
    "bfloat16": Format(_to_bfloat16, _from_bfloat16, 2.0**-8),
    "float32": Format(lambda a: np.asarray(a, np.float32), np.asarray, 2.0**-24),
    "float64": Format(lambda a: np.asarray(a, np.float64), np.asarray, 2.0**-53),
}


# -- problems and what their results must be ----------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """One problem.

    ``want`` are its exact results and ``allowed(precision)`` how far a rung may be from
    them, element by element; ``precision`` is the rung's, ``"full"`` or ``"tf32"``.
    """

    name: str
    inputs: tuple[Any, ...]
    want: tuple[np.ndarray, ...]
    allowed: Callable[[str], tuple[np.ndarray, ...]]
    options: dict[str, Any] = field(default_factory=dict)
    op: str = ""  # whose problem it is, where the family has several


@dataclass(frozen=True, slots=True)
class Family:
    """How the rungs of a family are asked and called, and on what.

    ``supports`` gives ``""`` or the reason why not, ``run`` the results; it raises
    RuntimeError or AssertionError where a kernel wrote beside them. ``workload()`` is one
    problem that is large enough for its edges not to matter.
    """

    name: str
    cases: Callable[[], Iterable[Case]]
    workload: Callable[[], Case]
    supports: Callable[[ModuleType, str, Case], str]
    run: Callable[[ModuleType, str, Case], tuple[np.ndarray, ...]]


# -- running them --------------------------------------------------------------------


def aligned(size: int) -> np.ndarray:
    """Bytes at an address like those of a GPU's allocator, a multiple of 256."""
    raw = np.empty(size + 256, np.uint8)
    start = -raw.ctypes.data % 256
    return raw[start : start + size]


def guarded(shape: tuple[int, ...], dtype: Any) -> tuple[np.ndarray, Callable[[], str]]:
    """An output full of NaNs, and a function that says whether something was written beside it."""
    dtype = np.dtype(dtype)
    raw = aligned(int(np.prod(shape)) * dtype.itemsize + 2 * GUARD)
    raw[:] = GUARD_BYTE
    raw[GUARD:-GUARD] = 0xFF

    def beside() -> str:
        if (raw[:GUARD] != GUARD_BYTE).any():
            return "something was written before the output"
        if (raw[-GUARD:] != GUARD_BYTE).any():
            return "something was written after the output"
        return ""

    return raw[GUARD:-GUARD].view(dtype).reshape(shape), beside


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one case: ``verdict`` is ``"ok"``, ``"wrong"``, ``"error"`` or ``"left out"``.

    ``error`` is the largest error as a part of what is allowed, ``text`` the reason.
    """

    case: str
    schedule: str
    verdict: str
    error: float | None = None
    text: str = ""


def check_rung(
    module: ModuleType,
    family: Family,
    rung: str,
    schedules: Iterable[dict[str, Any]] = tuple(FEW_SCHEDULES),
) -> Iterator[Verdict]:
    """Run a rung over all cases of its family under each schedule.

    Parameters
    ----------
    module : module
        ``minitorch._emulated``, or its watched build, which raises for much more.
    family : Family
    rung : str
        The rung's name.
    schedules : iterable of dict
        Arguments of ``module.set_schedule``; the one in force is put back in the end.

    Yields
    ------
    Verdict
        One for each case and schedule, one for each case that the rung does not do.
    """
    precision = next(row[3] for row in module.rungs[family.name] if row[0] == rung)
    before = module.get_schedule()
    try:
        for case in family.cases():
            if reason := family.supports(module, rung, case):
                yield Verdict(case.name, "", "left out", text=reason)
                continue
            for schedule in schedules:
                module.set_schedule(**schedule)
                yield _judge(module, family, rung, case, precision, schedule)
    finally:
        module.set_schedule(**before)


def _judge(
    module: ModuleType,
    family: Family,
    rung: str,
    case: Case,
    precision: str,
    schedule: dict[str, Any],
) -> Verdict:
    shown = "-".join(map(str, schedule.values()))
    try:
        results = family.run(module, rung, case)
    except (RuntimeError, AssertionError) as error:
        return Verdict(case.name, shown, "error", text=str(error))
    worst = 0.0
    for y, want, allowed in zip(results, case.want, case.allowed(precision), strict=True):
        with np.errstate(invalid="ignore"):
            off = np.where(y == want, 0.0, np.abs(y - want))
        wrong = ~(off <= allowed)  # a NaN is wrong too
        worst = max(worst, float(np.max(off / np.maximum(allowed, 1e-300), initial=0.0)))
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            text = f"{int(wrong.sum())} of {wrong.size} elements; the first, {at}, is {y[at]:.7g}"
            return Verdict(case.name, shown, "wrong", worst, f"{text}, not {float(want[at]):.7g}")
    return Verdict(case.name, shown, "ok", worst)


def load_watched() -> ModuleType:
    """The watched build of the emulated device.

    Raises
    ------
    RuntimeError
        If it is not built, with how to build it.
    """
    from minitorch.backend.native import load_extension

    module, reason = load_extension("_emulated_watched")
    if module is None:
        command = "MINITORCH_WATCH=1 python setup.py build_ext --inplace"
        raise RuntimeError(
            f"{reason}; in a checkout, `make watched` builds it, or: {command}"
            if os.environ.get("MINITORCH_NATIVE") != "0"
            else reason
        )
    return module
