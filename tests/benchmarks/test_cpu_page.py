"""The page of the CPU benchmark: what it makes of rows, and that it is up to date."""

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "docs" / "generate_benchmarks.py"


@pytest.fixture
def generate():
    spec = importlib.util.spec_from_file_location("generate_benchmarks", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(kind, workload, competitor, ms, **more):
    ratios = {"speed_relative_to_torch": 10 / ms, "best_relative_to_torch": 9 / ms}
    return {
        "kind": kind, "workload": workload, "batch": 4, "competitor": competitor, "ms": ms,
        "min_ms": ms, "rounds": 3, "peak_mb": 100, **ratios, **more,
    }  # fmt: skip


RESULTS = {
    "environment": {"processor": "a chip", "cores": 2, "python": "3", "numpy": "2"},
    "ceilings": {"sgemm_flops_per_second": 2e11, "copy_bytes_per_second": 2e10},
    "threads": 2,
    "load": 0.1,
    "missing": {"torch compiled, lstm": "RuntimeError: no"},
    "rows": [
        row("step", "LeNet", "minitorch", 5.0),
        row("step", "LeNet", "torch", 10.0),
        row("layer", "conv c, forward", "minitorch", 4.0, flops=400_000_000),
        row("layer", "conv c, forward", "torch", 10.0, flops=400_000_000),
        {"kind": "import", "workload": "import", "batch": 0, "competitor": "minitorch",
         "ms": 150.0, "min_ms": 140.0, "rounds": 3, "peak_mb": 40},
    ],
}  # fmt: skip


def test_what_the_page_says(generate):
    page = generate.page(RESULTS)
    assert "| LeNet (4) | 10.00 | 2.00 (1.80) | 100 / 100 |" in page
    assert "| conv c, forward (4) | 10.00 | 2.50 (2.25) | 50% |" in page
    assert "| minitorch | 150 | 40 |" in page
    assert "- torch compiled, lstm: RuntimeError: no" in page
    assert "busy" not in page and "**The machine was busy**" in generate.page(
        {**RESULTS, "load": 4}
    )


def test_before_there_are_results(generate):
    assert "**Unmeasured.**" in generate.page(None)


def test_the_picture_is_the_same_each_time(generate, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="the plots need matplotlib")
    monkeypatch.setattr(generate, "PICTURE", tmp_path / "speed.svg")
    first = generate.draw(RESULTS).read_bytes()
    assert b"<svg" in first and generate.draw(RESULTS).read_bytes() == first


def test_the_committed_page_is_what_the_results_say(generate):
    assert generate.main(["--check"]) == 0, "run python docs/generate_benchmarks.py"
