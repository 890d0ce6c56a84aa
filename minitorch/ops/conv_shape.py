"""Shapes of convolutions: what a call means and whether it can be, from shapes alone.

:func:`conv1d` and its kin check their arguments here, and the layers ask the
same functions for their output shapes. A length of None is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch.ops.windows import Length, as_lengths, resolve_pad, span

__all__ = [
    "conv_output_length",
    "conv_output_shape",
    "conv_settings",
    "conv_transpose_output_shape",
    "conv_transpose_settings",
]

AXES = {
    3: "(batch, channels, length)",
    4: "(batch, channels, rows, columns)",
    5: "(batch, channels, depth, rows, columns)",
}


def conv_output_length(
    length: Length, size: int, stride: int = 1, pad: tuple[int, int] = (0, 0), dilation: int = 1
) -> Length:
    """⌊(length + before + after - span) / stride⌋ + 1; None for an unknown length.

    Parameters
    ----------
    length : int or None
    size : int
        Taps of the window; with dilation it spans dilation (size - 1) + 1.
    stride : int
    pad : (int, int)
    dilation : int

    Examples
    --------
    >>> conv_output_length(28, 5), conv_output_length(28, 5, stride=2, pad=(2, 2))
    (24, 14)
    """
    if length is None:
        return None
    return (length + pad[0] + pad[1] - span(size, dilation)) // stride + 1


def _check_ranks(name: str, x_shape: Sequence[Length], w_shape: Sequence[int], axes: int) -> None:
    """x and w of one rank, with at least one spatial axis."""
    rank = axes + 2 if axes else max(3, len(w_shape))
    for what, shape in (("x", x_shape), ("w", w_shape)):
        if len(shape) != rank:
            meaning = (
                AXES.get(rank, "(batch, channels, spatial...)")
                if what == "x"
                else ("(filters, channels / groups, taps...)")
            )
            batch = (
                "; add a batch axis of length 1" if len(shape) == rank - 1 and what == "x" else ""
            )
            raise ValueError(
                f"{name}: {what} must have {rank} axes {meaning}, got {tuple(shape)}{batch}"
            )
    if 0 in w_shape:
        raise ValueError(f"{name}: w {tuple(w_shape)} has an axis of length 0")


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
        in_groups = f" in each of {groups} groups" if groups > 1 else ""
        hint = (
            f"; did you mean groups={channels // depth}?"
            if channels % depth == 0
            else ("; w is (filters, channels / groups, ...)")
        )
        raise ValueError(
            f"{name}: x has {channels} channels, w expects {depth}{in_groups} {shapes}{hint}"
        )


def _spatial(
    x_shape: Sequence[Length], w_shape: Sequence[int], settings: dict[str, Any]
) -> tuple[Length, ...]:
    """Lengths of a convolution's result along its spatial axes."""
    rows = zip(
        x_shape[2:],
        w_shape[2:],
        settings["stride"],
        settings["pad"],
        settings["dilation"],
        strict=True,
    )
    return tuple([conv_output_length(*row) for row in rows])


def conv_settings(
    x_shape: Sequence[Length],
    w_shape: Sequence[int],
    *,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    name: str = "conv",
    axes: int = 0,
) -> dict[str, Any]:
    """The static arguments of ``conv_fwd``, checked and written out per axis.

    Parameters
    ----------
    x_shape : sequence of (int or None), (N, C, [D,] [H,] W)
    w_shape : sequence of int, (K, C / groups, ...)
    stride, pad, dilation, groups
        As for :func:`minitorch.conv2d`.
    name : str
        Who is asking, for the error's text.
    axes : int
        The number of spatial axes that there must be; 0: that of w.

    Returns
    -------
    dict
        ``stride``, ``dilation`` (tuples), ``pad`` (pairs) and ``groups``.

    Raises
    ------
    ValueError
        For ranks or channel counts that do not fit, groups that do not divide
        the channels, strides that are not positive, or a window larger than
        the padded input.
    TypeError
        For strides and the like that are no integers.

    Examples
    --------
    >>> conv_settings((8, 1, 28), (20, 1, 5), pad="same")
    {'stride': (1,), 'pad': ((2, 2),), 'dilation': (1,), 'groups': 1}
    """
    _check_ranks(name, x_shape, w_shape, axes)
    count = len(w_shape) - 2
    dilation = as_lengths(f"{name}: dilation", dilation, count)
    settings = {
        "stride": as_lengths(f"{name}: stride", stride, count),
        "pad": resolve_pad(f"{name}: pad", pad, w_shape[2:], dilation),
        "dilation": dilation,
        "groups": as_lengths(f"{name}: groups", groups, 1)[0],
    }
    _check_channels(name, x_shape, w_shape, settings["groups"])
    if any(length is not None and length < 1 for length in _spatial(x_shape, w_shape, settings)):
        covers = tuple([span(f, d) for f, d in zip(w_shape[2:], dilation, strict=True)])
        padded = f"padded by {settings['pad']} " if any(map(any, settings["pad"])) else ""
        raise ValueError(
            f"{name}: the window covers {covers} positions, more than the input "
            f"{tuple(x_shape[2:])} {padded}has (x {tuple(x_shape)}, w {tuple(w_shape)}); "
            f"pad more, or use a smaller window"
        )
    return settings


def conv_output_shape(
    x_shape: Sequence[Length], w_shape: Sequence[int], **settings: Any
) -> tuple[Length, ...]:
    """The shape of a convolution's result; checks everything that shapes can tell.

    Parameters
    ----------
    x_shape, w_shape, **settings
        As for :func:`conv_settings`, with the same errors.

    Returns
    -------
    tuple of (int or None), (N, K, ...)

    Examples
    --------
    >>> conv_output_shape((None, 1, 28, 28), (20, 1, 5, 5))
    (None, 20, 24, 24)
    """
    checked = conv_settings(x_shape, w_shape, **settings)
    return (x_shape[0], w_shape[0], *_spatial(x_shape, w_shape, checked))


def conv_transpose_settings(
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
    axes: int = 0,
) -> dict[str, Any]:
    """The static arguments of ``conv_dgrad``, checked and written out per axis.

    Parameters
    ----------
    x_shape : sequence of (int or None), (N, K, ...)
    w_shape : sequence of int, (K, C / groups, ...)
    stride, crop, dilation, groups, output_padding, output_size
        As for :func:`minitorch.conv_transpose2d`.
    name, axes
        As for :func:`conv_settings`.

    Returns
    -------
    dict
        ``size`` (spatial shape of the result), ``stride``, ``pad``, ``dilation``, ``groups``.

    Raises
    ------
    ValueError
        For shapes that do not fit, or an output size that no convolution of
        this stride maps to the input's size.

    Examples
    --------
    >>> conv_transpose_settings((8, 16, 7), (16, 3, 3), stride=2, output_size=14, crop=1)["size"]
    (14,)
    """
    _check_ranks(name, x_shape, w_shape, axes)
    count = len(w_shape) - 2
    stride = as_lengths(f"{name}: stride", stride, count)
    dilation = as_lengths(f"{name}: dilation", dilation, count)
    pairs = resolve_pad(f"{name}: crop", crop, w_shape[2:], dilation)
    (groups,) = as_lengths(f"{name}: groups", groups, 1)
    if x_shape[1] not in (None, w_shape[0]) or w_shape[0] % groups:
        raise ValueError(
            f"{name}: x has {x_shape[1]} channels, w expects {w_shape[0]} in {groups} group(s) "
            f"(x {tuple(x_shape)}, w {tuple(w_shape)}); w is (channels of x, filters / groups, ...)"
        )
    rows = zip(x_shape[2:], w_shape[2:], stride, pairs, dilation, strict=True)
    least = [
        None if n is None else (n - 1) * s + span(f, d) - sum(sides) for n, f, s, sides, d in rows
    ]
    size = _grow(name, least, stride, output_padding, output_size)
    return {"size": size, "stride": stride, "pad": pairs, "dilation": dilation, "groups": groups}


def _grow(
    name: str, least: list[Length], stride: tuple[int, ...], output_padding: Any, output_size: Any
) -> tuple[Length, ...]:
    """The lengths that ``output_padding`` or ``output_size`` choose among the possible ones."""
    if output_size is None:
        extra = as_lengths(f"{name}: output_padding", output_padding, len(least), 0)
        size = [None if n is None else n + e for n, e in zip(least, extra, strict=True)]
    else:
        size = list(as_lengths(f"{name}: output_size", output_size, len(least)))
    for n, m, s in zip(least, size, stride, strict=True):
        if n is not None and m is not None and not (n <= m < n + s and m >= 1):
            most = tuple([a and a + b - 1 for a, b in zip(least, stride, strict=True)])
            raise ValueError(
                f"{name}: with stride {stride} the output can be {tuple(least)} to {most} long "
                f"and must not be empty; {tuple(size)} was asked for"
            )
    return tuple(size)


def conv_transpose_output_shape(
    x_shape: Sequence[Length], w_shape: Sequence[int], **settings: Any
) -> tuple[Length, ...]:
    """The shape of a transposed convolution's result.

    A length is stride (length - 1) + span - crops + output_padding; the last term
    tells apart the inputs that a strided convolution shortens to the same length.

    Parameters
    ----------
    x_shape, w_shape, **settings
        As for :func:`conv_transpose_settings`, with the same errors.

    Returns
    -------
    tuple of (int or None), (N, C, ...)

    Examples
    --------
    >>> conv_transpose_output_shape((8, 16, 7, 7), (16, 3, 3, 3), stride=2, crop=1)
    (8, 3, 13, 13)
    """
    checked = conv_transpose_settings(x_shape, w_shape, **settings)
    return (x_shape[0], w_shape[1] * checked["groups"], *checked["size"])
