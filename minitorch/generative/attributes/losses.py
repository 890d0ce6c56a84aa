"""How far an image is from having the attributes that it should have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch.data.attributes import Attribute
from minitorch.ops import log_softmax

__all__ = ["attribute_loss", "split_values"]


def split_values(rows: Any, attributes: Sequence[Attribute]) -> list[Any]:
    """The columns of each attribute's values; of a Tensor or an array.

    Examples
    --------
    >>> import numpy
    >>> rows = numpy.arange(5).reshape(1, 5)
    >>> a, b = split_values(rows, [Attribute("a"), Attribute("b", ("x", "y", "z"))])
    >>> a.tolist(), b.tolist()
    ([[0, 1]], [[2, 3, 4]])
    """
    parts, start = [], 0
    for attribute in attributes:
        end = start + len(attribute.values)
        parts.append(rows[:, start:end])
        start = end
    return parts


def attribute_loss(logits: Any, wanted: Any, attributes: Sequence[Attribute]) -> Any:
    """The cross-entropy of each attribute's values, added up over the attributes.

    Parameters
    ----------
    logits : Tensor, shape (n, values of all attributes)
    wanted : Tensor, shape (n, values of all attributes)
        The one-hot rows of each attribute, side by side.
    attributes : sequence of Attribute

    Returns
    -------
    Tensor, shape ()
        In nats, the mean over the images; Σ log |values| for logits that are all alike.

    Notes
    -----
    Of a yes-or-no attribute the paper has one logit l and -log σ(±l); a softmax of two logits is
    that of their difference.

    References
    ----------
    Z. He and others, "AttGAN: facial attribute editing by only changing what you want", 2017, 3.1.

    Examples
    --------
    >>> import minitorch as mt
    >>> two = [Attribute("a"), Attribute("b", ("x", "y", "z"))]
    >>> wanted = mt.tensor([[1.0, 0.0, 0.0, 0.0, 1.0]])
    >>> round(attribute_loss(0 * wanted, wanted, two).item(), 4)  # log 2 + log 3
    1.7918
    """
    pairs = zip(split_values(logits, attributes), split_values(wanted, attributes), strict=True)
    parts: list[Any] = [-(log_softmax(part, axis=1) * hot).sum(axis=1) for part, hot in pairs]
    return sum(parts[1:], parts[0]).mean()
