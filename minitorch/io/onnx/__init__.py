"""ONNX: files of other libraries as networks, and networks as such files.

``registry`` has the operators' table; ``elementwise``, ``reductions``, ``shapes``, ``indexing``,
``windows``, ``norms``, ``recurrent``, ``resize``, ``sampling``, ``quantised`` and ``learning`` the
operators, a small function each; ``reading`` takes files apart, ``graph`` is the network that runs
them. ``export`` writes files, by ``export_layers``, ``export_shapes`` and ``export_recurrent``, a
small function for each kind of layer.
"""

from minitorch.io.onnx import (
    elementwise,
    export_layers,
    export_recurrent,
    export_shapes,
    indexing,
    learning,
    norms,
    quantised,
    recurrent,
    reductions,
    resize,
    sampling,
    shapes,
    windows,
)
from minitorch.io.onnx.export import exporter, save_onnx
from minitorch.io.onnx.graph import OnnxNetwork, load_onnx
from minitorch.io.onnx.reading import UnsupportedOperatorError
from minitorch.io.onnx.registry import OPERATORS, Node, operator

__all__ = [
    "OPERATORS",
    "Node",
    "OnnxNetwork",
    "UnsupportedOperatorError",
    "exporter",
    "load_onnx",
    "operator",
    "save_onnx",
]
