"""Transposed convolutions as they are called: conv_transpose1d to conv_transpose3d.

The transpose (adjoint) of a convolution is its input gradient, the op ``conv_dgrad``
of ``ops/conv.py``: every pixel stamps a filter on the result. It is also called a
deconvolution, though it inverts nothing, or a fractionally strided convolution.
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.conv import conv_dgrad
from minitorch.ops.conv_shape import conv_transpose_settings
from minitorch.ops.convolve import check_inputs, flipped

__all__ = ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


def _conv_transpose(
    name: str, axes: int, x: Any, w: Any, b: Any, flip: bool, **given: Any
) -> Tensor:
    """Check, write out per axis, run the input gradient of a convolution, add the bias."""
    check_inputs(name, x, w, b, None)
    settings = conv_transpose_settings(x.shape, w.shape, name=name, axes=axes, **given)
    check_inputs(name, x, w, b, w.shape[1] * settings["groups"])
    result: Tensor = conv_dgrad(x, flipped(w) if flip else w, **settings)
    return result if b is None else result + b.reshape((-1, *[1] * axes))


@composite(formula="y[n,c,q] = Σ_{k,r: q = p·stride + r·dilation - crop} x[n,k,p] w[k,c,r] + b[c]")
def conv_transpose2d(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    stride: Any = 1,
    crop: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    output_padding: Any = 0,
    output_size: Any = None,
    flip_filters: bool = False,
) -> Tensor:
    """Stamp each filter, scaled by each pixel, on a larger image: the adjoint of :func:`conv2d`.

    ``conv_transpose2d(x, w, stride=s, crop=p)`` is the input gradient of a
    ``conv2d`` with the same w, stride s and pad p, and so has its shapes in reverse.

    Parameters
    ----------
    x : Tensor, (N, K, P, Q)
    w : Tensor, (K, C / groups, R, S)
        Of the shape of that convolution's filters: the first axis meets the
        channels of x, the second one makes those of the result.
    b : Tensor, (C,), optional
    stride : int or (int, int)
        Pixels of the result from one stamp to the next.
    crop : as ``pad`` of :func:`conv2d`
        What to cut off around the result.
    dilation : int or (int, int)
    groups : int
    output_padding : int or (int, int)
        Rows and columns to add at the end, less than the stride.
    output_size : int or (int, int), optional
        Spatial shape of the result, instead of ``output_padding``: a strided
        convolution shortens several sizes to the same one.
    flip_filters : bool
        Turn the filters round first: the adjoint of ``conv2d(flip_filters=True)``.

    Returns
    -------
    Tensor, (N, C, H, W)
        H = stride (P - 1) + dilation (R - 1) + 1 - crops + output_padding, W likewise.

    Raises
    ------
    ValueError
        For ranks, channels or groups that do not fit, or an output size that
        no such convolution maps to (P, Q).
    TypeError
        For settings that are no integers, or inputs that are no numbers.

    References
    ----------
    Zeiler, Krishnan, Taylor, Fergus: Deconvolutional networks, 2010.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((1, 1, 2, 2)).requires_grad_()
    >>> y = mt.conv_transpose2d(x, mt.ones((1, 1, 2, 2)))
    >>> y.detach()
    Tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    >>> y.sum().backward()
    >>> x.grad[0, 0, 0, 0].item()
    4.0
    """
    return _conv_transpose(
        "conv_transpose2d",
        2,
        x,
        w,
        b,
        flip_filters,
        stride=stride,
        crop=crop,
        dilation=dilation,
        groups=groups,
        output_padding=output_padding,
        output_size=output_size,
    )


@composite(formula=conv_transpose2d.formula)
def conv_transpose1d(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    stride: Any = 1,
    crop: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    output_padding: Any = 0,
    output_size: Any = None,
    flip_filters: bool = False,
) -> Tensor:
    """The adjoint of :func:`conv1d`; :func:`conv_transpose2d` with one spatial axis.

    Parameters
    ----------
    x : Tensor, (N, K, P)
    w : Tensor, (K, C / groups, R)
    b : Tensor, (C,), optional
    stride, crop, dilation, groups, output_padding, output_size, flip_filters
        As for :func:`conv_transpose2d`.

    Returns
    -------
    Tensor, (N, C, L)

    Raises
    ------
    ValueError, TypeError
        As :func:`conv_transpose2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[1.0, 2.0]]], requires_grad=True)
    >>> y = mt.conv_transpose1d(x, mt.asarray([[[1.0, 10.0, 100.0]]]), stride=2)
    >>> y.detach()
    Tensor([[[  1.,  10., 102.,  20., 200.]]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[[111., 111.]]])
    """
    return _conv_transpose(
        "conv_transpose1d",
        1,
        x,
        w,
        b,
        flip_filters,
        stride=stride,
        crop=crop,
        dilation=dilation,
        groups=groups,
        output_padding=output_padding,
        output_size=output_size,
    )


@composite(formula=conv_transpose2d.formula)
def conv_transpose3d(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    stride: Any = 1,
    crop: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    output_padding: Any = 0,
    output_size: Any = None,
    flip_filters: bool = False,
) -> Tensor:
    """The adjoint of :func:`conv3d`; :func:`conv_transpose2d` with three spatial axes.

    Parameters
    ----------
    x : Tensor, (N, K, O, P, Q)
    w : Tensor, (K, C / groups, T, R, S)
    b : Tensor, (C,), optional
    stride, crop, dilation, groups, output_padding, output_size, flip_filters
        As for :func:`conv_transpose2d`.

    Returns
    -------
    Tensor, (N, C, D, H, W)

    Raises
    ------
    ValueError, TypeError
        As :func:`conv_transpose2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((2, 3, 4, 4, 4)).requires_grad_()
    >>> y = mt.conv_transpose3d(x, mt.ones((3, 1, 2, 2, 2)), stride=2)
    >>> y.shape
    (2, 1, 8, 8, 8)
    >>> y.sum().backward()
    >>> x.grad[0, 0, 0, 0, 0].item()
    8.0
    """
    return _conv_transpose(
        "conv_transpose3d",
        3,
        x,
        w,
        b,
        flip_filters,
        stride=stride,
        crop=crop,
        dilation=dilation,
        groups=groups,
        output_padding=output_padding,
        output_size=output_size,
    )


@conv_transpose1d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 2, 3), make(2, 3, 3), make(3), stride=2, output_size=8)


@conv_transpose2d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 2, 3, 2), make(2, 2, 3, 2), make(2), stride=2, crop=1)
    yield Sample.of(make(1, 4, 3, 2), make(4, 1, 2, 2), groups=2, dilation=2, flip_filters=True)


@conv_transpose3d.samples
def _(make: Any) -> Any:
    yield Sample.of(
        make(1, 2, 2, 3, 2), make(2, 1, 2, 1, 2), stride=(2, 1, 1), output_padding=(1, 0, 0)
    )
