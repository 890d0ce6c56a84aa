"""Shapes of poolings: what a call means and whether it can be, from shapes alone.

:func:`max_pool1d` and its kin check their arguments here, and the layers ask
the same functions for their output shapes. A length of None is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch.ops.windows import Length, as_lengths, resolve_pad

__all__ = ["pool_output_length", "pool_output_shape", "pool_settings"]


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


def pool_settings(
    x_shape: Sequence[Length],
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
    name: str = "pool",
    axes: int = 0,
) -> dict[str, Any]:
    """The static arguments of the pooling ops, checked and written out per axis.

    Parameters
    ----------
    x_shape : sequence of (int or None), (N, C, ...)
    window, stride, pad, ignore_border
        As for :func:`minitorch.max_pool2d`.
    name : str
        Who is asking, for the error's text.
    axes : int
        The number of spatial axes that there must be; 0: that of x.

    Returns
    -------
    dict
        ``window``, ``stride`` (tuples), ``pad`` (pairs) and ``ignore_border``.

    Raises
    ------
    ValueError
        For a wrong rank, a window larger than the padded input, padding as
        wide as the window, or padding without ``ignore_border``.
    TypeError
        For lengths that are no integers.

    Examples
    --------
    >>> pool_settings((8, 20, 24), 2)
    {'window': (2,), 'stride': (2,), 'pad': ((0, 0),), 'ignore_border': True}
    """
    count = axes or max(1, len(x_shape) - 2)
    if len(x_shape) != count + 2:
        batch = "; add a batch axis of length 1" if len(x_shape) == count + 1 else ""
        raise ValueError(
            f"{name}: x must have {count + 2} axes (batch, channels and {count} spatial), "
            f"got {tuple(x_shape)}{batch}"
        )
    window = as_lengths(f"{name}: window", window, count)
    stride = window if stride is None else as_lengths(f"{name}: stride", stride, count)
    pairs = resolve_pad(f"{name}: pad", pad, window)
    if any(side >= f for f, pair in zip(window, pairs, strict=True) for side in pair):
        raise ValueError(
            f"{name}: pad {pairs} must be smaller than the window {window}, "
            f"or some windows would see no input"
        )
    if not ignore_border and any(map(any, pairs)):
        raise ValueError(f"{name}: pad must be 0 with ignore_border=False, got {pairs}")
    settings = {
        "window": window,
        "stride": stride,
        "pad": pairs,
        "ignore_border": bool(ignore_border),
    }
    if 0 in x_shape[2:] or 0 in _spatial(x_shape, settings):
        raise ValueError(
            f"{name}: the window {window} is larger than the input {tuple(x_shape[2:])} padded by "
            f"{pairs} (x {tuple(x_shape)}); use a smaller window, or ignore_border=False"
        )
    return settings


def _spatial(x_shape: Sequence[Length], settings: dict[str, Any]) -> tuple[Length, ...]:
    """Numbers of windows along the spatial axes."""
    rows = zip(x_shape[2:], settings["window"], settings["stride"], settings["pad"], strict=True)
    return tuple([pool_output_length(*row, settings["ignore_border"]) for row in rows])


def pool_output_shape(
    x_shape: Sequence[Length], window: Any, **settings: Any
) -> tuple[Length, ...]:
    """The shape of a pooling's result; checks everything that shapes can tell.

    Parameters
    ----------
    x_shape, window, **settings
        As for :func:`pool_settings`, with the same errors.

    Returns
    -------
    tuple of (int or None), (N, C, ...)

    Examples
    --------
    >>> pool_output_shape((None, 20, 24, 24), 2)
    (None, 20, 12, 12)
    """
    checked = pool_settings(x_shape, window, **settings)
    return (x_shape[0], x_shape[1], *_spatial(x_shape, checked))
