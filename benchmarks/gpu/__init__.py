"""``python -m benchmarks gpu``: every rung of the ladders against cuBLAS, cuDNN and PyTorch.

For each case (an op, a layer's shape, a dtype) all competitors get the same work, in the
same precision, and take turns. Two times are told: of the kernels alone (replays of a
captured graph, inputs rotating through more memory than the caches hold), and as a user
calls it (launch, checks and allocation included). Both are medians. Beside them stand the
error against float64, the floor (the larger of operations over the peak rate and bytes over
the copy bandwidth, both measured in the same run), and the share of it that was reached.

``--emulated`` runs small cases on the emulated device, against NumPy: it checks that the
harness works, and its times mean nothing.
"""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from benchmarks.gpu.clock import EmulatedClock, GpuClock
from benchmarks.gpu.peers import peers_of
from benchmarks.gpu.shapes import (
    CONVS,
    MATMULS,
    PLANES,
    SMALL_CONVS,
    SMALL_MATMULS,
    SMALL_PLANES,
)
from benchmarks.gpu.workloads import (
    DTYPES,
    Case,
    channels_last,
    conv_cases,
    matmul_cases,
    our_kernels,
    plane_cases,
)
from minitorch.autograd import registry

__all__ = ["FAMILIES", "cases", "run"]

FAMILIES = ("matmul", "conv", "memory")


def cases(families: tuple[str, ...], emulated: bool) -> list[Case]:
    """What is timed."""
    dtypes = list(DTYPES)
    found: list[Case] = []
    if "matmul" in families:
        found += matmul_cases(SMALL_MATMULS if emulated else MATMULS, dtypes)
    if "conv" in families:
        found += conv_cases(SMALL_CONVS if emulated else CONVS, dtypes)
    if "memory" in families:
        found += plane_cases(SMALL_PLANES if emulated else PLANES)
    return found


def run(
    rounds: int = 11, emulated: bool = False, families: tuple[str, ...] = FAMILIES, only: str = ""
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of results, and what is known of the run: device, ceilings, missing peers.

    Raises
    ------
    RuntimeError
        If there is no such device, or a result is wrong: what is wrong is not timed.
    """
    device = "emulated" if emulated else "cuda"
    _use(device)
    clock: Any = EmulatedClock() if emulated else GpuClock()
    about: dict[str, Any] = {"device": clock.name, "missing": {}, "ceilings": {}}
    if not emulated:
        about["ceilings"] = _ceilings(clock)
    rows: list[dict[str, Any]] = []
    for case in cases(families, emulated):
        if only and only.lower() not in f"{case.op} {case.name} {case.dtype}".lower():
            continue
        rows += _time(case, device, clock, rounds, about)
    return rows, about


def _use(device: str) -> None:
    """Fail in one line where the device is not there."""
    from minitorch.backend.arrays import backend_named

    backend_named(device)


def _ceilings(clock: GpuClock) -> dict[str, float]:
    """What this device reaches: copy bandwidth, and the best matrix product of each dtype."""
    found = {"copy_bytes_per_second": clock.copy_bandwidth()}
    n = 8192
    for dtype in DTYPES:
        took = clock.kernel({"matmul": _square_product(clock.cupy, n, dtype)}, 1, 5)["matmul"]
        found[f"{dtype}_flops_per_second"] = 2 * n**3 / statistics.median(took) * 1e6
    return found


def _square_product(cupy: Any, n: int, dtype: str) -> Any:
    a, b = (cupy.random.standard_normal((n, n), cupy.float32).astype(dtype) for _ in "ab")
    out = cupy.empty((n, n), dtype)
    return lambda i: cupy.matmul(a, b, out=out)


def _time(
    case: Case, device: str, clock: Any, rounds: int, about: dict[str, Any]
) -> list[dict[str, Any]]:
    """All competitors of one case: checked, then timed in turns."""
    from minitorch.backend.arrays import as_array

    sets = [
        [as_array(a, device=device) for a in case.inputs(seed)]
        for seed in range(clock.sets(case.bytes))
    ]
    inputs: dict[str, list[Any]] = {}  # where they are not the sets
    runs = our_kernels(case, device, sets[0])
    if case.op.startswith("conv_"):  # what tensor cores want, and a user keeps a network in
        last = [channels_last(case.op, arrays) for arrays in sets]
        for name, fn in our_kernels(case, device, last[0]).items():
            runs[f"{name} channels last"], inputs[f"{name} channels last"] = fn, last
    ours = set(runs)
    if device == "emulated":
        static = {**getattr(registry[case.op], "defaults", {}), **case.static}
        host = case.inputs(0)
        runs["numpy"] = lambda *given: _numpy(case, host, static)
    else:
        peers, missing = peers_of(case, sets[0], clock)
        runs.update(peers)
        about["missing"].update({f"{name}, {case.op}": why for name, why in missing.items()})
    want = _truth(case, device, sets[0])
    errors = {name: _error(fn(*inputs.get(name, sets)[0]), want, name) for name, fn in runs.items()}
    for name in ours:
        limit = DTYPES[case.dtype][1]
        if errors[name] is not None and not errors[name] <= limit * (10 if "tf32" in name else 1):
            raise RuntimeError(
                f"{case.op} {case.name} {case.dtype}: {name} is wrong, its error is {errors[name]}"
            )
    bound = {name: _bound(fn, inputs.get(name, sets)) for name, fn in runs.items()}
    alone = clock.kernel(bound, len(sets), rounds)
    called = clock.called(bound, len(sets), max(3, rounds // 3))
    floor = _floor(case, about["ceilings"])
    return [
        {
            "op": case.op,
            "case": case.name,
            "dtype": case.dtype,
            "competitor": name,
            "ours": name in ours,
            "kernel_us": round(statistics.median(alone[name]), 3),
            "called_us": round(statistics.median(called[name]), 3),
            "error": errors[name],
            "flops": case.flops,
            "bytes": case.bytes,
            "floor_us": floor,
        }
        for name in runs
    ]


def _bound(fn: Any, sets: list[Any]) -> Any:
    return lambda i: fn(*sets[i])


def _numpy(case: Case, host: list[Any], static: dict[str, Any]) -> Any:
    op = registry[case.op]
    return op.body(np, *host, **static)


def _truth(case: Case, device: str, arrays: list[Any]) -> np.ndarray | None:
    """The result in float64 by the reference body; None where that means nothing (dropout)."""
    if case.op == "dropout":
        return None
    from minitorch.backend.arrays import backend_of

    op = registry[case.op]
    wide = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
    static = {**getattr(op, "defaults", {}), **case.static}
    if not hasattr(op, "body"):  # made of other ops
        return None
    return _first(op.body(backend_of(arrays[0]).xp, *wide, **static))


def _first(result: Any) -> np.ndarray:
    result = result[0] if isinstance(result, tuple) else result
    if hasattr(result, "detach"):  # PyTorch's
        result = result.detach().cpu().numpy()
    return np.asarray(result.get() if hasattr(result, "get") else result, np.float64)


def _error(result: Any, want: np.ndarray | None, name: str) -> float | None:
    """‖result - want‖ / ‖want‖; None where the memory is read in another layout."""
    if want is None or "NHWC" in name:
        return None
    return float(np.linalg.norm(_first(result) - want) / max(np.linalg.norm(want), 1e-300))


def _floor(case: Case, ceilings: dict[str, float]) -> float | None:
    """The larger of the time of the arithmetic and of the memory, in microseconds."""
    if not ceilings:
        return None
    memory = case.bytes / ceilings["copy_bytes_per_second"]
    arithmetic = case.flops / ceilings[f"{case.dtype}_flops_per_second"]
    return round(max(memory, arithmetic) * 1e6, 3)
