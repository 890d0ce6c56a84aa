"""``python -m benchmarks engine|lenet``: time workloads beside the installed peers."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import click

from benchmarks.timing import save

RESULTS = Path(__file__).parent / "results"
WORKLOADS = ("engine", "lenet")


@click.command()
@click.argument("name", type=click.Choice(WORKLOADS))
@click.option("--rounds", default=15, show_default=True, help="Interleaved rounds.")
@click.option("--json", "as_json", is_flag=True, help="Print rows as JSON.")
@click.option("--write/--no-write", default=False, help="Write benchmarks/results/<name>.json.")
def main(name: str, rounds: int, as_json: bool, write: bool) -> None:
    """Run one benchmark. Every figure is a median, every ratio from the same run."""
    measurements, missing = importlib.import_module(f"benchmarks.{name}").run(rounds=rounds)
    rows = []
    for measured in measurements:
        base = "torch" if "torch" in measured.seconds else "minitorch"
        rows += [measured.row(entrant, base) for entrant in measured.seconds]
    if write:
        save(RESULTS / f"{name}.json", rows, missing=missing)
    if as_json:
        click.echo(json.dumps({"rows": rows, "missing": missing}))
        return
    for row in rows:
        relative = next(
            (f"{v:7.2f} x {k.rpartition('_')[2]}" for k, v in row.items() if "relative" in k), ""
        )
        click.echo(
            f"{row['workload']:<32}{row['competitor']:<22}{row['us_per_unit']:>12.2f} us{relative:>20}"
        )
    for peer, reason in missing.items():
        click.echo(f"{peer}: {reason}")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
