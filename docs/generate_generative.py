"""Fill docs/generative.md's figures from benchmarks/results/*.json.

    python -m benchmarks generative --write
    python -m benchmarks dcgan --write
    python docs/generate_generative.py [--check]

``--check`` writes nothing and fails if the page is not what the results say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from written import settle

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "generative.md"
RESULTS = ROOT / "benchmarks" / "results"
START, END = "<!-- results: written by docs/generate_generative.py -->", "<!-- end of results -->"


def load(name: str) -> dict[str, Any]:
    """One result file; without rows if there is none yet."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return {"rows": []}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def machine(results: dict[str, Any]) -> str:
    """What the figures were measured on."""
    where = results["environment"]
    return f"{where['processor']}, Python {where['python']}, NumPy {where['numpy']}"


def scores() -> str:
    """A row per run."""
    results = load("generative")
    if not results["rows"]:
        return "Scores: **unmeasured**; `python -m benchmarks generative --write` measures them."
    lines = [
        "| command | minutes | FID-like | untrained | real | inception-like (real) | classes |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        fid, inception = row["fid"], row["inception"]
        lines.append(
            f"| `{row['command']}` | {row['seconds'] / 60:.0f} | **{fid['trained']:.1f}** | "
            f"{fid['untrained']:.0f} | {fid['real']:.2f} | {inception['trained']:.2f} "
            f"({inception['real']:.2f}) | {row['covered']['trained']} of {row['classes']} |"
        )
    errors = {row["data"]: f"{row['judge_error']:.2f}% on {row['data']}" for row in results["rows"]}
    first = results["rows"][0]
    caption = (
        f"Seed 0, {first['samples']:,} samples each, {first['threads']} "
        f"thread{'s' * (first['threads'] != 1)} ({machine(results)}; "
        f"`python -m benchmarks generative --write`). The judge's own error is "
        f"{', '.join(errors.values())}. Minutes are of training."
    )
    return "\n".join([caption, "", *lines])


def speed() -> str:
    """Captured steps beside eager ones."""
    results = load("dcgan")
    if not results["rows"]:
        return "Steps: **unmeasured**; `python -m benchmarks dcgan --write` measures them."
    by = {(row["workload"], row["competitor"]): row for row in results["rows"]}
    parts = []
    for workload in dict.fromkeys(row["workload"] for row in results["rows"]):
        ratio = by[workload, "captured"]["speed_relative_to_eager"]
        parts.append(f"{workload}: {ratio:.2f} times as fast")
    rounds = results["rows"][0]["rounds"]
    return (
        f"A step of both players as a captured program, beside the same step run eagerly (one "
        f"thread, median of the ratios of {rounds} rounds of one interleaved run, "
        f"{machine(results)}; `OMP_NUM_THREADS=1 python -m benchmarks dcgan --write`): "
        f"{'; '.join(parts)}."
    )


def page() -> str:
    """The page with its figures."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, tail = rest.partition(END)
    return "\n\n".join([f"{head}{START}", scores(), speed(), f"{END}{tail}"])


if __name__ == "__main__":
    raise SystemExit(settle(PAGE, page()))
