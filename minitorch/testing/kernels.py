"""The device's kernels against slow, obviously right ones, for the tests and the command line.

A :class:`Family` is one of csrc/cuda's: problems of edge shapes with their exact
results, and how its rungs are called. ``FAMILIES`` has them by name; a new one is
a row there. :func:`check_rung` runs a rung of a compiled module over them, under the
schedules of the emulated device that are asked for.
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
    "FAMILIES",
    "FEW_SCHEDULES",
    "FORMATS",
    "Case",
    "Family",
    "Format",
    "Verdict",
    "check_rung",
    "guarded",
    "load_watched",
    "run_case",
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

    ``want`` is its exact result and ``allowed(precision)`` how far a rung may be from
    it, element by element; ``precision`` is the rung's, ``"full"`` or ``"tf32"``.
    """

    name: str
    inputs: tuple[np.ndarray, ...]
    output: np.dtype
    read: Callable[[Any], np.ndarray]
    want: np.ndarray
    allowed: Callable[[str], np.ndarray]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Family:
    """How the rungs of a family are asked and called, and on what.

    ``supports`` gives ``""`` or the reason why not, ``workspace`` bytes; ``run`` fills the
    output. ``workload()`` is one problem that is large enough for its edges not to matter.
    """

    cases: Callable[[], Iterable[Case]]
    workload: Callable[[], Case]
    supports: Callable[[ModuleType, str, Case], str]
    workspace: Callable[[ModuleType, str, Case], int]
    run: Callable[[ModuleType, str, Case, np.ndarray, np.ndarray | None], None]


MATMUL_SHAPES = [
    (1, 1, 1), (7, 5, 3), (64, 64, 64), (31, 63, 129), (65, 33, 17), (130, 66, 40),
    (3, 129, 1), (1, 65, 300), (5, 4, 0), (0, 3, 2),
]  # fmt: skip


def _matmul_case(
    shape: tuple[int, int, int], dtype: str, transposed: tuple[bool, bool], fused: bool = False
) -> Case:
    """y = relu(a b + bias + residual), or the plain product; operands transposed in memory."""
    m, n, k = shape
    form = FORMATS[dtype]
    rng = np.random.default_rng([m, n, k])

    def operand(rows: int, columns: int, swap: bool) -> np.ndarray:
        if swap:
            return form.make(rng.standard_normal((columns, rows))).T
        return form.make(rng.standard_normal((rows, columns)))

    a, b = operand(m, k, transposed[0]), operand(k, n, transposed[1])
    wide_a, wide_b = (form.read(x).astype(np.longdouble) for x in (a, b))
    want = np.zeros((1, m, n), np.longdouble)
    for i in range(k):
        want += wide_a[:, i, None] * wide_b[i]
    # Each product and each sum is rounded once, in float32 at least, and so is the result.
    sums = 2.0**-53 if dtype == "float64" else 2.0**-24
    scale = np.abs(wide_a).astype(float) @ np.abs(wide_b).astype(float) + 1
    options: dict[str, Any] = {}
    if fused:
        options = {name: form.make(rng.standard_normal(size)) for name, size in
                   [("bias", (n,)), ("residual", (1, m, n))]}  # fmt: skip
        for extra in options.values():
            want = want + form.read(extra)
            scale = scale + np.abs(form.read(extra)).astype(float)
        want = np.maximum(want, 0)
        options["relu"] = True

    def allowed(precision: str) -> np.ndarray:
        of_operands = 2.0**-10 if precision == "tf32" else 0.0
        return scale * (of_operands + 2 * (k + 4) * sums + 2 * form.unit)

    how = "".join("nt"[swap] for swap in transposed) + (" fused" if fused else "")
    name = f"{m}x{n}x{k} {how} {dtype}"
    return Case(name, (_placed(a), _placed(b)), a.dtype, form.read, want, allowed, options)


def _matmul_cases() -> Iterator[Case]:
    for dtype in FORMATS:
        for i, shape in enumerate(MATMUL_SHAPES):
            yield _matmul_case(shape, dtype, (i % 2 > 0, i // 2 % 2 > 0))
        for transposed in product((False, True), repeat=2):
            yield _matmul_case((66, 35, 50), dtype, transposed, fused=True)


def _matmul_run(
    module: ModuleType, rung: str, case: Case, y: np.ndarray, workspace: np.ndarray | None
) -> None:
    module.matmul(rung, *case.inputs, y, workspace=workspace, **case.options)


FAMILIES = {
    "matmul": Family(
        cases=_matmul_cases,
        workload=lambda: _matmul_case((256, 256, 128), "float32", (False, False)),
        supports=lambda module, rung, case: module.matmul_supports(rung, *case.inputs),
        workspace=lambda module, rung, case: module.matmul_workspace(rung, *case.inputs),
        run=_matmul_run,
    ),
}


# -- running them --------------------------------------------------------------------


def _aligned(size: int) -> np.ndarray:
    """Bytes at an address like those of a GPU's allocator, a multiple of 256."""
    raw = np.empty(size + 256, np.uint8)
    start = -raw.ctypes.data % 256
    return raw[start : start + size]


def _placed(a: np.ndarray) -> np.ndarray:
    """A copy of ``a`` at such an address, laid out as it is."""
    turned = a.T if a.flags.f_contiguous and not a.flags.c_contiguous else a
    copy = _aligned(a.nbytes).view(a.dtype).reshape(turned.shape)
    copy[...] = turned
    return copy.T if turned is not a else copy


def guarded(shape: tuple[int, ...], dtype: Any) -> tuple[np.ndarray, Callable[[], str]]:
    """An output full of NaNs, and a function that says whether something was written beside it."""
    dtype = np.dtype(dtype)
    raw = _aligned(int(np.prod(shape)) * dtype.itemsize + 2 * GUARD)
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


def run_case(module: ModuleType, family: Family, rung: str, case: Case) -> np.ndarray:
    """The rung's result; fails with AssertionError if it wrote where it should not have."""
    y, beside = guarded(case.want.shape, case.output)
    size = family.workspace(module, rung, case)
    workspace, beside_workspace = guarded((size,), np.uint8)
    family.run(module, rung, case, y, workspace if size else None)
    for found in (beside(), beside_workspace()):
        assert not found, found
    return case.read(y)


def check_rung(
    module: ModuleType,
    name: str,
    rung: str,
    schedules: Iterable[dict[str, Any]] = tuple(FEW_SCHEDULES),
    family: Family | None = None,
) -> Iterator[Verdict]:
    """Run a rung over all cases of its family under each schedule.

    Parameters
    ----------
    module : module
        ``minitorch._emulated``, or its watched build, which raises for much more.
    name, rung : str
        The family's name and the rung's.
    schedules : iterable of dict
        Arguments of ``module.set_schedule``; the one in force is put back in the end.
    family : Family, optional
        Instead of ``FAMILIES[name]``.

    Yields
    ------
    Verdict
        One for each case and schedule, one for each case that the rung does not do.
    """
    family = FAMILIES[name] if family is None else family
    precision = next(row[3] for row in module.rungs[name] if row[0] == rung)
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
        y = run_case(module, family, rung, case)
    except (RuntimeError, AssertionError) as error:
        return Verdict(case.name, shown, "error", text=str(error))
    off = np.abs(y - case.want)
    allowed = case.allowed(precision)
    wrong = ~(off <= allowed)  # a NaN is wrong too
    worst = float(np.max(off / allowed, initial=0.0))
    if not wrong.any():
        return Verdict(case.name, shown, "ok", worst)
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    text = f"{int(wrong.sum())} of {wrong.size} elements; the first, {at}, is {y[at]:.7g}"
    return Verdict(case.name, shown, "wrong", worst, f"{text}, not {float(case.want[at]):.7g}")


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
