"""``python -m minitorch gradcheck [OP ...]``: check the gradients of the registry."""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
from typing import Any

import click

__all__ = ["gradcheck"]

_ORDERS = ("first", "second", "adjoint")


def _entries(names: tuple[str, ...], module: str | None) -> list[Any]:
    """The ops that are asked for: by name, of a user's module, or all of minitorch's."""
    from minitorch import find_op, registry

    if module is not None:
        if os.getcwd() not in sys.path:  # the installed script does not look there by itself
            sys.path.insert(0, os.getcwd())
        importlib.import_module(module)
    if names:
        return [find_op(name) for name in dict.fromkeys(names)]
    root = "minitorch" if module is None else module
    chosen = [e for e in registry.values() if e.module == root or e.module.startswith(f"{root}.")]
    if not chosen:
        raise ValueError(f"module {root!r} declares no ops: it has no function under @op")
    return sorted(chosen, key=lambda entry: entry.name)


def _row(report: Any) -> dict[str, Any]:
    errors = {which: getattr(report, which) for which in _ORDERS}
    return {
        "op": report.name,
        "samples": report.samples,
        # JSON has no NaN; what could not be measured stands among the failures.
        **{w: e if e is not None and math.isfinite(e) else None for w, e in errors.items()},
        "verdict": report.verdict,
        "failures": report.failures,
    }


def _shown(row: dict[str, Any], which: str) -> str:
    if row[which] is None:
        return "?" if row["failures"] else "-"
    return f"{row[which]:.1e}"


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("op", box=None, header_style="bold")
    for title in ("samples", "order 1", "order 2", "adjoint"):
        table.add_column(title, justify="right")
    table.add_column("verdict")
    colours = {"ok": "green", "constant": "dim", "fail": "bold red"}
    for row in rows:
        errors = [_shown(row, which) for which in _ORDERS]
        verdict = f"[{colours[row['verdict']]}]{row['verdict']}[/]"
        table.add_row(row["op"], str(row["samples"]), *errors, verdict)
    console = Console()
    console.print(table)
    for row in rows:
        for failure in row["failures"]:
            text = f"{row['op']}: {failure}"
            console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)


@click.command()
@click.argument("ops", nargs=-1)
@click.option("--module", help="Import this module first and check the ops that it declares.")
@click.option("--seed", default=0, show_default=True, help="Of the samples and directions.")
@click.option(
    "--rtol", default=1e-6, show_default=True, help="Relative error allowed, orders 1 and 2."
)
@click.option("--device", default="cpu", show_default=True,
              help="cpu, cuda, or emulated: the CUDA kernels on the CPU.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of the table.")
def gradcheck(
    ops: tuple[str, ...],
    module: str | None,
    seed: int,
    rtol: float,
    device: str,
    as_json: bool,
) -> None:
    """Check first order, second order and adjoint of the named OPS, or of all.

    Errors are relative, the largest over an op's samples: orders 1 and 2 against
    differences of function values in float64, the adjoint (for linear ops)
    against the identity <Ax, y> = <x, A'y>, to 1e-12. Exits with 1 when one fails.
    """
    from minitorch.backend.device import device as place
    from minitorch.testing import SampleMaker, check_op

    with place(device):
        rows = [
            _row(check_op(entry, SampleMaker(seed), rtol=rtol, seed=seed))
            for entry in _entries(ops, module)
        ]
    failed = [row["op"] for row in rows if row["verdict"] == "fail"]
    if as_json:
        click.echo(json.dumps({"ops": rows, "failed": failed}))
    else:
        _print_table(rows)
        click.echo(f"{len(rows)} ops, {len(failed)} failed")
    if failed:
        raise SystemExit(1)
