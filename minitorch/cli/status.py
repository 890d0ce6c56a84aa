"""``python -m minitorch status``: what is here, and why what is missing is missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import platform
from collections.abc import Iterator
from typing import Any

import click
import numpy

__all__ = ["collect_status", "status"]

# package -> what needs it
_EXTRAS = {
    "click": "the command line",
    "rich": "progress bars and tables",
    "safetensors": "saving models and checkpoints",
    "matplotlib": "pictures of a run",
    "unearth": "fetching the digits",
    "cupy": "CUDA arrays",
}


def _version() -> str:
    """The installed version, or that of the source tree."""
    try:
        return importlib.metadata.version("minitorch")
    except importlib.metadata.PackageNotFoundError:
        return "not installed (running from a source tree)"


def _devices() -> list[dict[str, Any]]:
    """Each device, whether it can be used, and if not, why."""
    from minitorch.backend.arrays import cuda_status

    available, reason = cuda_status()
    return [
        {"device": "cpu", "available": True, "note": f"NumPy {numpy.__version__}"},
        {"device": "cuda", "available": available, "note": reason},
    ]


def _kernels() -> Iterator[dict[str, Any]]:
    """Every row of every op's kernel table, in the order in which they are tried."""
    from minitorch import registry

    for name in sorted(registry):
        for backend, kernel in registry[name].kernels:
            yield {
                "op": name,
                "backend": backend,
                "kernel": kernel.name,
                "available": not kernel.missing,
                "note": kernel.missing,
            }


def collect_status() -> dict[str, Any]:
    """What ``status --json`` prints.

    Returns
    -------
    dict
        ``version``, ``python``, ``numpy``, ``platform``, ``devices``,
        ``kernels``, ``ops`` (their number) and ``packages``; what is not
        available has a ``note`` with the reason.
    """
    from minitorch import registry

    packages = []
    for name, use in _EXTRAS.items():
        there = importlib.util.find_spec(name) is not None
        packages.append({"package": name, "available": there, "note": f"for {use}"})
    return {
        "version": _version(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "platform": platform.platform(),
        "devices": _devices(),
        "kernels": list(_kernels()),
        "ops": len(registry),
        "packages": packages,
    }


def _table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Any:
    """A rich table with a mark for what is available."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name)
    table.add_column("available")
    table.add_column("note", overflow="fold")
    for row in rows:
        mark = Text("yes", style="green") if row["available"] else Text("no", style="red")
        table.add_row(*(row[name] for name in columns), mark, Text(row["note"]))
    return table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(as_json: bool) -> None:
    """Say which devices, kernels and packages there are, and why others are missing.

    Every op has its body in NumPy or CuPy; the kernels listed here are faster
    rows before it, tried from the top.
    """
    found = collect_status()
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    from rich.console import Console

    console = Console()
    console.print(
        f"minitorch {found['version']}, Python {found['python']}, NumPy {found['numpy']}, "
        f"{found['platform']}\n{found['ops']} ops, each with a body for every device\n",
        highlight=False,
    )
    console.print(_table("Devices", found["devices"], ("device",)), "")
    if found["kernels"]:
        console.print(_table("Kernels", found["kernels"], ("op", "backend", "kernel")), "")
    else:
        console.print("No kernels are registered: every op runs its body.\n")
    console.print(_table("Packages", found["packages"], ("package",)))
