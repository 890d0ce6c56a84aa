"""Tables and roofline plots from benchmarks/results/gpu.json.

python -m benchmarks.gpu.report          writes docs/gpu.md and docs/pictures/roofline_*.png
python -m benchmarks.gpu.report --check  fails if docs/gpu.md is not what the results say
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from math import exp, log
from pathlib import Path
from typing import Any

__all__ = ["main", "page"]

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "gpu.json"
PAGE = ROOT / "docs" / "gpu.md"
PICTURES = ROOT / "docs" / "pictures"

HEAD = """# The kernels on a GPU

Written by `python -m benchmarks.gpu.report` from benchmarks/results/gpu.json, which
`python -m benchmarks gpu --write` measures on a machine with a GPU.

"""
UNMEASURED = """**Unmeasured.** No GPU has run this benchmark yet. The kernels are checked on the
emulated device (`python -m minitorch kernels check`), which tells whether they are right and
nothing about their speed.
"""


def load() -> dict[str, Any] | None:
    """The results, or None before there are any."""
    if not RESULTS.exists():
        return None
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def best(rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Per case: our fastest rung, and the fastest peer."""
    cases: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        cases.setdefault((row["op"], row["case"], row["dtype"]), []).append(row)
    for group in cases.values():
        mine = [row for row in group if row["ours"]]
        theirs = [row for row in group if not row["ours"]]
        if mine:
            peer = min(theirs, key=lambda r: r["kernel_us"]) if theirs else None
            yield min(mine, key=lambda r: r["kernel_us"]), peer


def _error(row: dict[str, Any]) -> str:
    return "-" if row["error"] is None else f"{row['error']:.1e}"


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Our best rung beside the best peer, case by case, and the geometric means."""
    lines = [
        "| op | case | dtype | rung | kernel us | called us | error | floor us | of floor "
        "| best peer | kernel us | called us | error | ratio |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    ratios: dict[tuple[str, str], list[float]] = {}
    for mine, peer in best(rows):
        floor = mine["floor_us"]
        share = "-" if floor is None else f"{100 * floor / mine['kernel_us']:.0f}%"
        line = (
            f"| {mine['op']} | {mine['case']} | {mine['dtype']} | {mine['competitor']} "
            f"| {mine['kernel_us']:.2f} | {mine['called_us']:.2f} | {_error(mine)} "
            f"| {'-' if floor is None else floor} | {share} "
        )
        if peer is None:
            lines.append(line + "| - | - | - | - | - |")
            continue
        ratio = peer["kernel_us"] / mine["kernel_us"]
        ratios.setdefault((mine["op"], mine["dtype"]), []).append(ratio)
        lines.append(
            line + f"| {peer['competitor']} | {peer['kernel_us']:.2f} | {peer['called_us']:.2f} "
            f"| {_error(peer)} | {ratio:.2f}x |"
        )
    means = ["", "| op | dtype | cases | geometric mean of the ratios |", "|---|---|---|---|"]
    for (op, dtype), values in ratios.items():
        mean = exp(sum(map(log, values)) / len(values))
        means.append(f"| {op} | {dtype} | {len(values)} | {mean:.2f}x |")
    return lines + means


def page(results: dict[str, Any] | None) -> str:
    """The text of docs/gpu.md."""
    if results is None:
        return HEAD + UNMEASURED
    about = [f"Device: {results['device']}."]
    about += [f"{name}: {value:.4g}." for name, value in results["ceilings"].items()]
    about += [f"Not there: {name} ({why})." for name, why in results["missing"].items()]
    return HEAD + "\n".join([*about, "", *table(results["rows"]), ""])


def roofline(results: dict[str, Any], dtype: str) -> Path:
    """Rate against intensity: our best rungs and the best peers under the device's roof."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    bandwidth = results["ceilings"]["copy_bytes_per_second"]
    peak = results["ceilings"][f"{dtype}_flops_per_second"]
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    reach = [2.0**i for i in range(-2, 14)]
    axes.loglog(reach, [min(peak, x * bandwidth) / 1e12 for x in reach], "k-", lw=1, label="roof")
    for index, (label, marker) in enumerate((("minitorch", "o"), ("best peer", "x"))):
        rows = [pair[index] for pair in best(results["rows"])]
        rows = [r for r in rows if r and r["dtype"] == dtype and r["flops"]]
        x = [r["flops"] / r["bytes"] for r in rows]
        y = [r["flops"] / r["kernel_us"] / 1e6 for r in rows]
        axes.loglog(x, y, marker, label=label)
    axes.set(xlabel="operations per byte", ylabel="Tflop/s", title=f"{dtype}, {results['device']}")
    axes.legend()
    target = PICTURES / f"roofline_{dtype}.png"
    figure.savefig(target, dpi=120)
    plt.close(figure)
    return target


def main(arguments: list[str]) -> int:
    """Write the page, or compare it with the results."""
    results = load()
    text = page(results)
    if "--check" in arguments:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8")
    if results is not None and results["ceilings"]:
        for dtype in ("float32", "float16"):
            roofline(results, dtype)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
