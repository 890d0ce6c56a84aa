"""Painted pictures beside PyTorch's: the harness, small, and the page's text."""

import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import style

DOCS = Path(__file__).parents[2] / "docs"


def descent(competitor, loss, network="a network"):
    return {
        "kind": "descent", "workload": network, "size": "48 x 32", "competitor": competitor,
        "losses": {"1": 2 * loss, "10": loss}, "evaluations": {"1": 2, "10": 12}, "start": 3.0,
    }  # fmt: skip


def iteration(competitor, ms):
    return {
        "kind": "iteration", "workload": "style", "batch": 1, "competitor": competitor, "ms": ms,
        "min_ms": ms, "rounds": 3, "peak_mb": 9, "speed_relative_to_torch": 8 / ms,
        "best_relative_to_torch": 9 / ms, "threads": 2, "load": 0.1,
    }  # fmt: skip


def test_the_two_begin_with_one_loss_and_end_close_together():
    pytest.importorskip("torch", reason="the peer")
    pytest.importorskip("sklearn", reason="the pictures")
    rows, missing = style.run(only="descent", quick=True, threads=1)
    assert not missing
    ours, theirs = rows
    assert (ours["competitor"], theirs["competitor"]) == ("minitorch", "torch")
    assert ours["start"] == pytest.approx(theirs["start"], rel=1e-4)
    for row in rows:
        assert row["losses"]["10"] < row["losses"]["1"] < row["start"]
        assert row["evaluations"]["10"] >= 10
        assert "10: " in command.style_line(row)
    assert ours["losses"]["10"] < 1.2 * theirs["losses"]["10"]


def test_losses_that_differ_are_no_comparison(monkeypatch):
    torch_painting = pytest.importorskip("benchmarks.cpu.torch_painting", exc_type=ImportError)
    pytest.importorskip("sklearn", reason="the pictures")
    monkeypatch.setattr(torch_painting, "CONTENT", "relu4_1")
    monkeypatch.setattr(torch_painting, "STYLE", ["relu1_1"])
    rows, missing = style.run(only="descent", quick=True, threads=1)
    assert not rows and "losses at the start are" in missing["descent, VGG-19, narrow"]


def test_what_a_run_leaves_out_is_kept():
    old = [iteration("torch", 9), descent("torch", 9)]
    assert style.joined(old, [descent("torch", 5)]) == [old[0], descent("torch", 5)]
    assert style.joined(old, [iteration("torch", 5)]) == [iteration("torch", 5), old[1]]
    assert style.joined([], old) == old


def test_the_command_writes_them(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    for row in (iteration("torch", 8), descent("torch", 3)):
        monkeypatch.setattr(style, "run", lambda *_, row=row, **__: ([row], {}))
        arguments = ["style", "--only", row["kind"], "--write"]
        assert CliRunner().invoke(command.main, arguments).exit_code == 0
    written = json.loads((tmp_path / "style.json").read_text())
    assert [row["kind"] for row in written["rows"]] == ["iteration", "descent"]
    done = CliRunner().invoke(command.main, ["style", "--quick", "--write"])
    assert done.exit_code == 2 and "leave out --quick" in done.output
    done = CliRunner().invoke(command.main, ["style", "--peer", "torch"])
    assert done.exit_code == 2 and "NAME=PYTHON" in done.output


def test_what_the_page_says(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    spec = importlib.util.spec_from_file_location("generate_style", DOCS / "generate_style.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.text(None).count("unmeasured") == 2
    where = {"processor": "a chip", "cores": 2}
    rows = [iteration("torch", 8.0), iteration("minitorch captured", 4.0)]
    page = generate.text({"rows": rows, "environment": where})
    assert "took 4 ms as `paint` runs it, 8 ms in PyTorch: 2.00 times as fast" in page
    assert page.count("unmeasured") == 1 and page.endswith("Measured on a chip, 2 cores.")
    rows += [descent("minitorch", 0.25), descent("torch", 0.5)]
    page = generate.text({"rows": rows, "environment": where})
    assert "| network | | 1 | 10 |\n|---|---|---|---|\n" in page
    assert "| a network, 48 x 32 | minitorch | 0.5000 (2) | 0.2500 (12) |" in page
