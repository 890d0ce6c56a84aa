"""``python -m minitorch edit``: pictures with attributes changed, by an editor that was trained."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["edit"]


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--set", "changes", multiple=True, metavar="ATTRIBUTE=VALUE",
              help="What to change, such as skin=dark; more than once for more. Without it "
              "each attribute is switched in turn, on one sheet.")  # fmt: skip
@click.option("--has", multiple=True, metavar="ATTRIBUTE=VALUE",
              help="What the images have, where the run's classifier would be wrong.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path),
              help="The file; a folder for several images.  [default: IMAGE-edited.png here, or "
              "swaps.png]")  # fmt: skip
def edit(
    run: Path,
    images: tuple[Path, ...],
    changes: tuple[str, ...],
    has: tuple[str, ...],
    out: Path | None,
) -> None:
    """Change attributes of IMAGES by the editor that a run of `train attributes` left in RUN."""
    import numpy

    from minitorch.generative.attributes import open_editor, plot_strips, swap_strips
    from minitorch.generative.attributes.strips import strip_titles
    from minitorch.generative.pictures import write_png
    from minitorch.generative.pixels import signed_to_pixels

    trained = open_editor(run)
    x = numpy.stack([trained.read(path) for path in images])
    found = trained.label(x, has)
    if not changes:
        strips = swap_strips(trained.editor, trained.images(x, has))
        title = "the attributes of images switched"
        path = plot_strips(out or "swaps.png", strips, strip_titles(trained.attributes), title)
        click.echo(f"wrote {path}")
        return
    made = signed_to_pixels(trained(x, changes, has)).transpose(0, 2, 3, 1)
    for image, pixels, label in zip(images, made, found, strict=True):
        path = write_png(_target(image, out, len(images)), pixels)
        has_now = ", ".join(
            f"{a.name}={a.values[v]}" for a, v in zip(trained.attributes, label, strict=True)
        )
        click.echo(f"{image} ({has_now}) -> {path}")


def _target(image: Path, out: Path | None, count: int) -> Path:
    """Where an edited image goes."""
    name = f"{image.stem}-edited.png"
    if out is None:
        return Path(name)
    return out if count == 1 and not out.is_dir() else out / name
