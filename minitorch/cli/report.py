"""``python -m minitorch report``: a run's folder as one page."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["report"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def report(folder: Path) -> None:
    """Make FOLDER/report.html of what a run has left in FOLDER.

    The page holds its pictures and opens without a server. It can be made
    while the run goes on, and again at any time.
    """
    from minitorch import generative, training
    from minitorch.training.run_folder import read_run_folder

    adversarial = generative.is_adversarial(read_run_folder(folder))
    write = generative.write_report if adversarial else training.write_report
    click.echo(write(folder))
