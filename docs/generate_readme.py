"""Fill the README's results from benchmarks/results/*.json.

    python -m benchmarks digits --seeds 3 --write
    python -m benchmarks fashion --seeds 3 --write
    python -m benchmarks transfer --seeds 3 --write
    python -m benchmarks engine --write
    python -m benchmarks cpu --write
    python docs/generate_readme.py [--check]

``--check`` writes nothing and fails if the README is not what the results say.
"""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

from written import settle

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
START, END = "<!-- results: written by docs/generate_readme.py -->", "<!-- end of results -->"

UNMEASURED = (
    "Transfer learning ([docs/transfer.md](docs/transfer.md)): **unmeasured**; "
    "`python -m benchmarks transfer --seeds 3 --write` measures it."
)


def load(name: str) -> dict[str, Any]:
    """One result file."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def machine(results: dict[str, Any]) -> str:
    """What the figures were measured on."""
    where = results["environment"]
    return (
        f"{where['processor']}, {where['cores']} core{'s' * (where['cores'] != 1)}, "
        f"Python {where['python']}, "
        f"NumPy {where['numpy']}"
    )


def named(seeds: list[int]) -> str:
    """Seeds in words."""
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"


def digits() -> str:
    """The lecture's table."""
    results = load("digits")
    lines = [
        "| network | lecture, 300 epochs | measured | epochs | seconds | command |",
        "|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(row["name"] for row in results["rows"]):
        rows = [row for row in results["rows"] if row["name"] == name]
        errors = ", ".join(f"{row['error']:.2f}" for row in rows)
        seconds = ", ".join(str(row["seconds"]) for row in rows)
        first = rows[0]
        lines.append(
            f"| {first['network']} | {first['lecture_error']}% | {errors}% | {first['epochs']} | "
            f"{seconds} | `python -m minitorch train {name}` |"
        )
    seeds = sorted({row["seed"] for row in results["rows"]})
    caption = (
        f"Error on MNIST's 10,000 test digits, {named(seeds)} ({machine(results)}; "
        f"`python -m benchmarks digits --seeds {len(seeds)} --write`). The recipe moves training "
        f"digits by a pixel; it was chosen on held-out training digits."
    )
    return "\n".join([caption, "", *lines])


def fashion() -> str:
    """Fashion-MNIST: accuracy by network, with mean and spread over the seeds."""
    results = load("fashion")
    lines = [
        "| network | test accuracy | seeds | epochs | minutes a run | command |",
        "|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(row["model"] for row in results["rows"]):
        rows = [row for row in results["rows"] if row["model"] == name]
        found = [row["accuracy"] for row in rows]
        mean = f"{statistics.mean(found):.2f}%"
        spread = f" ± {statistics.stdev(found):.2f}" if len(found) > 1 else ""
        minutes = statistics.mean(row["seconds"] for row in rows) / 60
        lines.append(
            f"| {name}, {rows[0]['parameters']:,} parameters | {mean}{spread} | "
            f"{', '.join(str(row['seed']) for row in rows)} | {rows[0]['epochs']} | "
            f"{minutes:.0f} | `python -m minitorch train {name} --data fashion` |"
        )
    caption = (
        f"Accuracy on Fashion-MNIST's 10,000 test images, from scratch ({machine(results)}; "
        f"`python -m benchmarks fashion --seeds 3 --write`), ± the standard deviation. "
        f"LeNet's recipe was tried on held-out training images, ResNet-20's is its paper's for "
        f"CIFAR with fewer epochs; neither was chosen by the test images."
    )
    return "\n".join([caption, "", *lines])


def transfer() -> str:
    """Transfer learning beside training from scratch."""
    if not (RESULTS / "transfer.json").exists():
        return UNMEASURED
    results = load("transfer")
    rows = results["rows"]
    if not rows:
        return UNMEASURED
    # A run that ended early has some methods with fewer seeds: each row says how many.
    lines = ["| | accuracy on test drawings | seeds | CPU seconds |", "|---|---|---|---|"]
    methods = dict.fromkeys(row["method"] for row in rows)
    for method in methods:
        found = [row for row in rows if row["method"] == method]
        shares = [100 * row["accuracy"] for row in found]
        spread = f" ± {statistics.stdev(shares):.1f}" if len(shares) > 1 else ""
        seconds = statistics.mean(row["cpu_seconds"] for row in found)
        lines.append(
            f"| {found[0]['what']} | {statistics.mean(shares):.1f}%{spread} | {len(found)} | "
            f"{seconds:,.0f} |"
        )
    first = rows[0]
    chance = 100 * math.sqrt(0.25 / first["test"])
    caption = (
        f"Drawings of six kinds, {first['train']:,} to learn from and {first['test']} to be "
        f"examined with, mean ± standard deviation over seeds from 0 on ({machine(results)}, one "
        f"thread; `OMP_NUM_THREADS=1 python -m benchmarks transfer --seeds 3 --write`; "
        f"[docs/transfer.md](docs/transfer.md)). No setting was chosen by the test "
        f"drawings. So few test drawings have a standard error of {chance:.1f} points at most, "
        f"which all rows share."
    )
    return "\n".join([caption, "", *lines])


def timings() -> str:
    """The engine's overhead beside the peers'."""
    lines = ["| workload | | microseconds | speed relative to PyTorch |", "|---|---|---|---|"]
    units = {"chain": "op of a chain, 4 elements", "scalars": "op of a graph of scalars"}
    for row in load("engine")["rows"]:
        relative = row.get("speed_relative_to_torch", "")
        what = units.get(row["workload"], row["workload"])
        lines.append(f"| {what} | {row['competitor']} | {row['us_per_unit']:,.1f} | {relative} |")
    caption = (
        f"Medians of one interleaved run ({machine(load('engine'))}; "
        f"`python -m benchmarks engine --write`). An op is its forward, recording and backward."
    )
    return "\n".join([caption, "", *lines])


def steps() -> str:
    """Training steps on the CPU, as times PyTorch's speed."""
    results = load("cpu")
    shown = ("minitorch", "minitorch captured", "torch channels_last")
    lines = [
        "| training step (batch) | PyTorch, ms | eager | captured | PyTorch, channels last "
        "| MB, PyTorch / captured |",
        "|---|---|---|---|---|---|",
    ]
    rows = [row for row in results["rows"] if row["kind"] == "step"]
    for name in dict.fromkeys(row["workload"] for row in rows):
        by = {row["competitor"]: row for row in rows if row["workload"] == name}
        ratios = " | ".join(f"{by[who]['speed_relative_to_torch']:.2f}" for who in shown)
        torch, ours = by["torch"], by["minitorch captured"]
        lines.append(
            f"| {name} ({torch['batch']}) | {torch['ms']:,.0f} | {ratios} | "
            f"{torch['peak_mb']:,} / {ours['peak_mb']:,} |"
        )
    caption = (
        f"Speed of whole training steps relative to PyTorch, eager and with its default layout: "
        f"above 1 is faster ({machine(results)}, {results['threads']} threads, one interleaved "
        f"run; `python -m benchmarks cpu --write`). [docs/benchmarks.md](docs/benchmarks.md) has "
        f"the layers."
    )
    return "\n".join([caption, "", *lines])


def page() -> str:
    """The README with its figures."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, tail = rest.partition(END)
    parts = [digits(), fashion(), transfer(), steps(), timings()]
    return "\n\n".join([f"{head}{START}", *parts, f"{END}{tail}"])


if __name__ == "__main__":
    raise SystemExit(settle(PAGE, page()))
