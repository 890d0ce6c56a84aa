"""Write docs/benchmarks.md and its picture from benchmarks/results/cpu.json.

    python -m benchmarks cpu --write
    python docs/generate_benchmarks.py [--check]

``--check`` writes nothing and fails if the page is not what the results say.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "cpu.json"
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "pictures" / "benchmarks-cpu.svg"
REFERENCE = "torch"
QUIET = 0.5  # processes that wanted a processor before the run; more, and the times are not alone

HEAD = """# The speed on a CPU

Written by `python docs/generate_benchmarks.py` from benchmarks/results/cpu.json, which
`python -m benchmarks cpu --write` measures.

"""
UNMEASURED = """**Unmeasured.** There is no result file yet.
"""
READING = """
Competitors take turns, each in a process of its own; before they are timed, the losses of three
steps (or the results of a layer) must agree. A ratio above 1 is faster than PyTorch in eager mode:
the median of the rounds' ratios, and in brackets that of the shortest rounds. "kept" is PyTorch
with an allocator that keeps freed memory; "captured" is a step recorded by `minitorch.function`.
"""


def load() -> dict[str, Any] | None:
    """The results, or None before there are any."""
    if not RESULTS.exists():
        return None
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def grouped(results: dict[str, Any], kind: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Rows of a kind: workload, then competitor."""
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for row in results["rows"]:
        if row["kind"] == kind:
            label = f"{row['workload']} ({row['batch']})" if row["batch"] else row["workload"]
            groups.setdefault(label, {})[row["competitor"]] = row
    return groups


def columns_of(groups: dict[str, dict[str, Any]]) -> list[str]:
    """Competitors in the order of their appearance."""
    return list(dict.fromkeys(name for group in groups.values() for name in group))


def ratio(row: dict[str, Any] | None) -> str:
    """The speed relative to PyTorch, of all rounds and of the shortest."""
    if row is None or "speed_relative_to_torch" not in row:
        return "-"
    return f"{row['speed_relative_to_torch']:.2f} ({row['best_relative_to_torch']:.2f})"


def table(groups: dict[str, dict[str, Any]], first: str, more: dict[str, Any]) -> list[str]:
    """Milliseconds of PyTorch, everybody's ratio to it, and further columns."""
    others = [name for name in columns_of(groups) if name != REFERENCE]
    lines = [f"| {first} | {REFERENCE}, ms | {' | '.join([*others, *more])} |"]
    lines.append("|---" * (2 + len(others) + len(more)) + "|")
    for label, group in groups.items():
        reference = group.get(REFERENCE)
        cells = [label, "-" if reference is None else f"{reference['ms']:,.2f}"]
        cells += [ratio(group.get(name)) for name in others]
        cells += [of(group) for of in more.values()]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def memory(group: dict[str, Any]) -> str:
    """Peak memory of PyTorch and of minitorch."""
    pair = (group.get(REFERENCE), group.get("minitorch"))
    return " / ".join("-" if row is None else f"{row['peak_mb']:,}" for row in pair)


def share(group: dict[str, Any], peak: float) -> str:
    """Operations per second as a part of the best matrix product's."""
    row = group.get("minitorch")
    if row is None or not row.get("flops"):
        return "-"
    return f"{100 * row['flops'] / (row['min_ms'] * 1e-3) / peak:.0f}%"


def page(results: dict[str, Any] | None) -> str:
    """The whole page."""
    if results is None:
        return HEAD + UNMEASURED
    where, ceilings = results["environment"], results["ceilings"]
    peak = ceilings["sgemm_flops_per_second"]
    lines = [
        f"Measured on {where['processor']}, {where['cores']} cores, {results['threads']} threads "
        f"each, Python {where['python']}, NumPy {where['numpy']}. In the same run the best matrix "
        f"product (NumPy's BLAS, 2048 x 2048) reached {peak / 1e9:.0f} GFLOP/s, a copy "
        f"{ceilings['copy_bytes_per_second'] / 1e9:.1f} GB/s.",
    ]
    if results["load"] is not None and results["load"] > QUIET:
        lines.append(
            f"**The machine was busy**: {results['load']} processes wanted a processor when the "
            f"run began, so the times are too long, PyTorch's most of all."
        )
    lines += [READING, "## Training steps", "", "![speed](pictures/benchmarks-cpu.svg)", ""]
    lines += table(grouped(results, "step"), "step (batch)", {"MB, torch / minitorch": memory})
    of_peak = {"minitorch, share of the best product": lambda group: share(group, peak)}
    lines += ["", "## Layers", "", *table(grouped(results, "layer"), "layer (batch)", of_peak)]
    lines += ["", "## Import", "", "| library | ms | MB afterwards |", "|---|---|---|"]
    for group in grouped(results, "import").values():
        lines += [f"| {name} | {r['ms']:.0f} | {r['peak_mb']} |" for name, r in group.items()]
    if results["missing"]:
        lines += ["", "## Not timed", ""]
        lines += [f"- {name}: {reason}" for name, reason in results["missing"].items()]
    return HEAD + "\n".join(lines) + "\n"


def draw(results: dict[str, Any]) -> Path:
    """Speeds of the training steps relative to PyTorch, as bars."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "minitorch"  # the same file from the same results
    from matplotlib import pyplot

    groups = grouped(results, "step")
    names = [name for name in columns_of(groups) if name != REFERENCE]
    width = 0.8 / max(1, len(names))
    figure, axes = pyplot.subplots(figsize=(9, 4), layout="constrained")
    for number, name in enumerate(names):
        rows = [group.get(name, {}) for group in groups.values()]
        heights = [row.get("speed_relative_to_torch", 0) for row in rows]
        aside = (number - (len(names) - 1) / 2) * width
        axes.bar([place + aside for place in range(len(groups))], heights, width, label=name)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xticks(
        range(len(groups)),
        [label.partition(",")[0].partition(" (")[0] for label in groups],
        rotation=20,
    )
    axes.set_ylabel("speed, PyTorch eager = 1")
    figure.legend(frameon=False, loc="outside upper center", ncols=len(names))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE, metadata={"Date": None})
    pyplot.close(figure)
    return PICTURE


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    results = load()
    text = page(results)
    if "--check" in arguments:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            print(f"{PAGE.name} is old: run python docs/generate_benchmarks.py", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    if results is not None:
        draw(results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
