"""``python -m minitorch evaluate``: how good a trained network is on labelled images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from minitorch.cli.classifiers import asked, data_options, datasets, model_options

__all__ = ["evaluate"]

_MOST_JSON = 100  # classes of a matrix that is worth writing


@click.command()
@model_options()
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    model: str,
    prepare: str | None,
    views: str | None,
    batch_size: int | None,
    device: str,
    threads: int | None,
    data: str | None,
    data_dir: Path | None,
    split: str,
    as_json: bool,
) -> None:
    """Measure a trained network on labelled images: error, loss, confusions.

    The dataset is by default the one that the network was trained on. Labels are matched by the
    classes' names; names that are numbers are the network's numbers.
    """
    import numpy

    from minitorch.training import Evaluation

    classifier = asked(model, prepare, device, threads)
    name = data or classifier.about.get("data")
    if not name:
        raise click.UsageError("the model's file does not say on what it was trained; give --data")
    parts = datasets(name, data_dir, split)
    labels = numpy.concatenate([classifier.labels_of(part) for part in parts])
    found = [classifier.probabilities(part, views, batch_size) for part in parts]
    result = Evaluation(numpy.concatenate(found), labels)
    report = {
        "model": model,
        "data": name,
        "split": split,
        "examples": len(labels),
        "error": result.error,
        "top5_error": result.top_error(5),
        "loss": result.loss,
        "wrong": len(result.wrong),
    }
    if as_json:
        report["classes"] = [classifier.name_of(label) for label in range(result.classes)]
        mistakes = result.most_confused()
        report["mistakes"] = [[*map(classifier.name_of, pair), n] for *pair, n in mistakes]
        if result.classes <= _MOST_JSON:
            report["confusion"] = result.confusion.tolist()
        click.echo(json.dumps(report))
    else:
        _show(report, result, classifier)


def _show(report: dict[str, Any], result: Any, classifier: Any) -> None:
    """The report for people."""
    from rich.console import Console

    from minitorch.cli.tables import confusion_table

    console = Console()
    names = [classifier.name_of(label) for label in range(result.classes)]
    console.print(confusion_table(result.confusion, names), "")
    five = f", top-5 error {100 * report['top5_error']:.2f}%" if result.classes > 5 else ""
    console.print(
        f"{report['data']} ({report['split']}): error [bold]{100 * report['error']:.2f}%[/bold] "
        f"({report['wrong']:,} of {report['examples']:,} wrong){five}, loss {report['loss']:.4f}",
        highlight=False,
        soft_wrap=True,
    )
