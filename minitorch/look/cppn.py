"""Pictures as functions of the place: small networks of sines, bells and slopes, which evolve."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy

__all__ = ["FUNCTIONS", "Pattern", "changed_pattern", "drawn", "first_pattern"]

Array = numpy.ndarray
FUNCTIONS: MappingProxyType[str, Callable[[Array], Array]] = MappingProxyType(
    {
        "sine": numpy.sin,
        "gaussian": lambda x: numpy.exp(-x * x),
        "sigmoid": lambda x: 1 / (1 + numpy.exp(-x.clip(-50, 50))),
        "linear": lambda x: x,
        "tanh": numpy.tanh,
        "absolute": numpy.abs,
    }
)
_INPUTS = 4  # x, y, the distance from the middle, 1
_MOST = 50.0  # that a node gives, either way: sums of sums of lines grow


@dataclass(frozen=True)
class Pattern:
    """A compositional pattern-producing network: what evolves, the genome.

    Attributes
    ----------
    depths : tuple of float
        Of each node: 0 of inputs, 1 of outputs, others between; values go from less to more.
    functions : tuple of str
        Of each node, of :data:`FUNCTIONS`.
    weights : dict of (int, int) to float
        From a node to another one, by their numbers.
    outputs : int
        How many there are; they come after the inputs.
    """

    depths: tuple[float, ...]
    functions: tuple[str, ...]
    weights: dict[tuple[int, int], float]
    outputs: int


def first_pattern(outputs: int, rng: numpy.random.Generator) -> Pattern:
    """The simplest: all inputs go to all outputs, whose functions are any."""
    names = [*FUNCTIONS]
    functions = [names[i] for i in rng.integers(0, len(names), outputs)]
    weights = {
        (i, _INPUTS + j): float(rng.normal(0, 2)) for i in range(_INPUTS) for j in range(outputs)
    }
    depths = (0.0,) * _INPUTS + (1.0,) * outputs
    return Pattern(depths, ("linear",) * _INPUTS + tuple(functions), weights, outputs)


def drawn(pattern: Pattern, shape: tuple[int, int]) -> Array:
    """The picture of a pattern in any size.

    Parameters
    ----------
    pattern : Pattern
    shape : tuple of int
        Rows and columns; x and y go from -1 to 1.

    Returns
    -------
    numpy.ndarray of float32, shape (outputs, rows, columns)
        0 to 255: outputs o as 255 sigmoid(2 o).
    """
    y, x = numpy.meshgrid(*(numpy.linspace(-1, 1, n) if n > 1 else [0.0] for n in shape),
                          indexing="ij")  # fmt: skip
    given = [x, y, numpy.hypot(x, y) * math.sqrt(2), numpy.ones(shape)]
    values: dict[int, Array] = dict(enumerate(given))
    for node in numpy.argsort(pattern.depths, kind="stable").tolist():
        if node < _INPUTS:
            continue
        total = numpy.zeros(shape)
        for (source, target), weight in pattern.weights.items():
            if target == node:
                total += weight * values[source]
        values[node] = FUNCTIONS[pattern.functions[node]](total).clip(-_MOST, _MOST)
    out = numpy.stack([values[_INPUTS + i] for i in range(pattern.outputs)])
    return (255 / (1 + numpy.exp(-2 * out))).astype(numpy.float32)


def changed_pattern(parent: Pattern, rng: numpy.random.Generator) -> Pattern:
    """A child: weights moved, and now and then a node, a connection, another function.

    Parameters
    ----------
    parent : Pattern
    rng : numpy.random.Generator

    Returns
    -------
    Pattern

    References
    ----------
    K. Stanley, R. Miikkulainen: Evolving neural networks through augmenting topologies, 2002.
    K. Stanley: Compositional pattern producing networks, 2007.
    """
    child = replace(parent, weights=dict(parent.weights))
    kind = rng.random()
    if kind < 0.2:
        child = _with_node(child, rng)
    elif kind < 0.4:
        child = _with_connection(child, rng)
    elif kind < 0.45:
        child = _without_connection(child, rng)
    elif kind < 0.55:
        node = int(rng.integers(_INPUTS, len(child.depths)))
        child = replace(child, functions=_put(child.functions, node, _function(rng)))
    for key in [*child.weights]:
        if rng.random() < 0.3:
            child.weights[key] += float(rng.normal(0, 0.5))
    return child


def _function(rng: numpy.random.Generator) -> str:
    return [*FUNCTIONS][int(rng.integers(0, len(FUNCTIONS)))]


def _put(values: tuple[str, ...], place: int, value: str) -> tuple[str, ...]:
    return (*values[:place], value, *values[place + 1 :])


def _with_node(child: Pattern, rng: numpy.random.Generator) -> Pattern:
    """NEAT's: a connection is split; what it carried goes through the new node."""
    keys = [*child.weights]
    if not keys:
        return child
    source, target = keys[int(rng.integers(0, len(keys)))]
    depth, node = (child.depths[source] + child.depths[target]) / 2, len(child.depths)
    weights = {key: w for key, w in child.weights.items() if key != (source, target)}
    weights[source, node], weights[node, target] = 1.0, child.weights[source, target]
    functions = (*child.functions, _function(rng))
    return Pattern((*child.depths, depth), functions, weights, child.outputs)


def _with_connection(child: Pattern, rng: numpy.random.Generator) -> Pattern:
    """Two nodes are joined that were not, if there are such."""
    count = len(child.depths)
    free = [
        (a, b)
        for a in range(count)
        for b in range(_INPUTS, count)
        if child.depths[a] < child.depths[b] and (a, b) not in child.weights
    ]
    if free:
        child.weights[free[int(rng.integers(0, len(free)))]] = float(rng.normal(0, 1))
    return child


def _without_connection(child: Pattern, rng: numpy.random.Generator) -> Pattern:
    """One connection less."""
    keys = [*child.weights]
    if len(keys) > 1:
        del child.weights[keys[int(rng.integers(0, len(keys)))]]
    return child
