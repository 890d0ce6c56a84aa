"""The counters of the watched build on accesses whose cost is known."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.planted import N, run

WATCHED, REASON = load_extension("_emulated_watched")
pytestmark = pytest.mark.skipif(WATCHED is None, reason=f"{REASON}: make watched")


def report(fault):
    """Rows of the right version of a planted kernel, by (space, access, line of source)."""
    WATCHED.watch_reset()
    assert run(WATCHED, fault, False) == []
    rows = WATCHED.watch_report()
    assert all(row["kernel"] == f"faults {fault}" for row in rows)
    return rows


def only(rows, space, access):
    (row,) = [r for r in rows if (r["space"], r["access"]) == (space, access)]
    return row


def test_coalesced_accesses_move_what_they_use():
    rows = report("missing_sync_after_load")
    warps = N // 32
    for access in ("read", "write"):
        row = only(rows, "global", access)
        assert row["file"] == "csrc/cuda/faults/barriers.cu" and row["width"] == 4
        assert (row["requests"], row["lanes"], row["bytes"]) == (warps, N, 4 * N)
        assert row["ideal"] == 4 * warps and row["moved"] in (row["ideal"], row["ideal"] + warps)
        row = only(rows, "shared", access)
        assert row["moved"] == row["ideal"] == row["requests"] == warps


def test_vectors_count_as_one_access():
    rows = report("misaligned_vector")
    row = only(rows, "global", "read")
    assert row["width"] == 16 and row["requests"] == N // 4 // 32
    assert row["bytes"] == 4 * N and row["ideal"] == 4 * N // 32


def test_copies_are_counted_on_both_sides():
    rows = report("unwaited_copy")
    assert only(rows, "global", "read")["lanes"] == only(rows, "shared", "write")["lanes"] == N


def test_atomics_are_counted():
    row = [r for r in report("blocks_read_unfinished") if r["access"] == "atomic"]
    assert sum(r["lanes"] for r in row) == N // 64 + 1


def test_columns_of_a_matrix_waste_sectors_and_reset_forgets():
    """k01_naive reads one row of a for each lane: a sector for every element."""
    a, b = np.ones((32, 64), np.float32), np.ones((64, 8), np.float32)
    WATCHED.watch_reset()
    WATCHED.matmul("k01_naive", a, b, np.empty((1, 32, 8), np.float32))
    reads = [r for r in WATCHED.watch_report() if r["access"] == "read"]
    assert max(r["moved"] / r["ideal"] for r in reads) > 4
    WATCHED.watch_reset()
    assert WATCHED.watch_report() == []
