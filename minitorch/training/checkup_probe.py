"""A look inside a network at one moment: its units, its gradients, the size of its steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy

from minitorch import Observer, asarray, enable_grad, grad, layers, observe, random
from minitorch.autograd.hooks import NanGuard
from minitorch.autograd.mode import mode
from minitorch.layers.evaluate import accepted_kwargs

__all__ = ["LayerGradient", "Probe", "look", "pick"]

Array = numpy.ndarray
# Examples that a probe computes. A unit that is on for one example in ten is off for all of
# 64 with a probability of 0.9^64 = 0.1%, so hardly a living one is taken for dead.
EXAMPLES = 64
# Slopes from here on are below 4% of the steepest one of a sigmoid, 2% of that of tanh.
_SATURATED = 0.99


@dataclass(frozen=True, slots=True)
class LayerGradient:
    """The weights of one layer (biases and the like left out) and their gradient.

    Attributes
    ----------
    layer : str
    weights, gradient : float
        Norms. That of the weights is at least a tenth of what Glorot's initialisation would
        give, so that weights of zero make no ratio infinite.
    alike : bool
        Whether all units have the same weights, and the same gradients.
    """

    layer: str
    weights: float
    gradient: float
    alike: bool

    @property
    def ratio(self) -> float:
        """The gradient's norm in units of the weights'."""
        return self.gradient / self.weights


@dataclass(slots=True)
class Probe:
    """What one forward and backward showed.

    Attributes
    ----------
    examples : int
    loss : float
    flaw : str
        Where a loss or gradient that is not finite began, "" if they all are.
    spread : float
        Standard deviation of the scores (logits) of an example, if the outputs are distributions.
    dead : dict of str to (int, int)
        By layer with rectifiers: units that were 0 for all examples, and units in all.
    saturated : dict of str to float
        By layer with sigmoids or tanh: the share of results near an end of their range.
    gradients : list of LayerGradient
        Inputs first.
    """

    examples: int
    loss: float = math.nan
    flaw: str = ""
    spread: float = math.nan
    dead: dict[str, tuple[int, int]] = field(default_factory=dict)
    saturated: dict[str, float] = field(default_factory=dict)
    gradients: list[LayerGradient] = field(default_factory=list)


class _Units(Observer):
    """Which units of rectifiers are ever on, and how many sigmoids are near an end."""

    def __init__(self) -> None:
        self.alive: dict[str, list[Array]] = {}
        self.near: dict[str, list[int]] = {}
        self._outside = len(mode.scope)  # names that the caller has given

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """Look at the result."""
        layer = mode.scope[self._outside] if len(mode.scope) > self._outside else ""
        if op.name == "relu" or (op.name == "clip" and _starts_at_zero(inputs)):
            flags = _units_on(out.numpy() != 0)
            known = self.alive.setdefault(layer, flags)
            if known is not flags and [len(k) for k in known] == [len(f) for f in flags]:
                # The same layer again: the next step of a sequence, the other half of a pair.
                self.alive[layer] = [k | f for k, f in zip(known, flags, strict=True)]
        elif op.name in ("sigmoid", "tanh"):
            values = out.numpy()
            centred = numpy.abs(2 * values - 1 if op.name == "sigmoid" else values)
            limit = 2 * _SATURATED - 1 if op.name == "sigmoid" else _SATURATED
            row = self.near.setdefault(layer, [0, 0])
            row[0] += int((centred > limit).sum())
            row[1] += values.size


def _starts_at_zero(inputs: tuple[Any, ...]) -> bool:
    """Whether the bounds of a clip are those of a rectifier with an upper end."""
    low = inputs[1] if len(inputs) > 1 else None
    return low is not None and getattr(low, "size", 1) == 1 and float(low) == 0


def _units_on(on: Array) -> list[Array]:
    """Which units are on somewhere, by each reading of the axes.

    Units lie along axis 1. In three axes they are (examples, channels, places), or (examples,
    steps, units) of a dense layer: both are kept, and the milder one believed.
    """
    if on.ndim < 2:
        return [on.reshape(-1)]
    axes = (1, 2) if on.ndim == 3 else (1,)
    rows = [numpy.moveaxis(on, axis, 0).reshape(on.shape[axis], -1) for axis in axes]
    return [numpy.asarray(row.any(axis=1)) for row in rows]


def pick(x: Any, count: int = EXAMPLES) -> Any:
    """So many examples, evenly spaced; of each array in a dictionary."""
    if isinstance(x, Mapping):
        return {key: pick(value, count) for key, value in x.items()}
    values = x.numpy() if hasattr(x, "requires_grad") else numpy.asarray(x)
    if len(values) <= count:
        return values
    return values[numpy.linspace(0, len(values) - 1, count).astype(int)]


def look(network: Any, loss: Callable[[Any, Any], Any], x: Any, y: Any) -> Probe:
    """One forward and backward of a training step, without the step.

    Dropout drops and batches are normalised as in training; parameters, running averages
    and random states are afterwards what they were before, bit for bit.

    Parameters
    ----------
    network : Layer
    loss : callable
        Of (outputs, y), to a scalar.
    x : array, or dict from input layers to arrays
    y : array

    Returns
    -------
    Probe
    """
    every = layers.get_all_layers(network)
    x, y = pick(x), pick(y)
    if not isinstance(x, Mapping) and not any(isinstance(o, layers.EmbeddingLayer) for o in every):
        x = x if x.dtype.kind == "f" else x.astype(numpy.float32)
    kept = [(p, p.get_value()) for p in layers.get_all_params(network, trainable=False)]
    noise, state = layers.get_all_random_states(network), random.get_state()
    flag = "batch_norm_update_averages"
    quiet = {flag: False} if flag in accepted_kwargs(every) else {}
    try:
        with numpy.errstate(all="ignore"):
            return _look(network, loss, x, y, quiet)
    finally:
        random.set_state(state)
        layers.set_all_random_states(network, noise)
        for p, value in kept:  # layers of one's own may have averages that know no keyword
            if p.get_value(borrow=True).tobytes() != value.tobytes():
                p.set_value(value)


def _look(network: Any, loss: Any, x: Any, y: Any, quiet: Mapping[str, bool]) -> Probe:
    units, guard, device = _Units(), NanGuard(), layers.get_device(network)
    if isinstance(x, Mapping):
        x = {key: asarray(value, device=device) for key, value in x.items()}
    else:
        x = asarray(x, device=device)
    with enable_grad(), observe(units), observe(guard):
        outputs = layers.get_output(network, x, **quiet)
        value = loss(outputs, asarray(y, device=device))
    found = Probe(len(y), float(value.item()))
    if not math.isfinite(found.loss):
        found.flaw = guard.found or f"the loss is {found.loss:g}"
        return found
    _count_units(found, units, network)
    found.spread = _spread(outputs)
    found.gradients = list(_gradients(network, value))
    bad = [g.layer for g in found.gradients if not math.isfinite(g.gradient)]
    found.flaw = f"the gradient of layer {bad[-1]} is not finite" if bad else ""
    return found


def _count_units(found: Probe, units: _Units, network: Any) -> None:
    """By layer what the observer saw; what the loss did is left out."""
    named = named_layers(network)
    for layer, readings in units.alive.items():
        shares = [(int((~flags).sum()), len(flags)) for flags in readings]
        if layer in {name for _, name in named}:
            found.dead[layer] = min(shares, key=lambda pair: pair[0] / max(pair[1], 1))
    # Gates are meant to be open or shut, and a last sigmoid to be sure.
    hidden = {name for layer, name in named[:-1] if not _is_recurrent(layer)}
    for layer, (near, size) in units.near.items():
        if layer in hidden:
            found.saturated[layer] = near / max(size, 1)


def _gradients(network: Any, value: Any) -> Iterator[LayerGradient]:
    """The norms of each layer's weights and of their gradient."""
    chosen, seen = [], set[int]()
    for layer, name in named_layers(network):
        mine = [p for p in layer.get_params(trainable=True) if p.ndim > 1 and id(p) not in seen]
        seen.update(map(id, mine))
        if mine and not isinstance(layer, layers.EmbeddingLayer):  # few rows of a table have one
            chosen.append((name, mine))
    params = [p for _, mine in chosen for p in mine]
    if not params or not value.requires_grad:
        return
    found = dict(zip(map(id, params), grad(value, params, allow_unused=True), strict=True))
    for name, mine in chosen:
        pairs = [(p.numpy(), _array(found[id(p)], p)) for p in mine]
        weights = math.hypot(*[max(_norm(w), 0.1 * _glorot(w.shape)) for w, _ in pairs])
        alike = all(_alike(w, w) and _alike(w, g) for w, g in pairs)
        yield LayerGradient(name, weights, math.hypot(*[_norm(g) for _, g in pairs]), alike)


def named_layers(network: Any) -> list[tuple[Any, str]]:
    """All layers with the names that reports give them."""
    return [(layer, _name(layer, i)) for i, layer in enumerate(layers.get_all_layers(network))]


def _name(layer: Any, place: int) -> str:
    return layer.name or f"{type(layer).__name__}[{place}]"


def _is_recurrent(layer: Any) -> bool:
    """Whether its sigmoids may be gates, which are meant to be open or shut."""
    kinds = (layers.CustomRecurrentLayer, layers.LSTMLayer, layers.GRULayer)
    return isinstance(layer, kinds)


def _array(g: Any, p: Any) -> Array:
    """A gradient's values; zeros where the loss does not depend on the parameter."""
    return numpy.zeros(p.shape, numpy.float32) if g is None else g.numpy()


def _norm(a: Array) -> float:
    return float(numpy.linalg.norm(a.astype(numpy.float64).ravel()))


def _glorot(shape: tuple[int, ...]) -> float:
    """The norm that Glorot's initialisation would give weights of this shape."""
    fans = (shape[0] + shape[1]) * math.prod(shape[2:])
    return math.sqrt(math.prod(shape) * 2 / max(fans, 1))


def _alike(first: Array, second: Array) -> bool:
    """Whether both are the same for all units: columns of a matrix, filters of a convolution."""
    axis = 1 if first.ndim == 2 else 0
    return first.shape[axis] > 1 and all(
        numpy.ptp(a, axis=axis).max(initial=0) <= 1e-5 * numpy.abs(a).max(initial=0)
        for a in (first, second)
    )


def _spread(outputs: Any) -> float:
    """The standard deviation of an example's scores, those of a softmax up to a constant."""
    if not hasattr(outputs, "ndim") or outputs.ndim != 2:
        return math.nan
    values = outputs.numpy().astype(numpy.float64)
    if is_distribution(values):
        values = numpy.log(values.clip(1e-38))
    return float(values.std(axis=1).mean())


def is_distribution(values: Array) -> bool:
    """Whether rows are probabilities that add up to 1, as a softmax gives them."""
    return bool(values.ndim == 2 and values.min() >= 0 and abs(values.sum(axis=1) - 1).max() < 1e-3)
