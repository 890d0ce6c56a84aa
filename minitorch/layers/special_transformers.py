"""Spatial transformers: networks that choose where to look."""

from __future__ import annotations

import math
import numbers
from typing import Any

from minitorch import linalg, ops
from minitorch.autograd import Tensor
from minitorch.layers.base import MergeLayer
from minitorch.ops.sampling import BORDERS
from minitorch.utils import as_tuple

__all__ = ["TPSTransformerLayer", "TransformerLayer"]


def _places(rows: int, columns: int) -> Tensor:
    """Across and down of every pixel of an image from -1 to 1: (2, rows · columns), float64."""
    across, down = ops.meshgrid(
        ops.linspace(-1.0, 1.0, columns, dtype="float64"),
        ops.linspace(-1.0, 1.0, rows, dtype="float64"),
    )
    return ops.stack([across.reshape((-1,)), down.reshape((-1,))])


class _TransformerLayer(MergeLayer):
    """What spatial transformers share; ``incomings`` are the images and the network's numbers."""

    def __init__(
        self,
        incoming: Any,
        localization_network: Any,
        downsample_factor: Any,
        border_mode: str,
        **kwargs: Any,
    ) -> None:
        super().__init__([incoming, localization_network], **kwargs)
        self.downsample_factor = as_tuple(downsample_factor, 2, (numbers.Real,))
        if not min(self.downsample_factor) > 0:
            raise ValueError(f"downsample_factor must be positive, got {downsample_factor}")
        if border_mode not in BORDERS:
            raise ValueError(
                f"border_mode must be one of {str(BORDERS)[1:-1]}, got {border_mode!r}"
            )
        self.border_mode = border_mode

    def _check_shapes(self, numbers_wanted: int, written: str) -> None:
        """So many numbers for each image, of four axes."""
        found = self.input_shapes[1]
        if len(found) != 2 or found[1] != numbers_wanted:
            raise self._fail(
                f"The localization network must have output shape: (batch_size, {written}), got "
                f"{found!r}"
            )
        self.output_shape  # noqa: B018 (raises now if the images do not fit)

    def _settings(self) -> dict[str, Any]:
        rest = {
            "downsample_factor": (self.downsample_factor, (1, 1)),
            "border_mode": (self.border_mode, "nearest"),
        }
        return {k: value for k, (value, usual) in rest.items() if value != usual}

    def get_output_shape_for(self, input_shapes: Any) -> Any:
        """(batch, channels, rows and columns divided by the factors)."""
        shape = input_shapes[0]
        if len(shape) != 4:
            raise self._fail(
                f"The input network must have a 4-dimensional output shape: (batch_size, "
                f"num_input_channels, input_rows, input_columns), got {shape!r}"
            )
        rows = zip(shape[2:], self.downsample_factor, strict=True)
        size = tuple([None if n is None else int(n // f) for n, f in rows])
        if 0 in size:
            raise self._fail(
                f"downsample_factor={self.downsample_factor} leaves no pixel of {shape}"
            )
        return (*shape[:2], *size)

    def _sample(self, images: Tensor, places: Tensor) -> Tensor:
        """The images at places (batch, 2, pixels of the result)."""
        size = self.get_output_shape_for([images.shape])[2:]
        grid = ops.permute_dims(places, axes=(0, 2, 1)).reshape((len(places), *size, 2))
        return ops.grid_sample(images, grid, border=self.border_mode)


class TransformerLayer(_TransformerLayer):
    """Move, turn, scale and shear images as a network says: an affine spatial transformer.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, rows, columns).
    localization_network : Layer or tuple
        Of shape (batch, 6): for each image the rows of a 2 x 3 matrix that takes
        (across, down, 1) of a pixel of the result, from -1 to 1, to where it is read.
    downsample_factor : float or (float, float)
        By what to divide rows and columns; below 1 the result is larger.
    border_mode : "nearest", "mirror" or "wrap"
        How the image goes on beyond its pixels; see :func:`minitorch.grid_sample`.
    name : str, optional

    Raises
    ------
    ValueError
        For other shapes, a border mode or factor that is none, or if no pixel is left.
    TypeError
        If a factor is no number.

    References
    ----------
    M. Jaderberg, K. Simonyan, A. Zisserman and K. Kavukcuoglu: Spatial transformer networks, 2015.

    Examples
    --------
    >>> from minitorch import init, layers
    >>> images = layers.InputLayer((None, 1, 28, 28))
    >>> same = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    >>> theta = layers.DenseLayer(images, 6, W=init.Constant(0), b=same, nonlinearity=None)
    >>> layers.TransformerLayer(images, theta, downsample_factor=2).output_shape
    (None, 1, 14, 14)
    """

    def __init__(
        self,
        incoming: Any,
        localization_network: Any,
        downsample_factor: Any = 1,
        border_mode: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, localization_network, downsample_factor, border_mode, **kwargs)
        self._check_shapes(6, "6")

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """The images, transformed."""
        images, theta = inputs
        places = _places(*self.get_output_shape_for([images.shape])[2:])
        grid = ops.concat([places, ops.ones((1, places.shape[1]), dtype=places.dtype)])
        grid = grid.to(theta.device, theta.dtype)
        return self._sample(images, ops.matmul(theta.reshape((-1, 2, 3)), grid))


class TPSTransformerLayer(_TransformerLayer):
    """Bend images as a network says: a thin plate spline through moved control points.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, rows, columns).
    localization_network : Layer or tuple
        Of shape (batch, 2 · control_points): for each image how far the points move
        across, then how far down, row by row; the image goes from -1 to 1.
    downsample_factor : float or (float, float)
        By what to divide rows and columns; below 1 the result is larger.
    control_points : int
        A perfect square, from 4 on: a grid over the image.
    precompute_grid : "auto" or bool
        Work out the spline's matrix when the layer is made, not in every pass;
        "auto": where rows and columns are known.
    border_mode : "nearest", "mirror" or "wrap"
        How the image goes on beyond its pixels; see :func:`minitorch.grid_sample`.
    name : str, optional

    Raises
    ------
    ValueError
        For other shapes or settings, or ``precompute_grid`` for unknown lengths.
    TypeError
        If a factor or the number of points is no number.

    Notes
    -----
    With control points p_k, U(r) = r² ln r² and L = [[0, Pᵀ], [P, K]], where P has the
    rows (1, p_k) and K = U(|p_j - p_k|), a pixel s is read at
    (points + offsets) L⁻¹[:, 3:]ᵀ (1, s, U(|s - p_k|))ᵀ: a matrix of the shapes alone, times
    where the points have gone.

    References
    ----------
    F. Bookstein: Principal warps: thin-plate splines and the decomposition of deformations, 1989.

    M. Jaderberg, K. Simonyan, A. Zisserman and K. Kavukcuoglu: Spatial transformer networks, 2015.

    Examples
    --------
    >>> from minitorch import init, layers
    >>> images = layers.InputLayer((None, 1, 28, 28))
    >>> moves = layers.DenseLayer(images, 32, W=init.Constant(0), nonlinearity=None)
    >>> layers.TPSTransformerLayer(images, moves).output_shape
    (None, 1, 28, 28)
    """

    def __init__(
        self,
        incoming: Any,
        localization_network: Any,
        downsample_factor: Any = 1,
        control_points: int = 16,
        precompute_grid: Any = "auto",
        border_mode: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, localization_network, downsample_factor, border_mode, **kwargs)
        (self.control_points,) = as_tuple(control_points, 1, int)
        self._side = math.isqrt(max(self.control_points, 0))
        if self._side < 2 or self._side**2 != self.control_points:
            raise ValueError(
                f"The number of control points must be a perfect square, from 4 on, got "
                f"{control_points}."
            )
        self._check_shapes(2 * self.control_points, "2*control_points")
        known = None not in self.input_shapes[0][2:]
        if precompute_grid not in ("auto", True, False):
            raise ValueError(f"precompute_grid is 'auto', True or False, got {precompute_grid!r}")
        if precompute_grid is True and not known:
            raise self._fail(
                "Grid can only be precomputed if the input height and width are pre-specified"
            )
        self.precompute_grid = known if precompute_grid == "auto" else bool(precompute_grid)
        self._points = _places(self._side, self._side)
        self._matrix = self._basis(self.output_shape[2:]) if self.precompute_grid else None

    def _settings(self) -> dict[str, Any]:
        return {"control_points": self.control_points, **super()._settings()}

    def _bend(self, places: Tensor) -> Tensor:
        """(1, s, U(|s - p_k|)) for every place s, as columns."""
        between = ops.expand_dims(self._points, axis=2) - ops.expand_dims(places, axis=1)
        squares = ops.sum(ops.square(between), axis=0)
        ones = ops.ones((1, places.shape[1]), dtype=places.dtype)
        return ops.concat([ones, places, ops.xlogy(squares, squares)])

    def _basis(self, size: Any) -> Tensor:
        """L⁻¹[:, 3:]ᵀ (1, s, U)ᵀ: (control points, pixels of the result), in float64."""
        own = self._bend(self._points)
        top = ops.concat([ops.zeros((3, 3), dtype=own.dtype), own[:3]], axis=1)
        full = ops.concat([top, ops.permute_dims(own, axes=(1, 0))])
        return ops.matmul(linalg.inv(full)[:, 3:].T, self._bend(_places(*size)))

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """The images, bent."""
        images, moves = inputs
        size = self.get_output_shape_for([images.shape])[2:]
        matrix = self._matrix
        if matrix is None or size != self.output_shape[2:]:
            matrix = self._basis(size)
        matrix, points = (t.to(moves.device, moves.dtype) for t in (matrix, self._points))
        gone = points + moves.reshape((-1, 2, self.control_points))
        return self._sample(images, ops.matmul(gone, matrix))
