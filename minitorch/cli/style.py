"""``python -m minitorch style``: a photograph in the style of a painting."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from minitorch.cli.picture_files import check_memory, encoder_for

__all__ = ["style"]

# Of memory that a pixel takes: 3,400 were measured with VGG-16, from 192 x 144 to 384 x 288.
_BYTES = 4_000


def _layers(context: Any, parameter: Any, text: str | None) -> dict[str, float] | None:
    """relu1_1,relu2_1:0.5 as a dictionary; layers without a weight share what 1 leaves."""
    if text is None:
        return None
    given: dict[str, float | None] = {}
    for part in text.split(","):
        name, colon, weight = part.strip().partition(":")
        try:
            given[name] = float(weight) if colon else None
        except ValueError:
            raise click.BadParameter(f"{part!r}: expected LAYER or LAYER:WEIGHT") from None
    equal = 1 / len(given)
    return {name: equal if w is None else w for name, w in given.items()}


def _numbers(context: Any, parameter: Any, text: str | None) -> tuple[float, ...] | None:
    """Numbers with commas between them."""
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r}: expected numbers, as in 2,1") from None


_OPTIONS = (
    click.option("--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path),
                 help="The picture: a name that ends in .png, .jpg, ..."),
    click.option("--method", default="gatys", show_default=True,
                 help="What style is: gatys (Gram matrices) or mrf (patches)."),
    click.option("--size", type=click.IntRange(1), help="Pixels of the longer side.  "
                 "[default: the content's, at most 512]"),
    click.option("--steps", type=click.IntRange(1), default=200, show_default=True,
                 help="At each scale."),
    click.option("--scales", type=click.IntRange(1), default=1, show_default=True,
                 help="Begin at a smaller size, halved so often less one, and refine."),
    click.option("--optimizer", default="lbfgs", show_default=True, help="lbfgs or adam."),
    click.option("--rate", type=float, default=5.0, show_default=True, help="Adam's, of 255."),
    click.option("--start", default="content", show_default=True, help="content or noise."),
    click.option("--colour", default="style", show_default=True,
                 help="Whose colours: style, or the content's by histogram or luminance."),
    click.option("--content-weight", type=float, default=0.05, show_default=True,
                 help="How much of the content stays."),
    click.option("--style-weight", type=float, default=1.0, show_default=True,
                 help="How much of the styles comes."),
    click.option("--variation-weight", type=float, default=0.0, show_default=True,
                 help="How smooth it is; 10 is some."),
    click.option("--shares", callback=_numbers, help="Of several styles: 2,1."),
    click.option("--style-scale", type=float, default=1.0, show_default=True,
                 help="The styles' size against the content's: strokes are finer below 1."),
    click.option("--content-layers", callback=_layers, help="LAYER[:WEIGHT],...  "
                 "[default: relu4_2]"),
    click.option("--style-layers", callback=_layers, help="The same.  "
                 "[default: relu1_1,...,relu5_1; mrf: relu3_1,relu4_1]"),
    click.option("--match-every", type=click.IntRange(1), default=10, show_default=True,
                 help="mrf: steps between two searches of patches."),
    click.option("--patch-scales", callback=_numbers, help="mrf: patches of the styles at other "
                 "sizes too, as in 1,0.8."),
    click.option("--patch-turns", callback=_numbers, help="mrf: and turned, as in 0,15,-15."),
    click.option("--pooling", default="average", show_default=True, help="average or max."),
    click.option("--weights", type=click.Path(path_type=Path), help="VGG-19's, 16's, 13's or "
                 "11's: .safetensors, .pth, .pkl, .onnx.  [default: a package's]"),
    click.option("--prepare", help="How pictures go in, if not as usual for the file."),
    click.option("--save-every", type=click.IntRange(1), help="Leave a picture every so many "
                 "steps."),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
                 help="Of the noise."),
    click.option("--quiet", is_flag=True, help="Say nothing but errors."),
    click.option("--device", default="cpu", show_default=True, help="cpu or cuda."),
    click.option("--threads", type=click.IntRange(1), help="CPU threads.  [default: all cores]"),
)  # fmt: skip


def _with_options(command: Any) -> Any:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("content", type=click.Path(path_type=Path))
@click.argument("styles", nargs=-1, required=True, type=click.Path(path_type=Path))
@_with_options
def style(
    content: Path,
    styles: tuple[Path, ...],
    output: Path,
    shares: tuple[float, ...] | None,
    pooling: str,
    weights: Path | None,
    prepare: str | None,
    save_every: int | None,
    quiet: bool,
    device: str,
    threads: int | None,
    **settings: Any,
) -> None:
    """Paint CONTENT in the style of STYLES, and leave the picture in a file.

    Interrupted by ^C, it leaves what there is so far.
    """
    from minitorch.backend.arrays import backend_named
    from minitorch.backend.native import set_num_threads
    from minitorch.data import read_image
    from minitorch.style import LossNetwork, Settings, paint

    encode = encoder_for(output)
    backend_named(device)
    if threads is not None:
        set_num_threads(threads)
    given = {k: v for k, v in settings.items() if v is not None}
    chosen = Settings(**given)
    photograph, paintings = read_image(content), [read_image(path) for path in styles]
    _check_memory(photograph, paintings, chosen)
    network = LossNetwork.open(weights, prepare, pooling).to_device(device)
    if not quiet:
        click.echo(network.about, err=True)
    last = None
    with _shown(quiet) as show, contextlib.suppress(KeyboardInterrupt):
        for step in paint(network, photograph, paintings, chosen, shares):
            last = step
            show(step)
            if save_every and step.number % save_every == 0:
                _save(output.with_stem(f"{output.stem}-{step.number:05d}"), step, encode)
    if last is None:
        raise click.Abort()
    _save(output, last, encode)
    if not quiet:
        stopped = "" if last.number == last.steps else f", after step {last.number}"
        click.echo(f"{output}: {last.size[1]} x {last.size[0]}, loss {last.loss:.4g}{stopped}")


def _save(path: Path, step: Any, encode: Callable[[Any], bytes]) -> None:
    from minitorch.io import atomic_write

    atomic_write(path, encode(step.picture()))


def _check_memory(content: Any, styles: list[Any], settings: Any) -> None:
    """Refuse pictures that this machine can't hold."""
    rows, columns = content.shape[1:]
    side = settings.size or min(512, max(rows, columns))
    needed = _BYTES * rows * columns * (side / max(rows, columns)) ** 2
    for found in styles:
        share = min(found.shape[1:]) / max(found.shape[1:])
        needed = max(needed, _BYTES / 2 * share * (settings.style_scale * side) ** 2)
    check_memory(needed, side, " or --style-scale" * (settings.style_scale > 1))


@contextlib.contextmanager
def _shown(quiet: bool) -> Iterator[Callable[[Any], None]]:
    """A bar on a terminal, a line now and then elsewhere."""
    if quiet:
        yield lambda step: None
    elif sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task("", total=None, losses="")
            yield lambda step: bar.update(
                task,
                total=step.steps,
                completed=step.number,
                description=f"{step.size[1]} x {step.size[0]}",
                losses=_losses(step),
            )
    else:
        yield _line


def _line(step: Any) -> None:
    if step.number == 1 or step.number % max(1, step.steps // 10) == 0:
        click.echo(f"step {step.number:>5}/{step.steps}  {_losses(step)}", err=True)


def _losses(step: Any) -> str:
    parts: Mapping[str, float] = {
        "content": step.content, "style": step.style, "variation": step.variation
    }  # fmt: skip
    return f"loss {step.loss:.4g}: " + ", ".join(f"{k} {v:.4g}" for k, v in parts.items() if v)


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("[bold]{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}"), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
