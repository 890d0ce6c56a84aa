"""What a seed and an offset of the counter-based generator may be."""

from __future__ import annotations

from typing import Any

import numpy

__all__ = ["check_counter"]


def check_counter(name: str, seed: Any, offset: Any) -> None:
    """Both fit a 64-bit word; TypeError or ValueError that names the op where they do not."""
    for what, value in (("seed", seed), ("offset", offset)):
        if not isinstance(value, int | numpy.integer) or isinstance(value, bool):
            raise TypeError(f"{name}: {what} must be an integer, got {value!r}")
        if not 0 <= value < 1 << 64:
            raise ValueError(f"{name}: {what} must be from 0 to 2^64 - 1, got {value}")
