"""``python -m minitorch train``: a named recipe, from digits to report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

__all__ = ["train"]

_NAMES = ("lenet", "mlp64", "mlp256")


@click.command()
@click.argument("recipe", type=click.Choice(_NAMES))
@click.option("--epochs", type=click.IntRange(1), help="How often each digit is seen.")
@click.option("--seed", type=click.IntRange(0), help="Of weights, order, dropout and shifts.")
@click.option("--batch-size", type=click.IntRange(1), help="Digits per step.")
@click.option("--learning-rate", type=float, help="The highest one of the schedule.")
@click.option("--validation", type=click.IntRange(0), help="Hold out so many training digits and "
              "measure on them instead of the test digits.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Where everything goes.  [default: runs/RECIPE]")  # fmt: skip
@click.option("--data-dir", type=click.Path(path_type=Path),
              help="A folder with the four MNIST files, plain or .gz.")  # fmt: skip
@click.option("--resume", "how", flag_value="resume", help="Go on; there must be a checkpoint.")
@click.option("--fresh", "how", flag_value="fresh", help="Start over, dropping the checkpoints.")
@click.option("--every", type=click.IntRange(1), default=100, show_default=True,
              help="Steps between checkpoints.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), help="CPU threads.  [default: all cores]")
@click.option("--device", default="cpu", show_default=True,
              help="cpu, cuda, or emulated: the CUDA kernels on the CPU.")  # fmt: skip
@click.option("--pictures/--no-pictures", default=True, help="Whether to draw them.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def train(
    recipe: str,
    out: Path | None,
    data_dir: Path | None,
    how: str | None,
    every: int,
    threads: int | None,
    device: str,
    pictures: bool,
    as_json: bool,
    **changes: Any,
) -> None:
    """Train RECIPE (lenet, mlp64 or mlp256) on MNIST and report its error.

    The digits are fetched on the first run and kept in the cache folder. A run
    that was interrupted, even killed, is taken up where its last checkpoint was
    when the same command is given again, and ends with the same bits.
    """
    from minitorch.backend.native import set_num_threads
    from minitorch.training import Interruption, Run, TrainingDiverged, choose_display, find_recipe

    if threads is not None:
        set_num_threads(threads)
    chosen = find_recipe(recipe).replace(**changes)
    run = Run(chosen, out or Path("runs") / recipe, data_dir, device)
    note = run.begin(how or "auto")
    if not as_json:
        click.echo(note, err=True)
    steps = run.trainer.total_steps
    display = choose_display(
        recipe, chosen.epochs, steps, run.trainer.step, run.digits.against, quiet=as_json
    )
    try:
        with Interruption() as wish:
            complete = run.train(display, every, stop=lambda: wish)
    except TrainingDiverged as error:
        click.echo(f"minitorch: {error}", err=True)
        raise SystemExit(1) from None
    if not complete:
        click.echo(
            f"minitorch: stopped at step {run.trainer.step} of {steps}; the same command goes on",
            err=True,
        )
        raise SystemExit(130)
    report, result = run.finish(pictures)
    click.echo(json.dumps(report)) if as_json else _print(report, result)


def _print(report: dict[str, Any], result: Any) -> None:
    """The report for people."""
    from rich.console import Console

    console = Console()
    console.print(_confusion_table(result.confusion))
    console.print(
        f"\n{report['measured_on']} accuracy [bold]{100 * report['accuracy']:.2f}%[/bold], error "
        f"[bold]{100 * report['error']:.2f}%[/bold] ({report['wrong']} of {report['examples']:,} "
        f"wrong), {report['parameters']:,} parameters, {report['seconds']:.0f} s",
        highlight=False,
        soft_wrap=True,
    )
    files = ["model.safetensors", "history.json", "report.json", *report["pictures"]]
    line = f"left in {report['folder']}: {', '.join(files)}"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
    if report["note"]:
        console.print(report["note"], highlight=False, markup=False, soft_wrap=True)


def _confusion_table(confusion: Any) -> Any:
    """Rows are the true digits, columns the predictions; what is wrong stands out."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Confusion matrix: true digit (row), predicted (column)")
    table.add_column("", style="bold")
    for digit in range(len(confusion)):
        table.add_column(str(digit), justify="right", header_style="bold")
    table.add_column("error", justify="right", header_style="bold")
    for digit, row in enumerate(confusion):
        cells = []
        for predicted, count in enumerate(row):
            style = "green" if predicted == digit else "red" if count else "bright_black"
            cells.append(Text(str(count) if count else "·", style=style))
        share = 1 - row[digit] / max(1, row.sum())
        table.add_row(str(digit), *cells, f"{100 * share:.2f}%")
    return table
