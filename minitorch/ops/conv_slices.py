"""What is asked about a convolution of volumes on the CPU, asked about its slices.

The kernels compute slice o of y as the convolution of an image whose channels are the planes that
the filters see there, c times the taps down the depth (csrc/cpu/conv3d). Which rung can do a
convolution of images, and which is the one to choose, other files say; here they are asked about
these images.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from minitorch.ops.conv_shape import conv_output_length

__all__ = ["by_filters", "by_images"]

Verdict = Callable[..., Any]


class _Images(NamedTuple):
    """Shape and dtype, all that verdicts look at."""

    shape: tuple[int, ...]
    dtype: Any


def _images(volumes: Any, slices: int, taps: int = 1) -> _Images:
    """``slices`` images of each volume, with ``taps`` planes of each of its channels."""
    n, channels, _, *plane = volumes.shape
    return _Images((n * slices, channels * taps, *plane), volumes.dtype)


def _planar(stride: Any, pad: Any, dilation: Any, size: Any, **static: Any) -> dict[str, Any]:
    """The static arguments without the depth."""
    planar = {"stride": stride[1:], "pad": pad[1:], "dilation": dilation[1:], **static}
    return planar if size is None else planar | {"size": size[1:]}


def by_filters(verdict: Verdict) -> Verdict:
    """``verdict`` on a ``conv_fwd`` (x, w) or ``conv_dgrad`` (dy, w), of volumes too.

    Examples
    --------
    >>> import numpy as np
    >>> ask = by_filters(lambda x, w, **static: (x.shape, w.shape, static["stride"]))
    >>> x, w = np.ones((2, 4, 8, 9, 9)), np.ones((5, 4, 3, 2, 2))
    >>> ask(x, w, stride=(2, 1, 1), pad=((1, 0), (0, 0), (0, 0)), dilation=(1, 1, 1), groups=1)
    ((8, 12, 9, 9), (5, 12, 2, 2), (1, 1))
    """

    @functools.wraps(verdict)
    def answer(first: Any, w: Any, *rest: Any, size: Any = None, **static: Any) -> Any:
        given = {} if size is None else {"size": size}
        if len(first.shape) != 5:
            return verdict(first, w, *rest, **given, **static)
        taps = w.shape[2]
        filters = _Images((w.shape[0], w.shape[1] * taps, *w.shape[3:]), w.dtype)
        if size is None:
            row = (static[name][0] for name in ("stride", "pad", "dilation"))
            seen = _images(first, conv_output_length(first.shape[2], taps, *row), taps)
        else:
            seen = _images(first, first.shape[2])
        return verdict(seen, filters, *rest, **_planar(size=size, **static))

    return answer


def by_images(verdict: Verdict) -> Verdict:
    """``verdict`` on a ``conv_wgrad`` (x, dy), of volumes too."""

    @functools.wraps(verdict)
    def answer(x: Any, dy: Any, *rest: Any, size: Any, **static: Any) -> Any:
        if len(x.shape) == 5:
            x, dy = _images(x, dy.shape[2], size[0]), _images(dy, dy.shape[2])
            return verdict(x, dy, *rest, **_planar(size=size, **static))
        return verdict(x, dy, *rest, size=size, **static)

    return answer
