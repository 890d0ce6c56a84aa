"""Lasagne's name for convolution by matrix products: here the ordinary one."""

from __future__ import annotations

from minitorch.layers.dnn import Conv2DDNNLayer

__all__ = ["Conv2DMMLayer"]


class Conv2DMMLayer(Conv2DDNNLayer):
    """A Conv2DLayer that does not flip its filters unless asked to.

    Examples
    --------
    >>> from minitorch.layers.corrmm import Conv2DMMLayer
    >>> Conv2DMMLayer((None, 3, 8, 8), 16, 3).flip_filters
    False
    """
