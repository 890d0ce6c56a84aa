"""Complex functions at infinities and NaNs, where NumPy differs from the standard."""

from __future__ import annotations

import math
from typing import Any

__all__: list[str] = []


def standard_expm1(xp: Any, x: Any, out: Any) -> Any:
    """``out`` = expm1(x), put right where a part of x is infinite or NaN."""
    real, imag = xp.real(x), xp.imag(x)
    wild = ~xp.isfinite(imag)
    out = xp.where(imag == 0, xp.expm1(real) + 1j * imag, out)
    out = xp.where(wild & (real == -math.inf), complex(-1.0, 0.0), out)
    out = xp.where(wild & (real == math.inf), complex(math.inf, math.nan), out)
    return out.astype(x.dtype)


def standard_tanh(xp: Any, x: Any, out: Any) -> Any:
    """``out`` = tanh(x), ±1 + 0i where the real part is infinite and the other finite."""
    real = xp.real(x)
    flat = xp.isinf(real) & xp.isfinite(xp.imag(x))
    return xp.where(flat, xp.sign(real) + 0j, out).astype(x.dtype)
