"""Sum pooling as it is called: sum_pool1d, sum_pool2d and sum_pool3d."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.max_pooling import pooled
from minitorch.ops.pool_sum import sum_pool

__all__ = ["sum_pool1d", "sum_pool2d", "sum_pool3d"]


@composite(formula="y[n,c,p] = Σ_r x[n, c, p·stride + r - pad]")
def sum_pool2d(
    x: Tensor,
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
) -> Tensor:
    """The sum of every window of an image.

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
    >>> y = mt.sum_pool2d(x, (1, 2))
    >>> y.detach()
    Tensor([[[[3.],
              [7.]]]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[[[1., 1.],
              [1., 1.]]]])
    """
    return pooled(
        sum_pool,
        "sum_pool2d",
        2,
        x,
        window,
        {},
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@composite(formula="y[n,c,p] = Σ_r x[n, c, p·stride + r - pad]")
def sum_pool1d(
    x: Tensor,
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
) -> Tensor:
    """The sum of every window of a sequence; :func:`sum_pool2d` with one spatial axis.

    Parameters
    ----------
    x : Tensor, (N, C, L)
    window, stride, pad, ignore_border
        As for :func:`sum_pool2d`.

    Returns
    -------
    Tensor, (N, C, P)

    Raises
    ------
    ValueError, TypeError
        As :func:`sum_pool2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[1.0, 5.0, 5.0]]], requires_grad=True)
    >>> y = mt.sum_pool1d(x, 2, stride=1)
    >>> y.detach()
    Tensor([[[ 6., 10.]]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[[1., 2., 1.]]])
    """
    return pooled(
        sum_pool,
        "sum_pool1d",
        1,
        x,
        window,
        {},
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@composite(formula="y[n,c,p] = Σ_r x[n, c, p·stride + r - pad]")
def sum_pool3d(
    x: Tensor,
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
) -> Tensor:
    """The sum of every window of a volume; :func:`sum_pool2d` with three spatial axes.

    Parameters
    ----------
    x : Tensor, (N, C, D, H, W)
    window, stride, pad, ignore_border
        As for :func:`sum_pool2d`.

    Returns
    -------
    Tensor, (N, C, O, P, Q)

    Raises
    ------
    ValueError, TypeError
        As :func:`sum_pool2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((2, 3, 4, 4, 6)).requires_grad_()
    >>> y = mt.sum_pool3d(x, 2)
    >>> y.shape
    (2, 3, 2, 2, 3)
    >>> y.sum().backward()
    >>> x.grad.sum().item()
    576.0
    """
    return pooled(
        sum_pool,
        "sum_pool3d",
        3,
        x,
        window,
        {},
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@sum_pool1d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 2, 7), 3, stride=2, pad=((1, 0),))


@sum_pool2d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(1, 2, 5, 6), (2, 3), ignore_border=False)


@sum_pool3d.samples
def _(make: Any) -> Any:
    yield Sample.of(make(1, 2, 3, 4, 3), 2, stride=1, pad=1)
