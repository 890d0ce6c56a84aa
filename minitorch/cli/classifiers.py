"""What the commands that ask a classifier share: its options, the images, the datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from minitorch.data import PREPROCESSINGS

__all__ = ["MODEL_HELP", "asked", "data_options", "datasets", "model_options", "readable"]

MODEL_HELP = (
    "A run's folder or model.safetensors, an ONNX file, efficientnet_lite0 (weights from a "
    "package), or MODEL:FILE with weights of another library, such as vgg19:vgg19.pth."
)


def model_options(default: str | None = None) -> Callable[[Any], Any]:
    """Which classifier, and how it is asked."""
    usual: dict[str, Any] = {"default": default, "show_default": True} if default else {}

    def declare(command: Any) -> Any:
        for option in (
            click.option("--threads", type=click.IntRange(1), help="CPU threads.  "
                         "[default: all cores]"),
            click.option("--device", default="cpu", show_default=True,
                         help="cpu, cuda, or emulated: the CUDA kernels on the CPU."),
            click.option("--batch-size", type=click.IntRange(1), help="How many images are "
                         "computed at a time.  [default: by their size]"),
            click.option("--views", type=click.Choice(["ten"]),
                         help="Average over AlexNet's ten crops of each image."),
            click.option("--prepare", type=click.Choice([*PREPROCESSINGS]),
                         help="How images are prepared, for files that do not say."),
            click.option("--model", "-m", required=default is None, help=MODEL_HELP, **usual),
        ):  # fmt: skip
            command = option(command)
        return command

    return declare


def asked(model: str, prepare: str | None, device: str, threads: int | None) -> Any:
    """The classifier of the options, on its device."""
    from minitorch.backend.arrays import backend_named
    from minitorch.backend.native import set_num_threads
    from minitorch.training import open_classifier

    backend_named(device)  # before a large file is read
    if threads is not None:
        set_num_threads(threads)
    return open_classifier(model, prepare).to_device(device)


def readable(
    paths: Sequence[Path], channels: int, good: list[Path], bad: list[str]
) -> Iterator[Any]:
    """The images that can be read, one by one; their paths go to ``good``, errors to ``bad``."""
    from minitorch.data import DataError, read_image

    for path in paths:
        try:
            image = read_image(path, 1 if channels == 1 else 3)
        except DataError as error:
            bad.append(" ".join(str(error).split()))
            continue
        good.append(path)
        yield image


def data_options(command: Any) -> Any:
    """Which labelled images."""
    for option in (
        click.option("--split", type=click.Choice(["train", "test", "all"]), default="test",
                     show_default=True, help="Which part of the dataset."),
        click.option("--data-dir", type=click.Path(path_type=Path),
                     help="Where its files are, if not where a package puts them."),
        click.option("--data", help="A dataset of `minitorch data`, folder:PATH, csv:PATH or "
                     "arrays:PATH."),
    ):  # fmt: skip
        command = option(command)
    return command


def datasets(name: str, data_dir: Path | None, split: str) -> list[Any]:
    """The part of a dataset that was asked for, or both."""
    from minitorch.data import load

    train, test = load(name, data_dir)
    return {"train": [train], "test": [test], "all": [train, test]}[split]
