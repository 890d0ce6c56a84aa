"""ONNX files as networks that run, differentiate and train."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch.autograd import Tensor, asarray, enable_grad, no_grad
from minitorch.io.arrays import FileFormatError
from minitorch.io.onnx.reading import (
    array_of,
    check_supported,
    checked,
    fits,
    last_uses,
    needed_for,
    node_of,
    roles_of,
    shape_of,
)
from minitorch.io.onnx.registry import TRAINING, Node
from minitorch.parameter import Parameter
from minitorch.utils import did_you_mean

__all__ = ["OnnxNetwork", "load_onnx"]


def load_onnx(source: str | Path | Any, outputs: Sequence[str] | None = None) -> OnnxNetwork:
    """A network from an ONNX file.

    Parameters
    ----------
    source : path, bytes or onnx.ModelProto
    outputs : sequence of str, optional
        Names of values to give instead of the file's outputs, such as the features below its last
        layer; what they do not need is left out.

    Returns
    -------
    OnnxNetwork
        Callable with arrays or tensors; what it returns has a gradient.

    Raises
    ------
    FileFormatError
        If the file is missing, or is no ONNX model.
    UnsupportedOperatorError
        If it has operators that are not there; the message names them all.
    ValueError
        For an output that the file does not have, with close names.
    ImportError
        Without the package ``onnx``.

    Notes
    -----
    Constants that arrive where an operator has weights (the filters of a convolution, a
    matrix, ...) become parameters and are trained, averages of normalisations become
    parameters that are not; single numbers stay as they are. What depends on constants alone
    is computed once, here. docs/onnx.md lists the operators.

    Examples
    --------
    ``updates.adam(loss, load_onnx("model.onnx").get_params(trainable=True))`` fine-tunes.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError("load_onnx needs the package 'onnx'; run: pip install onnx") from None
    model = source
    if isinstance(source, str | Path):
        if not Path(source).is_file():
            raise FileFormatError(f"{source}: there is no such file")
        try:
            model = onnx.load(str(source))
        except Exception as error:  # protobuf has its own family of errors
            raise FileFormatError(f"{source}: this is no ONNX model ({error})") from None
    elif isinstance(source, bytes):
        model = onnx.load_from_string(source)
    if model.functions:
        from onnx.inliner import inline_local_functions

        model = inline_local_functions(model)
    return OnnxNetwork(model, outputs)


class OnnxNetwork:
    """A graph of operators with parameters.

    Attributes
    ----------
    inputs : dict of str to tuple
        Names and shapes (None for lengths that the file leaves open) of what it takes.
    outputs : list of str
    output_shapes : dict of str to (tuple or None)
        As the file has them.
    params : dict of str to Parameter
        By their names in the file.
    constants : dict of str to Tensor
        The other values that do not depend on the inputs.
    nodes : list of Node
        In the order in which they run.
    written_for : dict of str to int
        The operator sets, by their domains.
    kinds : dict of str to int
        The dtypes of inputs and outputs, by ONNX's numbers.
    metadata : dict of str to str
        Words that the file has about itself.
    """

    def __init__(self, model: Any, outputs: Sequence[str] | None = None) -> None:
        self.written_for = {one.domain or "": one.version for one in model.opset_import}
        self.metadata = {one.key: one.value for one in model.metadata_props}
        graph = model.graph
        self.nodes = [node_of(one, self.written_for) for one in graph.node]
        arrays = {one.name: array_of(one) for one in graph.initializer}
        inputs = [one for one in graph.input if one.name not in arrays]
        self.outputs = [one.name for one in graph.output]
        if outputs is not None:
            self.outputs, self.nodes = list(outputs), needed_for(self.nodes, outputs)
            used = {name for node in self.nodes for name in node.inputs}
            inputs = [one for one in inputs if one.name in used]
            arrays = {name: array for name, array in arrays.items() if name in used}
        check_supported(self.nodes)
        self.inputs = {one.name: shape_of(one) for one in inputs}
        known = {one.name: one for one in (*graph.value_info, *graph.input, *graph.output)}
        self.output_shapes = {n: shape_of(known[n]) if n in known else None for n in self.outputs}
        self.kinds = {
            name: known[name].type.tensor_type.elem_type if name in known else 1
            for name in (*self.inputs, *self.outputs)
        }
        self.params: dict[str, Parameter] = {}
        self.constants: dict[str, Tensor] = {}
        self._keep = any(node.domain == TRAINING for node in self.nodes)
        self._roles = roles_of(self.nodes)
        for name, array in arrays.items():
            self._add(name, array)
        self._fold()
        self._last = last_uses(self.nodes, self.outputs)

    # -- making ---------------------------------------------------------------------------

    def _add(self, name: str, value: Any) -> None:
        """A constant of the file: a parameter if it is used as one."""
        role = self._roles.get(name)
        value = value.numpy() if isinstance(value, Tensor) else value
        if role is None or value.dtype.kind != "f" or value.ndim == 0:
            self.constants[name] = asarray(value)
            return
        param = Parameter(numpy.array(value), name=name, trainable=role == "weight")
        self.params[name] = param

    @no_grad()
    def _fold(self) -> None:
        """Compute what depends on constants alone, and leave the rest."""
        rest = []
        for node in self.nodes:
            known = all(not name or name in self.constants for name in node.inputs)
            fixed = node.operator is not None and not node.operator.varies
            if known and fixed and node.domain != TRAINING:
                values = self._results(node, [self.constants.get(n) for n in node.inputs])
                for name, value in zip(node.outputs, values, strict=False):
                    self._add(name, value)
            else:
                rest.append(node)
        self.nodes = rest

    # -- running ----------------------------------------------------------------------------

    def __call__(self, *inputs: Any, training: bool = False, **named: Any) -> Any:
        """The outputs.

        Parameters
        ----------
        *inputs : array or Tensor, or one mapping of names to these
            In the order of ``self.inputs``.
        training : bool
            Whether dropout drops, and normalisations go by the batch and take it into their
            averages; by default they do as at the end of training.
        **named
            Inputs by name.

        Returns
        -------
        Tensor, or a tuple of them if the graph has several outputs

        Raises
        ------
        TypeError
            For inputs that are missing, too many, or not there.
        ValueError
            For an input of another shape than the file says.
        """
        values = self._given(inputs, named)
        if self._keep:  # its gradients are asked for inside
            for value in values.values():
                if value.dtype.kind == "f" and not value.requires_grad:
                    value.requires_grad_()
        with enable_grad() if self._keep else contextlib.nullcontext():
            outputs = self._run(values, training)
        return outputs[0] if len(outputs) == 1 else outputs

    def _given(self, inputs: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Tensor]:
        """Values by the inputs' names, checked."""
        if len(inputs) == 1 and isinstance(inputs[0], Mapping):
            inputs, named = (), {**inputs[0], **named}
        if len(inputs) > len(self.inputs):
            raise TypeError(f"it takes {len(self.inputs)} inputs, got {len(inputs)}")
        found = dict(zip(self.inputs, inputs, strict=False)) | dict(named)
        for name in found:
            if name not in self.inputs:
                hint = did_you_mean(name, self.inputs, otherwise="its inputs are")
                raise TypeError(f"it has no input {name!r}; {hint}")
        missing = [name for name in self.inputs if name not in found]
        if missing:
            raise TypeError(f"it needs values for {', '.join(missing)}")
        values = {name: asarray(checked(value, name)) for name, value in found.items()}
        for name, value in values.items():
            shape = self.inputs[name]
            if shape is not None and not fits(value.shape, shape):
                raise ValueError(
                    f"the input {name!r} has shape {shape} (None: any length), got {value.shape}"
                )
        return values

    def _run(self, values: dict[str, Tensor], training: bool) -> tuple[Tensor, ...]:
        known: dict[str, Any] = {**self.constants, **self.params, **values}
        for place, node in enumerate(self.nodes):
            node.training, node.values = training, known if self._keep else None
            results = self._results(node, [known[n] if n else None for n in node.inputs])
            known.update(zip(node.outputs, results, strict=False))
            if not self._keep:
                for name in self._last.get(place, ()):
                    known.pop(name, None)
        return tuple(known[name] for name in self.outputs)

    @staticmethod
    def _results(node: Node, inputs: list[Any]) -> tuple[Any, ...]:
        """What one node gives; its errors say which it was."""
        assert node.operator is not None
        try:
            found = node.operator.function(node, *inputs)
        except Exception as error:
            shapes = ", ".join("none" if v is None else str(v.shape) for v in inputs)
            error.add_note(f"in the ONNX node {node!r}, whose inputs have shapes {shapes}")
            raise
        return found if isinstance(found, tuple) else (found,)

    # -- parameters ---------------------------------------------------------------------------

    def get_params(self, trainable: bool | None = None) -> list[Parameter]:
        """The parameters in the file's order; with ``trainable`` those that are trained, or not."""
        every = self.params.values()
        return [p for p in every if trainable is None or p.requires_grad == trainable]

    def __repr__(self) -> str:
        return (
            f"OnnxNetwork({', '.join(f'{n} {s}' for n, s in self.inputs.items())} -> "
            f"{', '.join(self.outputs)}: {len(self.nodes)} nodes, {len(self.params)} parameters)"
        )
