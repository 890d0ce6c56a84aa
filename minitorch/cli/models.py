"""``python -m minitorch models``: the networks that can be built, and what they take."""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["models"]


def _rows() -> list[dict[str, Any]]:
    """Every network of the registry, with its figures."""
    from minitorch.models import MODELS

    return [
        {
            "name": entry.name,
            "input_shape": list(entry.input_shape),
            **entry.figures(),
            "paper": entry.paper,
            "weights": entry.weights,
        }
        for entry in MODELS.values()
    ]


def _short(count: int | None) -> str:
    """A number with the unit that suits it."""
    if count is None:
        return "?"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return str(count)


def _show(rows: list[dict[str, Any]]) -> None:
    """A table for the terminal, a line each unless it is narrow."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("name", "input", "parameters", "multiply-adds"):
        side: Any = "right" if title in ("parameters", "multiply-adds") else "left"
        table.add_column(title, justify=side, no_wrap=True)
    table.add_column("weights", overflow="fold", min_width=24)
    for row in rows:
        image = " x ".join(map(str, row["input_shape"]))
        figures = (f"{row['parameters']:,}", _short(row["multiply_adds"]))
        table.add_row(*map(Text, (row["name"], image, *figures, row["weights"])))
    Console().print(table)


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def models(name: str | None, as_json: bool) -> None:
    """List the networks with parameters, multiply-adds, and where weights can be had.

    With a NAME, that network layer by layer, and its paper. Multiply-adds are those of one
    image. No weights are drawn, so this is quick.
    """
    from minitorch.layers import summary
    from minitorch.models import MODELS, build
    from minitorch.parameter import without_values

    if name is None:
        rows = _rows()
        if as_json:
            click.echo(json.dumps({"models": rows}, indent=1))
        else:
            _show(rows)
        return
    with without_values():
        found = summary(build(name))
    if as_json:
        keys = ("layer", "name", "output_shape", "parameters", "memory", "multiply_adds")
        lines = [dict(zip(keys, line, strict=True)) for line in found.lines]
        about = {"name": name, "paper": MODELS[name].paper, "weights": MODELS[name].weights}
        click.echo(json.dumps({**about, "layers": lines}, indent=1))
    else:
        click.echo(f"{MODELS[name].paper}\nweights: {MODELS[name].weights or '-'}\n\n{found}")
