"""The networks by their names. A new one is a file with its ``ENTRIES``, and its line here."""

from __future__ import annotations

from typing import Any

from minitorch.models import (
    alexnet,
    efficientnet,
    fast_style,
    googlenet,
    hed,
    inception_v3,
    lenet,
    lenet5,
    mlp,
    nin,
    resnet,
    squeezenet,
    vgg,
)
from minitorch.models.entry import Model
from minitorch.utils import did_you_mean

__all__ = ["MODELS", "build"]

_FAMILIES = (
    mlp,
    lenet,
    lenet5,
    alexnet,
    nin,
    vgg,
    googlenet,
    inception_v3,
    resnet,
    squeezenet,
    efficientnet,
    hed,
    fast_style,
)

MODELS: dict[str, Model] = {entry.name: entry for family in _FAMILIES for entry in family.ENTRIES}


def build(name: str, **options: Any) -> Any:
    """The network of a name in :data:`MODELS`.

    Parameters
    ----------
    name : str
    **options
        Settings of its builder: ``num_classes``, ``input_shape`` and what else it has.

    Returns
    -------
    Layer
        The output layer, whose outputs are probabilities, or a picture's pixels from 0 to 1.
        Networks with auxiliary heads return a list, the output first, if ``aux=True`` asks for
        them: the functions of ``minitorch.layers`` take a list wherever they take a layer.

    Raises
    ------
    ValueError
        For another name, with close ones.
    TypeError
        For a setting that the builder does not have, with close ones.

    Examples
    --------
    >>> build("lenet", dropout=0.5, num_classes=21).output_shape
    (None, 21)
    """
    if name not in MODELS:
        raise ValueError(f"no model named {name!r}; {did_you_mean(name, MODELS)}")
    return MODELS[name].build(**options)
