"""``python -m minitorch classify``: what is on a picture, as the network sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from minitorch.cli.classifiers import asked, model_options, readable

__all__ = ["classify"]


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@model_options("efficientnet_lite0")
@click.option("--top", type=click.IntRange(1), default=10, show_default=True,
              help="How many classes to show.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def classify(
    images: tuple[Path, ...],
    model: str,
    prepare: str | None,
    views: str | None,
    batch_size: int | None,
    device: str,
    threads: int | None,
    top: int,
    as_json: bool,
) -> None:
    """Say what is on each of IMAGES: the most probable classes.

    Files that cannot be read are named, a line each, and the others classified; the exit code
    is 2 then.
    """
    classifier = asked(model, prepare, device, threads)
    good: list[Path] = []
    bad: list[str] = []
    pixels = readable(images, classifier.prepare.input_shape[0], good, bad)
    guesses = classifier.top(classifier.probabilities(pixels, views, batch_size), top)
    if as_json:
        rows = [
            {
                "file": str(path),
                "top": [{"label": n, "name": name, "probability": p} for n, name, p in found],
            }
            for path, found in zip(good, guesses, strict=True)
        ]
        click.echo(json.dumps({"model": model, "images": rows, "errors": bad}, indent=1))
    else:
        _show(good, guesses)
        if good and not classifier.class_names:
            click.echo(_about_names(classifier), err=True)
    for line in bad:
        click.echo(f"minitorch: {line}", err=True)
    if bad:
        raise SystemExit(2)


def _show(paths: list[Path], guesses: list[Any]) -> None:
    """A table for each image."""
    from rich.console import Console

    from minitorch.cli.tables import guesses_table

    console = Console()
    for place, (path, found) in enumerate(zip(paths, guesses, strict=True)):
        if place:
            console.print()
        console.print(str(path), style="bold", highlight=False, markup=False, soft_wrap=True)
        console.print(guesses_table(found))


def _about_names(classifier: Any) -> str:
    """Why there are numbers in place of names."""
    from minitorch.io import IMAGENET_INSTALL

    if classifier.num_classes == 1000:
        return f"minitorch: the classes of ImageNet get names by: {IMAGENET_INSTALL}"
    return "minitorch: the model's file has no names for its classes"
