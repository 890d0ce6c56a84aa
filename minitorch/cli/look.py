"""``python -m minitorch look``: what a network's features are, and where in an image they are."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import click

from minitorch.cli.classifiers import MODEL_HELP, asked
from minitorch.cli.look_methods import METHODS, Asked, Shown
from minitorch.data import PREPROCESSINGS
from minitorch.utils import did_you_mean

__all__ = ["look"]

_LINES = "\n".join(f"  {name:12}{line}" for name, (_, _, line) in METHODS.items())


@click.command(epilog=f"\b\nMethods:\n{_LINES}")
@click.argument("method")
@click.option("--model", "-m", default="efficientnet_lite0", show_default=True, help=MODEL_HELP)
@click.option("--image", "-i", type=click.Path(path_type=Path), help="The picture to look at.")
@click.option("--layer", "-l", help="A layer, by its name.")
@click.option("--class", "-c", "target", help="A class, by name or number; with --layer the "
              "number of a channel, for patches several with commas.  "
              "[default: the most probable one]")  # fmt: skip
@click.option("--out", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="The picture to write, .png.")  # fmt: skip
@click.option("--array", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the numbers too, .npy.")  # fmt: skip
@click.option("--steps", type=click.IntRange(0), help="maximise, dream, fool, fgsm: how many; "
              "evolve: generations.")  # fmt: skip
@click.option("--rate", type=click.FloatRange(0), help="Of a step: levels of grey; maximise: "
              "Adam's.")  # fmt: skip
@click.option("--octaves", type=click.IntRange(1), help="dream: how many sizes.")
@click.option("--size", type=click.IntRange(8),
              help="dream: the longer side is scaled down to so many pixels  [default: 512]; "
              "maximise: rows and columns.")  # fmt: skip
@click.option("--encoding", type=click.Choice(["direct", "cppn"]), help="evolve: pixels, or small "
              "networks that draw patterns.  [default: direct]")  # fmt: skip
@click.option("--epsilon", type=click.FloatRange(0), help="fgsm: levels of grey, of 255.")
@click.option("--data", help="patches: a dataset of `minitorch data`, folder:PATH, csv:PATH.  "
              "[default: what the model was trained on]")  # fmt: skip
@click.option("--split", type=click.Choice(["train", "test"]), help="patches: which part of it.  "
              "[default: test]")  # fmt: skip
@click.option("--data-dir", type=click.Path(path_type=Path), help="patches: where its files are, "
              "if not where a package puts them.")  # fmt: skip
@click.option("--toward", help="fgsm: the class to argue for, in place of against --class.")
@click.option("--seed", type=click.IntRange(0), help="Of what is random.")
@click.option("--prepare", type=click.Choice([*PREPROCESSINGS]),
              help="How images are prepared, for files that do not say.")  # fmt: skip
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, or emulated.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads.  [default: all cores]")
def look(
    method: str,
    model: str,
    image: Path | None,
    layer: str | None,
    target: str | None,
    out: Path,
    array: Path | None,
    prepare: str | None,
    device: str,
    threads: int | None,
    **options: Any,
) -> None:
    """Look into a network by METHOD, and write a picture of what is found.

    \b
    look gradcam --image cat.jpg -o cam.png
    look dream --image sky.jpg --layer blocks.7 -o dream.png
    look maximise --model runs/lenet-mnist --class 3 -o three.png
    """
    if method not in METHODS:
        raise click.UsageError(f"no method named {method!r}; {did_you_mean(method, METHODS)}")
    call, wants, _ = METHODS[method]
    if (image is None) == (wants == "yes") and wants != "may":
        raise click.UsageError(f"look {method} takes {'an' if wants == 'yes' else 'no'} --image")
    if out.suffix.lower() != ".png":
        raise click.UsageError(f"--out {out}: the picture is a PNG; call it {out.stem}.png")
    classifier = asked(model, prepare, device, threads)
    pixels = (
        None
        if image is None
        else _read(image, classifier, (options["size"] or 512) if method == "dream" else 0)
    )
    given = {name: value for name, value in options.items() if value is not None}
    found = call(Asked(classifier, pixels, target, layer, given))
    _write(found, out, array)
    click.echo(str(out))


def _read(path: Path, classifier: Any, longest: int) -> Any:
    """The image's bytes, scaled down for a dream."""
    from minitorch.data import read_image
    from minitorch.data.resample import resize

    pixels = read_image(path, 1 if classifier.prepare.input_shape[0] == 1 else 3)
    rows, columns = pixels.shape[1:]
    if not longest or max(rows, columns) <= longest:
        return pixels
    scale = longest / max(rows, columns)
    return resize(pixels, (max(1, round(rows * scale)), max(1, round(columns * scale))))


def _write(found: Shown, out: Path, array: Path | None) -> None:
    """The picture, and the numbers."""
    import numpy

    from minitorch.io.files import atomic_write
    from minitorch.look.drawing import panels

    how = dict(found.how)
    if how.pop("plain", False):
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(found.panels[0].pixels).save(buffer, format="png")
        atomic_write(out, buffer.getvalue())
    else:
        panels(found.panels, found.title, **how).save(out)
    if array is not None:
        buffer = io.BytesIO()
        numpy.save(buffer, found.array)
        atomic_write(array, buffer.getvalue())
