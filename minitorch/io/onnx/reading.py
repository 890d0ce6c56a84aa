"""What is read from an ONNX file: nodes, arrays, shapes, and what they are used for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy

from minitorch.io.onnx.registry import OPERATORS, Node, find
from minitorch.io.onnx.shapes import DTYPES
from minitorch.utils import did_you_mean

__all__ = [
    "UnsupportedOperatorError",
    "array_of",
    "check_supported",
    "checked",
    "fits",
    "last_uses",
    "needed_for",
    "node_of",
    "roles_of",
    "shape_of",
]

# Through these a weight goes on its way to where it is one.
_PASSING = {"Identity", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Flatten", "Expand"}


class UnsupportedOperatorError(NotImplementedError):
    """A file with operators that are not there; ``operators`` lists them all."""

    def __init__(self, message: str, operators: list[str]) -> None:
        super().__init__(message)
        self.operators = operators


def node_of(proto: Any, versions: Mapping[str, int]) -> Node:
    """A node of the file, with the function for its operator if there is one."""
    from onnx.helper import get_attribute_value

    attributes = {}
    for one in proto.attribute:
        value = get_attribute_value(one)
        if one.type == one.STRING:
            value = value.decode()
        elif one.type == one.STRINGS:
            value = [v.decode() for v in value]
        elif one.type == one.TENSOR:
            value = array_of(value)
        attributes[one.name] = value
    domain = "" if proto.domain == "ai.onnx" else proto.domain
    version = versions.get(domain, 1)
    return Node(
        proto.op_type, domain, proto.name, version, list(proto.input), list(proto.output),
        attributes, operator=find(domain, proto.op_type, version),
    )  # fmt: skip


def array_of(tensor: Any) -> numpy.ndarray:
    """An array of the file."""
    from onnx.numpy_helper import to_array

    found: numpy.ndarray = to_array(tensor)
    return checked(found, tensor.name)


def checked(value: Any, name: str) -> Any:
    """A value of a dtype that tensors have; NotImplementedError for the others."""
    dtype = getattr(value, "dtype", None)
    if dtype is not None and str(dtype) not in DTYPES:
        raise NotImplementedError(f"{name!r} is {dtype}; tensors hold {', '.join(DTYPES)}")
    return value


def shape_of(value: Any) -> tuple[int | None, ...] | None:
    """The shape that a file gives an input; None if it gives none."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return tuple(d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim)


def fits(found: tuple[int, ...], shape: tuple[int | None, ...]) -> bool:
    """Whether an input has the shape that the file says."""
    # 0 stands for an open length in files of some writers.
    return len(found) == len(shape) and all(
        not n or n == m for m, n in zip(found, shape, strict=True)
    )


def needed_for(nodes: list[Node], outputs: Sequence[str]) -> list[Node]:
    """The nodes that these values depend on."""
    made = {name for node in nodes for name in node.outputs}
    for name in outputs:
        if name not in made:
            raise ValueError(f"the file has no value {name!r}; {did_you_mean(name, sorted(made))}")
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted & set(node.outputs):
            wanted |= set(node.inputs)
            kept.append(node)
    return kept[::-1]


def check_supported(nodes: Iterable[Node]) -> None:
    missing = {}
    for node in nodes:
        if node.operator is None:
            known = (node.domain, node.kind) in OPERATORS
            label = f"{node.domain}." * bool(node.domain) + node.kind
            missing[label + f" (of operator set {node.version})" * known] = None
    if missing:
        raise UnsupportedOperatorError(
            f"the file has operators that are not there: {', '.join(missing)}; docs/onnx.md lists "
            f"those that are, and minitorch.io.onnx.operator declares another",
            list(missing),
        )


def roles_of(nodes: list[Node]) -> dict[str, str]:
    """Values that arrive as an operator's weights, or as averages, if they are constants."""
    roles: dict[str, str] = {}
    for node in reversed(nodes):  # what uses a value comes behind what makes it
        one = node.operator
        assert one is not None
        for place, name in enumerate(node.inputs):
            if place in one.weights:
                roles[name] = "weight"
            elif place in one.averages:
                roles.setdefault(name, "average")
            elif place == 0 and node.kind in _PASSING and node.outputs[0] in roles:
                roles.setdefault(name, roles[node.outputs[0]])
    return roles


def last_uses(nodes: list[Node], outputs: list[str]) -> dict[int, list[str]]:
    """Which values nobody needs any longer when a node has run."""
    last = {name: place for place, node in enumerate(nodes) for name in node.inputs if name}
    found: dict[int, list[str]] = {}
    for name, place in last.items():
        if name not in outputs:
            found.setdefault(place, []).append(name)
    return found
