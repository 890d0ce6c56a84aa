"""The losses of a style's training, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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

__all__ = ["plot_losses"]


def plot_losses(path: str | Path, metrics: Sequence[Mapping[str, Any]], title: str) -> Path:
    """The parts of the loss by step, and what held-out photographs have, as points.

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
    epochs = [line for line in metrics if line["kind"] == "epoch"]
    figure = new_figure(7, 4)
    axes = figure.subplots()
    for name, colour in (("content", BLUE), ("style", ORANGE), ("variation", SOFT)):
        places, values = thinned([(line["number"], line[name]) for line in steps])
        if (values > 0).all():  # a part of weight 0 is none
            axes.plot(places, values, color=colour, linewidth=1.2, label=name)
            held = [(line["step"], line[name]) for line in epochs]
            axes.plot(*zip(*held, strict=True), "o", color=colour, markersize=3)
    axes.set_yscale("log")
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel("loss (points: held-out photographs)", color=INK)
    axes.grid(color=GRID, linewidth=0.6)
    axes.tick_params(colors=SOFT)
    axes.legend(frameon=False)
    axes.set_title(title, loc="left", color=INK, fontsize=12, parse_math=False)
    return save_figure(figure, path)
