"""The one generator that initialisers draw from and noise layers take their seeds from."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["get_rng", "get_state", "seed", "set_rng", "set_state"]

_rng: Any = np.random.RandomState(np.random.SeedSequence().generate_state(4))


def get_rng() -> Any:
    """The generator in use: a ``RandomState``, or what :func:`set_rng` was given."""
    return _rng


def set_rng(rng: Any) -> None:
    """Use another generator.

    Parameters
    ----------
    rng : numpy.random.RandomState, or the numpy.random module
        It must have ``normal``, ``uniform`` and ``randint``.

    Raises
    ------
    TypeError
        If it has not.
    """
    global _rng
    missing = [name for name in ("normal", "uniform", "randint") if not hasattr(rng, name)]
    if missing:
        raise TypeError(
            f"set_rng: the generator has no {', '.join(missing)}; give a numpy.random.RandomState"
        )
    _rng = rng


def seed(value: int) -> None:
    """Start over from a seed: the same seed, the same weights and noise.

    Examples
    --------
    >>> from minitorch import random
    >>> random.seed(1)
    >>> first = random.get_rng().normal()
    >>> random.seed(1)
    >>> first == random.get_rng().normal()
    True
    """
    set_rng(np.random.RandomState(value))


def draw_seed() -> int:
    """A seed for a stream of its own, as noise layers take one at construction."""
    return int(get_rng().randint(1, 2147462579))


def get_state() -> dict[str, Any]:
    """The generator's state in plain numbers and lists, for a checkpoint."""
    kind, keys, position, has_gauss, cached = get_rng().get_state()
    return {
        "kind": str(kind),
        "keys": [int(k) for k in keys],
        "position": int(position),
        "has_gauss": int(has_gauss),
        "cached": float(cached),
    }


def set_state(state: dict[str, Any]) -> None:
    """Go back to a state that :func:`get_state` gave."""
    keys = np.asarray(state["keys"], dtype=np.uint32)
    rng = np.random.RandomState()
    rng.set_state((state["kind"], keys, state["position"], state["has_gauss"], state["cached"]))
    set_rng(rng)
