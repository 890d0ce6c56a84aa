"""Fill the comparison in docs/style.md from benchmarks/results/style.json.

    python -m benchmarks style --write
    python docs/generate_style.py [--check]

``--check`` writes nothing and fails if the page is not what the results say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from written import settle

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "style.md"
RESULTS = ROOT / "benchmarks" / "results" / "style.json"
START, END = "<!-- comparison: written by docs/generate_style.py -->", "<!-- end of comparison -->"
UNMEASURED = "unmeasured: `python -m benchmarks style --write`"


def iteration(rows: list[dict[str, Any]]) -> str:
    """The time of an iteration, or that there is none."""
    timed = {row["competitor"]: row for row in rows if row["kind"] == "iteration"}
    if not {"torch", "minitorch captured"} <= set(timed):
        return f"The time of an iteration is {UNMEASURED}."
    ours, theirs = timed["minitorch captured"], timed["torch"]
    return (
        f"An iteration (Gatys's losses of a picture of 256 x 256 with VGG-19, and their gradient) "
        f"took {ours['ms']:.0f} ms as `paint` runs it, {theirs['ms']:.0f} ms in PyTorch: "
        f"{ours['speed_relative_to_torch']:.2f} times as fast, the median of {ours['rounds']} "
        f"rounds in which they took turns with {ours['threads']} threads "
        f"({ours['best_relative_to_torch']:.2f} by the shortest rounds; {ours['load']} processes "
        f"wanted a processor when it began)."
    )


def descents(rows: list[dict[str, Any]]) -> list[str]:
    """A line for each network and library."""
    found = [row for row in rows if row["kind"] == "descent"]
    if not found:
        return [f"How far L-BFGS gets is {UNMEASURED}."]
    at = list(found[0]["losses"])
    lines = [
        "The loss behind that many steps of L-BFGS, and in brackets the evaluations that they "
        "took, from the same picture (a temple, painted as a flower) with the same weights "
        "and losses. PyTorch's has its strong Wolfe search and its history of 100.",
        "",
        f"| network | | {' | '.join(at)} |",
        "|---" * (2 + len(at)) + "|",
    ]
    for row in found:
        cells = [f"{row['losses'][n]:.4f} ({row['evaluations'][n]})" for n in at]
        lines.append(
            f"| {row['workload']}, {row['size']} | {row['competitor']} | {' | '.join(cells)} |"
        )
    return lines


def text(results: dict[str, Any] | None) -> str:
    """What stands between the marks."""
    rows = [] if results is None else results["rows"]
    lines = [iteration(rows), "", *descents(rows)]
    if results is not None:
        where = results["environment"]
        lines += ["", f"Measured on {where['processor']}, {where['cores']} cores."]
    return "\n".join(lines)


def main() -> int:
    """Write or check the page."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else None
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(START)
    _, after = rest.split(END)
    return settle(PAGE, f"{before}{START}\n{text(results)}\n{END}{after}")


if __name__ == "__main__":
    raise SystemExit(main())
