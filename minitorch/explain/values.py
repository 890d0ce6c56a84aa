"""Numbers as people read them: the few written out, the many as statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import BACKENDS, to_numpy

__all__ = ["as_numpy", "full", "is_bad", "norm", "number", "place", "shape_of", "show"]

FEW = 6  # so many numbers are written out


def as_numpy(value: Any) -> np.ndarray[Any, Any] | None:
    """The array of a tensor, array or number in host memory; None for anything else."""
    if isinstance(value, Tensor):
        value = value.data
    if type(value) in BACKENDS:
        return to_numpy(value)
    if isinstance(value, bool | int | float | complex | np.generic | np.ndarray):
        return np.asarray(value)
    return None


def shape_of(value: Any) -> str:
    """``(2, 3)`` for arrays, ``scalar`` for numbers, "" for what has no shape."""
    array = as_numpy(value)
    if array is None:
        return ""
    return str(array.shape) if array.shape else "scalar"


def number(value: Any, digits: int = 4) -> str:
    """One number, four digits of it.

    >>> number(0.123456), number(-3.0), number(1e-12), number(True)
    ('0.1235', '-3', '1e-12', 'True')
    >>> number(-0.0), number(123456), number(123456.0)
    ('0', '123456', '1.235e+05')
    """
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(value)
    return f"{value + 0.0:.{digits}g}"  # + 0.0 makes -0 a 0


def _nested(array: np.ndarray[Any, Any]) -> str:
    if array.ndim == 0:
        return number(array[()])
    return f"[{' '.join(_nested(row) for row in array)}]"


def _statistics(array: np.ndarray[Any, Any]) -> str:
    if array.dtype.kind == "b":
        return f"{100 * array.mean():.3g}% True"
    if array.dtype.kind == "c":
        return f"mean |z| {number(np.abs(array).mean())}"
    wide = array.astype(np.float64)
    finite = wide[np.isfinite(wide)]
    parts = []
    if finite.size:
        low, mean, high = (number(f(finite), 3) for f in (np.min, np.mean, np.max))
        if finite.min() == finite.max():
            return ", ".join([f"all {low}" if finite.size == wide.size else low, *_flaws(wide)])
        parts.append(f"min {low}  mean {mean}  max {high}")
        zeros = np.count_nonzero(finite == 0) / wide.size
        if zeros >= 0.05 and array.dtype.kind == "f":
            parts.append(f"{100 * zeros:.3g}% zero")
    return ", ".join([*parts, *_flaws(wide)])


def _flaws(array: np.ndarray[Any, Any]) -> list[str]:
    counts = (("NaN", np.isnan(array).sum()), ("inf", np.isinf(array).sum()))
    return [f"{count} {label}" for label, count in counts if count]


def show(value: Any, few: int = FEW) -> str:
    """A value on one line.

    Parameters
    ----------
    value : Tensor, array, number or anything
    few : int
        Up to so many elements are written out; more become statistics.

    Examples
    --------
    >>> show(np.array([[1.0, 2.5], [0.0, -1.0]]))
    '[[1 2.5] [0 -1]]'
    >>> show(np.linspace(0, 1, 11))
    'min 0  mean 0.5  max 1, 9.09% zero'
    >>> show(None), show((2, 2))
    ('—', '(2, 2)')
    """
    if value is None:
        return "—"
    if isinstance(value, tuple | list) and any(isinstance(v, Tensor) for v in value):
        return "; ".join(show(v, few) for v in value)
    array = as_numpy(value)
    if array is None:
        text = " ".join(str(value).split())
        return text if len(text) <= 60 else text[:57] + "..."
    if array.size == 0:
        return f"empty {array.shape}"
    return _nested(array) if array.size <= few else _statistics(array)


def full(value: Any, limit: int = 200) -> str:
    """A value on as many lines as it takes; beyond ``limit`` elements the middle is left out."""
    array = as_numpy(value)
    if array is None:
        return show(value)
    return np.array2string(
        array, precision=4, threshold=limit, edgeitems=3, max_line_width=88, suppress_small=False
    )


def norm(value: Any) -> float:
    """The Euclidean norm, in float64 and scaled so that it overflows only if it must.

    >>> norm(np.full(4, 1e200))
    2e+200
    """
    array = as_numpy(value)
    if array is None or array.size == 0:
        return 0.0
    wide = np.abs(array.astype(np.float64)).ravel()
    top = wide.max()
    if top == 0 or not np.isfinite(top):
        return float(top)
    return float(top * np.sqrt(np.sum((wide / top) ** 2)))


def is_bad(value: Any) -> str:
    """ "NaN" or "infinity" if a value holds one, else ""."""
    array = as_numpy(value)
    if array is None or array.dtype.kind != "f":
        return ""
    if np.isnan(array).any():
        return "NaN"
    return "infinity" if np.isinf(array).any() else ""


def place(index: tuple[Any, ...]) -> str:
    """An index as it is written: ``[2]``, ``[0, 3]``, and "" for a scalar."""
    return f"[{', '.join(str(int(i)) for i in index)}]" if index else ""
