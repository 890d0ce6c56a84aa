"""The GPU benchmark's harness, on the emulated device; and the page made of its results."""

import importlib

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from minitorch.backend.cuda import cuda_status
from minitorch.backend.native import load_extension

gpu = importlib.import_module("benchmarks.gpu")
report = importlib.import_module("benchmarks.gpu.report")
needs_emulated = pytest.mark.skipif(
    load_extension("_emulated")[0] is None, reason="minitorch._emulated is not built"
)


@needs_emulated
def test_every_case_is_checked_and_timed():
    rows, about = gpu.run(rounds=1, emulated=True)
    cases = {(row["op"], row["case"], row["dtype"]) for row in rows}
    assert cases == {(c.op, c.name, c.dtype) for c in gpu.cases(gpu.FAMILIES, True)}
    assert "mean nothing" in about["device"] and about["ceilings"] == {}
    for row in rows:
        assert row["kernel_us"] > 0 and row["called_us"] > 0 and row["floor_us"] is None
        if row["error"] is not None:
            assert row["error"] < 2e-2
    rungs = {name for name, *_ in load_extension("_emulated")[0].rungs["matmul"]}
    timed = {row["competitor"] for row in rows if row["op"] == "matmul"}
    assert timed - {"numpy"} <= rungs and {"k01_naive", "numpy"} <= timed
    timed = {row["competitor"] for row in rows if row["op"] == "conv_wgrad"}
    assert {"k08_mma", "k08_mma channels last"} <= timed


@needs_emulated
def test_a_wrong_kernel_is_not_timed(monkeypatch):
    monkeypatch.setattr(
        gpu, "our_kernels", lambda case, *_: {"k09_wrong": lambda a, b: a @ b * 1.01}
    )
    with pytest.raises(
        RuntimeError, match=r"matmul square 32 float32: k09_wrong is wrong, its error"
    ):
        gpu.run(rounds=1, emulated=True, only="matmul square")


def test_the_command_line():
    run = CliRunner().invoke
    refused = run(main, ["gpu", "--emulated", "--write"])
    assert refused.exit_code == 2 and "not kept" in refused.output
    if not cuda_status()[0]:
        absent = run(main, ["gpu"])
        assert absent.exit_code == 1
        assert absent.output.startswith("Error: device 'cuda' is not available: ")


def row(competitor, us, **more):
    return {
        "op": "matmul", "case": "square", "dtype": "float32", "competitor": competitor,
        "ours": competitor.startswith("k"), "kernel_us": us, "called_us": us + 1, "error": 1e-7,
        "flops": 2_000_000, "bytes": 12_000, "floor_us": 5.0, **more,
    }  # fmt: skip


def test_the_page_tells_the_best_of_both_sides():
    rows = [row("k01_naive", 80.0), row("k02", 10.0), row("cublas", 20.0), row("torch", 25.0)]
    page = report.page({"device": "a chip", "ceilings": {}, "missing": {}, "rows": rows})
    line = next(line for line in page.splitlines() if line.startswith("| matmul | square"))
    assert "| k02 | 10.00 | 11.00 | 1.0e-07 | 5.0 | 50% | cublas | 20.00 |" in line
    assert line.endswith("| 2.00x |") and "| matmul | float32 | 1 | 2.00x |" in page


def test_a_roofline_is_drawn(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="the plots need matplotlib")
    monkeypatch.setattr(report, "PICTURES", tmp_path)
    peaks = {"copy_bytes_per_second": 4e12, "float32_flops_per_second": 6e13}
    rows = [row("k02", 10.0), row("cublas", 20.0)]
    drawn = report.roofline({"device": "a chip", "ceilings": peaks, "rows": rows}, "float32")
    assert drawn.read_bytes().startswith(b"\x89PNG")


def test_the_committed_page_is_what_the_results_say():
    assert report.main(["--check"]) == 0, "run python -m benchmarks.gpu.report"
