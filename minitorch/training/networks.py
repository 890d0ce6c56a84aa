"""What a classifier asks of a network, be it of layers or of an ONNX file's nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from minitorch import layers, no_grad
from minitorch.io.onnx import OnnxNetwork
from minitorch.training.metrics import predict

__all__ = ["gives_logits", "input_shape_of", "num_classes_of", "outputs_of"]

Array = numpy.ndarray
# Behind these the values are the same ones, so the node before them says what they are.
_MOVES = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Dropout", "Transpose")


def outputs_of(network: Any, x: Array, batch_size: int) -> Array:
    """The outputs for prepared examples, without dropout, and without recording a graph."""
    if isinstance(network, OnnxNetwork):
        return _run_onnx(network, x, batch_size)
    return predict(network, x, batch_size)


def input_shape_of(network: Any, given: Sequence[int] | None) -> tuple[int, ...]:
    """Of one example, as the network says, or as was given where it leaves lengths open."""
    if isinstance(network, OnnxNetwork):
        known = list(network.inputs.values())
    else:
        every = layers.get_all_layers(network)
        known = [one.shape for one in every if isinstance(one, layers.InputLayer)]
    if len(known) != 1:
        raise ValueError(f"Classifier: the network has {len(known)} inputs, expected one")
    shape: tuple[Any, ...] = tuple(known[0] or ())[1:]
    if given is None:
        if not shape or None in shape:
            raise ValueError(f"Classifier: the network takes {shape}; give input_shape")
        return shape
    fits = not shape or (
        len(shape) == len(given)
        and all(n is None or n == m for n, m in zip(shape, given, strict=True))
    )
    if not fits:
        raise ValueError(f"Classifier: the network takes {shape}, not {tuple(given)}")
    return tuple(given)


def num_classes_of(network: Any, input_shape: tuple[int, ...]) -> int:
    """How many outputs there are for an example; where a file leaves that open, by running one."""
    if isinstance(network, OnnxNetwork):
        if len(network.outputs) != 1:
            raise ValueError(f"Classifier: the file has {len(network.outputs)} outputs, not one")
        shape = network.output_shapes[network.outputs[0]]
    else:
        shape = network.output_shape
    inner: tuple[Any, ...] = (shape or ())[1:]
    if None in inner or not inner:
        return outputs_of(network, numpy.zeros((1, *input_shape), numpy.float32), 1).size
    return math.prod(inner)


def gives_logits(network: OnnxNetwork) -> bool:
    """Whether a graph's output comes from no softmax or sigmoid."""
    makers = {name: node for node in network.nodes for name in node.outputs}
    node = makers.get(network.outputs[0])
    while node is not None and node.kind in _MOVES:
        node = makers.get(node.inputs[0])
    return node is None or node.kind not in ("Softmax", "Sigmoid")


@no_grad()
def _run_onnx(network: OnnxNetwork, x: Array, batch_size: int) -> Array:
    """A graph's outputs; a batch that its file fixes is filled up with the last example."""
    fixed = (next(iter(network.inputs.values())) or (None,))[0]
    size = fixed or batch_size
    parts = []
    for start in range(0, len(x), size):
        batch = x[start : start + size]
        missing = size - len(batch) if fixed else 0
        full = numpy.concatenate([batch, batch[-1:].repeat(missing, 0)]) if missing else batch
        parts.append(network(full).numpy()[: len(batch)])
    return numpy.concatenate(parts)
