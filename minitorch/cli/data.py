"""``python -m minitorch data``: the datasets, whether they are there, and what they look like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

__all__ = ["data"]


def _rows(data_dir: Path | None) -> list[dict[str, Any]]:
    """Every dataset of the registry."""
    from minitorch.data import DATASETS

    return [
        {
            "name": entry.name,
            "what": entry.what,
            "size": entry.size,
            "classes": entry.classes,
            "licence": entry.licence,
            "there": entry.there(data_dir),
            "install": entry.install,
        }
        for entry in DATASETS.values()
    ]


def _show(rows: list[dict[str, Any]]) -> None:
    """A table for the terminal, and what is read from the disk."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from minitorch.data.registry import FORMATS

    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("name", "there", "examples", "classes"):
        side: Any = "right" if title == "classes" else "left"
        table.add_column(title, justify=side, no_wrap=True)
    table.add_column("what", overflow="fold")
    for row in rows:
        there = Text("yes", style="green") if row["there"] else Text("no", style="bright_black")
        count, _, shape = row["size"].partition(" of ")
        what = Text(f"{row['what']}, {shape}; {row['licence']}")
        table.add_row(row["name"], there, count, str(row["classes"]), what)
    console = Console()
    console.print(table)
    lines = [f"{row['name']}: {row['install']}" for row in rows if not row["there"]]
    if lines:
        lines.insert(0, "How to get what is not there:")
    lines.append("From the disk:")
    lines += [f"{kind}:PATH: {what}" for kind, (what, _) in FORMATS.items()]
    text = "\n".join("  " * (": " in line) + line for line in lines)
    console.print("\n" + text, highlight=False, markup=False, soft_wrap=True)


def _facts(name: str, train: Any, test: Any) -> dict[str, Any]:
    """What one dataset holds."""
    names = train.class_names or tuple(str(label) for label in range(train.classes))
    found = [train.example(i).shape for i in range(min(3, len(train)))]
    shape = list(found[0]) if len(set(found)) == 1 else None  # files are of any size
    counts = dict(zip(names, zip(train.counts(), test.counts(), strict=True), strict=True))
    return {"name": name, "train": len(train), "test": len(test), "shape": shape, "classes": counts}


@click.command()
@click.argument("name", required=False)
@click.option("--preview", "picture", type=click.Path(dir_okay=False, path_type=Path),
              help="Draw examples, and the same ones augmented, into this PNG.")  # fmt: skip
@click.option("--classes", type=click.IntRange(1), default=12, show_default=True,
              help="How many classes the picture shows, the largest ones.")  # fmt: skip
@click.option("--columns", type=click.IntRange(1), default=6, show_default=True,
              help="How many examples of each.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, help="Of examples and augmentation.")
@click.option("--data-dir", type=click.Path(path_type=Path),
              help="Where the files are, if not where a package puts them.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def data(
    name: str | None,
    picture: Path | None,
    classes: int,
    columns: int,
    seed: int,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """List the datasets; with a NAME, load that one and say what it holds.

    NAME is one of the list, or folder:PATH (a sub-folder of images per class), csv:PATH (columns
    path and label), arrays:PATH (.npz, .npy or .mat). All files of packages are checked
    against their checksums.
    """
    from minitorch.data import DATASETS, load

    if name is None:
        if picture is not None:
            raise click.UsageError("--preview needs the NAME of a dataset")
        rows = _rows(data_dir)
        click.echo(json.dumps({"datasets": rows}, indent=1)) if as_json else _show(rows)
        return
    train, test = load(name, data_dir)
    facts = _facts(name, train, test)
    if picture is not None:
        entry = DATASETS.get(name)
        settings = (entry.mirrored, entry.background) if entry else ()
        facts["augmentation"] = _draw(picture, facts, train, settings, (classes, columns, seed))
        facts["preview"] = str(picture)
    if as_json:
        click.echo(json.dumps(facts, indent=1))
        return
    shape = " x ".join(map(str, facts["shape"])) if facts["shape"] else "several sizes"
    click.echo(f"{name}: {facts['train']:,} to train on, {facts['test']:,} to test, {shape}")
    width = max(len(c) for c in facts["classes"])
    for label, (first, second) in facts["classes"].items():
        click.echo(f"  {label:<{width}}  {first:>7,} {second:>7,}")
    if picture is not None:
        click.echo(f"left in {picture}")


def _draw(
    path: Path,
    facts: dict[str, Any],
    train: Any,
    settings: tuple[Any, ...],
    shown: tuple[int, int, int],
) -> list[str]:
    """The sheet; returns the transforms in words."""
    from minitorch.data.preview import preview, usual_transforms
    from minitorch.training.plots import plot_examples

    sheet = preview(train, usual_transforms(train, *settings), *shown)
    steps = [repr(step) for step in sheet.transforms.transforms]
    short = ", ".join(step if len(step) < 60 else step.partition("(")[0] for step in steps)
    title = f"{facts['name']}: {facts['train']:,} training examples, by class"
    plot_examples(path, sheet.blocks, sheet.names, title, f"augmented by {short}")
    return steps
