"""``python -m minitorch train dcgan``: an adversarial pair on a dataset's images."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import click

from minitorch.cli.train import recipe_options, run_folder
from minitorch.generative.recipes import GanRecipe

__all__ = ["train_gan"]


@click.command()
@click.argument("model")
@lambda command: recipe_options(command, GanRecipe)
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A TOML file of these settings, such as a run's config.toml; flags come "
              "before it.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Where everything goes.  [default: runs/MODEL, or runs/MODEL-DATA]")  # fmt: skip
@click.option("--data-dir", type=click.Path(path_type=Path),
              help="A folder with the data's files.")  # fmt: skip
@click.option("--resume", "how", flag_value="resume", help="Go on; there must be a checkpoint.")
@click.option("--fresh", "how", flag_value="fresh", help="Start over, dropping the checkpoints.")
@click.option("--every", type=click.IntRange(1), default=100, show_default=True,
              help="Steps between checkpoints.")  # fmt: skip
@click.option("--scored", type=click.IntRange(0), default=2000, show_default=True,
              help="Samples that are scored by a LeNet, trained for it; 0: none.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), help="CPU threads.  [default: all cores]")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or emulated.")
@click.option("--eager", is_flag=True, help="Run no captured programs; slower.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def train_gan(
    model: str,
    config: Path | None,
    out: Path | None,
    data_dir: Path | None,
    how: str | None,
    every: int,
    scored: int,
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

    if threads is not None:
        set_num_threads(threads)
    recipe = _recipe(model, config, changes)
    run = GanRun(recipe, out or run_folder(recipe), data_dir, device, captured=not eager)
    _train(run, how or "auto", every, as_json)
    report = run.finish(scored)
    click.echo(json.dumps(report)) if as_json else _print(report)


def _recipe(model: str, config: Path | None, changes: dict[str, Any]) -> GanRecipe:
    """What was asked for: flags before the file's lines before the paper's."""
    import dataclasses

    from minitorch.generative import find_gan_recipe
    from minitorch.utils import did_you_mean

    given: dict[str, Any] = {}
    if config is not None:
        try:
            given = tomllib.loads(config.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{config}: this is no TOML: {error}") from None
    known = [field.name for field in dataclasses.fields(GanRecipe)]
    for name in given:
        if name not in known:
            raise ValueError(f"{config}: a recipe has no {name!r}; {did_you_mean(name, known)}")
    given |= {name: value for name, value in changes.items() if value is not None}
    return find_gan_recipe(model, given)


def _train(run: Any, how: str, every: int, quiet: bool) -> None:
    """Begin or go on, to the end; leaves the process if it diverges or is interrupted."""
    from minitorch.generative.display import GanLines
    from minitorch.training import Interruption, TrainingDiverged

    note = run.begin(how)
    trainer = run.trainer
    if not quiet:
        click.echo(note, err=True)
    display = None if quiet else GanLines(run.recipe.epochs, trainer.total_steps)
    try:
        with Interruption() as wish:
            complete = run.train(display, every, lambda: wish)
    except TrainingDiverged as error:
        click.echo(f"minitorch: {error}", err=True)
        raise SystemExit(1) from None
    if not complete:
        where = f"stopped at step {trainer.step} of {trainer.total_steps}"
        click.echo(f"minitorch: {where}; the same command goes on", err=True)
        raise SystemExit(130)


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
    files = ["generator.safetensors", "config.toml", "report.json", "metrics.jsonl", "samples/"]
    click.echo(f"left in {report['folder']}: {', '.join([*files, *report['pictures']])}")
    if report["note"]:
        click.echo(report["note"])
