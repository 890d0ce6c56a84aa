"""The one generator that initialisers draw from and noise layers take their seeds from."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["draw_seed", "get_rng", "get_state", "seed", "set_rng", "set_state"]

_BITS = {cls.__name__: cls for cls in np.random.BitGenerator.__subclasses__()}
_rng: Any = np.random.RandomState(np.random.SeedSequence().generate_state(4))


def get_rng() -> Any:
    """The generator in use: a ``RandomState``, or what :func:`set_rng` was given."""
    return _rng


def set_rng(rng: Any) -> None:
    """Use another generator.

    Parameters
    ----------
    rng : numpy.random.RandomState, numpy.random.Generator or the numpy.random module
        It must have ``normal``, ``uniform``, and ``randint`` or ``integers``.

    Raises
    ------
    TypeError
        If it has not.
    """
    global _rng
    missing = [name for name in ("normal", "uniform") if not hasattr(rng, name)]
    if not (hasattr(rng, "randint") or hasattr(rng, "integers")):
        missing.append("randint")
    if missing:
        raise TypeError(
            f"set_rng: the generator has no {', '.join(missing)}; give a numpy.random.RandomState "
            f"or numpy.random.default_rng(...)"
        )
    _rng = rng


def seed(value: int) -> None:
    """Start over from a seed: the same seed, the same weights and noise.

    Parameters
    ----------
    value : int
        From 0 to 2³² - 1.

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
    draw = _rng.randint if hasattr(_rng, "randint") else _rng.integers
    return int(draw(1, 2147462579))


def get_state() -> dict[str, Any]:
    """The generator's state in plain numbers, strings and lists, for a checkpoint.

    Examples
    --------
    >>> from minitorch import random
    >>> state = random.get_state()
    >>> first = random.get_rng().normal()
    >>> random.set_state(state)
    >>> first == random.get_rng().normal()
    True
    """
    if isinstance(_rng, np.random.Generator):
        return {"kind": "Generator", "bits": _plain(_rng.bit_generator.state)}
    kind, keys, position, has_gauss, cached = _rng.get_state()
    return {
        "kind": str(kind),
        "keys": [int(k) for k in keys],
        "position": int(position),
        "has_gauss": int(has_gauss),
        "cached": float(cached),
    }


def set_state(state: dict[str, Any]) -> None:
    """Go back to a state that :func:`get_state` gave.

    Raises
    ------
    ValueError
        If it is no such state.
    """
    try:
        if state["kind"] == "Generator":
            bits = _BITS[state["bits"]["bit_generator"]]()
            bits.state = state["bits"]
            set_rng(np.random.Generator(bits))
            return
        keys = np.asarray(state["keys"], dtype=np.uint32)
        rng = np.random.RandomState()
        rng.set_state((state["kind"], keys, state["position"], state["has_gauss"], state["cached"]))
    except (LookupError, TypeError) as error:
        raise ValueError(f"this is no state of a generator: {error!r}") from None
    set_rng(rng)


def _plain(value: Any) -> Any:
    """Arrays as lists, all the way down."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value
