"""``python -m minitorch train dcgan``: an adversarial pair on a dataset's images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from minitorch.cli.train import drive, recipe_options, run_folder, run_options
from minitorch.generative.recipes import GanRecipe

__all__ = ["train_gan"]


@click.command()
@click.argument("model", required=False)
@lambda command: recipe_options(command, GanRecipe)
@run_options
@click.option("--scored", type=click.IntRange(0), default=2000, show_default=True,
              help="Samples that are scored by a LeNet, trained for it; 0: none.")  # fmt: skip
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's files too.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def train_gan(
    model: str | None,
    config: Path | None,
    out: Path | None,
    data_dir: Path | None,
    how: str | None,
    every: int,
    scored: int,
    tensorboard: bool,
    threads: int | None,
    device: str,
    eager: bool,
    as_json: bool,
    **changes: Any,
) -> None:
    """Train the adversarial pair MODEL: gan, dcgan, cgan or wgan_gp.

    It leaves the generator, a sheet of samples per epoch and all of them as an animation, ways
    through the noise, the losses, and scores. A run that was interrupted is taken up when the
    same command is given again, and ends with the same bits.
    """
    from minitorch.backend.native import set_num_threads
    from minitorch.generative import GanRun
    from minitorch.generative.display import GanLines
    from minitorch.training import choose_display

    if threads is not None:
        set_num_threads(threads)
    recipe = _recipe(model, config, changes)
    run = GanRun(recipe, out or run_folder(recipe), data_dir, device, captured=not eager)

    def display() -> Any:
        steps, lines = (run.trainer.total_steps, run.trainer.step), GanLines(recipe.epochs)
        return choose_display(recipe.model, recipe.epochs, *steps, quiet=as_json, lines=lines)

    drive(run, how or "auto", as_json, display, every=every, tensorboard=tensorboard)
    report = run.finish(scored)
    click.echo(json.dumps(report)) if as_json else _print(report)


def _recipe(model: str | None, config: Path | None, changes: dict[str, Any]) -> GanRecipe:
    """What was asked for: flags before the file's lines before the paper's."""
    from minitorch.generative import find_gan_recipe
    from minitorch.training import read_config

    given = read_config(config, GanRecipe) if config else {}
    given |= {name: value for name, value in changes.items() if value is not None}
    return find_gan_recipe(model or given["model"], given)


def _print(report: dict[str, Any]) -> None:
    """The report for people."""
    scores = report["scores"]
    for name in ("trained", "untrained", "real"):
        if name in scores:
            s = scores[name]
            click.echo(
                f"{name:>9}: FID-like {s['fid']:.2f}, inception-like {s['inception']:.2f}, "
                f"{s['covered']} of {len(s['shares'])} classes"
            )
    if scores:
        error = 100 * scores["judge_error"]
        click.echo(f"({scores['count']} images each, by a LeNet with an error of {error:.2f}%)")
    files = [
        "report.html",
        "generator.safetensors",
        "config.toml",
        "report.json",
        "metrics.jsonl",
        "samples/",
    ]
    click.echo(f"left in {report['folder']}: {', '.join([*files, *report['pictures']])}")
    if report["note"]:
        click.echo(report["note"])
