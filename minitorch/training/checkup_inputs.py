"""What is wrong with the data, before the first step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy

from minitorch.training.checkup_probe import pick
from minitorch.training.finding import Finding

__all__ = ["judge_inputs", "judge_labels", "judge_targets", "labels_of"]

Array = numpy.ndarray
# Examples whose inputs are looked at; more would not change a mean much.
EXAMPLES = 2000
# Glorot's and He's weights are made for inputs of unit size (root of the mean square); the
# first layer's results grow with it, and its gradient too. Pixels from 0 to 1 pass: 0.1 to 0.8.
LARGE = 3.0
SMALL = 0.1
# A mean this many standard deviations from 0 hides from the first layer what differs.
OFFSET = 3.0
# A class of which so many examples are expected is missed by chance with probability e^-20.
EXPECTED = 20
_STANDARDISE = (
    "Standardise them: Standardiser.fit(x).apply(x) gives every channel mean 0 and variance 1."
)


def judge_inputs(x: Any, integers: bool = False) -> Iterator[Finding]:
    """Inputs that are not finite, not standardised, or always the same.

    Parameters
    ----------
    x : array, or dict from layers to arrays
    integers : bool
        Whether integers are meant: they choose rows of an embedding.
    """
    if isinstance(x, Mapping):
        for layer, values in x.items():
            name = getattr(layer, "name", None) or "input"
            yield from _judge(pick(values, EXAMPLES), name, integers, several=True)
        return
    yield from _judge(pick(x, EXAMPLES), "", integers)


def _judge(x: Array, name: str, integers: bool, several: bool = False) -> Iterator[Finding]:
    if x.dtype.kind in "iub" and (integers or x.dtype.kind == "b"):
        return
    who = f"The inputs of {name}" if name else "The inputs"
    low, high = (float(x.min()), float(x.max())) if x.size else (0.0, 0.0)
    if not (numpy.isfinite(low) and numpy.isfinite(high)):
        bad = int((~numpy.isfinite(x)).sum())
        yield Finding(
            "inputs_not_finite",
            0,
            name,
            f"{who} hold NaN or infinity: {bad} of {x.size} numbers looked at. No network can "
            f"learn from them; replace or leave out those examples.",
        )
        return
    if low == high:
        if not several:  # a mask may be 1 everywhere
            yield Finding(
                "inputs_constant",
                0,
                name,
                f"{who} are {low:g} everywhere, in all {len(x)} examples looked at, so there is "
                f"nothing to tell them apart. Look at how they are read.",
            )
        return
    yield from _judge_scale(x, name, who, low, high)


def _judge_scale(x: Array, name: str, who: str, low: float, high: float) -> Iterator[Finding]:
    """Channels that are far from mean 0 and variance 1."""
    if low >= 0 and 100 < high <= 255 and (x.dtype.kind in "iu" or not (x % 1).any()):
        yield Finding(
            "inputs_not_standardised",
            0,
            name,
            f"{who} are bytes from {low:g} to {high:g}, mean {x.mean():.3g}; the network is made "
            f"for a size of about 1. {_STANDARDISE}",
        )
        return
    # Channels stand on axis 1; sequences (examples, steps, features) have theirs at the end.
    channel = 0 if x.ndim < 2 else 2 if x.ndim == 3 else 1
    axes = tuple(a for a in range(x.ndim) if a != channel) if x.ndim > 1 else (0,)
    mean, std = (f(x, axis=axes, dtype=numpy.float64) for f in (numpy.mean, numpy.std))
    mean, std = numpy.atleast_1d(mean), numpy.atleast_1d(std)
    size = numpy.hypot(mean, std)
    worst = int(size.argmax())
    hidden = (abs(mean) > 1) & (abs(mean) > OFFSET * std)
    far = int((abs(mean) / numpy.maximum(std, 1e-30) * hidden).argmax())
    if size[worst] > LARGE or hidden.any():
        chosen = worst if size[worst] > LARGE else far
        which = f"channel {chosen} of {who.lower()}" if len(mean) > 1 else who.lower()
        what = f"a size of {LARGE:g}" if size[worst] > LARGE else f"a mean of {OFFSET:g} std"
    elif size.max() < SMALL and max(-low, high) < 1:
        chosen, which, what = worst, who.lower(), f"a size of {SMALL:g}"
    else:
        return
    verb = "has" if which.startswith("channel") else "have"
    side = "less" if size.max() < SMALL else "more"
    yield Finding(
        "inputs_not_standardised",
        0,
        name,
        f"{which[0].upper()}{which[1:]} {verb} mean {mean[chosen]:.3g} and standard deviation "
        f"{std[chosen]:.3g}; {side} than {what} is too {'little' if side == 'less' else 'much'}. "
        f"{_STANDARDISE}",
    )


def labels_of(y: Any) -> Array:
    """Labels as one row of numbers; one-hot rows give the place of their 1."""
    values = y.numpy() if hasattr(y, "requires_grad") else numpy.asarray(y)
    rows = values.ndim == 2 and values.dtype.kind == "f"
    return numpy.asarray(values.argmax(axis=1) if rows else values.reshape(-1))


def judge_labels(y: Any, classes: int) -> Iterator[Finding]:
    """Labels out of range, labels that begin at 1, and classes that outweigh the others."""
    labels = labels_of(y)
    low, high = int(labels.min()), int(labels.max())
    fine = f"labels of {classes} classes are 0 to {classes - 1}"
    if low < 0 or high >= classes:
        shifted = low == 1 and high == classes
        remedy = "They begin at 1: subtract 1." if shifted else "Look at how they are read."
        kind = "labels_off_by_one" if shifted else "labels_out_of_range"
        yield Finding(kind, 0, "", f"The labels run from {low} to {high}; {fine}. {remedy}")
        return
    counts = numpy.bincount(labels.astype(int), minlength=classes)
    most, share = int(counts.argmax()), counts.max() / len(labels)
    if len(labels) > 1 and share == 1:
        yield Finding(
            "one_class",
            0,
            "",
            f"All {len(labels)} labels are {most}, so there is nothing to learn; two classes are "
            f"the least. Look at how the labels are read, and whether the examples are shuffled.",
        )
        return
    if counts[0] == 0 and counts[1:].all() and len(labels) >= EXPECTED * classes:
        yield Finding(
            "labels_off_by_one",
            0,
            "",
            f"No label is 0 among {len(labels)}, while 1 to {classes - 1} all occur; {fine}. If "
            f"they begin at 1, subtract 1 and give the network {classes - 1} outputs.",
        )
    # A quarter of chance more, for two classes; more than half of the examples, for several.
    if share >= (0.8 if classes == 2 else 0.5) and len(labels) >= EXPECTED:
        limit = 0.8 if classes == 2 else 0.5
        yield Finding(
            "imbalance",
            0,
            "",
            f"{share:.0%} of the labels are {most}, more than {limit:.0%}: always to answer {most} "
            f"is right so often. Judge by the confusion matrix, and draw the others more often "
            f"or give them more weight.",
        )


def judge_targets(y: Any) -> Iterator[Finding]:
    """Targets of a regression, which are standardised like inputs."""
    for finding in _judge(pick(y, EXAMPLES), "", integers=False):
        kind = finding.kind.replace("inputs", "targets")
        message = finding.message.replace("inputs", "targets")
        if "Standardiser" in message:
            message += " Its undo(z) gives predictions their units back."
        yield Finding(kind, 0, "", message)
