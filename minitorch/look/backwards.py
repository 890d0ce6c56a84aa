"""What in an image a class or a feature comes from, by going back through the network."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import layers, ops
from minitorch.look.rectifiers import Rule, deconvolved, guided, rectifies
from minitorch.look.subject import Subject, upsampled

__all__ = ["deconvnet", "grad_cam", "guided_backprop", "image_gradient", "saliency"]

Array = numpy.ndarray
Target = int | str | None


def image_gradient(classifier: Any, image: Array, target: Target = None) -> Array:
    """The gradient of a class's logit towards the prepared image.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    image : numpy.ndarray, shape (channels, rows, columns)
        Of any size; bytes, or floats up to 255.
    target : int or str, optional
        The class, by number or name; by default the most probable one.

    Returns
    -------
    numpy.ndarray, shape (channels, rows, columns) of the network's input

    Raises
    ------
    ValueError
        For an image of another rank, an unknown class, a network that cannot be looked into.
    """
    subject = Subject(classifier)
    x = subject.prepared(image)
    return subject.gradient(x, subject.score(_asked(subject, x, target)))[0][0]


def saliency(classifier: Any, image: Array, target: Target = None) -> Array:
    """How much the class's logit depends on each pixel.

    Parameters
    ----------
    classifier, image, target
        As for :func:`image_gradient`.

    Returns
    -------
    numpy.ndarray, shape (rows, columns) of the network's input
        At least 0.

    Notes
    -----
    M_ij = max over channels c of |d S_class / d x_cij|: to the first order, where the image
    must be changed least to change the score most.

    References
    ----------
    K. Simonyan, A. Vedaldi, A. Zisserman: Deep inside convolutional networks: visualising image
    classification models and saliency maps, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from minitorch.models import build_mlp
    >>> from minitorch.training import Classifier
    >>> made = Classifier(build_mlp((8,), input_shape=(1, 6, 6)))
    >>> saliency(made, np.zeros((1, 12, 9), np.uint8), target=3).shape
    (6, 6)
    """
    gradient = image_gradient(classifier, image, target)
    return numpy.abs(gradient).max(axis=0)


def guided_backprop(
    classifier: Any, image: Array, target: Target = None, layer: str | None = None
) -> Array:
    """The gradient with only what is positive going back through each rectifier.

    Parameters
    ----------
    classifier, image
        As for :func:`image_gradient`.
    target : int or str, optional
        A class, or with ``layer`` a channel of it; by default the one of the greatest score.
    layer : str, optional
        Go back from this layer's strongest place in place of the class's logit.

    Returns
    -------
    numpy.ndarray, shape (channels, rows, columns) of the network's input

    Raises
    ------
    ValueError
        As for :func:`image_gradient`; if the network has no rectifiers.

    References
    ----------
    J. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller: Striving for simplicity: the all
    convolutional net, 2014.
    """
    return _through(classifier, image, target, layer, guided)


def deconvnet(
    classifier: Any, image: Array, target: Target = None, layer: str | None = None
) -> Array:
    """A feature carried back to the pixels: unpooled, rectified, filtered by the transposed.

    Parameters
    ----------
    classifier, image, target, layer
        As for :func:`guided_backprop`; ``layer`` is by default the last one of maps.

    Returns
    -------
    numpy.ndarray, shape (channels, rows, columns) of the network's input

    Raises
    ------
    ValueError
        As for :func:`guided_backprop`.

    Notes
    -----
    All of the layer but one channel's strongest activation is set to zero. On the way back a
    convolution applies its transposed filters, a max pooling puts values where the maxima were,
    which are the gradients of both, and a rectifier rectifies the values that come back, which is
    not: where it was active plays no part. Normalisation is gone through as by its gradient. In a
    network without max pooling nothing tells where the feature was, and what comes back is no
    picture of it; guided backprop was made for these.

    References
    ----------
    M. Zeiler, R. Fergus: Visualizing and understanding convolutional networks, 2013.
    """
    layer = Subject(classifier).maps_layer() if layer is None else layer
    return _through(classifier, image, target, layer, deconvolved)


def _through(classifier: Any, image: Array, target: Target, layer: str | None, rule: Rule) -> Array:
    """From a class's logit, or a channel's strongest activation, back by a rule."""
    subject = Subject(classifier)
    x, stop = subject.prepared(image), subject.stop_of(layer)
    below = subject.order if stop is None else layers.get_all_layers(stop)
    if not any(rectifies(one) for one in below):
        raise ValueError(
            "look: there are no rectifiers to go back through; saliency is the gradient"
        )
    if layer is None:
        return subject.gradient(x, subject.score(_asked(subject, x, target)), rule=rule)[0][0]
    maps = subject.values(x, stop)[stop].numpy()[0]
    flat = maps.reshape(len(maps), -1)
    channel = int(flat.max(axis=1).argmax()) if target is None else target
    channel = subject.channel_of(str(layer), channel)
    place = int(flat[channel].argmax())
    size, start = flat.shape[1], float(flat[channel, place])

    def strongest(values: Any) -> Any:  # times its own value, which the gradient begins with
        return ops.reshape(values[stop], (-1,))[channel * size + place] * start

    return subject.gradient(x, strongest, stop, rule)[0][0]


def grad_cam(
    classifier: Any,
    image: Array,
    target: Target = None,
    layer: str | None = None,
    *,
    upsample: bool = True,
) -> Array:
    """Where in a layer's maps the class comes from.

    Parameters
    ----------
    classifier, image, target
        As for :func:`image_gradient`.
    layer : str, optional
        By default the last one of maps.
    upsample : bool
        To the input's rows and columns, else as large as the layer's maps.

    Returns
    -------
    numpy.ndarray, shape (rows, columns)
        At least 0.

    Raises
    ------
    ValueError
        As for :func:`image_gradient`; for a layer that gives no maps.

    Notes
    -----
    L = max(0, sum over channels k of a_k A^k), with a_k the mean over places of d S_class / d A^k.

    References
    ----------
    R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh, D. Batra: Grad-CAM: visual
    explanations from deep networks via gradient-based localization, 2016.
    """
    subject = Subject(classifier)
    name = subject.maps_layer(layer)
    x, one = subject.prepared(image), subject.layer(name)
    score = subject.score(_asked(subject, x, target))
    maps, gradient = subject.between(x, one, score)
    weights = gradient.mean(axis=(1, 2), keepdims=True)
    found = numpy.maximum((weights * maps).sum(axis=0), 0)
    return upsampled(found, x.shape[2:]) if upsample else found


def _asked(subject: Subject, x: Array, target: Target) -> int:
    """The class that was asked for, or the most probable one."""
    if target is None:
        return int(subject.probabilities(x)[0].argmax())
    return subject.class_of(target)
