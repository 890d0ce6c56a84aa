"""Lasagne's names for layers on cuDNN: here the ordinary layers, which choose kernels themselves.

Import this module by name, as in Lasagne: ``from minitorch.layers import dnn``.
"""

from __future__ import annotations

from typing import Any

from minitorch import init, nonlinearities
from minitorch.layers.conv import Conv2DLayer, Conv3DLayer
from minitorch.layers.normalization import BatchNormLayer, batch_norm
from minitorch.layers.pool import (
    MaxPool2DLayer,
    MaxPool3DLayer,
    Pool2DLayer,
    Pool3DLayer,
    SpatialPyramidPoolingLayer,
)

__all__ = [
    "BatchNormDNNLayer",
    "Conv2DDNNLayer",
    "Conv3DDNNLayer",
    "MaxPool2DDNNLayer",
    "MaxPool3DDNNLayer",
    "Pool2DDNNLayer",
    "Pool3DDNNLayer",
    "SpatialPyramidPoolingDNNLayer",
    "batch_norm_dnn",
]

Pool2DDNNLayer = Pool2DLayer
MaxPool2DDNNLayer = MaxPool2DLayer
Pool3DDNNLayer = Pool3DLayer
MaxPool3DDNNLayer = MaxPool3DLayer
SpatialPyramidPoolingDNNLayer = SpatialPyramidPoolingLayer
BatchNormDNNLayer = BatchNormLayer
batch_norm_dnn = batch_norm


class Conv2DDNNLayer(Conv2DLayer):
    """A Conv2DLayer that does not flip its filters unless asked to.

    Examples
    --------
    >>> from minitorch.layers.dnn import Conv2DDNNLayer
    >>> Conv2DDNNLayer((None, 3, 8, 8), 16, 3).flip_filters
    False
    """

    flips = False

    def __init__(
        self,
        incoming: Any,
        num_filters: int,
        filter_size: Any,
        stride: Any = (1, 1),
        pad: Any = 0,
        untie_biases: bool = False,
        W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        flip_filters: bool = False,
        num_groups: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            incoming,
            num_filters,
            filter_size,
            stride,
            pad,
            untie_biases,
            W,
            b,
            nonlinearity,
            flip_filters,
            num_groups=num_groups,
            **kwargs,
        )


class Conv3DDNNLayer(Conv3DLayer):
    """A Conv3DLayer that does not flip its filters unless asked to.

    Examples
    --------
    >>> from minitorch.layers.dnn import Conv3DDNNLayer
    >>> Conv3DDNNLayer((None, 3, 8, 8, 8), 16, 3).flip_filters
    False
    """

    flips = False

    def __init__(
        self,
        incoming: Any,
        num_filters: int,
        filter_size: Any,
        stride: Any = (1, 1, 1),
        pad: Any = 0,
        untie_biases: bool = False,
        W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        flip_filters: bool = False,
        num_groups: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            incoming,
            num_filters,
            filter_size,
            stride,
            pad,
            untie_biases,
            W,
            b,
            nonlinearity,
            flip_filters,
            num_groups=num_groups,
            **kwargs,
        )
