"""The losses of a style's training, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch.training.plots.figures import BLUE, GRID, INK, ORANGE, SOFT, new_figure, save_figure

__all__ = ["plot_losses"]

_POINTS = 300


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
        places, values = _binned(steps, name)
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


def _binned(steps: Sequence[Mapping[str, Any]], name: str) -> tuple[Any, Any]:
    """Means over steps that follow each other, few enough to be drawn."""
    table = numpy.array([(line["number"], line[name]) for line in steps], float).reshape(-1, 2)
    parts = numpy.array_split(table, max(1, min(_POINTS, len(table))))
    means = numpy.array([part.mean(axis=0) for part in parts if len(part)]).reshape(-1, 2)
    return means[:, 0], means[:, 1]
