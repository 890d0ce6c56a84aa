"""``python -m minitorch train-style``: a network that paints photographs in a picture's style."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from minitorch.cli.train import drive, recipe_options, run_options
from minitorch.style.fast.recipe import StyleRecipe

__all__ = ["train_style"]


@click.command()
@click.argument("style", required=False)
@lambda command: recipe_options(command, StyleRecipe)
@lambda command: run_options(command, "runs/style-PICTURE")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def train_style(
    style: str | None,
    config: Path | None,
    out: Path | None,
    data_dir: Path | None,
    how: str | None,
    every: int,
    threads: int | None,
    device: str,
    eager: bool,
    as_json: bool,
    **changes: Any,
) -> None:
    """Train a network that paints photographs in the style of the picture STYLE.

    It leaves the network, which apply-style opens, a sheet of held-out photographs and their
    paintings per epoch and all of them as an animation, and the losses. A run that was
    interrupted is taken up when the same command is given again, and ends with the same bits.
    """
    from minitorch.backend.native import set_num_threads
    from minitorch.style.fast import StyleRun
    from minitorch.style.fast.display import StyleLines
    from minitorch.training import choose_display

    if threads is not None:
        set_num_threads(threads)
    recipe = _recipe(config, {**changes, "style": style})
    run = StyleRun(recipe, out or _folder(recipe), data_dir, device, captured=not eager)
    if not as_json:
        click.echo("\n".join(run.notes), err=True)

    def display() -> Any:
        steps, lines = (recipe.total_steps, run.trainer.step), StyleLines(recipe.epochs)
        return choose_display("style", recipe.epochs, *steps, quiet=as_json, lines=lines)

    drive(run, how or "auto", as_json, display, every=every)
    report = run.finish()
    click.echo(json.dumps(report)) if as_json else _print(report)


def _recipe(config: Path | None, changes: dict[str, Any]) -> StyleRecipe:
    """What was asked for: flags before the file's lines before what is usual."""
    from minitorch.training import read_config

    given = read_config(config, StyleRecipe) if config else {}
    given |= {name: value for name, value in changes.items() if value is not None}
    if "style" not in given:
        raise click.UsageError("which STYLE? Give a picture")
    if "photos" not in given:
        raise click.UsageError("learned on what? Give --photos, a folder of photographs")
    return StyleRecipe(**given)


def _folder(recipe: StyleRecipe) -> Path:
    """runs/style-starry_night for starry_night.jpg."""
    return Path("runs") / ("style-" + re.sub(r"[^\w.-]+", "-", Path(recipe.style).stem))


def _print(report: dict[str, Any]) -> None:
    """The report for people."""
    click.echo(
        f"held-out loss {report['loss_before']:.4g} before, {report['loss']:.4g} after "
        f"{report['steps']} steps, {report['parameters']:,} parameters, {report['seconds']:.0f} s"
    )
    files = ["style.safetensors", "config.toml", "report.json", "metrics.jsonl", "samples/"]
    click.echo(f"left in {report['folder']}: {', '.join([*files, *report['pictures']])}")
    if report["note"]:
        click.echo(report["note"])
