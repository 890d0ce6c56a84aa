"""Layers that join several inputs, and the cropping that makes them fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.layers.base import MergeLayer, Shape, shown_function
from minitorch.utils import as_tuple

__all__ = [
    "ConcatLayer",
    "ElemwiseMergeLayer",
    "ElemwiseSumLayer",
    "autocrop",
    "autocrop_array_shapes",
    "concat",
]

MODES = (None, "lower", "upper", "center")


def _modes(ranks: list[int], cropping: Any) -> list[Any]:
    """A crop mode for every axis."""
    if len(set(ranks)) > 1:
        raise ValueError(
            f"Not all inputs are of the same dimensionality. Got {len(ranks)} inputs of "
            f"dimensionalities {ranks}."
        )
    if isinstance(cropping, str):
        raise ValueError(f"cropping is a list with a mode per axis, got {cropping!r}")
    for mode in cropping:
        if mode not in MODES:
            raise ValueError(
                f"Unknown crop mode {mode!r}; use None, 'lower', 'upper' or 'center' per axis"
            )
    rank = ranks[0] if ranks else 0
    return [*cropping, *[None] * rank][:rank]


def autocrop_array_shapes(input_shapes: Sequence[Any], cropping: Any) -> list[Shape]:
    """The shapes that :func:`autocrop` would leave.

    Parameters
    ----------
    input_shapes : list of tuple of (int or None)
    cropping : list of (None, "lower", "upper" or "center"), or None
        As for :func:`autocrop`.

    Returns
    -------
    list of tuple of (int or None)
        A cropped axis is unknown if it is in one of the shapes.

    Raises
    ------
    ValueError
        For shapes of different ranks, or another mode.

    Examples
    --------
    >>> autocrop_array_shapes([(2, 3, 5), (4, 2, None)], [None, "lower", "center"])
    [(2, 2, None), (4, 2, None)]
    """
    shapes = [tuple(shape) for shape in input_shapes]
    if cropping is None:
        return shapes
    columns = []
    modes = _modes([len(shape) for shape in shapes], cropping)
    for mode, lengths in zip(modes, zip(*shapes, strict=True), strict=True):
        shortest = None if None in lengths else min(lengths)
        columns.append(lengths if mode is None else (shortest,) * len(lengths))
    return list(zip(*columns, strict=True)) if columns else shapes


def autocrop(inputs: Sequence[Tensor], cropping: Any) -> list[Tensor]:
    """Cut tensors down to the smallest of them, axis by axis.

    Parameters
    ----------
    inputs : list of Tensor
        Of one rank.
    cropping : list of (None, "lower", "upper" or "center"), or None
        For every axis: leave it alone; keep the beginning, the end, or the
        middle (one more is cut off at the end where it does not come out even).
        Axes at the end that are not mentioned are left alone.

    Returns
    -------
    list of Tensor

    Raises
    ------
    ValueError
        For inputs of different ranks, or another mode.

    Examples
    --------
    >>> import minitorch as mt
    >>> a, b = autocrop([mt.arange(5), mt.arange(2)], ["center"])
    >>> a, b
    (Tensor([1, 2]), Tensor([0, 1]))
    """
    if cropping is None:
        return list(inputs)
    modes = _modes([one.ndim for one in inputs], cropping)
    sizes = autocrop_array_shapes([one.shape for one in inputs], cropping)
    return [_cut(one, size, modes) for one, size in zip(inputs, sizes, strict=True)]


def _cut(x: Tensor, shape: Any, modes: list[Any]) -> Tensor:
    """The part of ``shape`` that the modes choose."""
    parts = []
    for length, size, mode in zip(x.shape, shape, modes, strict=True):
        surplus = length - size
        first = {"upper": surplus, "center": surplus // 2}.get(mode, 0)
        parts.append(slice(first, first + size))
    return x[tuple(parts)]


def _agreed(shapes: list[Any], free: int | None = None) -> list[int | None] | None:
    """For every axis the length that is known; None if two differ, but along ``free``."""
    if len({len(shape) for shape in shapes}) > 1:
        return None
    out: list[int | None] = []
    for axis, lengths in enumerate(zip(*shapes, strict=True)):
        known = [n for n in lengths if n is not None]
        if axis != free and len(set(known)) > 1:
            return None
        out.append(known[0] if known else None)
    return out


class _CroppingLayer(MergeLayer):
    """A merge layer whose inputs are cropped first."""

    def __init__(self, incomings: Sequence[Any], cropping: Any = None, **kwargs: Any) -> None:
        super().__init__(incomings, **kwargs)
        if not self.input_shapes:
            raise ValueError(f"{type(self).__name__}: needs at least one incoming layer")
        self.cropping = cropping

    def _cropping(self) -> dict[str, Any]:
        return {} if self.cropping is None else {"cropping": self.cropping}

    def _cropped(self, input_shapes: Any) -> list[Any]:
        try:
            return autocrop_array_shapes(input_shapes, self.cropping)
        except ValueError as error:
            raise self._fail(str(error).rstrip(".")) from None


class ConcatLayer(_CroppingLayer):
    """Put inputs side by side along one axis.

    Parameters
    ----------
    incomings : list of Layer or tuple
    axis : int
    cropping : list of (None, "lower", "upper" or "center"), optional
        Crop the other axes to the smallest input; see :func:`autocrop`.
    name : str, optional

    Raises
    ------
    ValueError
        If the shapes differ in another axis than this one, or there is no such axis.

    Examples
    --------
    >>> from minitorch.layers import ConcatLayer
    >>> ConcatLayer([(None, 3, 8, 8), (None, 5, 8, 8)]).output_shape
    (None, 8, 8, 8)
    >>> shapes = [(None, 3, 8, 8), (None, 5, 4, 4)]
    >>> ConcatLayer(shapes, cropping=[None, None, "center", "center"]).output_shape
    (None, 8, 4, 4)
    """

    def __init__(
        self, incomings: Sequence[Any], axis: int = 1, cropping: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(incomings, cropping, **kwargs)
        (self.axis,) = as_tuple(axis, 1, int)
        rank = len(self.input_shapes[0])
        if not -rank <= self.axis < rank:
            raise self._fail(
                f"inputs of {rank} axes have no axis={axis}", f"Use an axis from 0 to {rank - 1}"
            )
        if cropping is not None and not isinstance(cropping, str):
            # The axis itself is never cropped.
            place = self.axis % rank
            self.cropping = [None if i == place else mode for i, mode in enumerate(cropping)]
        self.output_shape  # noqa: B018 (raises now if the shapes do not fit)

    def _settings(self) -> dict[str, Any]:
        return {"axis": self.axis, **self._cropping()}

    def get_output_shape_for(self, input_shapes: Any) -> Any:
        """The inputs' shape, with their lengths along the axis added up."""
        shapes = self._cropped(input_shapes)
        place = self.axis % len(shapes[0])
        out = _agreed(shapes, place)
        if out is None:
            raise self._fail(
                f"Mismatch: input shapes must be the same except in the concatenation axis, "
                f"axis={self.axis}; they are {', '.join(map(str, shapes))}",
                "Crop the others with `cropping`" if self.cropping is None else "",
            )
        lengths = [shape[place] for shape in shapes]
        out[place] = None if None in lengths else sum(lengths)
        return tuple(out)

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """The inputs, cropped and side by side."""
        return ops.concat(autocrop(inputs, self.cropping), axis=self.axis)


concat = ConcatLayer


class ElemwiseMergeLayer(_CroppingLayer):
    """Combine inputs of one shape, element by element: f(f(x1, x2), x3) and so on.

    Parameters
    ----------
    incomings : list of Layer or tuple
    merge_function : callable
        From two tensors to one, such as ``minitorch.multiply``.
    cropping : list of (None, "lower", "upper" or "center"), optional
        Crop all to the smallest; see :func:`autocrop`.
    name : str, optional

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import ElemwiseMergeLayer, InputLayer, get_output
    >>> a, b = InputLayer((None, 2)), InputLayer((None, 2))
    >>> net = ElemwiseMergeLayer([a, b], mt.maximum)
    >>> get_output(net, {a: [[1.0, 4.0]], b: [[3.0, 2.0]]})
    Tensor([[3., 4.]])
    """

    def __init__(
        self, incomings: Sequence[Any], merge_function: Any, cropping: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(incomings, cropping, **kwargs)
        self.merge_function = merge_function
        self.output_shape  # noqa: B018 (raises now if the shapes differ)

    def _settings(self) -> dict[str, Any]:
        return {"merge_function": shown_function(self.merge_function), **self._cropping()}

    def get_output_shape_for(self, input_shapes: Any) -> Any:
        """The shape that all have, once they are cropped."""
        shapes = self._cropped(input_shapes)
        out = _agreed(shapes)
        if out is None:
            raise self._fail(
                f"Mismatch: not all input shapes are the same; they are "
                f"{', '.join(map(str, shapes))}",
                "Crop them with `cropping`" if self.cropping is None else "",
            )
        return tuple(out)

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """The inputs, cropped and combined from the left."""
        first, *others = autocrop(inputs, self.cropping)
        for other in others:
            first = self.merge_function(first, other)
        return first


class ElemwiseSumLayer(ElemwiseMergeLayer):
    """The sum of inputs of one shape, each times a number.

    Parameters
    ----------
    incomings : list of Layer or tuple
    coeffs : number, or list of as many as there are inputs
    cropping : list of (None, "lower", "upper" or "center"), optional
        Crop all to the smallest; see :func:`autocrop`.
    name : str, optional

    Raises
    ------
    ValueError
        If the shapes differ, or there is another number of coefficients.

    Examples
    --------
    >>> from minitorch.layers import ElemwiseSumLayer, InputLayer, get_output
    >>> a, b = InputLayer((None, 2)), InputLayer((None, 2))
    >>> net = ElemwiseSumLayer([a, b], coeffs=[1, -1])
    >>> get_output(net, {a: [[1.0, 4.0]], b: [[3.0, 2.0]]})
    Tensor([[-2.,  2.]])
    """

    def __init__(
        self, incomings: Sequence[Any], coeffs: Any = 1, cropping: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(incomings, ops.add, cropping=cropping, **kwargs)
        count = len(self.input_shapes)
        several = isinstance(coeffs, list | tuple)
        if several and len(coeffs) != count:
            raise ValueError(f"Mismatch: got {len(coeffs)} coeffs for {count} incomings")
        self.coeffs = list(coeffs) if several else [coeffs] * count

    def _settings(self) -> dict[str, Any]:
        return {"coeffs": self.coeffs, **self._cropping()}

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """The weighted sum."""
        pairs = zip(inputs, self.coeffs, strict=True)
        weighted = [x * c if isinstance(c, Tensor) or c != 1 else x for x, c in pairs]
        return super().get_output_for(weighted, **kwargs)
