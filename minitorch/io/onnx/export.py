"""Networks as ONNX files: a walk over the layers, each of which writes its nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch import layers
from minitorch.autograd import Tensor
from minitorch.io.files import atomic_write
from minitorch.io.onnx.graph import OnnxNetwork
from minitorch.io.onnx.reading import UnsupportedOperatorError

__all__ = ["EXPORTERS", "Writer", "exporter", "save_onnx"]

VERSION = 17  # of the operator set
_FORMAT = 8  # of the file

EXPORTERS: dict[type, Callable[..., str]] = {}


def exporter(*kinds: type) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Declare the function below to write these kinds of layers.

    ``function(writer, layer, *inputs)`` adds nodes and gives the name of the layer's output.
    """

    def declare(function: Callable[..., str]) -> Callable[..., str]:
        for kind in kinds:
            EXPORTERS[kind] = function
        return function

    return declare


def _exporter_of(layer: Any) -> Callable[..., str] | None:
    """The function of the layer's class, or of the next one above it."""
    found = next((EXPORTERS[kind] for kind in type(layer).__mro__ if kind in EXPORTERS), None)
    return found


class Writer:
    """The nodes and constants of a file, while it is made."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, numpy.ndarray] = {}
        self.layer = ""  # whose nodes are being written
        self._count = 0

    def name(self, kind: str) -> str:
        """A name that no other value has."""
        self._count += 1
        return f"{self.layer or 'value'}/{kind.lower()}_{self._count}"

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output; its name."""
        from onnx import helper

        output = self.name(kind)
        self.nodes.append(helper.make_node(kind, list(inputs), [output], output, **attributes))
        return output

    def constant(self, value: Any, name: str = "", dtype: Any = None) -> str:
        """An array in the file; parameters keep their names."""
        array = numpy.asarray(value.numpy() if isinstance(value, Tensor) else value, dtype)
        known = self.constants.get(name)
        if not name or (known is not None and not numpy.array_equal(known, array)):
            name = self.name(name or "constant")
        self.constants[name] = numpy.ascontiguousarray(array).reshape(array.shape)
        return name

    def integers(self, values: Sequence[int]) -> str:
        """Whole numbers, as shapes and axes are given."""
        return self.constant(list(values), dtype="int64")

    def parameter(self, layer: Any, attribute: str, change: Any = None) -> str:
        """A layer's parameter, as it is or changed."""
        param = getattr(layer, attribute)
        value = param.numpy()
        label = getattr(param, "name", None) or ""
        return self.constant(value if change is None else change(value), label)


def save_onnx(
    network: Any,
    path: str | Path,
    input_shape: Sequence[int | None] | Mapping[Any, Sequence[int | None]] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a network as an ONNX file, as it is at the end of training.

    Parameters
    ----------
    network : Layer, list of Layer, or OnnxNetwork
    path : str or Path
        Replaced in one step.
    input_shape : tuple of (int or None), or mapping of input layers to these, optional
        What the file says that it takes; by default the input layers' own shapes. None leaves a
        length open.
    metadata : mapping of str to str, optional
        Words for the file's ``metadata_props``, beside those that an imported network has.

    Returns
    -------
    Path

    Raises
    ------
    UnsupportedOperatorError
        If layers cannot be written; the message names them all.
    ValueError
        For a network without an input layer, or a shape of another rank.
    ImportError
        Without the package ``onnx``.

    Notes
    -----
    Dropout and noise are left out, and normalisations go by their averages. Inputs, outputs and
    parameters keep their names. The operator set is 17.

    Examples
    --------
    ``save_onnx(build("resnet18"), "resnet18.onnx")``; then
    ``onnxruntime.InferenceSession("resnet18.onnx")``.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError("save_onnx needs the package 'onnx'; run: pip install onnx") from None
    again = isinstance(network, OnnxNetwork)
    model = _again(network) if again else _model(network, input_shape)
    known = network.metadata if again else {}
    onnx.helper.set_model_props(model, {**known, **(metadata or {})})
    if not again or None not in network.output_shapes.values():  # the checker wants shapes
        onnx.checker.check_model(model)
    return atomic_write(path, model.SerializeToString())


def _model(network: Any, input_shape: Any) -> Any:
    """The file of a network of layers."""
    from onnx import helper, numpy_helper

    single = isinstance(network, layers.Layer)
    heads = [network] if single else list(network)
    every = layers.get_all_layers(network)
    writer, values = Writer(), {}
    _check(every)
    shapes = _shapes(every, input_shape)
    used: dict[str, int] = {}
    for layer in every:
        label = layer.name or type(layer).__name__.removesuffix("Layer").lower()
        used[label] = used.get(label, 0) + 1
        writer.layer = label if used[label] == 1 else f"{label}:{used[label]}"
        if layer in shapes:
            values[layer] = writer.layer
            continue
        function = _exporter_of(layer)
        assert function is not None
        values[layer] = function(writer, layer, *[values[one] for one in layer.sources()])
    outputs = _named_outputs(writer, heads, values)
    graph = helper.make_graph(
        writer.nodes,
        "minitorch",
        [_info(values[layer], layer, shape) for layer, shape in shapes.items()],
        [_info(outputs[i], layer, layer.output_shape) for i, layer in enumerate(heads)],
        [numpy_helper.from_array(array, name) for name, array in writer.constants.items()],
    )
    return _whole(graph, {"": VERSION})


def _whole(graph: Any, versions: Mapping[str, int]) -> Any:
    from onnx import helper

    sets = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
    return helper.make_model(
        graph, opset_imports=sets, ir_version=_FORMAT, producer_name="minitorch"
    )


def _check(every: list[Any]) -> None:
    """All layers that cannot be written, at once."""
    missing = {
        type(one).__name__: None
        for one in every
        if not isinstance(one, layers.InputLayer) and _exporter_of(one) is None
    }
    if missing:
        raise UnsupportedOperatorError(
            f"save_onnx: layers that cannot be written: {', '.join(missing)}; "
            f"minitorch.io.onnx.exporter declares how",
            list(missing),
        )


def _shapes(every: list[Any], given: Any) -> dict[Any, Any]:
    """The input layers and what the file says of their shapes."""
    inputs = [one for one in every if isinstance(one, layers.InputLayer)]
    if not inputs or any(None in one.sources() for one in every if one not in inputs):
        raise ValueError("save_onnx: the network has no input layer; put an InputLayer under it")
    if given is not None and not isinstance(given, Mapping):
        if len(inputs) != 1:
            raise ValueError(
                f"save_onnx: the network has {len(inputs)} inputs; give input_shape as a mapping"
            )
        given = {inputs[0]: given}
    shapes = {one: tuple((given or {}).get(one, one.shape)) for one in inputs}
    for one, shape in shapes.items():
        fits = len(shape) == len(one.shape) and all(
            n is None or m is None or n == m for n, m in zip(shape, one.shape, strict=True)
        )
        if not fits:
            raise ValueError(f"save_onnx: {one!r} does not take the shape {shape}")
    return shapes


def _info(name: str, layer: Any, shape: Any) -> Any:
    """A value's name, dtype and shape; open lengths get names, that of the batch everywhere one."""
    from onnx import TensorProto, helper

    lengths = [
        n if n is not None else ("batch" if i == 0 else f"{name}_{i}") for i, n in enumerate(shape)
    ]
    whole = isinstance(layer, layers.InputLayer) and _indexes(layer)
    return helper.make_tensor_value_info(
        name, TensorProto.INT64 if whole else TensorProto.FLOAT, lengths
    )


def _indexes(layer: Any) -> bool:
    """Whether an input is one of indices: data that it was given say so."""
    held = getattr(layer, "input_var", None)
    return held is not None and getattr(held, "dtype", numpy.dtype("f4")).kind in "iu"


def _named_outputs(writer: Writer, heads: list[Any], values: dict[Any, str]) -> list[str]:
    """Outputs under the names of their layers."""
    from onnx import helper

    names: list[str] = []
    for place, layer in enumerate(heads):
        wanted = layer.name or f"output{place if len(heads) > 1 else ''}"
        taken = wanted in names or wanted in writer.constants or wanted in values.values()
        name = f"{wanted}/output" if taken else wanted
        writer.nodes.append(helper.make_node("Identity", [values[layer]], [name], name))
        names.append(name)
    return names


def _again(network: OnnxNetwork) -> Any:
    """The file of an imported network, with its parameters as they are now."""
    from onnx import helper, numpy_helper

    def attribute(value: Any) -> Any:
        return numpy_helper.from_array(value) if isinstance(value, numpy.ndarray) else value

    nodes = [
        helper.make_node(
            one.kind, one.inputs, one.outputs, one.name, domain=one.domain,
            **{k: attribute(v) for k, v in one.attributes.items()},
        )
        for one in network.nodes
    ]  # fmt: skip
    arrays = {**network.constants, **network.params}
    needed = {name for one in network.nodes for name in one.inputs} | set(network.outputs)
    graph = helper.make_graph(
        nodes,
        "minitorch",
        [helper.make_tensor_value_info(n, network.kinds[n], s) for n, s in network.inputs.items()],
        [
            helper.make_tensor_value_info(n, network.kinds[n], network.output_shapes[n])
            for n in network.outputs
        ],
        [numpy_helper.from_array(v.numpy(), n) for n, v in arrays.items() if n in needed],
    )
    return _whole(graph, network.written_for)
