"""What the families of csrc/cuda are checked on: edge shapes, with their exact results.

Matmul's rungs are called as they are, with all that they offer. Those of the other
families are called as the ops call them, on the ops' own samples and on the
``EDGES`` of ``kernel_edges.py``, and must give what the op's body gives in float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.backend.arrays import backend_named
from minitorch.backend.device_kernels import ATTACHED, Attached
from minitorch.backend.emulated import fenced
from minitorch.testing.kernel_edges import EDGES, WORKLOADS
from minitorch.testing.kernels import FORMATS, Case, Family, aligned, guarded
from minitorch.testing.samples import SampleMaker
from minitorch.utils import did_you_mean

__all__ = ["MATMUL", "families", "family_named"]

# -- matmul ------------------------------------------------------------------------

MATMUL_SHAPES = [
    (1, 1, 1), (7, 5, 3), (64, 64, 64), (31, 63, 129), (65, 33, 17), (130, 66, 40),
    (3, 129, 1), (1, 65, 300), (5, 4, 0), (0, 3, 2),
]  # fmt: skip


def _matmul_case(
    shape: tuple[int, int, int], dtype: str, transposed: tuple[bool, bool], fused: bool = False
) -> Case:
    """y = relu(a b + bias + residual), or the product alone; operands transposed in memory."""
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

    def allowed(precision: str) -> tuple[np.ndarray, ...]:
        of_operands = 2.0**-10 if precision == "tf32" else 0.0
        return (scale * (of_operands + 2 * (k + 4) * sums + 2 * form.unit),)

    how = "".join("nt"[swap] for swap in transposed) + (" fused" if fused else "")
    name = f"{m}x{n}x{k} {how} {dtype}"
    return Case(name, (_placed(a), _placed(b)), (want,), allowed, {"form": dtype, **options})


def _matmul_cases() -> Iterator[Case]:
    for dtype in FORMATS:
        for i, shape in enumerate(MATMUL_SHAPES):
            yield _matmul_case(shape, dtype, (i % 2 > 0, i // 2 % 2 > 0))
        for transposed in product((False, True), repeat=2):
            yield _matmul_case((66, 35, 50), dtype, transposed, fused=True)


def _placed(a: np.ndarray) -> np.ndarray:
    """A copy of ``a`` at such an address, laid out as it is."""
    turned = a.T if a.flags.f_contiguous and not a.flags.c_contiguous else a
    copy = aligned(a.nbytes).view(a.dtype).reshape(turned.shape)
    copy[...] = turned
    return copy.T if turned is not a else copy


def _matmul_run(module: ModuleType, rung: str, case: Case) -> tuple[np.ndarray, ...]:
    options = {name: value for name, value in case.options.items() if name != "form"}
    y, beside = guarded(case.want[0].shape, case.inputs[0].dtype)
    size = module.matmul_workspace(rung, *case.inputs)
    workspace, beside_workspace = guarded((size,), np.uint8)
    module.matmul(rung, *case.inputs, y, workspace=workspace if size else None, **options)
    for found in (beside(), beside_workspace()):
        assert not found, found
    return (FORMATS[case.options["form"]].read(y),)


MATMUL = Family(
    name="matmul",
    cases=_matmul_cases,
    workload=lambda: _matmul_case((256, 256, 128), "float32", (False, False)),
    supports=lambda module, rung, case: module.matmul_supports(rung, *case.inputs),
    run=_matmul_run,
)

# -- the other families, as ops call them --------------------------------------------

# A rung may be so far from the body, in parts of 1 + the result. These are no error bounds:
# those stand in the tests of the family, which know its sums.
NEAR = {"float16": 2.0**-9, "float32": 2.0**-19, "float64": 2.0**-43}
LINEAR = ("conv_fwd", "conv_dgrad", "conv_wgrad")
# Their numbers depend on the type, so that the body must compute in it too.
DRAWN = ("dropout", "gaussian_noise")


def _reference(op: Any, args: tuple[Any, ...], static: dict[str, Any]) -> tuple[np.ndarray, ...]:
    """What the body gives, with what an op keeps to itself (a pooling's indices)."""
    if op.name in DRAWN:  # halves are computed in float32, as the op does it
        with mt.no_grad(), mt.use_kernel(op.name, "reference"):
            return (op(*[mt.asarray(a) for a in args], **static).numpy(),)
    made = op.body(np, *args, **static)
    return made if isinstance(made, tuple) else (made,)


def _as(dtype: Any, value: Any) -> Any:
    """Real numbers in another type; all else as it is."""
    real = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return value.astype(dtype, order="K") if real else value


def _on_device(value: Any) -> Any:
    """On the emulated device, laid out as it is."""
    xp = backend_named("emulated").xp
    return xp.array(value, order="K") if isinstance(value, np.ndarray) else value


def _op_case(op: Any, sample: Any, dtype: str, label: str) -> Case:
    given, static = op.bind(sample.args, sample.kwargs)
    args = tuple([_as(dtype, a) for a in given])
    wide = args if op.name in DRAWN else tuple([_as(np.float64, a) for a in args])
    want = _reference(op, wide, static)
    sizes = want
    if op.name in LINEAR:  # the largest sum of the terms' sizes
        sizes = _reference(op, tuple([np.abs(a) if isinstance(a, np.ndarray) else a for a in wide]),
                           static)  # fmt: skip
        sizes = tuple([np.full_like(a, a.max(initial=0.0)) for a in sizes])

    def allowed(precision: str) -> tuple[np.ndarray, ...]:
        rounded = 2.0**-9 if precision == "tf32" else 0.0
        return tuple([
            np.where(a.dtype.kind == "f", (NEAR[dtype] + rounded) * (1 + np.abs(a)), 0.0)
            for a in sizes
        ])  # fmt: skip

    placed = tuple([_on_device(a) for a in args])
    return Case(f"{op.name} {label} {dtype}", placed, want, allowed, static, op.name)


def _op_cases(attached: Iterable[Attached]) -> Iterator[Case]:
    for row in attached:
        samples = [*row.op.sampler(SampleMaker(1)), *EDGES.get(row.op.name, lambda make: ())(
            SampleMaker(2))]  # fmt: skip
        for sample, dtype in product(samples, NEAR):
            shapes = ", ".join(str(a.shape) for a in sample.args if isinstance(a, np.ndarray))
            note = f" {sample.note}" if sample.note else ""
            yield _op_case(row.op, sample, dtype, f"{shapes}{note}")


def _op_family(name: str, attached: list[Attached]) -> Family:
    rows = {row.op.name: row for row in attached}

    def supports(module: ModuleType, rung: str, case: Case) -> str:
        row = rows[case.op]
        if not row.rungs(rung):
            return f"it is no rung of {case.op}"
        verdict = row.supports(module, rung, *case.inputs, **case.options)
        return "" if verdict is True else str(verdict)

    def run(module: ModuleType, rung: str, case: Case) -> tuple[np.ndarray, ...]:
        with fenced():
            made = rows[case.op].call(module, rung, *case.inputs, stream=0, **case.options)
        return tuple([a.get() for a in (made if isinstance(made, tuple) else (made,))])

    def workload() -> Case:
        row = next(row for row in attached if row.op.name in WORKLOADS)
        return _op_case(row.op, WORKLOADS[row.op.name](SampleMaker(3)), "float32", "workload")

    return Family(name, partial(_op_cases, attached), workload, supports, run)


# -- by name -------------------------------------------------------------------------


def families() -> dict[str, Family]:
    """All families, by name."""
    made = {name: _op_family(name, attached) for name, attached in sorted(ATTACHED.items())}
    return {**made, "matmul": MATMUL}


def family_named(name: str) -> Family:
    """A family, or the part of one that an op of that name calls.

    Raises
    ------
    ValueError
        If there is neither.
    """
    known = families()
    if name in known:
        return known[name]
    ops = {row.op.name: (family, row) for family, rows in ATTACHED.items() for row in rows}
    if name not in ops:
        raise ValueError(f"no family or op {name!r}; {did_you_mean(name, [*known, *ops])}")
    family, row = ops[name]
    return _op_family(family, [row])
