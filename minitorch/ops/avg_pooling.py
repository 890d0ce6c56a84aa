"""Average pooling as it is called: avg_pool1d, avg_pool2d and avg_pool3d."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.max_pooling import pooled
from minitorch.ops.pool_sum import avg_pool

__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool3d"]


@composite(formula="y[n,c,p] = Σ_r x[n, c, p·stride + r - pad] / elements(p)")
def avg_pool2d(
    x: Tensor,
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
    count_padding: bool = False,
) -> Tensor:
    """The mean of every window of an image.

    Parameters
    ----------
    x : Tensor, (N, C, H, W)
    window : int or (int, int)
    stride : int or (int, int), optional
        From one window to the next; default: the window, so that they tile.
    pad : int, (int, int) or ((int, int), (int, int))
        Zeros around the image, one number for all sides, one per axis or
        a (before, after) pair per axis, less than the window.
    ignore_border : bool
        Leave out windows that reach beyond the padded image. With False the
        last one along an axis may, and ``pad`` must be 0.
    count_padding : bool
        Whether the zeros of the padding count as elements of the mean.

    Returns
    -------
    Tensor, (N, C, P, Q)
        Along an axis of length n ⌈(n + pads - window + 1) / stride⌉ windows; with
        ``ignore_border=False`` ⌈n / stride⌉ where the stride is at least the window,
        else max(0, ⌈(n - window) / stride⌉) + 1.

    Raises
    ------
    ValueError
        For a wrong rank, a window larger than the padded image, padding as wide
        as the window, or padding without ``ignore_border``.
    TypeError
        For settings that are no integers, or an x that holds no real numbers.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[[1.0, 2.0], [4.0, 3.0]]]], requires_grad=True)
    >>> y = mt.avg_pool2d(x, 2)
    >>> y.detach()
    Tensor([[[[2.5]]]])
    >>> y.backward()
    >>> x.grad
    Tensor([[[[0.25, 0.25],
              [0.25, 0.25]]]])
    """
    return pooled(
        avg_pool,
        "avg_pool2d",
        2,
        x,
        window,
        {"count_padding": count_padding},
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@composite(formula="y[n,c,p] = Σ_r x[n, c, p·stride + r - pad] / elements(p)")
def avg_pool1d(
    x: Tensor,
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
    count_padding: bool = False,
) -> Tensor:
    """The mean of every window of a sequence; :func:`avg_pool2d` with one spatial axis.

    Parameters
    ----------
    x : Tensor, (N, C, L)
    window, stride, pad, ignore_border, count_padding
        As for :func:`avg_pool2d`.

    Returns
    -------
    Tensor, (N, C, P)

    Raises
    ------
    ValueError, TypeError
        As :func:`avg_pool2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[1.0, 5.0, 5.0]]], requires_grad=True)
    >>> y = mt.avg_pool1d(x, 2, ignore_border=False)
    >>> y.detach()
    Tensor([[[3., 5.]]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[[0.5, 0.5, 1. ]]])
    """
    return pooled(
        avg_pool,
        "avg_pool1d",
        1,
        x,
        window,
        {"count_padding": count_padding},
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@composite(formula="y[n,c,p] = Σ_r x[n, c, p·stride + r - pad] / elements(p)")
def avg_pool3d(
    x: Tensor,
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
    count_padding: bool = False,
) -> Tensor:
    """The mean of every window of a volume; :func:`avg_pool2d` with three spatial axes.

    Parameters
    ----------
    x : Tensor, (N, C, D, H, W)
    window, stride, pad, ignore_border, count_padding
        As for :func:`avg_pool2d`.

    Returns
    -------
    Tensor, (N, C, O, P, Q)

    Raises
    ------
    ValueError, TypeError
        As :func:`avg_pool2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((2, 3, 4, 4, 6)).requires_grad_()
    >>> y = mt.avg_pool3d(x, 2)
    >>> y.shape
    (2, 3, 2, 2, 3)
    >>> y.sum().backward()
    >>> x.grad.sum().item()
    72.0
    """
    return pooled(
        avg_pool,
        "avg_pool3d",
        3,
        x,
        window,
        {"count_padding": count_padding},
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@avg_pool1d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 2, 7), 3, stride=2, pad=((1, 0),), count_padding=True)


@avg_pool2d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(1, 2, 5, 6), (2, 3), ignore_border=False)


@avg_pool3d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(1, 2, 3, 4, 3), 2, stride=1, pad=1)
