"""``theano.tensor.signal.pool``."""

from __future__ import annotations

import functools
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.compat.theano.expression import deferred

_OPS = {
    "max": ops.max_pool2d,
    "sum": ops.sum_pool2d,
    "average_inc_pad": functools.partial(ops.avg_pool2d, count_padding=True),
    "average_exc_pad": ops.avg_pool2d,
}


@deferred
def pool_2d(
    input: Any,
    ws: Any = None,
    ignore_border: bool = True,
    stride: Any = None,
    pad: Any = (0, 0),
    mode: str = "max",
    ds: Any = None,
    st: Any = None,
    padding: Any = None,
) -> Tensor:
    """Pooling of images; ``ds``, ``st`` and ``padding`` are the older names.

    Examples
    --------
    >>> from minitorch.compat.theano import tensor as T
    >>> x = T.tensor4("x")
    >>> pool_2d(x, (2, 2)).eval({x: [[[[1.0, 2.0], [4.0, 3.0]]]]})
    array([[[[4.]]]], dtype=float32)
    """
    if mode not in _OPS:
        raise ValueError(f"pool_2d: mode is one of {', '.join(_OPS)}, not {mode!r}")
    border = {"pad": pad if padding is None else padding, "ignore_border": ignore_border}
    steps = stride if st is None else st
    return _OPS[mode](asarray(input), ds if ws is None else ws, stride=steps, **border)
