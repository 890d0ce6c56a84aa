"""``python -m minitorch train``: a network on a dataset, from images to report."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["drive", "recipe_options", "run_folder", "run_options", "train"]

_KINDS = {"int": int, "float": float, "str": str}


def recipe_options(command: Callable[..., Any], record: Any = None) -> Callable[..., Any]:
    """A flag for each field of a recipe, with what its docstring says."""
    from minitorch.training.recipes import Recipe

    record = record or Recipe
    text = inspect.getdoc(record) or ""
    for field in reversed(dataclasses.fields(record)):
        if field.name in ("model", "style"):  # arguments
            continue
        found = re.search(rf"^{field.name} : .*\n((?:    .*\n)+)", text, re.MULTILINE)
        help_text = " ".join(found[1].split()) if found else ""
        flag = "--" + field.name.replace("_", "-")
        kind = _KINDS[str(field.type)]
        command = click.option(flag, field.name, type=kind, help=_plain(help_text))(command)
    return command


def run_options(
    command: Callable[..., Any], usual: str = "runs/MODEL, or runs/MODEL-DATA"
) -> Callable[..., Any]:
    """What every training is asked about: where it goes, what it runs on, whether it goes on."""
    folder = click.Path(file_okay=False, path_type=Path)
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    for option in reversed((
        click.option("--config", type=file, help="A TOML file of these settings, such as a run's "
                     "config.toml; flags come before it."),
        click.option("--out", type=folder, help=f"Where everything goes.  [default: {usual}]"),
        click.option("--data-dir", type=click.Path(path_type=Path),
                     help="A folder with the data's files."),
        click.option("--resume", "how", flag_value="resume",
                     help="Go on; there must be a checkpoint."),
        click.option("--fresh", "how", flag_value="fresh",
                     help="Start over, dropping the checkpoints."),
        click.option("--every", type=click.IntRange(1), default=100, show_default=True,
                     help="Steps between checkpoints."),
        click.option("--threads", type=click.IntRange(1), help="CPU threads.  "
                     "[default: all cores]"),
        click.option("--device", default="cpu", show_default=True,
                     help="cpu, cuda, or emulated: the CUDA kernels on the CPU."),
        click.option("--eager", is_flag=True, help="Run no captured programs; slower."),
    )):  # fmt: skip
        command = option(command)
    return command


def _plain(text: str) -> str:
    """A docstring's sentence without its markup, with the names that it speaks of."""
    from minitorch import training

    text = re.sub(
        r"a name of :data:`minitorch\.training\.(\w+)`",
        lambda found: "one of " + ", ".join(getattr(training, found[1])),
        text,
    )
    return re.sub(r":\w+:`(?:[\w.]*\.)?(\w+)`", r"\1", text).replace("``", "")


def _model_of(args: list[str]) -> str:
    """The model that the file behind --config names, "" if there is none."""
    for given, value in itertools.pairwise([*args, ""]):
        option, _, joined = given.partition("=")
        if option == "--config":
            try:
                name = tomllib.loads(Path(joined or value).read_text("utf-8")).get("model", "")
            except (OSError, ValueError):  # it is complained of where it is read for good
                return ""
            return name if isinstance(name, str) else ""
    return ""


def _augment_words() -> str:
    """The words of --augment, for the help's end."""
    from minitorch.training.augment import WORDS

    lines = [f"  {word}:{usual:g}  {what}" for word, (usual, what, _) in WORDS.items()]
    return "\b\nWords of --augment, with their usual numbers:\n" + "\n".join(lines)


class _Train(click.Command):
    """A command whose help ends in the words of --augment; adversarial pairs have their own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        from minitorch.generative.registry import GANS

        # What stands behind an option is its value, unless that is a flag.
        flags = [o for p in self.params if getattr(p, "is_flag", False)
                 for o in (*p.opts, *p.secondary_opts)]  # fmt: skip
        values = [b for a, b in itertools.pairwise(args) if a.startswith("-") and a not in flags]
        named = [arg for arg in args if not arg.startswith("-") and arg not in values]
        named = named or [_model_of(args)]
        if "attributes" in named:
            from minitorch.cli.train_attributes import train_attributes

            return train_attributes.make_context(info_name, args, parent, **extra)
        if any(name in GANS for name in named):
            from minitorch.cli.train_gan import train_gan

            return train_gan.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.epilog = _augment_words()
        super().format_epilog(ctx, formatter)


@click.command(cls=_Train)
@click.argument("model", required=False)
@recipe_options
@run_options
@click.option("--workers", type=click.IntRange(0), default=0, show_default=True,
              help="Processes that make batches; they change no result.")  # fmt: skip
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's files too.")
@click.option("--pictures/--no-pictures", default=True, help="Whether to draw them.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def train(
    model: str | None,
    config: Path | None,
    out: Path | None,
    data_dir: Path | None,
    how: str | None,
    every: int,
    workers: int,
    threads: int | None,
    device: str,
    eager: bool,
    tensorboard: bool,
    pictures: bool,
    as_json: bool,
    **changes: Any,
) -> None:
    """Train MODEL on a dataset (MNIST, if --data names no other) and report its error.

    `python -m minitorch models` and `... data` list what there is. Adversarial pairs, gan, dcgan,
    cgan and wgan_gp, and `attributes`, an editor of faces, have settings of their own: `train
    dcgan --help`. A run that was interrupted,
    even killed, is taken up where its last checkpoint was when the same command is given
    again, and ends with the same bits.
    """
    from minitorch.backend.native import get_num_threads, set_num_threads
    from minitorch.distributed import guarded

    with guarded() as group:  # first of all: on several ranks it forks
        if threads is not None:
            set_num_threads(threads)
        elif group.local_size > 1:  # the ranks of a machine share its cores
            set_num_threads(max(1, get_num_threads() // group.local_size))
        from minitorch.training import Run, choose_display

        chosen = _recipe(model, config, changes)
        folder = out or run_folder(chosen)
        run = Run(chosen, folder, data_dir, device, workers, captured=not eager, group=group)
        quiet = as_json or not group.first

        def display() -> Any:
            trainer = run.trainer
            steps = trainer.total_steps, trainer.step
            return choose_display(chosen.model, chosen.epochs, *steps, run.data.against, quiet)

        drive(run, how or "auto", quiet, display, every=every, tensorboard=tensorboard)
        report, result = run.finish(pictures)
        if group.first:
            click.echo(json.dumps(report)) if as_json else _print(report, result)


def drive(run: Any, how: str, quiet: bool, display_of: Callable[[], Any], **options: Any) -> None:
    """Begin or go on, to the end; leaves the process if it diverges or is interrupted.

    ``display_of()`` is asked once it is known where the run stands; its ``train`` gets ``options``.
    """
    from minitorch.training import Interruption, TrainingDiverged

    note = run.begin(how)
    trainer, first = run.trainer, run.trainer.group.first
    if not quiet:
        click.echo(note, err=True)
    display = display_of()
    try:
        with Interruption() as wish:
            complete = run.train(display, stop=lambda: wish, **options)
    except TrainingDiverged as error:
        if first:
            notes = getattr(error, "__notes__", [])
            click.echo("\n".join([f"minitorch: {error}", *notes]), err=True)
        raise SystemExit(1) from None
    if not complete:
        if first:
            where = f"stopped at step {trainer.step} of {trainer.total_steps}"
            click.echo(f"minitorch: {where}; the same command goes on", err=True)
        raise SystemExit(130)


def _recipe(model: str | None, config: Path | None, changes: dict[str, Any]) -> Any:
    """What was asked for: flags before the file's lines before the recipe of the two."""
    from minitorch.generative.registry import GANS
    from minitorch.models import MODELS
    from minitorch.training import find_recipe, read_config
    from minitorch.utils import did_you_mean

    given = read_config(config) if config else {}
    given |= {name: value for name, value in changes.items() if value is not None}
    model = model or given.get("model")
    if model is None:
        raise click.UsageError("which MODEL? python -m minitorch models lists them")
    if model not in MODELS:
        raise click.UsageError(f"no model named {model!r}; {did_you_mean(model, [*MODELS, *GANS])}")
    chosen = find_recipe(model, given.get("data", "mnist"))
    return chosen.replace(**{**given, "model": model})


def run_folder(recipe: Any) -> Path:
    """runs/MODEL for the digits, with the data's name for others."""
    data = re.sub(r"[^\w.-]+", "-", recipe.data).strip("-")
    return Path("runs") / (recipe.model if data == "mnist" else f"{recipe.model}-{data}")


def _print(report: dict[str, Any], result: Any) -> None:
    """The report for people."""
    from rich.console import Console

    from minitorch.cli.tables import confusion_table

    console = Console()
    console.print(confusion_table(result.confusion, tuple(report["classes"])))
    console.print(
        f"\n{report['measured_on']} accuracy [bold]{100 * report['accuracy']:.2f}%[/bold], error "
        f"[bold]{100 * report['error']:.2f}%[/bold] ({report['wrong']} of {report['examples']:,} "
        f"wrong), {report['parameters']:,} parameters, {report['seconds']:.0f} s",
        highlight=False,
        soft_wrap=True,
    )
    files = ["report.html", "model.safetensors", "config.toml", "report.json", "history.json"]
    files += ["metrics.jsonl", *report["pictures"]]
    line = f"left in {report['folder']}: {', '.join(files)}"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
    if report["note"]:
        console.print(report["note"], highlight=False, markup=False, soft_wrap=True)
