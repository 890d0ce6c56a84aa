"""What the first layer looks for, and what each layer makes of an image."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import no_grad
from minitorch.look.subject import Subject
from minitorch.training.plots import first_filters

__all__ = ["activations", "filters"]

Array = numpy.ndarray


def filters(classifier: Any) -> Array:
    """The first layer's filters, the way round that they match the image, in red, green, blue.

    Parameters
    ----------
    classifier : minitorch.training.Classifier

    Returns
    -------
    numpy.ndarray, shape (filters, channels, rows, columns)

    Raises
    ------
    ValueError
        If no layer with weights has images as its input.

    Examples
    --------
    >>> from minitorch.models import build
    >>> from minitorch.training import Classifier
    >>> filters(Classifier(build("lenet"))).shape
    (20, 1, 5, 5)
    """
    subject = Subject(classifier)
    found = first_filters(subject.network)
    if found is None:
        raise ValueError("look: the network's first layer with weights has no filters of images")
    return found[:, ::-1] if subject.prepare.order == "BGR" and found.shape[1] == 3 else found


@no_grad()
def activations(classifier: Any, image: Array, layer: str | None = None) -> Array:
    """What a layer gives for an image.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    image : numpy.ndarray, shape (channels, rows, columns)
        Of any size; bytes, or floats up to 255.
    layer : str, optional
        By default the last one of maps.

    Returns
    -------
    numpy.ndarray
        One example's: (channels, rows, columns), or (units,).

    Raises
    ------
    ValueError
        For an unknown layer, an image of another rank.
    """
    subject = Subject(classifier)
    one = subject.layer(layer or subject.maps_layer())
    out: Array = subject.values(subject.prepared(image), one)[one].numpy()[0]
    return out
