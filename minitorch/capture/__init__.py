"""Capturing a step: trace it once, replay it as a flat program.

``minitorch.function`` is the door. ``trace`` watches one eager run and writes down what it did,
``ir`` is what it writes, ``passes`` throws away what is not needed and joins what can be joined,
``layout`` plans the memory, ``lower`` turns instructions into calls of kernels.
"""

from minitorch.capture.function import Captured, function
from minitorch.capture.program import Program
from minitorch.capture.trace import CaptureError

__all__ = ["CaptureError", "Captured", "Program", "function"]
