"""``python -m minitorch predict``: probabilities of many images, into a file."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import click

from minitorch.cli.classifiers import asked, data_options, datasets, model_options, readable

__all__ = ["predict"]


@click.command()
@click.argument("images", nargs=-1, type=click.Path(path_type=Path))
@model_options()
@data_options
@click.option("--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="A .csv, or .npz; replaced in one step.")  # fmt: skip
def predict(
    images: tuple[Path, ...],
    model: str,
    prepare: str | None,
    views: str | None,
    batch_size: int | None,
    device: str,
    threads: int | None,
    data: str | None,
    data_dir: Path | None,
    split: str,
    output: Path,
) -> None:
    """Write the probabilities of all classes for IMAGES, or for a dataset.

    A CSV has the columns example, true (for a dataset), predicted, and one for each class; an
    .npz the arrays probabilities, predicted, classes, examples, and true. If a file cannot be
    read, all such are named, and nothing is written.
    """
    if bool(images) == bool(data):
        raise click.UsageError("give IMAGES, or --data with a dataset")
    if output.suffix not in (".csv", ".npz"):
        raise click.UsageError(f"{output}: expected a name that ends in .csv or .npz")
    classifier = asked(model, prepare, device, threads)
    how = {"views": views, "batch_size": batch_size}
    table = (
        _of_images(classifier, images, how)
        if images
        else _of_data(classifier, datasets(str(data), data_dir, split), how)
    )
    from minitorch.io import atomic_write

    names = [classifier.name_of(label) for label in range(classifier.num_classes)]
    content = _csv(table, names) if output.suffix == ".csv" else _npz(table, names)
    atomic_write(output, content)
    click.echo(f"{len(table['probabilities']):,} predictions left in {output}", err=True)


def _of_images(classifier: Any, paths: Any, how: dict[str, Any]) -> dict[str, Any]:
    """What goes into the file, for image files; exit code 2 if some cannot be read."""
    good: list[Path] = []
    bad: list[str] = []
    pixels = readable(paths, classifier.prepare.input_shape[0], good, bad)
    probabilities = classifier.probabilities(pixels, **how)
    for line in bad:
        click.echo(f"minitorch: {line}", err=True)
    if bad:
        raise SystemExit(2)
    return {"examples": [str(path) for path in good], "probabilities": probabilities}


def _of_data(classifier: Any, parts: Any, how: dict[str, Any]) -> dict[str, Any]:
    """The same for a dataset, which has labels."""
    import numpy

    true = numpy.concatenate([classifier.labels_of(part) for part in parts])
    found = [classifier.probabilities(part, **how) for part in parts]
    names = [
        str(part.paths[i]) if hasattr(part, "paths") else f"{part.name} {i}"
        for part in parts
        for i in range(len(part))
    ]
    return {"examples": names, "probabilities": numpy.concatenate(found), "true": true}


def _csv(table: dict[str, Any], names: list[str]) -> str:
    """Lines of text; nine digits keep every bit of a float32."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    true = table.get("true")
    labelled = [] if true is None else ["true"]
    writer.writerow(["example", *labelled, "predicted", *names])
    for i, (example, row) in enumerate(zip(table["examples"], table["probabilities"], strict=True)):
        known = [] if true is None else [names[true[i]]]
        numbers = [f"{p:.9g}" for p in row]
        writer.writerow([example, *known, names[int(row.argmax())], *numbers])
    return text.getvalue()


def _npz(table: dict[str, Any], names: list[str]) -> bytes:
    """Arrays of numbers and of text."""
    import numpy

    arrays = {**table, "predicted": table["probabilities"].argmax(axis=1), "classes": names}
    content = io.BytesIO()
    numpy.savez_compressed(content, **{k: numpy.asarray(v) for k, v in arrays.items()})
    return content.getvalue()
