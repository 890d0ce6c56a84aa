"""How recurrent layers are written: ONNX's RNN, GRU and LSTM."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import layers, nonlinearities
from minitorch.io.onnx.export import Writer, exporter
from minitorch.io.onnx.export_common import refuse

__all__: list[str] = []

_NAMES = {
    nonlinearities.sigmoid: "Sigmoid",
    nonlinearities.tanh: "Tanh",
    nonlinearities.rectify: "Relu",
}


def _function(layer: Any, *functions: Any) -> str:
    """The name of what must be one function."""
    if any(f is not functions[0] for f in functions):
        raise refuse(layer, "its gates have different functions")
    if functions[0] not in _NAMES:
        raise refuse(layer, f"the function {functions[0]!r} is none of {list(_NAMES.values())}")
    return _NAMES[functions[0]]


def _values(layer: Any, kind: str, gates: tuple[str, ...]) -> list[Any]:
    return [getattr(layer, f"{kind}_{gate}").numpy() for gate in gates]


def _start(w: Writer, layer: Any, name: str, x: str, inputs: tuple[str, ...]) -> str:
    """An initial state, (1, batch, units): an input, or a parameter for every sequence."""
    at = getattr(layer, f"{name}_incoming_index")
    if at >= 0:
        return w.add("Unsqueeze", inputs[at], w.integers([0]))
    value = w.parameter(layer, name, lambda v: v.reshape(1, 1, -1))
    batch = w.add("Shape", x, start=1, end=2)
    shape = w.add("Concat", w.integers([1]), batch, w.integers([layer.num_units]), axis=0)
    return w.add("Expand", value, shape)


def _written(
    w: Writer, layer: Any, kind: str, inputs: tuple[str, ...], parts: list[Any], states: list[str],
    peepholes: Any = None, **settings: Any,
) -> str:  # fmt: skip
    """The node, and around it what turns batch and time round."""
    if layer.mask_incoming_index >= 0:
        raise refuse(layer, "a mask; ONNX has lengths of sequences instead")
    x = inputs[0]
    if len(layer.input_shapes[0]) > 3:
        x = w.add("Reshape", x, w.integers([0, 0, -1]))
    x = w.add("Transpose", x, perm=[1, 0, 2])
    constants = [
        w.constant(numpy.asarray(part)[None], f"{layer.name}.{label}" if layer.name else "")
        for part, label in zip(parts, ("W", "R", "B"), strict=True)
    ]
    given = [x, *constants, "", *[_start(w, layer, name, x, inputs) for name in states]]
    if peepholes is not None:
        given.append(w.constant(peepholes[None], f"{layer.name}.P" if layer.name else ""))
    direction = "reverse" if layer.backwards else "forward"
    every, last = w.name(kind), w.name(kind)
    from onnx import helper

    w.nodes.append(
        helper.make_node(
            kind, given, [every, last], every, hidden_size=layer.num_units, direction=direction,
            **settings,
        )
    )  # fmt: skip
    if layer.only_return_final:
        return w.add("Squeeze", last, w.integers([0]))
    return w.add("Transpose", w.add("Squeeze", every, w.integers([1])), perm=[1, 0, 2])


def _joined(layer: Any, gates: tuple[str, ...], turned: tuple[str, ...] = ()) -> list[Any]:
    """W, R and B of all gates, those of some with the other sign."""
    found = []
    for kind in ("W_in_to", "W_hid_to", "b"):
        rows = [
            -v.T if gate in turned else v.T
            for gate, v in zip(gates, _values(layer, kind, gates), strict=True)
        ]
        found.append(numpy.concatenate(rows))
    found[2] = numpy.concatenate([found[2], numpy.zeros_like(found[2])])
    return found


@exporter(layers.LSTMLayer)
def lstm(w: Writer, layer: Any, *inputs: str) -> str:
    """ONNX's order of gates is in, out, forget, cell."""
    gates = ("ingate", "outgate", "forgetgate", "cell")
    functions = [getattr(layer, f"nonlinearity_{gate}") for gate in gates]
    names = [
        _function(layer, *functions[:3]),
        _function(layer, functions[3]),
        _function(layer, layer.nonlinearity),
    ]
    seen = None
    if layer.peepholes:
        seen = numpy.concatenate(_values(layer, "W_cell_to", gates[:3]))
    return _written(
        w, layer, "LSTM", inputs, _joined(layer, gates), ["hid_init", "cell_init"], seen,
        activations=names,
    )  # fmt: skip


@exporter(layers.GRULayer)
def gru(w: Writer, layer: Any, *inputs: str) -> str:
    """ONNX's update gate is the share of the old state, 1 - sigmoid(x) = sigmoid(-x)."""
    gates = ("updategate", "resetgate", "hidden_update")
    functions = [getattr(layer, f"nonlinearity_{gate}") for gate in gates]
    name = _function(layer, *functions[:2])
    if name != "Sigmoid":
        raise refuse(layer, "its gates have another function than sigmoid")
    return _written(
        w, layer, "GRU", inputs, _joined(layer, gates, turned=gates[:1]), ["hid_init"],
        activations=[name, _function(layer, functions[2])], linear_before_reset=1,
    )  # fmt: skip


@exporter(layers.RecurrentLayer)
def recurrent(w: Writer, layer: Any, *inputs: str) -> str:
    """The simple one."""
    first, again = layer.input_to_hidden, layer.hidden_to_hidden
    b = numpy.zeros(layer.num_units, "float32") if first.b is None else first.b.numpy()
    parts = [first.W.numpy().T, again.W.numpy().T, numpy.concatenate([b, numpy.zeros_like(b)])]
    name = _function(layer, layer.nonlinearity)
    return _written(w, layer, "RNN", inputs, parts, ["hid_init"], activations=[name])
