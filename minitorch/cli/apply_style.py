"""``python -m minitorch apply-style``: photographs painted by a network, in one pass each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from minitorch.cli.picture_files import check_memory, encoder_for

__all__ = ["apply_style"]

_COLUMNS = 7  # of the sheet of all styles


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    help="The painting, a name that ends in .png, .jpg, ...; of several photographs a folder.",
)
@click.option(
    "--model",
    default="multistyle26",
    show_default=True,
    help="A run of train-style, its style.safetensors, or multistyle26, a package's 26 styles.",
)
@click.option(
    "--style", default="0", show_default=True, help="A style's number, or a mix: 3:0.5,19:0.5."
)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="A sheet of the photograph in every style; 256 pixels wide, if --size says nothing.",
)
@click.option(
    "--size",
    type=click.IntRange(1),
    help="Scale to so many pixels of the longer side.  [default: as it is]",
)
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads.  [default: all cores]")
def apply_style(
    photos: tuple[Path, ...],
    output: Path,
    model: str,
    style: str,
    every: bool,
    size: int | None,
    quiet: bool,
    device: str,
    threads: int | None,
) -> None:
    """Paint PHOTOS in the style that a network has learned.

    Pictures keep their size. They are painted whole: large ones take memory, which is looked at
    first, and --size makes them smaller.
    """
    from minitorch.backend.arrays import backend_named
    from minitorch.backend.native import set_num_threads
    from minitorch.style.fast import Painter, mixture

    if every and len(photos) > 1:
        raise click.UsageError("--all makes the sheet of one photograph")
    outputs = _outputs(photos, output)
    encode = encoder_for(outputs[0])
    backend_named(device)
    if threads is not None:
        set_num_threads(threads)
    painter = Painter.open(model).to_device(device)
    mix = mixture(style, painter.styles)
    if not quiet:
        click.echo(painter.about, err=True)
    for path, out in zip(photos, outputs, strict=True):
        photograph = _read(path, size or (256 if every else None), painter)
        began = time.perf_counter()
        painting = _sheet(painter, photograph) if every else painter.paint(photograph, mix)
        seconds = time.perf_counter() - began
        _save(out, encode(painting))
        if not quiet:
            rows, columns = painting.shape[1:]
            click.echo(f"{out}: {columns} x {rows}, {1000 * seconds:.0f} ms")


def _outputs(photos: Sequence[Path], output: Path) -> list[Path]:
    """A file for each photograph, none of which is a photograph."""
    if len(photos) == 1 and not output.is_dir():
        found = [output]
    elif output.suffix and not output.is_dir():
        raise click.UsageError(f"{output}: of {len(photos)} photographs, give a folder's name")
    else:
        found = [output / f"{path.stem}.png" for path in photos]
    originals = {path.resolve() for path in photos}
    for name in found:
        if found.count(name) > 1:
            raise click.UsageError(f"two photographs would both become {name}")
        if name.resolve() in originals:
            raise click.UsageError(f"{name} is a photograph itself, and would be painted over")
    return found


def _read(path: Path, size: int | None, painter: Any) -> Any:
    """A photograph, scaled if that is wanted, that this machine can paint."""
    from minitorch.data import read_image
    from minitorch.data.resample import resize

    photograph = read_image(path)
    rows, columns = photograph.shape[1:]
    side = size or max(rows, columns)
    if side != max(rows, columns):
        scale = side / max(rows, columns)
        rows, columns = (max(1, round(n * scale)) for n in (rows, columns))
    check_memory(1.2 * painter.memory(rows, columns), side)
    return resize(photograph, (rows, columns))


def _save(path: Path, content: bytes) -> None:
    from minitorch.io import atomic_write

    atomic_write(path, content)


def _sheet(painter: Any, photograph: Any) -> Any:
    """The photograph, and behind it in each style, by number."""
    import numpy
    from PIL import Image, ImageDraw

    from minitorch.generative.pictures import sheet
    from minitorch.style.fast import mixture

    paintings = [painter.paint(photograph, mixture(str(n), painter.styles))
                 for n in range(painter.styles)]  # fmt: skip
    named = []
    for number, painting in enumerate([photograph, *paintings]):
        image = Image.fromarray(painting.transpose(1, 2, 0))
        if number:
            ImageDraw.Draw(image).text(
                (4, 2), str(number - 1), "white", stroke_width=2, stroke_fill="black"
            )
        named.append(numpy.asarray(image).transpose(2, 0, 1))
    page = sheet(numpy.stack(named) / numpy.float32(127.5) - 1, _COLUMNS)
    return page.transpose(2, 0, 1)
