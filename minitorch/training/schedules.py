"""Learning-rate schedules: a factor for each moment of the training.

A schedule is a function of the fraction of the training that is done, from 0 to
1, to a factor of the recipe's learning rate. It knows neither epochs nor steps,
so it means the same for every batch size, and needs no state to resume. Only "plateau" looks at
what was measured; it is a function of the history.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from minitorch.utils import did_you_mean

__all__ = [
    "SCHEDULES",
    "constant",
    "cosine",
    "find_schedule",
    "linear",
    "on_plateau",
    "one_cycle",
    "steps",
    "warmed_up",
]

Schedule = Callable[[float], float]


def constant(done: float) -> float:
    """The learning rate never changes: factor 1."""
    return 1.0


def linear(done: float) -> float:
    """Falls evenly to zero: factor ``1 - done``.

    Examples
    --------
    >>> linear(0.25)
    0.75
    """
    return 1.0 - done


def cosine(done: float) -> float:
    """Falls to zero along half a cosine: factor ``(1 + cos(pi done)) / 2``.

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm
    Restarts", 2017 (one cycle of it, without restarts).

    Examples
    --------
    >>> cosine(0.0), cosine(0.5), cosine(1.0)
    (1.0, 0.5, 0.0)
    """
    # Rounded so that the middle is exactly one half; cos(pi/2) is 6e-17.
    return round(0.5 * (1.0 + math.cos(math.pi * done)), 15)


def one_cycle(done: float, rise: float = 0.2, start: float = 0.1) -> float:
    """Rises evenly from ``start`` to 1 during the fraction ``rise``, then falls as a cosine.

    References
    ----------
    L. N. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural
    Networks Using Large Learning Rates", 2018.

    Examples
    --------
    >>> one_cycle(0.0), one_cycle(0.2), one_cycle(1.0)
    (0.1, 1.0, 0.0)
    """
    if done < rise:
        return start + (1.0 - start) * done / rise
    return cosine((done - rise) / (1.0 - rise))


def steps(done: float, factor: float = 0.1, at: tuple[float, ...] = (0.5, 0.75)) -> float:
    """Multiplied by ``factor`` at each of the fractions ``at``.

    Examples
    --------
    >>> steps(0.4), steps(0.6)
    (1.0, 0.1)
    """
    return float(factor ** sum(done >= mark for mark in at))


def on_plateau(losses: Sequence[float], factor: float = 0.1, wait: int = 5) -> float:
    """Multiplied by ``factor`` whenever ``wait`` epochs in a row brought no lower loss.

    Parameters
    ----------
    losses : sequence of float
        Those measured after each epoch so far, on held-out data.
    factor : float
    wait : int
        The count begins anew after each such step.

    Examples
    --------
    >>> on_plateau([3.0, 2.0, 2.1, 2.2, 2.1], wait=3)
    0.1
    """
    best, since, result = math.inf, 0, 1.0
    for loss in losses:
        best, since = (loss, 0) if loss < best else (best, since + 1)
        if since == wait:
            result, since = result * factor, 0
    return result


def warmed_up(schedule: Schedule, done: float, warm: float) -> float:
    """Rises evenly during the fraction ``warm``, then the schedule runs over what is left.

    References
    ----------
    P. Goyal and others, "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017, 2.2.

    Examples
    --------
    >>> warmed_up(linear, 0.1, 0.2), warmed_up(linear, 0.6, 0.2)
    (0.5, 0.5)
    """
    return done / warm if done < warm else schedule((done - warm) / (1.0 - warm))


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "one-cycle": one_cycle,
    "steps": steps,
    "plateau": constant,  # times on_plateau of what was measured
}


def find_schedule(name: str) -> Schedule:
    """The schedule of that name; ValueError with close names otherwise."""
    if name in SCHEDULES:
        return SCHEDULES[name]
    hint = did_you_mean(name, SCHEDULES)
    raise ValueError(f"no learning-rate schedule named {name!r}; {hint}")
