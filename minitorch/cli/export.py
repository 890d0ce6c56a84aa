"""``python -m minitorch export``: a trained network for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from minitorch.cli.classifiers import MODEL_HELP
from minitorch.io.weight_names import SCHEMES

__all__ = ["export"]


@click.command()
@click.option("--model", "-m", required=True, help=MODEL_HELP)
@click.option("--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help=".onnx: the network, as ONNX. .safetensors: its weights by --names. "
              ".npz: its weights in Lasagne's order.")  # fmt: skip
@click.option("--names", default="torchvision", show_default=True,
              type=click.Choice([*(one for one in SCHEMES if one != "lasagne"), "minitorch"]),
              help="Whose names weights have in .safetensors; minitorch writes the whole "
              "classifier.")  # fmt: skip
def export(model: str, output: Path, names: str) -> None:
    """Write a trained network for other programs.

    An ONNX file keeps the classes' names and the preprocessing in its metadata, so
    `classify --model x.onnx` goes on as with the original.
    """
    from minitorch.training import export as write
    from minitorch.training import open_classifier

    classifier = open_classifier(model)
    write(classifier, output, names)
    click.echo(f"{classifier!r} left in {output} ({output.stat().st_size:,} bytes)", err=True)
