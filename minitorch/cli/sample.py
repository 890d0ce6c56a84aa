"""``python -m minitorch sample``: images of a generator that an adversarial run has trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["sample"]


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--count", type=click.IntRange(1, 10000), default=100, show_default=True,
              help="How many; with --interpolate, how many ways, 8 if not said.")  # fmt: skip
@click.option("--columns", type=click.IntRange(1), default=10, show_default=True,
              help="Images in a row; with --interpolate, of a way.")  # fmt: skip
@click.option("--class", "classes", multiple=True, metavar="NAME",
              help="A class, for cgan; may be given several times.  [default: all]")  # fmt: skip
@click.option("--interpolate", is_flag=True, help="Ways through the noise, one a row.")
@click.option("--arithmetic", metavar="SUM", help='Means of classes\' noise, added: "7 - 1 + 0", '
              "with blanks. A row a term: three samples, and what their mean makes; then what the "
              "sum makes, and three neighbours.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the noise.")
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path),
              help="The picture to write, .png.  [default: in RUN]")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), help="CPU threads.  [default: all cores]")
@click.pass_context
def sample(
    context: click.Context,
    run: Path,
    count: int,
    columns: int,
    classes: tuple[str, ...],
    interpolate: bool,
    arithmetic: str | None,
    seed: int,
    out: Path | None,
    threads: int | None,
) -> None:
    """Make images by the generator in RUN, the folder of `train dcgan` or another pair.

    The same seed makes the same images.
    """
    from minitorch.backend.native import set_num_threads
    from minitorch.generative import open_sampler, sheet, write_png

    if out is not None and out.suffix.lower() != ".png":
        raise click.UsageError(f"--out {out}: the picture is a PNG; call it {out.stem}.png")
    if interpolate + (arithmetic is not None) + bool(arithmetic is not None and classes) > 1:
        raise click.UsageError("--arithmetic goes with neither --interpolate nor --class")
    if interpolate and columns < 2:
        raise click.UsageError("--interpolate goes from one sample to another: --columns 2 or more")
    if threads is not None:
        set_num_threads(threads)
    sampler = open_sampler(run)
    if arithmetic is not None:
        name, columns, images = "arithmetic.png", 4, _sum(sampler, run, arithmetic, seed)
    elif interpolate:
        given = context.get_parameter_source("count") is not click.core.ParameterSource.DEFAULT
        name, images = "ways.png", sampler.ways(count if given else 8, columns, seed, classes)
    else:
        name, images = "new_samples.png", sampler.new(count, seed, classes)
    click.echo(str(write_png(out or run / name, sheet(images, columns))))


def _sum(sampler: Any, run: Path, text: str, seed: int) -> Any:
    """The images of a sum, and a line that says what its result is taken for."""
    import numpy

    from minitorch.generative import features_of, open_judge

    terms = sampler.terms(text)
    judge = open_judge(run)
    rows = sampler.sums(terms, judge, seed)
    shares = features_of(judge, rows[-1])[1][0]
    name = sampler.class_names[int(shares.argmax())]
    click.echo(f"{text} is taken for {name} (with a probability of {shares.max():.2f})", err=True)
    return numpy.concatenate(rows)
