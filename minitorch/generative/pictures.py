"""Pictures of what is made: sheets of samples, the sheets as an animation, the losses."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy

from minitorch.data.image_file import read_image
from minitorch.generative.pixels import signed_to_pixels
from minitorch.io.files import atomic_write
from minitorch.training.display import Display
from minitorch.training.finding import Finding
from minitorch.training.plots.figures import (
    BLUE,
    GRID,
    INK,
    ORANGE,
    SOFT,
    new_figure,
    save_figure,
    thinned,
)

__all__ = ["SampleSheets", "animate", "plot_losses", "sheet", "write_png"]

Array = numpy.ndarray
_LEAST = 56  # pixels each way that a sample is shown with, at least
_GAP = 2


def sheet(images: Array, columns: int) -> Array:
    """Images side by side.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, 1 or 3, rows, columns)
        From -1 to 1.
    columns : int
        Images in a row; the last row may be shorter.

    Returns
    -------
    numpy.ndarray of uint8, shape (height, width, 3)
        Small images are enlarged by a whole factor. Gaps and missing images are grey.

    Raises
    ------
    ValueError
        For other than 1 or 3 channels, or no images.

    Examples
    --------
    >>> sheet(numpy.zeros((5, 1, 28, 28)), 3).shape
    (118, 176, 3)
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) == 0 or columns < 1:
        raise ValueError(
            f"sheet: expected images (n, 1 or 3, rows, columns) and at least 1 column, found "
            f"{images.shape} and {columns}"
        )
    times = max(1, -(-_LEAST // images.shape[-1]))
    pixels = signed_to_pixels(images).repeat(times, axis=2).repeat(times, axis=3)
    pixels = numpy.broadcast_to(pixels, (len(images), 3, *pixels.shape[2:])).transpose(0, 2, 3, 1)
    height, width = pixels.shape[1:3]
    rows = -(-len(images) // columns)
    whole = (rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, 3)
    page = numpy.full(whole, 128, numpy.uint8)
    for number, image in enumerate(pixels):
        top = number // columns * (height + _GAP) + _GAP
        left = number % columns * (width + _GAP) + _GAP
        page[top : top + height, left : left + width] = image
    return page


def write_png(path: str | Path, pixels: Array) -> Path:
    """Write bytes of shape (height, width, 3), atomically."""
    return atomic_write(path, _encoded([_image(pixels)], "PNG"))


def animate(path: str | Path, frames: Sequence[str | Path], milliseconds: int = 300) -> Path:
    """Pictures of one size as an animated WebP, or a GIF if the path's name says so.

    Parameters
    ----------
    path : str or Path
    frames : sequence of path
        At least one; the last one stays for two seconds.
    milliseconds : int
        Of each of the others.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        For no frames.
    """
    if not frames:
        raise ValueError("animate: there are no pictures")
    kind = "GIF" if Path(path).suffix == ".gif" else "WEBP"
    images = [_image(read_image(frame).transpose(1, 2, 0)) for frame in frames]
    shown = [milliseconds] * (len(images) - 1) + [2000]
    how = {"duration": shown if len(shown) > 1 else shown[0], "loop": 0}
    if kind == "WEBP":
        how["lossless"] = True
    return atomic_write(path, _encoded(images, kind, **how))


def _image(pixels: Array) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            "sheets of samples need the package 'pillow'; run: pip install pillow"
        ) from None
    return Image.fromarray(pixels)


def _encoded(images: Sequence[Any], kind: str, **how: Any) -> bytes:
    """Pillow's images in a file's bytes."""
    more = {"save_all": True, "append_images": images[1:], **how} if kind != "PNG" else how
    buffer = io.BytesIO()
    images[0].save(buffer, format=kind, **more)
    return buffer.getvalue()


class SampleSheets(Display):
    """Writes a sheet of the fixed samples after epochs, ``epoch-0001.png`` and so on.

    Parameters
    ----------
    folder : str or Path
    trainer : AdversarialTrainer
        The one whose events it is shown, or another training with its ``step``, ``latest`` and
        ``finished``.
    columns : int
        Samples in a row.
    every : int
        Epochs between sheets; the last one has one.
    """

    def __init__(self, folder: str | Path, trainer: Any, columns: int = 10, every: int = 1) -> None:
        self.folder, self._trainer = Path(folder), trainer
        self._columns, self._every = columns, every

    def __enter__(self) -> Self:
        if self._trainer.step == 0:
            for path in self.paths():  # of a run that is begun anew
                path.unlink()
            self._write(0)
        return self

    def show(self, event: Any) -> None:
        """Write the sheet of an epoch."""
        if isinstance(event, Finding) or event.kind != "epoch":
            return
        if event.number % self._every == 0 or self._trainer.finished:
            self._write(event.number)

    def _write(self, number: int) -> None:
        path = self.folder / f"epoch-{number:04d}.png"
        write_png(path, sheet(self._trainer.latest, self._columns))

    def paths(self) -> list[Path]:
        """The sheets there are, oldest first; number 0 is from before the training."""
        return sorted(self.folder.glob("epoch-*.png"))


def plot_losses(path: str | Path, metrics: Sequence[Mapping[str, Any]], title: str) -> Path:
    """Both players' losses and the discriminator's answers by step.

    Parameters
    ----------
    path : str or Path
    metrics : sequence of dict
        What :func:`minitorch.training.read_metrics` gives.
    title : str

    Returns
    -------
    Path
    """
    steps = [line for line in metrics if line["kind"] == "step"]
    figure = new_figure(7, 6)
    losses, answers = figure.subplots(2, 1, sharex=True)
    curves = [
        (losses, "discriminator_loss", BLUE, "discriminator"),
        (losses, "generator_loss", ORANGE, "generator"),
        (answers, "real", BLUE, "real images"),
        (answers, "fake", ORANGE, "made images"),
    ]
    for axes, name, colour, label in curves:
        points = [(s["number"], s[name]) for s in steps if s[name] is not None]
        places, values = thinned(points)
        axes.plot(places, values, color=colour, linewidth=1.2, label=label)
    for axes, label in ((losses, "loss"), (answers, "the discriminator's answer")):
        axes.set_ylabel(label, color=INK)
        axes.grid(color=GRID, linewidth=0.6)
        axes.tick_params(colors=SOFT)
        axes.legend(frameon=False)
    answers.set_xlabel("step", color=INK)
    losses.set_title(title, loc="left", color=INK, fontsize=12, parse_math=False)
    return save_figure(figure, path)
