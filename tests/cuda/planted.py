"""The planted faults: what each kernel should give, and how to run one."""

from __future__ import annotations

import numpy as np

from tests.cuda.device import GUARD, GUARD_BYTE

N = 256  # elements of x and y: four tiles
TILE = 64


def _reversed(x, run):
    return x.reshape(-1, run)[:, ::-1].ravel()


def _head(values):
    """What is left of y where a kernel writes to its beginning only."""
    return np.concatenate([values, np.zeros(N - len(values), np.float32)])


def _next(x, run):
    after = np.zeros_like(x.reshape(-1, run))
    after[:, :-1] = x.reshape(-1, run)[:, 1:]
    return x + after.ravel()


def _shuffled(x):
    rows = x.reshape(-1, 32)
    return np.concatenate([rows[:, 1:], rows[:, -1:]], axis=1).ravel()


def _finished(x):
    y = x.copy()
    y[:TILE] = 0
    y[-TILE:] = x.reshape(-1, TILE)[1:].sum(axis=0)
    return y


# What the kernel gives where it is not broken. The values are small integers, so sums are exact.
ORACLES = {
    "missing_sync_after_load": lambda x: _reversed(x, TILE),
    "missing_sync_before_overwrite": lambda x: _head(
        x.reshape(-1, TILE).sum(axis=0)[::-1].astype(np.float32)
    ),
    "missing_syncwarp": lambda x: _reversed(x, 32),
    "early_release": lambda x: _head(x.reshape(-1, 32).sum(axis=0)[::-1].astype(np.float32)),
    "unwaited_copy": lambda x: _reversed(x, TILE),
    "read_past_global": lambda x: _next(x, N),
    "write_past_global": lambda x: x,
    "read_past_shared": lambda x: _next(x, TILE),
    "write_past_shared": lambda x: x,
    "read_unwritten_shared": lambda x: np.where(np.arange(N) % 2 == 0, x, 0),
    "write_to_input": lambda x: x,
    "misaligned_vector": lambda x: x,
    "divergent_sync": lambda x: x,
    "shuffle_missing_lane": _shuffled,
    "named_barrier_deadlock": lambda x: x,
    "too_much_shared": lambda x: x,
    "blocks_write_one_place": lambda x: _head(x[:TILE]),
    "blocks_read_unfinished": _finished,
}


def guarded(values):
    """A copy of ``values`` with guards round it (NaNs, as float32), and the whole of it."""
    raw = np.full((N + 2 * GUARD) * 4, GUARD_BYTE, np.uint8).view(np.float32)
    raw[:GUARD] = raw[-GUARD:] = np.nan
    raw[GUARD:-GUARD] = values
    return raw[GUARD:-GUARD], raw


def run(module, name, broken):
    """x, the kernel's y and the verdicts of a plain look at them, one sentence each."""
    x = np.random.default_rng(3).integers(-8, 8, N).astype(np.float32)
    on_x, raw_x = guarded(x)
    y, raw_y = guarded(np.zeros(N, np.float32))
    module.run_fault(name, on_x, y, broken)
    wrong = []
    if not np.array_equal(y, ORACLES[name](x)):
        wrong.append("the result is wrong")
    if not np.array_equal(on_x, x):
        wrong.append("the input has changed")
    for raw in (raw_x, raw_y):
        if not (np.isnan(raw[:GUARD]).all() and np.isnan(raw[-GUARD:]).all()):
            wrong.append("something was written beside an array")
    return wrong
