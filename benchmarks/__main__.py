"""``python -m benchmarks NAME``: measure, print, keep the results; ``--help`` has the names."""

from __future__ import annotations

import importlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import click

from benchmarks.timing import Measurement, save

RESULTS = Path(__file__).parent / "results"
FILES = {"models": "models_memory.json"}
TIMED = ("engine", "lenet", "layers", "dcgan")
TRAINED = ("digits", "fashion", "transfer", "generative")
# What speeds are relative to: the first of these that took part.
REFERENCES = ("torch", "minitorch", "bare ops")


def timed_rows(measurements: list[Measurement]) -> list[dict[str, Any]]:
    """One row per workload and competitor, relative to PyTorch where it took part."""
    rows = []
    for measured in measurements:
        entrants = list(measured.seconds)
        reference = next((name for name in REFERENCES if name in entrants), entrants[0])
        rows += [measured.row(entrant, reference) for entrant in entrants]
    return rows


def timed_line(row: dict[str, Any]) -> str:
    """A row for people."""
    relative = next(f"{v:.2f} x {k.rpartition('_')[2]}" for k, v in row.items() if "relative" in k)
    took = f"{row['us_per_unit']:,.2f} us"
    return f"{row['workload']:<32}{row['competitor']:<22}{took:>16}{relative:>18}"


def gpu_line(row: dict[str, Any]) -> str:
    """A row of the GPU benchmark for people."""
    case = f"{row['op']} {row['case']} {row['dtype']}"
    error = "-" if row["error"] is None else f"{row['error']:.1e}"
    floor = "-" if row["floor_us"] is None else f"{row['floor_us']:,.1f}"
    return (
        f"{case:<44}{row['competitor']:<28}{row['kernel_us']:>12,.1f} us"
        f"{row['called_us']:>12,.1f} us{error:>9}  floor {floor}"
    )


def cpu_line(row: dict[str, Any]) -> str:
    """A row of the CPU benchmark for people."""
    relative = row.get("speed_relative_to_torch")
    ratio = "-" if relative is None else f"{relative:.2f} x torch"
    best = "" if relative is None else f" ({row['best_relative_to_torch']:.2f} at best)"
    memory = f"{row['peak_mb']:>8,} MB" if "peak_mb" in row else ""
    what = f"{row['workload']} ({row['batch']})" if row["kind"] == "step" else row["workload"]
    return f"{what:<44}{row['competitor']:<20}{row['ms']:>12,.2f} ms{ratio:>16}{best:<16}{memory}"


def memory_line(row: dict[str, Any]) -> str:
    """A network's memory for people."""
    return (
        f"{row['network']:<20}{row['parameters_mb']:>10,.1f} MB of parameters"
        f"{row['peak_mb']:>10,.1f} MB at the peak ({row['peak_at']})"
    )


def style_line(row: dict[str, Any]) -> str:
    """A row of the painted pictures for people."""
    if row["kind"] == "iteration":
        return cpu_line({**row, "kind": "step"})
    parts = (f"{n}: {x:.4f} ({row['evaluations'][n]})" for n, x in row["losses"].items())
    return f"{row['workload']}, {row['size']:<12}{row['competitor']:<12}{'  '.join(parts)}"


def pythons_of(peers: tuple[str, ...]) -> dict[str, str]:
    """The peers' interpreters."""
    bad = next((peer for peer in peers if "=" not in peer), None)
    if bad is not None:
        raise click.UsageError(f"--peer is NAME=PYTHON, such as torch=/path/to/python, not {bad!r}")
    return dict(peer.split("=", 1) for peer in peers)


def kept_rows(name: str) -> list[dict[str, Any]]:
    """What a result file has so far."""
    path = RESULTS / f"{name}.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text())["rows"] if path.exists() else []
    return rows


def cpu(
    rounds: int,
    only: str,
    quick: bool,
    threads: int,
    peers: tuple[str, ...],
    skip: tuple[str, ...],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The CPU benchmark, with the peers' interpreters told apart."""
    work = importlib.import_module("benchmarks.cpu")
    rows, about = work.run(
        rounds=rounds, only=only, quick=quick, threads=threads, pythons=pythons_of(peers),
        skip=skip, tell=lambda row: click.echo(cpu_line(row), err=True),  # it takes minutes
    )  # fmt: skip
    return rows, about


@click.command()
@click.argument("name", type=click.Choice((*TIMED, *TRAINED, "models", "cpu", "gpu", "style")))
@click.option("--rounds", default=15, show_default=True, help="Interleaved rounds of a timing.")
@click.option(
    "--seeds",
    default=1,
    show_default=True,
    help="Trainings per network: digits, fashion, transfer.",
)
@click.option("--emulated", is_flag=True, help="gpu: try the harness on the emulated device.")
@click.option(
    "--only",
    default="",
    help="cpu, gpu, models: cases whose name contains this; style: iteration or descent.",
)
@click.option("--quick", is_flag=True, help="cpu, style: small sizes, to see that it works.")
@click.option("--threads", default=2, show_default=True, help="cpu, style: of every competitor.")
@click.option(
    "--peer", "peers", multiple=True, help="cpu, style: NAME=PYTHON, a peer's interpreter."
)
@click.option("--skip", multiple=True, help='cpu: a competitor to leave out ("torch compiled").')
@click.option("--json", "as_json", is_flag=True, help="Print rows as JSON.")
@click.option(
    "--write/--no-write",
    default=False,
    help="Write benchmarks/results/<name>.json (models: models_memory.json).",
)
def main(
    name: str,
    rounds: int,
    seeds: int,
    emulated: bool,
    only: str,
    quick: bool,
    threads: int,
    peers: tuple[str, ...],
    skip: tuple[str, ...],
    as_json: bool,
    write: bool,
) -> None:
    """Run one benchmark: engine overhead, a LeNet step, layers beside bare ops, the digits'
    errors, Fashion-MNIST's accuracies, transfer learning, adversarial pairs and their steps,
    networks' memory, training steps on the CPU, GPU kernels, or painted pictures.

    A timing is a median, a ratio the median of the rounds' ratios, all from one
    run in which the competitors take turns.
    """
    work = importlib.import_module(f"benchmarks.{name}")
    about: dict[str, Any] = {"missing": {}}
    if name == "gpu":
        if emulated and write:
            raise click.UsageError("times of the emulated device are not kept; leave out --write")
        try:
            rows, about = work.run(rounds=rounds, emulated=emulated, only=only)
        except RuntimeError as error:
            raise click.ClickException(str(error)) from None
        lines = [gpu_line(row) for row in rows]
    elif name == "cpu":
        if write and (quick or only):
            raise click.UsageError("--write keeps a whole run; leave out --quick and --only")
        rows, about = cpu(rounds, only, quick, threads, peers, skip)
        lines = []
    elif name == "style":
        if write and quick:
            raise click.UsageError("--write keeps whole sizes; leave out --quick")
        rows, about["missing"] = work.run(
            rounds, only=only, quick=quick, threads=threads, pythons=pythons_of(peers),
            tell=lambda row: click.echo(style_line(row), err=True),
        )  # fmt: skip
        lines = []
        rows = work.joined(kept_rows("style") if write and only else [], rows)
    elif name == "models":
        if write and only:
            raise click.UsageError("--write keeps a whole run; leave out --only")
        rows = work.run(only, tell=lambda row: click.echo(memory_line(row), err=True))
        lines = []
    elif name == "transfer":
        # Kept after every row: a run takes long.
        keep = partial(save, RESULTS / "transfer.json", **about) if write else (lambda rows: None)
        rows = work.run(seeds, keep)
        lines = [work.table(rows)]
    elif name == "generative":
        keep = partial(save, RESULTS / "generative.json", **about) if write else (lambda rows: None)
        rows = work.run(keep)
        lines = [f"{r['command']:<70} FID-like {r['fid']['trained']:>7}" for r in rows]
    elif name == "digits":
        rows = work.run(seeds)
        lines = [
            f"{r['network']:<26}{r['error']:>6}% (lecture {r['lecture_error']}%)" for r in rows
        ]
    elif name == "fashion":
        rows = work.run(seeds)
        lines = [f"{r['model']:<12}seed {r['seed']}{r['accuracy']:>8}%" for r in rows]
    else:
        measurements, about["missing"] = work.run(rounds=rounds)
        rows = timed_rows(measurements)
        lines = [timed_line(row) for row in rows]
    if write:
        save(RESULTS / FILES.get(name, f"{name}.json"), rows, **about)
    if as_json:
        click.echo(json.dumps({"rows": rows, **about}))
        return
    absent = (f"{peer}: {reason}" for peer, reason in about["missing"].items())
    click.echo("\n".join([*lines, *absent]))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
