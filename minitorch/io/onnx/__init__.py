"""ONNX: files of other libraries as networks, and networks as such files.

``registry`` has the operators' table; ``elementwise``, ``reductions``, ``shapes``,
``indexing``, ``windows``, ``norms``, ``recurrent`` and ``learning`` the operators,
a small function each; ``graph`` the network that runs them.
"""

from minitorch.io.onnx import (
    elementwise,
    indexing,
    learning,
    norms,
    recurrent,
    reductions,
    shapes,
    windows,
)
from minitorch.io.onnx.graph import OnnxNetwork, UnsupportedOperatorError, load_onnx
from minitorch.io.onnx.registry import OPERATORS, Node, operator

__all__ = [
    "OPERATORS",
    "Node",
    "OnnxNetwork",
    "UnsupportedOperatorError",
    "load_onnx",
    "operator",
]
