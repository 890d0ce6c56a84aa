"""Max pooling as it is called: max_pool1d, max_pool2d and max_pool3d.

They check the arguments, write them out per axis and call the op of
``ops/pool.py``.
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.pool import max_pool
from minitorch.ops.pool_shape import pool_settings

__all__ = ["max_pool1d", "max_pool2d", "max_pool3d"]


def check_input(name: str, x: Any) -> None:
    """An array of real numbers."""
    if not hasattr(x, "dtype") or not hasattr(x, "shape"):
        raise TypeError(
            f"{name}: x must be a tensor, got a {type(x).__name__}; make one with minitorch.asarray"
        )
    if x.dtype.kind not in "fiu":
        raise TypeError(f"{name}: x must hold real numbers, got {x.dtype}")


def pooled(op: Any, name: str, axes: int, x: Any, window: Any, static: Any, **given: Any) -> Tensor:
    """Check, write out per axis, and pool."""
    check_input(name, x)
    settings = pool_settings(x.shape, window, name=name, axes=axes, **given)
    result: Tensor = op(x, **settings, **static)
    return result


@composite(formula="y[n,c,p] = max_r x[n, c, p·stride + r - pad]")
def max_pool2d(
    x: Tensor,
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
) -> Tensor:
    """The largest element of every window of an image.

    Parameters
    ----------
    x : Tensor, (N, C, H, W)
    window : int or (int, int)
    stride : int or (int, int), optional
        From one window to the next; default: the window, so that they tile.
    pad : int, (int, int) or ((int, int), (int, int))
        Nothing (-inf) around the image, one number for all sides, one per axis or
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

    Notes
    -----
    Of equal elements the first in the window (row-major) wins and gets the
    whole gradient; Theano gave it to each of them. A NaN in a window is its maximum.
    Padding never wins, not even against -inf.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[[1.0, 2.0], [4.0, 3.0]]]], requires_grad=True)
    >>> y = mt.max_pool2d(x, 2)
    >>> y.detach()
    Tensor([[[[4.]]]])
    >>> y.backward()
    >>> x.grad
    Tensor([[[[0., 0.],
              [1., 0.]]]])
    """
    return pooled(
        max_pool,
        "max_pool2d",
        2,
        x,
        window,
        {},
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@composite(formula="y[n,c,p] = max_r x[n, c, p·stride + r - pad]")
def max_pool1d(
    x: Tensor,
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
) -> Tensor:
    """The largest element of every window of a sequence; :func:`max_pool2d` with one spatial axis.

    Parameters
    ----------
    x : Tensor, (N, C, L)
    window, stride, pad, ignore_border
        As for :func:`max_pool2d`.

    Returns
    -------
    Tensor, (N, C, P)

    Raises
    ------
    ValueError, TypeError
        As :func:`max_pool2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[1.0, 5.0, 5.0, 2.0]]], requires_grad=True)
    >>> y = mt.max_pool1d(x, 3, stride=1)
    >>> y.detach()
    Tensor([[[5., 5.]]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[[0., 2., 0., 0.]]])
    """
    return pooled(
        max_pool,
        "max_pool1d",
        1,
        x,
        window,
        {},
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@composite(formula="y[n,c,p] = max_r x[n, c, p·stride + r - pad]")
def max_pool3d(
    x: Tensor,
    window: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ignore_border: bool = True,
) -> Tensor:
    """The largest element of every window of a volume; :func:`max_pool2d` with three spatial axes.

    Parameters
    ----------
    x : Tensor, (N, C, D, H, W)
    window, stride, pad, ignore_border
        As for :func:`max_pool2d`.

    Returns
    -------
    Tensor, (N, C, O, P, Q)

    Raises
    ------
    ValueError, TypeError
        As :func:`max_pool2d`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((2, 3, 4, 4, 6)).requires_grad_()
    >>> y = mt.max_pool3d(x, 2)
    >>> y.shape
    (2, 3, 2, 2, 3)
    >>> y.sum().backward()
    >>> x.grad.sum().item()
    72.0
    """
    return pooled(
        max_pool,
        "max_pool3d",
        3,
        x,
        window,
        {},
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@max_pool1d.samples
def _(make: Any) -> Any:
    yield Sample.of(make.distinct(2, 2, 7), 3, stride=2, pad=((1, 0),))


@max_pool2d.samples
def _(make: Any) -> Any:
    yield Sample.of(make.distinct(1, 2, 5, 6), (2, 3), ignore_border=False)


@max_pool3d.samples
def _(make: Any) -> Any:
    yield Sample.of(make.distinct(1, 2, 3, 4, 3), 2, stride=1, pad=1)
