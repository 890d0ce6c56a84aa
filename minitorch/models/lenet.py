"""LeNet as the lecture draws it (20C5-MP2-50C5-MP2-FC256-FC10), and a lecture's Keras CNN."""

from __future__ import annotations

from minitorch.layers import (
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    Layer,
    MaxPool2DLayer,
)
from minitorch.models.entry import Model
from minitorch.nonlinearities import rectify, softmax

__all__ = ["ENTRIES", "build_keras_cnn", "build_lenet"]


def build_lenet(
    dropout: float = 0.0, num_classes: int = 10, input_shape: tuple[int, int, int] = (1, 28, 28)
) -> Layer:
    """A convolutional network for small grey images.

    Parameters
    ----------
    dropout : float
        The probability to drop a unit of the dense layer; 0 leaves the layer out.
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)
        At least 16 x 16.

    Returns
    -------
    Layer
        The output layer, of shape (None, num_classes); its outputs are probabilities.

    Raises
    ------
    ValueError
        For images that are too small.

    Notes
    -----
    ========  ===================  ==================  ==========
    layer     what                 output shape        parameters
    ========  ===================  ==================  ==========
    input     the images           (None, 1, 28, 28)            0
    conv1     20 filters 5 x 5     (None, 20, 24, 24)         520
    pool1     2 x 2 maxima         (None, 20, 12, 12)           0
    conv2     50 filters 5 x 5     (None, 50, 8, 8)        25,050
    pool2     2 x 2 maxima         (None, 50, 4, 4)             0
    dense     256 rectified units  (None, 256)            205,056
    dropout   if asked for         (None, 256)                  0
    output    10 softmax units     (None, 10)               2,570
    all                                                   233,196
    ========  ===================  ==================  ==========

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied
    to Document Recognition", 1998; with rectifiers and maxima in place of
    sigmoids and averages.

    Examples
    --------
    >>> from minitorch import layers
    >>> network = build_lenet()
    >>> [layer.output_shape[1:] for layer in layers.get_all_layers(network)]
    [(1, 28, 28), (20, 24, 24), (20, 12, 12), (50, 8, 8), (50, 4, 4), (256,), (10,)]
    >>> layers.count_params(network)
    233196
    """
    if min(input_shape[1:]) < 16:
        raise ValueError(
            f"build_lenet: two 5 x 5 convolutions with pooling need images of at least 16 x 16, "
            f"found input_shape {input_shape}"
        )
    net: Layer = InputLayer((None, *input_shape), name="input")
    net = Conv2DLayer(net, num_filters=20, filter_size=5, nonlinearity=rectify, name="conv1")
    net = MaxPool2DLayer(net, pool_size=2, name="pool1")
    net = Conv2DLayer(net, num_filters=50, filter_size=5, nonlinearity=rectify, name="conv2")
    net = MaxPool2DLayer(net, pool_size=2, name="pool2")
    net = DenseLayer(net, num_units=256, nonlinearity=rectify, name="dense")
    if dropout > 0:
        net = DropoutLayer(net, p=dropout, name="dropout")
    return DenseLayer(net, num_units=num_classes, nonlinearity=softmax, name="output")


def build_keras_cnn(
    dropout: float = 0.25, num_classes: int = 10, input_shape: tuple[int, int, int] = (1, 28, 28)
) -> Layer:
    """The Keras network of the lecture: 32C3-32C3-MP2-dropout-FC128-FC10.

    Parameters
    ----------
    dropout : float
        The probability to drop a pooled feature; 0 leaves the layer out.
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)

    Returns
    -------
    Layer
        The output layer, of shape (None, num_classes); its outputs are probabilities.

    Notes
    -----
    ========  ====================  ==================  ==========
    layer     what                  output shape        parameters
    ========  ====================  ==================  ==========
    input     the images            (None, 1, 28, 28)            0
    conv1     32 filters 3 x 3      (None, 32, 26, 26)         320
    conv2     32 filters 3 x 3      (None, 32, 24, 24)       9,248
    pool      2 x 2 maxima          (None, 32, 12, 12)           0
    dropout                         (None, 32, 12, 12)           0
    dense     128 rectified units   (None, 128)            589,952
    output    10 softmax units      (None, 10)               1,290
    all                                                    600,810
    ========  ====================  ==================  ==========

    Weights begin as Keras has them: Glorot's uniform ones, biases 0.

    Examples
    --------
    >>> from minitorch import layers
    >>> layers.count_params(build_keras_cnn())
    600810
    """
    net: Layer = InputLayer((None, *input_shape), name="input")
    for number in (1, 2):
        net = Conv2DLayer(net, 32, 3, nonlinearity=rectify, name=f"conv{number}")
    net = MaxPool2DLayer(net, pool_size=2, name="pool")
    if dropout > 0:
        net = DropoutLayer(net, p=dropout, name="dropout")
    net = DenseLayer(net, num_units=128, nonlinearity=rectify, name="dense")
    return DenseLayer(net, num_units=num_classes, nonlinearity=softmax, name="output")


_LECUN = "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document"
ENTRIES = (
    Model("lenet", build_lenet, (1, 28, 28), f"{_LECUN} recognition, 1998; simplified"),
    Model("keras_cnn", build_keras_cnn, (1, 28, 28), "Deep learning applications, lecture"),
)
