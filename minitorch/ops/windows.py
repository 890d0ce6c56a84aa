"""Where windows lie on an image: the arithmetic that convolution and pooling share.

Everything here works on shapes, in plain integers. The functions of the ops
check their arguments with it, and the layers ask the same functions for their
output shapes, so that both say the same and fail with the same words. A length
of None is unknown and gives None.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = [
    "Length",
    "Pairs",
    "as_lengths",
    "offsets",
    "resolve_pad",
    "span",
    "window_slices",
]

Length = int | None
Pairs = tuple[tuple[int, int], ...]


def as_lengths(what: str, value: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """``count`` integers of at least ``least``, from one integer or a sequence.

    Parameters
    ----------
    what : str
        Names the value in errors, e.g. ``"conv2d: stride"``.
    value : int or sequence of int
        One integer stands for all axes.
    count : int
        Number of spatial axes.
    least : int
        The smallest value allowed.

    Raises
    ------
    TypeError
        If something in it is no integer.
    ValueError
        If it has another number of entries, or one is too small.

    Examples
    --------
    >>> as_lengths("conv2d: stride", 2, 2)
    (2, 2)
    """
    try:
        entries = [value] * count if not isinstance(value, Sequence) else list(value)
        lengths = tuple([operator.index(entry) for entry in entries])
    except TypeError:
        raise TypeError(f"{what} must be an integer or {count} of them, got {value!r}") from None
    if len(lengths) != count:
        raise ValueError(f"{what} must be one integer or {count} of them, got {value!r}")
    if any(length < least for length in lengths):
        raise ValueError(f"{what} must be at least {least} on every axis, got {value!r}")
    return lengths


def span(size: int, dilation: int = 1) -> int:
    """How many positions a window of ``size`` taps covers: dilation (size - 1) + 1."""
    return dilation * (size - 1) + 1


def resolve_pad(
    what: str, pad: Any, size: Sequence[int], dilation: Sequence[int] | None = None
) -> Pairs:
    """Padding as (before, after) pairs, one per spatial axis.

    Parameters
    ----------
    what : str
        Names the value in errors, e.g. ``"conv2d: pad"``.
    pad : int, str, or sequence of int or (int, int)
        One integer for all sides; one integer per axis; one (before, after)
        pair per axis; ``"valid"`` (none), ``"full"`` (every window that meets
        the image) or ``"same"`` (as long as the input when the stride is 1).
    size : sequence of int
        Taps of the window along each axis.
    dilation : sequence of int, optional
        Distance between taps; default 1.

    Raises
    ------
    ValueError
        For another word, number of axes or a negative entry; and for
        ``"same"`` with a window that covers an even number of positions,
        which no symmetric padding keeps in place: give the two sides.
    TypeError
        If an entry is no integer.

    Examples
    --------
    >>> resolve_pad("conv2d: pad", "same", (3, 5))
    ((1, 1), (2, 2))
    >>> resolve_pad("conv2d: pad", (1, (0, 2)), (3, 3))
    ((1, 1), (0, 2))
    """
    reach = [span(f, d) - 1 for f, d in zip(size, dilation or [1] * len(size), strict=True)]
    if isinstance(pad, str):
        return _named_pad(what, pad, reach)
    count = len(reach)
    entries = list(pad) if isinstance(pad, Sequence) else [pad] * count
    if len(entries) != count:
        hint = (
            f"; for two sides of one axis give (({pad[0]!r}, {pad[-1]!r}),)" if count == 1 else ""
        )
        raise ValueError(
            f"{what} must have one entry per spatial axis ({count}), got {pad!r}{hint}"
        )
    pairs = [as_lengths(f"{what} of axis {i}", entry, 2, 0) for i, entry in enumerate(entries)]
    return tuple([(before, after) for before, after in pairs])


def _named_pad(what: str, word: str, reach: list[int]) -> Pairs:
    """The pairs that 'valid', 'full' and 'same' stand for; ``reach`` is span - 1."""
    if word == "valid":
        return tuple([(0, 0) for _ in reach])
    if word == "full":
        return tuple([(r, r) for r in reach])
    if word != "same":
        raise ValueError(f"{what} must be 'valid', 'same', 'full' or integers, got {word!r}")
    if any(r % 2 for r in reach):
        sides = tuple([(r // 2, r - r // 2) for r in reach])
        raise ValueError(
            f"{what}='same' needs windows that cover an odd number of positions, these cover "
            f"{tuple([r + 1 for r in reach])}; say which side gets more, e.g. pad={sides}"
        )
    return tuple([(r // 2, r // 2) for r in reach])


def offsets(size: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The positions inside a window, in row-major order."""
    return itertools.product(*map(range, size))


def window_slices(
    offset: Sequence[int],
    count: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int] | None = None,
) -> tuple[Any, ...]:
    """Index of (N, C, ...) that picks, for every window, its tap at ``offset``."""
    slices: list[Any] = [slice(None), slice(None)]
    for o, p, s, d in zip(offset, count, stride, dilation or [1] * len(stride), strict=True):
        slices.append(slice(o * d, o * d + s * (p - 1) + 1, s))
    return tuple(slices)
