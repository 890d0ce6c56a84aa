"""The learning curve: errors, losses and the learning rate over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch.training.plots.figures import (
    BLUE,
    GRID,
    INK,
    ORANGE,
    SOFT,
    new_figure,
    save_figure,
)

__all__ = ["plot_learning_curve"]

Array = numpy.ndarray
_BINS = 300  # points of a line of steps; more than that cannot be told apart


def plot_learning_curve(
    path: str | Path,
    history: Sequence[Any],
    title: str,
    against: str = "test",
    metrics: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Training and test error, the losses, and the learning rate, by epoch.

    Parameters
    ----------
    path : str or Path
        Of the PNG.
    history : sequence of Epoch
        At least one.
    title : str
    against : str
        What the measured data are called.
    metrics : sequence of dict
        What :func:`minitorch.training.metrics_file.read_metrics` gives: with it the loss
        and the learning rate of single steps are drawn too. Where there are many
        steps, a line is the mean of a few, in a band from the least to the greatest.

    Returns
    -------
    Path
    """
    if not history:
        raise ValueError("plot_learning_curve: there is no epoch to plot")
    figure = new_figure(7, 8.4)
    error, loss, rate = figure.subplots(
        3, 1, sharex=True, gridspec_kw={"height_ratios": (4, 3, 1.4)}
    )
    steps = _Steps(metrics)
    _draw_errors(error, history, against)
    _draw_losses(loss, history, against, steps)
    _draw_rates(rate, history, steps)
    for axes in (error, loss, rate):
        _dress(axes)
    from matplotlib.ticker import MaxNLocator

    rate.xaxis.set_major_locator(MaxNLocator(integer=True))
    rate.set_xlabel("epoch", color=INK)
    rate.set_xlim(0 if steps.epochs.size else 0.5, history[-1].number * 1.08 + 0.2)
    error.set_title(title, loc="left", color=INK, fontsize=12, parse_math=False)
    return save_figure(figure, path)


class _Steps:
    """The steps among the lines of a metrics file, placed between the epochs."""

    def __init__(self, metrics: Sequence[Mapping[str, Any]]) -> None:
        steps = [line for line in metrics if line["kind"] == "step"]
        ends = [line for line in metrics if line["kind"] == "epoch" and line.get("step")]
        numbers = numpy.array([line["number"] for line in steps], float)
        per_epoch = ends[0]["step"] / ends[0]["number"] if ends else numbers.max(initial=1)
        # Epochs have as many steps each, as the order of the data is a permutation.
        self.epochs = numbers / per_epoch
        self._lines = steps

    def binned(self, name: str) -> tuple[Array, Array, Array, Array]:
        """Places, means, least and greatest values of a field, a few steps at a time."""
        values = numpy.array([_number(line.get(name)) for line in self._lines], float)
        known = numpy.isfinite(values)
        x, values = self.epochs[known], values[known]
        cuts = numpy.linspace(0, len(x), min(len(x), _BINS) + 1).astype(int)[:-1]
        if not len(x):
            return x, x, x, x
        counts = numpy.diff([*cuts, len(x)])
        mean = lambda v: numpy.add.reduceat(v, cuts) / counts
        least, greatest = (f.reduceat(values, cuts) for f in (numpy.minimum, numpy.maximum))
        return mean(x), mean(values), least, greatest


def _number(value: Any) -> float:
    """NaN for what is missing."""
    return float(value) if isinstance(value, int | float) else float("nan")


def _draw_errors(axes: Any, history: Sequence[Any], against: str) -> None:
    """Both errors, on a logarithmic scale, the last one written out."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    epochs = [e.number for e in history]
    lines = (
        ("training (mean over the epoch)", [e.train_error for e in history], ORANGE),
        (against, [e.test_error for e in history], BLUE),
    )
    # An error of 0 has no place on a logarithmic scale: draw it as a third of the least other.
    floor = min([v for _, values, _ in lines for v in values if v > 0], default=0.01) / 3
    for label, values, colour in lines:
        shown = [100 * max(v, floor) for v in values]
        axes.plot(epochs, shown, "-o", color=colour, label=label, linewidth=2, markersize=4)
    last = history[-1]
    axes.annotate(
        f"{100 * last.test_error:.2f}%",
        (last.number, 100 * max(last.test_error, floor)),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=BLUE,
        fontweight="bold",
    )
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    # 1, 2, 3 and 5 are too far apart for errors that hardly differ.
    narrow = high < 5 * low
    axes.yaxis.set_major_locator(
        MaxNLocator(6) if narrow else LogLocator(subs=(1.0, 2.0, 3.0, 5.0))
    )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}%"))
    axes.yaxis.set_minor_locator(LogLocator(subs=()))
    axes.set_ylabel("error", color=INK)
    axes.legend(frameon=False, labelcolor=INK)


def _draw_losses(axes: Any, history: Sequence[Any], against: str, steps: _Steps) -> None:
    """The losses of steps and epochs."""
    x, mean, least, greatest = steps.binned("loss")
    if len(x):
        axes.fill_between(x, least, greatest, color=ORANGE, alpha=0.2, linewidth=0)
        axes.plot(x, mean, color=ORANGE, alpha=0.5, linewidth=1, label="training, by step")
    epochs = [e.number for e in history]
    train, test = ([_number(getattr(e, f"{k}_loss", None)) for e in history] for k in _KINDS)
    axes.plot(epochs, train, "-o", color=ORANGE, label="training", linewidth=2, markersize=4)
    axes.plot(epochs, test, "-o", color=BLUE, label=against, linewidth=2, markersize=4)
    # The first steps' losses would press all others flat.
    seen = numpy.array([v for v in (*train, *test) if numpy.isfinite(v)])
    top = max([*(seen * 1.15), *numpy.quantile(greatest, [0.97])]) if len(x) else None
    axes.set_ylim(bottom=0, top=top)
    axes.set_ylabel("loss (nats)", color=INK)
    axes.legend(frameon=False, labelcolor=INK)


_KINDS = ("train", "test")


def _draw_rates(axes: Any, history: Sequence[Any], steps: _Steps) -> None:
    """The learning rate, of steps where they are known."""
    x, mean, _, _ = steps.binned("learning_rate")
    if len(x):
        axes.plot(x, mean, color=SOFT, linewidth=2)
    else:
        rates = [_number(getattr(e, "learning_rate", None)) for e in history]
        axes.plot([e.number for e in history], rates, "-o", color=SOFT, linewidth=2, markersize=4)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("learning rate", color=INK)


def _dress(axes: Any) -> None:
    """Grid and frame."""
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
