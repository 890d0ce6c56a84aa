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
    "as_lengths",
    "conv_output_length",
    "conv_output_shape",
    "conv_transpose_output_shape",
    "offsets",
    "pool_output_length",
    "pool_output_shape",
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
        hint = f"; for two sides of one axis give (({pad[0]!r}, {pad[-1]!r}),)" if count == 1 else ""
        raise ValueError(f"{what} must have one entry per spatial axis ({count}), got {pad!r}{hint}")
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


def conv_output_length(
    length: Length, size: int, stride: int = 1, pad: tuple[int, int] = (0, 0), dilation: int = 1
) -> Length:
    """⌊(length + before + after - span) / stride⌋ + 1; None for an unknown length.

    Examples
    --------
    >>> conv_output_length(28, 5), conv_output_length(28, 5, stride=2, pad=(2, 2))
    (24, 14)
    """
    if length is None:
        return None
    return (length + pad[0] + pad[1] - span(size, dilation)) // stride + 1


def conv_output_shape(
    x_shape: Sequence[Length],
    w_shape: Sequence[int],
    *,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    name: str = "conv",
) -> tuple[Length, ...]:
    """The shape of a convolution's result; checks everything that shapes can tell.

    Parameters
    ----------
    x_shape : sequence of (int or None), (N, C, [D,] [H,] W)
    w_shape : sequence of int, (K, C / groups, ...)
    stride, pad, dilation, groups
        As for :func:`minitorch.conv2d`.
    name : str
        Who is asking, for the error's text.

    Returns
    -------
    tuple of (int or None), (N, K, ...)

    Raises
    ------
    ValueError
        For ranks or channel counts that do not fit, groups that do not divide
        the channels, or a window larger than the padded input.

    Examples
    --------
    >>> conv_output_shape((None, 1, 28, 28), (20, 1, 5, 5))
    (None, 20, 24, 24)
    """
    count = len(w_shape) - 2
    if count < 1 or len(x_shape) != len(w_shape):
        raise ValueError(
            f"{name}: x needs the axes (batch, channels, spatial...) and w as many, "
            f"got x {tuple(x_shape)} and w {tuple(w_shape)}"
        )
    stride = as_lengths(f"{name}: stride", stride, count)
    dilation = as_lengths(f"{name}: dilation", dilation, count)
    (groups,) = as_lengths(f"{name}: groups", groups, 1)
    pairs = resolve_pad(f"{name}: pad", pad, w_shape[2:], dilation)
    _check_channels(name, x_shape, w_shape, groups)
    spatial = [
        conv_output_length(*row)
        for row in zip(x_shape[2:], w_shape[2:], stride, pairs, dilation, strict=True)
    ]
    if any(length is not None and length < 1 for length in spatial):
        reach = tuple([span(f, d) for f, d in zip(w_shape[2:], dilation, strict=True)])
        raise ValueError(
            f"{name}: the window covers {reach} positions, the input {tuple(x_shape[2:])} padded by "
            f"{pairs} has fewer (x {tuple(x_shape)}, w {tuple(w_shape)}); pad more or use a smaller window"
        )
    return (x_shape[0], w_shape[0], *spatial)


def _check_channels(
    name: str, x_shape: Sequence[Length], w_shape: Sequence[int], groups: int
) -> None:
    """Channels of x, filters and groups must fit together."""
    channels, filters, depth = x_shape[1], w_shape[0], w_shape[1]
    shapes = f"(x {tuple(x_shape)}, w {tuple(w_shape)})"
    if filters % groups or (channels is not None and channels % groups):
        raise ValueError(
            f"{name}: groups={groups} must divide both the {channels} channels of x and the "
            f"{filters} filters of w {shapes}"
        )
    if channels is not None and channels != depth * groups:
        per_group = f" in each of {groups} groups" if groups > 1 else ""
        raise ValueError(
            f"{name}: x has {channels} channels, w expects {depth}{per_group} {shapes}; "
            f"w is (filters, channels / groups, ...)"
        )


def conv_transpose_output_shape(
    x_shape: Sequence[Length],
    w_shape: Sequence[int],
    *,
    stride: Any = 1,
    crop: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    output_padding: Any = 0,
    output_size: Any = None,
    name: str = "conv_transpose",
) -> tuple[Length, ...]:
    """The shape of a transposed convolution's result.

    A length is stride (length - 1) + span - crops + output_padding. The last term
    tells apart the inputs that a strided convolution shortens to the same length.

    Parameters
    ----------
    x_shape : sequence of (int or None), (N, K, ...)
    w_shape : sequence of int, (K, C / groups, ...)
    stride, crop, dilation, groups, output_padding, output_size
        As for :func:`minitorch.conv_transpose2d`.

    Returns
    -------
    tuple of (int or None), (N, C, ...)

    Raises
    ------
    ValueError
        For shapes that do not fit, or an ``output_size`` that no convolution
        of this stride maps to the input's size.

    Examples
    --------
    >>> conv_transpose_output_shape((8, 16, 7, 7), (16, 3, 3, 3), stride=2, crop=1)
    (8, 3, 13, 13)
    """
    count = len(w_shape) - 2
    if count < 1 or len(x_shape) != len(w_shape):
        raise ValueError(
            f"{name}: x needs the axes (batch, channels, spatial...) and w as many, "
            f"got x {tuple(x_shape)} and w {tuple(w_shape)}"
        )
    stride = as_lengths(f"{name}: stride", stride, count)
    dilation = as_lengths(f"{name}: dilation", dilation, count)
    (groups,) = as_lengths(f"{name}: groups", groups, 1)
    pairs = resolve_pad(f"{name}: crop", crop, w_shape[2:], dilation)
    if w_shape[0] % groups or x_shape[1] not in (None, w_shape[0]):
        raise ValueError(
            f"{name}: x has {x_shape[1]} channels, w expects {w_shape[0]} in {groups} group(s) "
            f"(x {tuple(x_shape)}, w {tuple(w_shape)}); w is (channels of x, filters / groups, ...)"
        )
    least = [
        None if n is None else (n - 1) * s + span(f, d) - before - after
        for n, f, s, (before, after), d in zip(
            x_shape[2:], w_shape[2:], stride, pairs, dilation, strict=True
        )
    ]
    spatial = _grow(name, least, stride, output_padding, output_size)
    return (x_shape[0], w_shape[1] * groups, *spatial)


def _grow(
    name: str, least: list[Length], stride: tuple[int, ...], output_padding: Any, output_size: Any
) -> list[Length]:
    """The lengths that ``output_padding`` or ``output_size`` choose among the possible ones."""
    if output_size is None:
        extra = as_lengths(f"{name}: output_padding", output_padding, len(least), 0)
        spatial = [None if n is None else n + e for n, e in zip(least, extra, strict=True)]
    else:
        spatial = list(as_lengths(f"{name}: output_size", output_size, len(least)))
    for n, m, s in zip(least, spatial, stride, strict=True):
        if n is not None and m is not None and not (n <= m < n + s and m >= 1):
            most = tuple([None if a is None else a + b - 1 for a, b in zip(least, stride, strict=True)])
            raise ValueError(
                f"{name}: the output can be {tuple(least)} to {most} long with stride {stride}, "
                f"not {tuple(spatial)}; output_padding is less than the stride"
            )
    return spatial


def pool_output_length(
    length: Length,
    window: int,
    stride: int,
    pad: tuple[int, int] = (0, 0),
    ignore_border: bool = True,
) -> Length:
    """How many windows there are along one axis.

    Parameters
    ----------
    length : int or None
    window, stride : int
    pad : (int, int)
    ignore_border : bool
        True: only windows that lie inside the padded input,
        ⌈(length + before + after - window + 1) / stride⌉. False: also a last
        one that reaches beyond it, ⌈length / stride⌉ for stride >= window, else
        max(0, ⌈(length - window) / stride⌉) + 1.

    Examples
    --------
    >>> pool_output_length(8, 3, 2), pool_output_length(8, 3, 2, ignore_border=False)
    (3, 4)
    """
    if length is None:
        return None
    if ignore_border:
        return max(0, -(-(length + pad[0] + pad[1] - window + 1) // stride))
    if stride >= window:
        return -(-length // stride)
    return max(0, -(-(length - window) // stride)) + 1


def pool_output_shape(
    x_shape: Sequence[Length],
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
    name: str = "pool",
) -> tuple[Length, ...]:
    """The shape of a pooling's result; checks everything that shapes can tell.

    Parameters
    ----------
    x_shape : sequence of (int or None), (N, C, ...)
    window, stride, pad, ignore_border
        As for :func:`minitorch.max_pool2d`.

    Returns
    -------
    tuple of (int or None), (N, C, ...)

    Raises
    ------
    ValueError
        For a wrong rank, a window larger than the padded input, padding as
        wide as the window, or padding without ``ignore_border``.

    Examples
    --------
    >>> pool_output_shape((None, 20, 24, 24), 2)
    (None, 20, 12, 12)
    """
    count = len(x_shape) - 2
    if count < 1:
        raise ValueError(f"{name}: x needs the axes (batch, channels, spatial...), got {tuple(x_shape)}")
    window = as_lengths(f"{name}: window", window, count)
    stride = window if stride is None else as_lengths(f"{name}: stride", stride, count)
    pairs = resolve_pad(f"{name}: pad", pad, window)
    if any(side >= f for f, pair in zip(window, pairs, strict=True) for side in pair):
        raise ValueError(
            f"{name}: pad {pairs} must be smaller than the window {window}, or some windows see no input"
        )
    if not ignore_border and any(map(any, pairs)):
        raise ValueError(f"{name}: pad must be 0 with ignore_border=False, got {pairs}")
    spatial = [
        pool_output_length(n, f, s, pair, ignore_border)
        for n, f, s, pair in zip(x_shape[2:], window, stride, pairs, strict=True)
    ]
    if 0 in spatial:
        raise ValueError(
            f"{name}: the window {window} is larger than the input {tuple(x_shape[2:])} padded by "
            f"{pairs} (x {tuple(x_shape)}); use a smaller window, or ignore_border=False"
        )
    return (x_shape[0], x_shape[1], *spatial)


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
