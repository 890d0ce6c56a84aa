"""``python -m minitorch models``: the networks that can be built, and what they take."""

from __future__ import annotations

import json
from typing import Any

import click

from minitorch.utils import did_you_mean

__all__ = ["models"]

_DIGITS = (100, (1, 28, 28), 10)  # noise, images and classes that pairs are measured for


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


def _pairs() -> list[dict[str, Any]]:
    """Every adversarial pair, with the sizes that it has for a digit."""
    from minitorch.generative import GANS
    from minitorch.layers import count_params
    from minitorch.parameter import without_values

    rows = []
    for entry in GANS.values():
        with without_values():
            both = entry.build(*_DIGITS)
        generator, discriminator = (int(count_params(net)) for net in both)
        sizes = {"generator": generator, "discriminator": discriminator}
        rows.append({"name": entry.name, **sizes, "paper": entry.paper})
    return rows


def _short(count: int | None) -> str:
    """A number with the unit that suits it."""
    if count is None:
        return "?"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return str(count)


def _show(rows: list[dict[str, Any]], pairs: list[dict[str, Any]]) -> None:
    """Tables for the terminal, a line each: where weights are is cut off if it is narrow."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    titles = ("name", "input", "parameters", "multiply-adds")
    lines = []
    for row in rows:
        image = " x ".join(map(str, row["input_shape"]))
        lines.append((row["name"], image, f"{row['parameters']:,}", _short(row["multiply_adds"])))
    console = Console()
    widths = [max(map(len, column)) for column in zip(titles, *lines, strict=True)]
    room = max(12, console.width - sum(widths) - 2 * len(widths))
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, (title, width) in enumerate(zip(titles, widths, strict=True)):
        side: Any = "right" if number >= 2 else "left"
        table.add_column(title, justify=side, no_wrap=True, min_width=width)
    table.add_column("weights", overflow="ellipsis", no_wrap=True, max_width=room)
    for line, row in zip(lines, rows, strict=True):
        table.add_row(*map(Text, (*line, row["weights"])))
    console.print(table)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("adversarial pair", "generator", "discriminator"):
        side = "left" if title == "adversarial pair" else "right"
        table.add_column(title, justify=side, no_wrap=True)
    for row in pairs:
        table.add_row(row["name"], f"{row['generator']:,}", f"{row['discriminator']:,}")
    console.print()
    console.print(table)


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def models(name: str | None, as_json: bool) -> None:
    """List the networks with parameters, multiply-adds, and where weights can be had.

    With a NAME, that network layer by layer, and its paper; of an adversarial pair both, for
    MNIST's digits. Multiply-adds are those of one
    image. No weights are drawn, so this is quick.
    """
    from minitorch.generative import GANS
    from minitorch.layers import summary
    from minitorch.models import MODELS, build
    from minitorch.parameter import without_values

    if name is None:
        rows = _rows()
        if as_json:
            click.echo(json.dumps({"models": rows, "adversarial": _pairs()}, indent=1))
        else:
            _show(rows, _pairs())
        return
    if name in GANS:
        _show_pair(GANS[name], as_json)
        return
    if name not in MODELS:
        raise click.UsageError(f"no model named {name!r}; {did_you_mean(name, [*MODELS, *GANS])}")
    with without_values():
        found = summary(build(name))
    if as_json:
        about = {"name": name, "paper": MODELS[name].paper, "weights": MODELS[name].weights}
        click.echo(json.dumps({**about, "layers": _lines(found)}, indent=1))
    else:
        click.echo(f"{MODELS[name].paper}\nweights: {MODELS[name].weights or '-'}\n\n{found}")


def _lines(found: Any) -> list[dict[str, Any]]:
    """A summary's layers for JSON."""
    keys = ("layer", "name", "output_shape", "parameters", "memory", "multiply_adds")
    return [dict(zip(keys, line, strict=True)) for line in found.lines]


def _show_pair(entry: Any, as_json: bool) -> None:
    """An adversarial pair layer by layer, for a digit."""
    from minitorch.layers import summary
    from minitorch.parameter import without_values

    with without_values():
        found = [summary(network) for network in entry.build(*_DIGITS)]
    if as_json:
        names = ("generator", "discriminator")
        parts = {name: _lines(part) for name, part in zip(names, found, strict=True)}
        click.echo(json.dumps({"name": entry.name, "paper": entry.paper, **parts}, indent=1))
    else:
        click.echo(f"{entry.paper}\n\ngenerator\n{found[0]}\n\ndiscriminator\n{found[1]}")
