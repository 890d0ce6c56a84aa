"""Convolutions as they are called: conv1d, conv2d and conv3d.

They check the arguments, write them out per axis and call the op of
``ops/conv.py``. All of them compute cross-correlation, y[p] = Σ_r x[p + r] w[r];
``flip_filters=True`` turns every filter round first, which makes it the
convolution of the textbooks, y[p] = Σ_r x[p - r] w[r] (up to where p starts).
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.conv import conv_fwd
from minitorch.ops.conv_shape import conv_settings

__all__ = ["conv1d", "conv2d", "conv3d"]


def check_inputs(name: str, x: Any, w: Any, b: Any, filters: int | None) -> None:
    """Arrays of numbers, and a bias of one value per filter."""
    for what, value in (("x", x), ("w", w), ("b", b)):
        if value is None and what == "b":
            continue
        if not hasattr(value, "dtype") or not hasattr(value, "shape"):
            raise TypeError(
                f"{name}: {what} must be a tensor, got a {type(value).__name__}; "
                f"make one with minitorch.asarray"
            )
        if value.dtype.kind not in "fiuc":
            raise TypeError(
                f"{name}: {what} must hold numbers, got {value.dtype}; cast it with astype"
            )
    if b is not None and filters is not None and tuple(b.shape) != (filters,):
        raise ValueError(
            f"{name}: b must have one value per filter, ({filters},), got {tuple(b.shape)}"
        )


def flipped(w: Any) -> Any:
    """Every filter turned round along all its spatial axes."""
    return w[(slice(None), slice(None), *[slice(None, None, -1)] * (len(w.shape) - 2))]


def _conv(name: str, axes: int, x: Any, w: Any, b: Any, flip: bool, **given: Any) -> Tensor:
    """Check, write out per axis, and convolve."""
    check_inputs(name, x, w, b, None)
    settings = conv_settings(x.shape, w.shape, name=name, axes=axes, **given)
    check_inputs(name, x, w, b, w.shape[0])
    result: Tensor = conv_fwd(x, flipped(w) if flip else w, b, **settings)
    return result


@composite(formula="y[n,k,p] = Σ_{c,r} x[n, c, p·stride + r·dilation - pad] w[k,c,r] + b[k]")
def conv2d(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    flip_filters: bool = False,
) -> Tensor:
    """Slide filters over images and take the inner product at each place.

    Parameters
    ----------
    x : Tensor, (N, C, H, W)
        N images of C channels.
    w : Tensor, (K, C / groups, R, S)
        K filters of R rows and S columns.
    b : Tensor, (K,), optional
        Added to each filter's result.
    stride : int or (int, int)
        Pixels from one place to the next.
    pad : int, (int, int), ((int, int), (int, int)), 'valid', 'same' or 'full'
        Zeros around the image: one number for all sides, one per axis, a
        (before, after) pair per axis, or a word: none; as many as keep the size
        at stride 1; as many as let every filter meet every pixel.
    dilation : int or (int, int)
        Pixels from one tap of a filter to the next.
    groups : int
        Channels and filters are split into so many groups that do not see each
        other; C groups make a depthwise convolution.
    flip_filters : bool
        Turn the filters round first: convolution instead of cross-correlation.

    Returns
    -------
    Tensor, (N, K, P, Q)
        P = ⌊(H + before + after - dilation (R - 1) - 1) / stride⌋ + 1, Q likewise.

    Raises
    ------
    ValueError
        For ranks, channels or groups that do not fit, a filter larger than the
        padded image, strides or dilations below 1, and 'same' with filters
        that cover an even number of pixels: no symmetric padding keeps the
        size then, so say which side gets more, e.g. ``pad=((1, 2), (1, 2))``.
    TypeError
        For settings that are no integers, or inputs that are no numbers.

    Notes
    -----
    An empty batch (N = 0) is allowed and gives an empty result.

    On the CPU a float32 convolution with 3 x 3 or 5 x 5 filters and stride 1 may be computed by
    Winograd's formula, faster and a little less exactly; :func:`minitorch.set_winograd` forbids it.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document
    recognition, 1998.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((8, 3, 32, 32))
    >>> w = mt.zeros((16, 3, 5, 5)).requires_grad_()
    >>> y = mt.conv2d(x, w, stride=2, pad="same")
    >>> y.shape
    (8, 16, 16, 16)
    >>> y.sum().backward()
    >>> w.grad.shape, w.grad[0, 0, 2, 2].item()  # the middle tap sees 8 · 16 · 16 pixels
    ((16, 3, 5, 5), 2048.0)
    """
    return _conv(
        "conv2d", 2, x, w, b, flip_filters, stride=stride, pad=pad, dilation=dilation, groups=groups
    )


@composite(formula=conv2d.formula)
def conv1d(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    flip_filters: bool = False,
) -> Tensor:
    """Slide filters along sequences; :func:`conv2d` with one spatial axis.

    Parameters
    ----------
    x : Tensor, (N, C, L)
    w : Tensor, (K, C / groups, R)
    b : Tensor, (K,), optional
    stride, pad, dilation, groups, flip_filters
        As for :func:`conv2d`; a (before, after) pad is ``((before, after),)``.

    Returns
    -------
    Tensor, (N, K, P)

    Raises
    ------
    ValueError, TypeError
        As :func:`conv2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.asarray([[[1.0, 2.0, 4.0, 8.0]]])
    >>> w = mt.tensor([[[-1.0, 1.0]]], requires_grad=True)
    >>> y = mt.conv1d(x, w)
    >>> y.detach()
    Tensor([[[1., 2., 4.]]])
    >>> y.sum().backward()
    >>> w.grad
    Tensor([[[ 7., 14.]]])
    """
    return _conv(
        "conv1d", 1, x, w, b, flip_filters, stride=stride, pad=pad, dilation=dilation, groups=groups
    )


@composite(formula=conv2d.formula)
def conv3d(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    flip_filters: bool = False,
) -> Tensor:
    """Slide filters through volumes; :func:`conv2d` with three spatial axes.

    Parameters
    ----------
    x : Tensor, (N, C, D, H, W)
    w : Tensor, (K, C / groups, T, R, S)
    b : Tensor, (K,), optional
    stride, pad, dilation, groups, flip_filters
        As for :func:`conv2d`.

    Returns
    -------
    Tensor, (N, K, O, P, Q)

    Raises
    ------
    ValueError, TypeError
        As :func:`conv2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((2, 1, 4, 5, 6)).requires_grad_()
    >>> y = mt.conv3d(x, mt.ones((3, 1, 2, 2, 2)))
    >>> y.shape
    (2, 3, 3, 4, 5)
    >>> y.sum().backward()
    >>> x.grad[0, 0, 0, 0, 0].item()  # a corner is seen once by each of the 3 filters
    3.0
    """
    return _conv(
        "conv3d", 3, x, w, b, flip_filters, stride=stride, pad=pad, dilation=dilation, groups=groups
    )


@conv1d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 2, 6), make(3, 2, 3), make(3), stride=2, pad="same")
    yield Sample.of(make(1, 2, 5), make(2, 1, 2), groups=2, pad="full", flip_filters=True)


@conv2d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 2, 5, 4), make(3, 2, 3, 3), make(3), pad=((1, 0), (2, 1)))
    yield Sample.of(make(2, 2, 5, 4), make(3, 2, 2, 3), stride=(2, 1), flip_filters=True)


@conv3d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(1, 2, 3, 4, 3), make(2, 2, 2, 2, 2), make(2), stride=(1, 2, 1), pad=1)
