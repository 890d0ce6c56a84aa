"""Multi-layer perceptrons: the lecture's FC64 and FC256-FC256."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from minitorch.layers import DenseLayer, DropoutLayer, InputLayer, Layer
from minitorch.models.entry import Model
from minitorch.nonlinearities import rectify, softmax

__all__ = ["ENTRIES", "build_mlp"]

LECTURE = "Deep learning, lecture at EuroPython 2016"


def build_mlp(
    hidden: Sequence[int] = (64,),
    dropout: float = 0.0,
    num_classes: int = 10,
    input_shape: tuple[int, ...] = (1, 28, 28),
) -> Layer:
    """Dense layers of rectified units, then a softmax.

    Parameters
    ----------
    hidden : sequence of int
        Units of each hidden layer.
    dropout : float
        The probability to drop a hidden unit; 0 leaves these layers out.
    num_classes : int
    input_shape : tuple of int
        Of one example; it is flattened.

    Returns
    -------
    Layer
        The output layer, of shape (None, num_classes); its outputs are probabilities.

    Notes
    -----
    ======  =================  ==========  =================  ==========
    layer   FC64               parameters  FC256-FC256        parameters
    ======  =================  ==========  =================  ==========
    input   (None, 1, 28, 28)           0  (None, 1, 28, 28)           0
    dense1  (None, 64)             50,240  (None, 256)           200,960
    dense2  -                           -  (None, 256)            65,792
    output  (None, 10)                650  (None, 10)              2,570
    all                            50,890                        269,322
    ======  =================  ==========  =================  ==========

    Examples
    --------
    >>> from minitorch import layers
    >>> layers.count_params(build_mlp((64,))), layers.count_params(build_mlp((256, 256)))
    (50890, 269322)
    >>> build_mlp((256, 256), dropout=0.2).output_shape
    (None, 10)
    """
    net: Layer = InputLayer((None, *input_shape), name="input")
    for number, units in enumerate(hidden, start=1):
        net = DenseLayer(net, num_units=units, nonlinearity=rectify, name=f"dense{number}")
        if dropout > 0:
            net = DropoutLayer(net, p=dropout, name=f"dropout{number}")
    return DenseLayer(net, num_units=num_classes, nonlinearity=softmax, name="output")


ENTRIES = (
    Model("mlp64", partial(build_mlp, (64,)), (1, 28, 28), LECTURE),
    Model("mlp256", partial(build_mlp, (256, 256)), (1, 28, 28), LECTURE),
)
