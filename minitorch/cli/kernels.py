"""``python -m minitorch kernels list | check | lint | sass``: the device's kernels, looked at."""

from __future__ import annotations

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import click

import minitorch

__all__ = ["kernels"]

ROOT = Path(minitorch.__file__).parents[1]  # of a checkout, where csrc/ is
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _emulated() -> ModuleType:
    from minitorch.backend.native import load_extension

    module, reason = load_extension("_emulated")
    if module is None:
        raise RuntimeError(reason)
    return module


def _rungs(module: ModuleType, family: str, wanted: str | None) -> list[str]:
    """Rungs by name, or by its beginning (``k03``)."""
    names = [row[0] for row in module.rungs[family]]
    found = [name for name in names if wanted is None or name.startswith(wanted)]
    if not found:
        raise ValueError(f"{family} has no rung {wanted!r}; it has {', '.join(names)}")
    return found


def _show(
    rows: list[dict[str, Any]],
    columns: dict[str, str],
    *,
    right: str = "",
    prose: str = "",
    least: int = 0,
) -> None:
    """Print a table: key -> title; keys in ``right`` are numbers, those in ``prose`` may wrap."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for key, title in columns.items():
        side: Literal["left", "right"] = "right" if key in right.split() else "left"
        table.add_column(title, justify=side, overflow="fold", no_wrap=key not in prose.split())
    for row in rows:
        table.add_row(*(Text(str(row[key])) for key in columns))
    console = Console()
    console.width = max(console.width, least)
    console.print(table)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def kernels() -> None:
    """Look at the device's kernels: what there are, whether they are right, what they cost."""


@kernels.command("list")
@_json
def list_kernels(as_json: bool) -> None:
    """The families and their rungs, from the ground up, as csrc/cuda has them."""
    module = _emulated()
    rows = [
        {"family": family, "rung": name, "idea": idea, "needs": needs, "precision": precision}
        for family, rungs in module.rungs.items()
        for name, idea, needs, precision in rungs
    ]
    if as_json:
        click.echo(json.dumps({"rungs": rows}))
    else:
        keys = ("family", "rung", "idea", "needs", "precision")
        _show(rows, {key: key for key in keys}, prose="idea needs")


@kernels.command()
@click.argument("op")
@click.option("--rung", help="Its name or how that begins; all of them if it is not given.")
@click.option("--schedules", type=click.Choice(["few", "all"]), default="few", show_default=True,
              help="Orders of threads and blocks, times at which copies land.")  # fmt: skip
@click.option("--watched", is_flag=True, help="On the build that checks every access.")
@_json
def check(op: str, rung: str | None, schedules: str, watched: bool, as_json: bool) -> None:
    """Run the rungs of OP over edge shapes against the oracle, on the emulated device.

    OP is a family, such as conv, or an op of one, such as conv_wgrad. The worst error is
    given as a part of what is allowed. Exits with 1 when a result is wrong or a launch fails.
    """
    from minitorch.testing.kernel_families import family_named
    from minitorch.testing.kernels import ALL_SCHEDULES, FEW_SCHEDULES, check_rung, load_watched

    module = load_watched() if watched else _emulated()
    family = family_named(op)
    chosen = ALL_SCHEDULES if schedules == "all" else FEW_SCHEDULES
    rows, failures = [], []
    for name in _rungs(module, family.name, rung):
        if not as_json:
            click.echo(f"{op} {name} ...", err=True)
        verdicts = list(check_rung(module, family, name, chosen))
        count = Counter(verdict.verdict for verdict in verdicts)
        worst = max((v.error for v in verdicts if v.error is not None), default=None)
        bad = [v for v in verdicts if v.verdict in ("wrong", "error")]
        failures += [
            {"rung": name, "case": v.case, "schedule": v.schedule, "text": v.text} for v in bad
        ]
        rows.append({"rung": name, "runs": len(verdicts) - count["left out"],
                     "left out": count["left out"], "failed": len(bad),
                     "worst": None if worst is None else float(f"{worst:.2g}")})  # fmt: skip
    if as_json:
        click.echo(json.dumps({"family": family.name, "rungs": rows, "failures": failures}))
    else:
        keys = ("rung", "runs", "left out", "failed", "worst")
        _show(rows, {key: key for key in keys}, right="runs failed worst")
        for failure in failures[:20]:
            click.echo("{rung}, {case}, {schedule}: {text}".format(**failure))
    if failures:
        raise SystemExit(1)


@kernels.command()
@click.argument("ops", nargs=-1)
@click.option("--rung", help="Its name or how that begins.")
@_json
def lint(ops: tuple[str, ...], rung: str | None, as_json: bool) -> None:
    """Say what the memory accesses of the rungs of OPS cost, the worst lines first.

    Each line's warp requests, and what they move: 32-byte sectors of global memory,
    rounds of the banks of shared memory; ``ideal`` is what the same bytes need at
    least, ``waste`` the quotient. Counted on the watched build; no time is measured.
    """
    from minitorch.testing.kernel_families import families, family_named
    from minitorch.testing.kernels import load_watched

    module = load_watched()
    rows: list[dict[str, Any]] = []
    left_out: list[dict[str, str]] = []
    for name in ops or families():
        family = family_named(name)
        if not ops and not any(row[0].startswith(rung or "") for row in module.rungs[family.name]):
            continue  # of all families, those that have such a rung
        case = family.workload()
        for chosen in _rungs(module, family.name, rung):
            if reason := family.supports(module, chosen, case):
                left_out.append({"rung": f"{name} {chosen}", "case": case.name, "reason": reason})
                continue
            module.watch_reset()
            family.run(module, chosen, case)
            rows += [{"rung": f"{name} {chosen}", **row} for row in module.watch_report()]
    for row in rows:
        row["waste"] = round(row["moved"] / row["ideal"], 2)
        row["source"] = _source(row["file"], row["line"])
        row["place"] = f"{Path(row['file']).name}:{row['line']}"
    rows.sort(key=lambda row: (-row["waste"], -row["moved"]))
    if as_json:
        click.echo(json.dumps({"lines": rows, "left out": left_out}))
        return
    columns = {key: key for key in ("rung", "place", "space", "access", "width", "requests")}
    columns |= {key: key for key in ("moved", "ideal", "waste", "source")}
    if rows:
        numbers = "width requests moved ideal waste"
        _show(rows, columns, right=numbers, prose="source", least=130)
    for row in left_out:
        click.echo("{rung} does not do {case}: {reason}".format(**row), err=True)


def _source(file: str, line: int) -> str:
    """A line of csrc, where the sources are at hand."""
    path = ROOT / file
    if not file or not path.exists():
        return ""
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


@kernels.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--arch", "archs", multiple=True, help="80, 90a, 100a: those if it is not given.")
@_json
def sass(files: tuple[Path, ...], archs: tuple[str, ...], as_json: bool) -> None:
    """Compile kernels by nvcc and say what is in them; no GPU is needed.

    FILES, or all of csrc/cuda, which takes minutes. Exits with 1 if a rung for tensor cores
    has none of their instructions, or one above the first of its family keeps registers in
    memory (spills, in bytes).
    """
    from minitorch.cli.sass import ARCHS, compile_kernels, complaints, find_tool

    find_tool("cuobjdump")
    sources = files or sorted((ROOT / "csrc" / "cuda").rglob("k??_*.cu"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        compiled = pool.map(lambda file: compile_kernels(file, ROOT, archs or ARCHS), sources)
        found = [kernel for kernels in compiled for kernel in kernels]
    rows = [
        {"kernel": k.kernel, "arch": k.arch, "registers": k.registers, "spills": k.spills,
         "shared": k.shared, "tensor": k.tensor, "instructions": k.interesting()}
        for k in found
    ]  # fmt: skip
    failed = complaints(found, _emulated().rungs)
    if as_json:
        click.echo(json.dumps({"kernels": rows, "failed": failed}))
    else:
        _show(rows, {key: key for key in rows[0]} if rows else {},
              right="registers spills shared tensor", prose="kernel instructions")  # fmt: skip
        for text in failed:
            click.echo(text)
    if failed:
        raise SystemExit(1)
