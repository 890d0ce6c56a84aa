"""Hypothesis strategies for arrays, for minitorch's tests and for those of your own ops.

They draw shapes, shapes that broadcast, dtypes, axes, arrays that stay away
from points where a function is not smooth, and memory layouts: the same values
with steps, negative strides, or strides of 0.

    from hypothesis import given
    import minitorch as mt
    from minitorch.testing import gradcheck, strategies as some

    @given(some.arrays(some.shapes(), away=(0,)))
    def test_my_op(x):
        gradcheck(my_op, x)
"""

from __future__ import annotations

from typing import Any

import numpy as np

import minitorch as mt

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
except ImportError as missing:
    raise ImportError(
        "minitorch.testing.strategies needs hypothesis (pip install 'minitorch[test]')"
    ) from missing

__all__ = [
    "arrays",
    "axes",
    "broadcastable_shapes",
    "dtypes",
    "indices",
    "layouts",
    "shapes",
    "tensors",
]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Strategy = st.SearchStrategy
TINY = 1e-6

_DTYPES = {
    "b": ("bool",),
    "i": ("int8", "int16", "int32", "int64"),
    "u": ("uint8", "uint16", "uint32", "uint64"),
    "f": ("float16", "float32", "float64"),
    "c": ("complex64", "complex128"),
}


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> Strategy[Shape]:
    """Shapes; ``min_side=0`` makes some of them empty.

    Parameters
    ----------
    min_dims, max_dims : int
        Number of axes.
    min_side, max_side : int
        Length of each.

    Examples
    --------
    >>> from hypothesis import given
    >>> from minitorch.testing.strategies import shapes
    >>> @given(shapes(max_dims=2))
    ... def check(shape):
    ...     assert len(shape) <= 2 and all(1 <= n <= 4 for n in shape)
    >>> check()
    """
    sides = st.integers(min_side, max_side)
    return st.lists(sides, min_size=min_dims, max_size=max_dims).map(tuple)


def broadcastable_shapes(
    count: int = 2, max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> Strategy[tuple[Shape, ...]]:
    """Tuples of ``count`` shapes that broadcast against each other.

    Parameters
    ----------
    count : int
        How many.
    max_dims, min_side, max_side : int
        As for :func:`shapes`.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from minitorch.testing.strategies import broadcastable_shapes
    >>> @given(broadcastable_shapes(3))
    ... def check(three):
    ...     np.broadcast_shapes(*three)
    >>> check()
    """
    drawn = hnp.mutually_broadcastable_shapes(
        num_shapes=count, max_dims=max_dims, min_side=min_side, max_side=max_side
    )
    return drawn.map(lambda found: tuple(found.input_shapes))


def dtypes(kinds: str = "f") -> Strategy[Any]:
    """Dtypes of some kinds.

    Parameters
    ----------
    kinds : str
        Letters as of ``numpy.dtype.kind``: b(ool), i(nt), u(int), f(loat), c(omplex).

    Examples
    --------
    >>> from hypothesis import given
    >>> from minitorch.testing.strategies import dtypes
    >>> @given(dtypes("iu"))
    ... def check(dtype):
    ...     assert dtype.kind in "iu"
    >>> check()
    """
    return st.sampled_from([np.dtype(name) for kind in kinds for name in _DTYPES[kind]])


def axes(ndim: int, none: bool = True) -> Strategy[Any]:
    """What an ``axis`` argument may be: None, an int, or a tuple without repetition.

    Parameters
    ----------
    ndim : int
        Of the array; axes are counted from either end.
    none : bool
        Whether None is among them.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from minitorch.testing.strategies import axes
    >>> @given(axes(3))
    ... def check(axis):
    ...     np.zeros((1, 2, 3)).sum(axis=axis)
    >>> check()
    """
    kinds: list[Strategy[Any]] = [st.none()] if none else []
    kinds.append(hnp.valid_tuple_axes(ndim))
    if ndim:
        kinds.append(st.integers(-ndim, ndim - 1))
    return st.one_of(kinds)


def indices(shape: Shape) -> Strategy[Any]:
    """Basic indices of an array of that shape: integers, slices, Ellipsis, None.

    Parameters
    ----------
    shape : tuple of int

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from minitorch.testing.strategies import indices
    >>> @given(indices((2, 3)))
    ... def check(index):
    ...     np.zeros((2, 3))[index]
    >>> check()
    """
    return hnp.basic_indices(shape, allow_newaxis=True)


@st.composite
def arrays(
    draw: Any,
    shape: Any = None,
    dtype: Any = np.float64,
    *,
    low: float = -2.0,
    high: float = 2.0,
    away: tuple[float, ...] = (),
    gap: float = 0.05,
    layout: bool = False,
) -> Array:
    """Arrays with values in [low, high].

    Parameters
    ----------
    shape : tuple of int, or a strategy for it, optional
        Default: :func:`shapes`.
    dtype : dtype, or a strategy for it
    low, high : float
        Bounds of the values; bool arrays have none. Floats nearer to 0 than 1e-6 are 0.
    away : tuple of float
        Points that floating-point values keep a distance from: kinks, poles, ties.
    gap : float
        That distance.
    layout : bool
        In any memory layout, see :func:`layouts`; an axis may repeat one element
        with stride 0, and the array is then read-only. Else contiguous.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from minitorch.testing.strategies import arrays
    >>> @given(arrays((2, 3), low=-1, high=1, away=(0,), gap=0.1))
    ... def check(x):
    ...     assert x.shape == (2, 3) and (np.abs(x) >= 0.1).all() and (np.abs(x) <= 1).all()
    >>> check()
    """
    shape = draw(shapes() if shape is None else shape) if not isinstance(shape, tuple) else shape
    dtype = np.dtype(draw(dtype) if isinstance(dtype, Strategy) else dtype)
    stored = shape
    if layout:  # an axis of one stored element that is used all along has stride 0
        stored = tuple(draw(st.sampled_from([n, n, min(n, 1)])) for n in shape)
    drawn: Array = draw(hnp.arrays(dtype, stored, elements=_elements(dtype, low, high, away, gap)))
    laid = draw(layouts(drawn)) if layout else drawn
    return laid if stored == shape else np.broadcast_to(laid, shape)


def _elements(
    dtype: Any, low: float, high: float, away: tuple[float, ...], gap: float
) -> Strategy[Any]:
    if dtype.kind == "b":
        return st.booleans()
    if dtype.kind in "iu":
        return st.integers(max(0, int(low)) if dtype.kind == "u" else int(low), int(high))
    if dtype.kind == "c":
        parts = st.floats(low, high, width=32)
        return st.builds(complex, parts, parts)
    values = st.floats(*_inward(low, high, dtype), width=8 * dtype.itemsize)
    # A difference quotient cannot measure slopes of 1e-38, which values of that size give.
    values = values.map(lambda x: 0.0 if low <= 0 and abs(x) < TINY else x)
    return values.filter(lambda x: all(abs(x - point) >= gap for point in away))


def _inward(low: float, high: float, dtype: Any) -> tuple[float, float]:
    """The bounds rounded to numbers of the dtype that lie within them."""
    inside = [dtype.type(low), dtype.type(high)]
    if float(inside[0]) < low:
        inside[0] = np.nextafter(inside[0], dtype.type(np.inf))
    if float(inside[1]) > high:
        inside[1] = np.nextafter(inside[1], dtype.type(-np.inf))
    return float(inside[0]), float(inside[1])


@st.composite
def layouts(draw: Any, array: Array) -> Array:
    """The same values in some memory layout.

    Axes may be stored in any order, backwards, or with gaps in between; an axis
    along which all values agree may have stride 0, and the start of the memory
    may not be aligned to anything but the element.

    Parameters
    ----------
    array : np.ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from minitorch.testing.strategies import layouts
    >>> x = np.arange(6.0).reshape(2, 3)
    >>> @given(layouts(x))
    ... def check(same):
    ...     np.testing.assert_array_equal(same, x)
    >>> check()
    """
    order = draw(st.permutations(range(array.ndim)))
    steps = [draw(st.sampled_from([1, 2, -1, -2])) for _ in range(array.ndim)]
    flat = [
        axis
        for axis, n in enumerate(array.shape)
        if n > 1 and (array == array.take([0], axis)).all() and draw(st.booleans())
    ]
    kept = array[tuple(slice(0, 1) if axis in flat else slice(None) for axis in range(array.ndim))]
    stored = kept.transpose(order)
    room = [n * abs(steps[axis]) for n, axis in zip(stored.shape, order, strict=True)]
    offset = draw(st.integers(0, 3))
    memory = np.zeros(offset + int(np.prod(room, dtype=int)), array.dtype)[offset:].reshape(room)
    view = memory[(..., *[slice(None, None, steps[axis]) for axis in order])]
    view[...] = stored
    back = view.transpose(np.argsort(order)) if array.ndim else view
    return np.broadcast_to(back, array.shape) if flat else back


@st.composite
def tensors(draw: Any, shape: Any = None, *, requires_grad: bool = False, **options: Any) -> Any:
    """Tensors; they share the memory, and so the layout, of the array that is drawn.

    Parameters
    ----------
    shape, **options
        As for :func:`arrays`.
    requires_grad : bool

    Examples
    --------
    >>> from hypothesis import given
    >>> from minitorch.testing.strategies import tensors
    >>> @given(tensors((3,), low=0, high=1, requires_grad=True))
    ... def check(x):
    ...     assert x.requires_grad and x.shape == (3,)
    >>> check()
    """
    made = mt.asarray(draw(arrays(shape, **options)))
    return made.requires_grad_() if requires_grad else made
