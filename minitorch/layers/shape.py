"""Layers that change the shape."""

from __future__ import annotations

import math
import numbers
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer
from minitorch.layers.shape_parts import PadLayer, SliceLayer, pad

__all__ = [
    "DimshuffleLayer",
    "FlattenLayer",
    "PadLayer",
    "ReshapeLayer",
    "SliceLayer",
    "dimshuffle",
    "flatten",
    "pad",
    "reshape",
]


def _is_int(value: Any) -> bool:
    return isinstance(value, numbers.Integral)


def _product(lengths: Any) -> int | None:
    """How many elements there are; None if a length is unknown."""
    return None if None in lengths else math.prod(lengths)


class FlattenLayer(Layer):
    """Keep the first ``outdim - 1`` axes and make the rest one.

    Parameters
    ----------
    incoming : Layer or tuple
    outdim : int
        Rank of the output, from 1 to that of the input.
    name : str, optional

    Raises
    ------
    ValueError
        If ``outdim`` is out of this range.

    Examples
    --------
    >>> from minitorch.layers import FlattenLayer
    >>> FlattenLayer((None, 50, 4, 4)).output_shape
    (None, 800)
    """

    def __init__(self, incoming: Any, outdim: int = 2, **kwargs: Any) -> None:
        super().__init__(incoming, **kwargs)
        if outdim < 1:
            raise ValueError(f"Dim must be >0, was {outdim}")
        if outdim > len(self.input_shape):
            raise self._fail(
                f"an input of {len(self.input_shape)} axes cannot be flattened to outdim={outdim}",
                f"Use outdim={len(self.input_shape)} at most",
            )
        self.outdim = outdim

    def _settings(self) -> dict[str, Any]:
        return {"outdim": self.outdim}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The leading axes, then the product of the others (None if one is)."""
        trailing = input_shape[self.outdim - 1 :]
        return (*input_shape[: self.outdim - 1], _product(trailing))

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The input in that shape."""
        return ops.flatten(input, self.outdim - 1)


flatten = FlattenLayer


class ReshapeLayer(Layer):
    """The same elements in another shape.

    Parameters
    ----------
    incoming : Layer or tuple
    shape : tuple
        Of the output: positive integers; ``[i]`` for the length of the input's
        axis i (known or not); an integer tensor without axes, read in every pass;
        and at most one -1, for what is left.
    name : str, optional

    Raises
    ------
    ValueError
        For other entries, references to axes that are not there, or another
        number of elements than the input has.

    Examples
    --------
    >>> from minitorch.layers import ReshapeLayer
    >>> ReshapeLayer((None, 20, 10), ([0], 2, -1)).output_shape
    (None, 2, 100)
    """

    def __init__(self, incoming: Any, shape: Any, **kwargs: Any) -> None:
        super().__init__(incoming, **kwargs)
        self.shape = tuple(shape)
        for entry in self.shape:
            self._check_entry(entry)
        if sum(_is_int(entry) and entry == -1 for entry in self.shape) > 1:
            raise ValueError(f"`shape` cannot contain multiple -1, got {self.shape}")
        self.output_shape  # noqa: B018 (raises now if the elements do not fill it)

    def _check_entry(self, entry: Any) -> None:
        if isinstance(entry, list):
            if len(entry) != 1 or not _is_int(entry[0]) or entry[0] < 0:
                raise ValueError(
                    f"`shape` input references must be single-element lists of int >= 0, got "
                    f"{entry}"
                )
        elif isinstance(entry, Tensor):
            if entry.ndim != 0 or entry.dtype.kind not in "iu":
                raise ValueError(
                    f"a tensor in a shape specification must be an integer scalar, got "
                    f"{entry.dtype} of shape {entry.shape}"
                )
        elif not _is_int(entry):
            raise ValueError(f"`shape` must be a tuple of int and/or [int], got {entry!r} in it")
        elif entry == 0 or entry < -1:
            raise ValueError(f"`shape` integers must be positive or -1, got {entry}")

    def _settings(self) -> dict[str, Any]:
        return {"shape": self.shape}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The shape that was given, with references and -1 resolved where that is possible."""
        return self._resolve(
            input_shape, [None if isinstance(s, Tensor) else s for s in self.shape]
        )

    def _resolve(self, input_shape: Any, wanted: list[Any]) -> tuple[int | None, ...]:
        """``wanted`` with numbers for references and -1."""
        out, rest_in, rest_out = list(wanted), list(input_shape), list(wanted)
        for axis, entry in enumerate(wanted):
            if isinstance(entry, list):
                (source,) = entry
                if source >= len(input_shape):
                    raise self._fail(
                        f"specification contains [{source}], but input shape has "
                        f"{len(input_shape)} dimensions only"
                    )
                out[axis] = rest_out[axis] = input_shape[source]
                if wanted.index(entry) == axis:
                    # An axis that is copied need not be known to infer the others.
                    rest_in[source] = rest_out[axis] = 1
        have = _product(rest_in)
        if -1 in wanted:
            place = wanted.index(-1)
            others = _product(rest_out[:place] + rest_out[place + 1 :])
            known = have is not None and others is not None
            out[place] = rest_out[place] = have // max(others, 1) if known else None
        size = _product(rest_out)
        if None not in (have, size) and have != size:
            raise self._fail(
                f"{tuple(input_shape)} cannot be reshaped to specification {self.shape}. The total "
                f"size mismatches"
            )
        return tuple(out)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The input in that shape."""
        wanted = [int(s.item()) if isinstance(s, Tensor) else s for s in self.shape]
        return ops.reshape(input, shape=self._resolve(input.shape, wanted))


reshape = ReshapeLayer


class DimshuffleLayer(Layer):
    """The input's axes in another order, with axes of length 1 put in or dropped.

    Parameters
    ----------
    incoming : Layer or tuple
    pattern : tuple of (int or "x")
        For every axis of the output: an axis of the input, or "x" for a new one
        of length 1. Axes that are not named are dropped; they must have length 1.
    name : str, optional

    Raises
    ------
    ValueError
        For other entries, axes that are not there or named twice, or a dropped
        axis of another length (at once if it is known, else with the data).

    Examples
    --------
    >>> from minitorch.layers import DimshuffleLayer
    >>> DimshuffleLayer((2, 1, 3, None), (3, 2, 0, "x")).output_shape
    (None, 3, 2, 1)
    """

    def __init__(self, incoming: Any, pattern: Any, **kwargs: Any) -> None:
        super().__init__(incoming, **kwargs)
        self.pattern = tuple(pattern)
        for i, p in enumerate(self.pattern):
            if not (_is_int(p) or (isinstance(p, str) and p == "x")):
                raise ValueError(f"pattern should only contain dimension indices or 'x', not {p!r}")
            if p != "x" and p in self.pattern[:i]:
                raise ValueError(f"pattern contains dimension {p} more than once")
        self.output_shape  # noqa: B018 (raises now if an axis is not there)

    def _settings(self) -> dict[str, Any]:
        return {"pattern": self.pattern}

    def _axes(self) -> tuple[int, ...]:
        """The input's axes that are kept, in the output's order."""
        return tuple(p for p in self.pattern if p != "x")

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The lengths in the pattern's order."""
        rank = len(input_shape)
        for axis in self._axes():
            if not 0 <= axis < rank:
                raise self._fail(
                    f"pattern contains {axis}, but input shape has {rank} dimensions only"
                )
        for axis, length in enumerate(input_shape):
            if axis not in self._axes() and length not in (1, None):
                raise self._fail(
                    f"pattern attempted to collapse dimension {axis} of size {length}; dimensions "
                    f"with size != 1/None are not broadcastable and cannot be collapsed"
                )
        return tuple(1 if p == "x" else input_shape[p] for p in self.pattern)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The input with its axes in that order."""
        shape = self.get_output_shape_for(input.shape)
        kept = self._axes()
        dropped = tuple(axis for axis in range(input.ndim) if axis not in kept)
        return ops.reshape(ops.permute_dims(input, axes=(*kept, *dropped)), shape=shape)


dimshuffle = DimshuffleLayer
