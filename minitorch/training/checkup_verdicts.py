"""What a probe's figures mean; the thresholds, with their reasons.

Measured on networks for the toy digits: healthy ones (2 to 20 layers; sigmoids, tanh,
rectifiers, batch normalisation, recurrent; Nesterov, Adam) on one side, broken ones on the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from minitorch.training.checkup_probe import LayerGradient, Probe
from minitorch.training.finding import Finding

__all__ = ["judge"]

# If the scores of an untrained network are normal with variance v, the mean loss is ln C + v / 2.
# ResNet-20, the highest of the healthy ones, began at ln C + 1.9; bytes for inputs at ln C + 150.
FIRST_LOSS = 4.0
# Units off for all examples: at most 33% of a layer in healthy networks, 78% in dying ones.
DEAD = 0.6
# A unit needs some examples to show that it is not dead.
LEAST = 16
# Results at the ends of tanh and sigmoids: at most 7% in healthy layers.
SATURATED = 0.5
# The first layer's ratio of gradient to weights against the largest one. Healthy: 0.05 and more.
# Five layers of sigmoids, which do not learn any more, begin with 0.0007.
VANISHING = 1e-3
# The gradient's norm in units of the weights'. Healthy: 1.4 at most; bytes for inputs: 57.
EXPLODING = 10.0
# Updates below this share of a float32 are rounded away.
LOST = 2.0**-24
# Later it may be weights that have grown without bounds which make the ratio small.
BEGINNING = 100
# A step's share of the weights: 7% at most (of ResNet-20) in healthy runs.
FAST = 0.5
SLOW = 1e-6
# The largest ratio while the loss is still near that of guessing. Healthy: 0.009 and more.
USUAL = 1e-3


def judge(
    probe: Probe, step: int, chance: float | None, learning_rate: float | None
) -> Iterator[Finding]:
    """What is wrong by a probe's figures.

    Parameters
    ----------
    probe : Probe
    step : int
        The number of the step that comes, from 1.
    chance : float or None
        The loss of one who knows nothing, ln(classes); None if that is not known.
    learning_rate : float or None
        The largest one so far, of a rule whose steps are multiples of the gradient.
    """
    if probe.flaw:
        yield Finding(
            "not_finite",
            step,
            "",
            f"The step is not finite: {probe.flaw}. Lower the learning rate; if this is the first "
            f"step, look for NaN in the inputs and for logarithms of 0.",
        )
        return
    if step <= 1 and chance is not None and probe.loss > chance + FIRST_LOSS:
        yield _first_loss(probe, step, chance)
    units = [*_alike(probe, step), *_dead(probe, step)]
    yield from units
    yield from _saturated(probe, step)
    if not probe.gradients:
        return
    # Little comes back through layers that are dead or alike: that has been said. With a loss
    # near 0, or far beyond what guessing costs, small gradients say nothing.
    unlearnt = not units and chance is not None and 0.5 * chance < probe.loss < chance + FIRST_LOSS
    sizes = [*_sizes(probe, step, not units, unlearnt)]
    yield from sizes
    if learning_rate is not None and not sizes:
        yield from _speed(probe, step, learning_rate, step >= 100 and unlearnt)


def _first_loss(probe: Probe, step: int, chance: float) -> Finding:
    return Finding(
        "first_loss",
        step,
        "",
        f"The loss before the first step is {probe.loss:.3g}; a network that knows nothing has "
        f"about ln(classes) = {chance:.3g}, and up to {chance + FIRST_LOSS:.3g} is usual. Its "
        f"scores differ by {probe.spread:.3g} (standard deviation) where about 1 would do: "
        f"standardise the inputs, or begin with smaller weights.",
    )


def _dead(probe: Probe, step: int) -> Iterator[Finding]:
    """Rectifiers that are off for all examples."""
    if probe.examples < LEAST:
        return
    for layer, (off, units) in probe.dead.items():
        if not units or off < DEAD * units:
            continue
        entirely = off == units
        share = "all" if entirely else f"{off} of"
        yield Finding(
            "dead_relus" if entirely else "dying_relus",
            step,
            layer,
            f"In layer {layer} {share} {units} rectified units are 0 for all {probe.examples} "
            f"examples looked at; {DEAD:.0%} is too many, as no gradient comes through them. "
            f"Begin with He's weights and biases of 0, and lower the learning rate.",
        )


def _alike(probe: Probe, step: int) -> Iterator[Finding]:
    """Layers whose units can never become different."""
    for g in probe.gradients:
        if g.alike:
            yield Finding(
                "same_units",
                step,
                g.layer,
                f"All units of layer {g.layer} have the same weights and the same gradients "
                f"(they differ by less than 0.001%), so they stay the same for ever. Begin with "
                f"random weights.",
            )


def _saturated(probe: Probe, step: int) -> Iterator[Finding]:
    """Sigmoids and tanh at the ends of their range."""
    for layer, share in probe.saturated.items():
        if share >= SATURATED:
            yield Finding(
                "saturated",
                step,
                layer,
                f"In layer {layer} {share:.0%} of the results are within 1% of an end of their "
                f"range, where the slope is almost 0; more than {SATURATED:.0%} is too many. "
                f"Begin with smaller weights, standardise what comes in, or use rectifiers.",
            )


def _sizes(probe: Probe, step: int, alive: bool, unlearnt: bool) -> Iterator[Finding]:
    """Gradients that are huge, or lost, or that shrink on their way back."""
    first, most = probe.gradients[0], max(probe.gradients, key=lambda g: g.ratio)
    if most.ratio > EXPLODING:
        yield _exploding(most, step)
    # A head that begins with zeros lets nothing through in the first step, and rightly so.
    elif most.ratio < LOST and unlearnt and (most.ratio or step > 1) and step <= BEGINNING:
        yield Finding(
            "vanishing_gradients",
            step,
            most.layer,
            f"The largest gradient, that of layer {most.layer}, has {most.ratio:.1e} of its "
            f"weights' norm; below {LOST:.0e} float32 rounds it away. Begin with larger weights "
            f"(He's for rectifiers), or put batch normalisation in.",
        )
    elif first.ratio < VANISHING * most.ratio and alive and (first.ratio or step > 1):
        yield _vanishing(probe, step, first, most)


def _exploding(most: LayerGradient, step: int) -> Finding:
    return Finding(
        "exploding_gradients",
        step,
        most.layer,
        f"The gradient of layer {most.layer} has {most.ratio:.3g} times the norm of its weights; "
        f"more than {EXPLODING:g} is too much. Standardise the inputs, average the loss instead "
        f"of adding it up, begin with smaller weights, or limit the gradient's norm "
        f"(total_norm_constraint).",
    )


def _vanishing(probe: Probe, step: int, first: LayerGradient, most: LayerGradient) -> Finding:
    few = sum(g.ratio < VANISHING * most.ratio for g in probe.gradients)
    times = f"{most.ratio / first.ratio:.2g} times" if first.ratio else "infinitely"
    return Finding(
        "vanishing_gradients",
        step,
        first.layer,
        f"Measured by the weights, the gradient of layer {first.layer} is {times} smaller than "
        f"that of layer {most.layer}; more than {1 / VANISHING:g} times, as in {few} of "
        f"{len(probe.gradients)} layers, hardly lets it learn. Use rectifiers in place of sigmoids "
        f"and tanh, batch normalisation, or residual blocks.",
    )


def _speed(probe: Probe, step: int, rate: float, slow: bool) -> Iterator[Finding]:
    """The size of a step, measured by the weights."""
    most = max(probe.gradients, key=lambda g: g.ratio)
    share = rate * most.ratio
    if share > FAST:
        yield Finding(
            "learning_rate_high",
            step,
            most.layer,
            f"A step changes the weights of layer {most.layer} by {share:.2g} of their norm; "
            f"about 0.001 is usual and {FAST:g} too much. Lower the learning rate, which is "
            f"{rate:g}.",
        )
    # With a gradient that is small itself, the learning rate is not to blame.
    elif slow and share < SLOW and most.ratio > USUAL:
        yield Finding(
            "learning_rate_low",
            step,
            most.layer,
            f"A step changes no layer by more than {share:.1e} of its weights' norm; about 0.001 "
            f"is usual and {SLOW:.0e} too little. Raise the learning rate, which is {rate:g}.",
        )
