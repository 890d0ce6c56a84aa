"""Spatial pyramid pooling: features of a fixed size from images of any."""

from __future__ import annotations

from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer
from minitorch.utils import as_tuple

__all__ = ["SpatialPyramidPoolingLayer"]

MODES = ("max", "average_inc_pad", "average_exc_pad")


def _fast_windows(length: int, count: int) -> tuple[int, int] | None:
    """Window and stride of ``count`` equal windows over a length; None if there are none."""
    window, stride = -(-length // count), length // count
    fits = stride > 0 and (length - window) // stride + 1 == count
    return (window, stride) if fits else None


class SpatialPyramidPoolingLayer(Layer):
    """Pool an image of any size over grids of several fixed sizes.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, rows, columns).
    pool_dims : list of int
        A grid of p times p regions for every p.
    mode : "max", "average_inc_pad" or "average_exc_pad"
        The last two are the same here: there is no padding.
    implementation : "fast" or "kaiming"
        "fast": one pooling per grid, its windows all of one size. Not every image can be cut
        like that: a length of n has to give ⌊(n - ⌈n / p⌉) / ⌊n / p⌋⌋ + 1 = p windows.
        "kaiming": region i goes from ⌊i n / p⌋ to ⌈(i + 1) n / p⌉, for images of any size.
    name : str, optional

    Raises
    ------
    ValueError
        For another rank, mode or implementation, grids below 1, or an image that "fast"
        cannot cut.
    TypeError
        If a grid is no integer.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun: Spatial pyramid pooling in deep convolutional networks
    for visual recognition, 2014.

    Examples
    --------
    >>> from minitorch.layers import SpatialPyramidPoolingLayer
    >>> SpatialPyramidPoolingLayer((None, 256, None, None)).output_shape
    (None, 256, 21)
    """

    def __init__(
        self,
        incoming: Any,
        pool_dims: Any = (4, 2, 1),
        mode: str = "max",
        implementation: str = "fast",
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        if mode not in MODES:
            raise ValueError(
                f"Mode must be either 'max', 'average_inc_pad' or 'average_exc_pad'. Got '{mode}'"
            )
        if implementation not in ("fast", "kaiming"):
            raise ValueError(f"implementation must be 'fast' or 'kaiming', got {implementation!r}")
        pool_dims = [pool_dims] if isinstance(pool_dims, int) else list(pool_dims)
        self.pool_dims = list(as_tuple(pool_dims, len(pool_dims), int))
        if not self.pool_dims or min(self.pool_dims) < 1:
            raise ValueError(f"pool_dims must be one or more integers from 1 on, got {pool_dims}")
        self.mode = mode
        self.implementation = implementation
        self.output_shape  # noqa: B018 (raises now if the image does not fit)

    def _settings(self) -> dict[str, Any]:
        rest = {"mode": (self.mode, "max"), "implementation": (self.implementation, "fast")}
        return {"pool_dims": self.pool_dims, **{k: v for k, (v, d) in rest.items() if v != d}}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, channels, regions of all grids); ValueError for an image that cannot be cut."""
        if len(input_shape) != 4:
            raise self._fail(
                f"Tried to create a SPP layer with input shape {input_shape!r}. Expected 4 input "
                f"dimensions (batchsize, channels, 2 spatial dimensions)"
            )
        for n in input_shape[2:]:
            for p in self.pool_dims:
                if self.implementation == "fast" and n is not None and not _fast_windows(n, p):
                    raise self._fail(
                        f"implementation='fast' cannot cut the length {n} into {p} windows of one "
                        f"size (input {tuple(input_shape)})",
                        "Use implementation='kaiming', or other pool_dims",
                    )
        return (*input_shape[:2], sum(p * p for p in self.pool_dims))

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The maxima or means of all regions, grid by grid, row by row."""
        self.get_output_shape_for(input.shape)
        if self.implementation == "kaiming":
            return ops.stack([self._region(input, *at) for at in self._regions()], axis=2)
        pool = ops.max_pool2d if self.mode == "max" else ops.avg_pool2d
        levels = []
        for p in self.pool_dims:
            rows, columns = (_fast_windows(n, p) for n in input.shape[2:])
            sizes, strides = zip(rows, columns, strict=True)
            levels.append(ops.flatten(pool(input, sizes, stride=strides), 2))
        return ops.concat(levels, axis=2)

    def _regions(self) -> list[tuple[int, int, int]]:
        return [(p, i, j) for p in self.pool_dims for i in range(p) for j in range(p)]

    def _region(self, input: Any, p: int, i: int, j: int) -> Tensor:
        """The maximum or mean of one region of a p times p grid."""
        places = zip((i, j), input.shape[2:], strict=True)
        rows, columns = (slice(k * n // p, -(-(k + 1) * n // p)) for k, n in places)
        reduce = ops.max if self.mode == "max" else ops.mean
        result: Tensor = reduce(input[:, :, rows, columns], axis=(2, 3))
        return result
