"""``python -m minitorch train attributes``: an editor of faces' attributes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from minitorch.cli.train import drive, recipe_options, run_folder, run_options
from minitorch.generative.attributes.recipes import AttributeRecipe

__all__ = ["train_attributes"]


@click.command()
@click.argument("model")
@lambda command: recipe_options(command, AttributeRecipe)
@run_options
@click.option("--judged", type=click.IntRange(0), default=400, show_default=True,
              help="Steps of the classifiers that score edits; 0: no scores.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def train_attributes(
    model: str,
    config: Path | None,
    out: Path | None,
    data_dir: Path | None,
    how: str | None,
    every: int,
    judged: int,
    threads: int | None,
    device: str,
    eager: bool,
    as_json: bool,
    **changes: Any,
) -> None:
    """Train an editor that changes an attribute of an image and keeps the rest.

    The images are the people among the emoji (--data emoji-people, the default), or a folder of
    faces with a table of attributes as CelebA has. It leaves the editor, strips of held-out images
    with each attribute switched, the losses, and scores; `python -m minitorch edit` uses it. A
    run that was interrupted is taken up when the same command is given again, and ends with the
    same bits.
    """
    from minitorch.backend.native import set_num_threads
    from minitorch.generative.attributes import AttributeRun
    from minitorch.generative.attributes.display import EditLines
    from minitorch.training import choose_display

    if threads is not None:
        set_num_threads(threads)
    recipe = _recipe(model, config, changes)
    run = AttributeRun(recipe, out or run_folder(recipe), data_dir, device, captured=not eager)

    def display() -> Any:
        steps, lines = (run.trainer.total_steps, run.trainer.step), EditLines(recipe.epochs)
        return choose_display(recipe.model, recipe.epochs, *steps, quiet=as_json, lines=lines)

    drive(run, how or "auto", as_json, display, every=every)
    report = run.finish(judged)
    click.echo(json.dumps(report)) if as_json else _print(report)


def _recipe(model: str, config: Path | None, changes: dict[str, Any]) -> AttributeRecipe:
    """What was asked for: flags before the file's lines."""
    from minitorch.training import read_config

    given = read_config(config, AttributeRecipe) if config else {}
    given |= {name: value for name, value in changes.items() if value is not None}
    return AttributeRecipe(**{**given, "model": model})


def _print(report: dict[str, Any]) -> None:
    """The report for people."""
    scores = report["scores"]
    for found in scores.get("attributes", ()):
        click.echo(
            f"{found['name']}: seen in {_percent(found['seen'])} of {found['edits']} edits "
            f"(before: {_percent(found['seen_before'])}), others kept in "
            f"{_percent(found['kept'])}, judge's error {_percent(found['judge_error'])}"
        )
        if found["pairs"]:
            click.echo(
                f"  from the true counterpart, of 255: {found['error']:.2f} (unchanged: "
                f"{found['unchanged_error']:.2f}), {found['pairs']} pairs"
            )
    if scores:
        error = scores["reconstruction_error"]
        click.echo(f"{scores['images']} test images made anew, of 255: {error:.2f}")
    files = ["editor.safetensors", "classifier.safetensors", "config.toml", "report.json"]
    files += ["metrics.jsonl", "samples/", *report["pictures"]]
    click.echo(f"left in {report['folder']}: {', '.join(files)}")
    if report["note"]:
        click.echo(report["note"])


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"
