"""Network builders, and the names by which the command line knows them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from minitorch.layers import Layer
from minitorch.models.lenet import build_lenet
from minitorch.models.mlp import build_mlp
from minitorch.utils import did_you_mean

__all__ = ["MODELS", "build", "build_lenet", "build_mlp"]

MODELS: dict[str, Callable[..., Layer]] = {
    "mlp64": partial(build_mlp, (64,)),
    "mlp256": partial(build_mlp, (256, 256)),
    "lenet": build_lenet,
}


def build(name: str, **options: Any) -> Layer:
    """The network of a name in :data:`MODELS`; ValueError with close names otherwise.

    Examples
    --------
    >>> build("lenet", dropout=0.5).output_shape
    (None, 10)
    """
    if name in MODELS:
        return MODELS[name](**options)
    raise ValueError(f"no model named {name!r}; {did_you_mean(name, MODELS)}")
