"""How much memory a network takes: one image of its paper's size, forward and backward.

Counted are parameters, and what tensors hold (``PeakMeter``), so the figures are the same on
every machine that has the compiled kernels. The process needs more: kernels' own workspace, and
blocks that are kept for the next tensors.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

import minitorch as mt
from minitorch import layers, objectives
from minitorch.models import MODELS, Model

__all__ = ["one_step", "run"]


def _loss(entry: Model, network: Any, rng: np.random.Generator) -> Any:
    """Of one image: cross-entropy for classes or edges, squared error for a painting."""
    entries = [one for one in layers.get_all_layers(network) if not one.sources()]
    data = {e: rng.random((1, *e.output_shape[1:]), np.float32) for e in entries}
    found = layers.get_output(network, data)
    if "num_classes" in inspect.signature(entry.builder).parameters:
        return objectives.categorical_crossentropy(found, np.array([1])).mean()
    wanted = rng.random(found.shape, np.float32)
    if entry.name == "hed":
        return objectives.binary_crossentropy(found, np.rint(wanted)).mean()
    return objectives.squared_error(found, wanted).mean()


def one_step(entry: Model) -> tuple[float, list[Any], dict[str, Any]]:
    """A forward and a backward of one image, at the size that the network is for.

    Returns
    -------
    float, list of Parameter, dict
        The loss, the trained parameters with their gradients, and the figures: megabytes (10^6
        bytes) of the parameters, and of these with all that tensors held at the peak; the op that
        made it the peak ("backward": a gradient's copy into ``.grad``).
    """
    mt.random.seed(0)
    network = entry.build()
    every = layers.get_all_params(network)
    held = sum(p.data.nbytes for p in every)
    with mt.observe(mt.PeakMeter()) as meter:
        loss = _loss(entry, network, np.random.default_rng(0))
        loss.backward()
    figures = {
        "network": entry.name,
        "input_shape": list(entry.input_shape),
        "batch": 1,
        "parameters_mb": round(held / 1e6, 1),
        "peak_mb": round((held + meter.peak) / 1e6, 1),
        "peak_at": meter.at,
    }
    return loss.item(), layers.get_all_params(network, trainable=True), figures


def run(only: str = "", tell: Callable[[dict[str, Any]], Any] = print) -> list[dict[str, Any]]:
    """The figures of every network of the registry whose name contains ``only``."""
    rows = []
    for entry in MODELS.values():
        if only in entry.name:
            rows.append(one_step(entry)[2])
            tell(rows[-1])
    return rows
