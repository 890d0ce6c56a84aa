"""Helpers of the native kernels' tests: the module, its rungs, guarded outputs, bounds."""

import numpy as np

from minitorch.backend.native import load_extension

NATIVE, REASON = load_extension("_cpu")

GUARD = 64  # bytes before and after an output
PATTERN = 0xA5


def rungs(family):
    """Names of a family's rungs, from the table that the module exports."""
    return [name for name, _, _ in NATIVE.rungs[family]] if NATIVE else ["none"]


class Guarded:
    """An output array between guard bytes, full of NaN (or of a wrong index) to begin with."""

    def __init__(self, shape, dtype):
        dtype = np.dtype(dtype)
        size = int(np.prod(shape)) * dtype.itemsize
        self.memory = np.full(size + 2 * GUARD, PATTERN, np.uint8)
        self.array = self.memory[GUARD : GUARD + size].view(dtype).reshape(shape)
        self.array.fill(np.nan if dtype.kind == "f" else 113)

    def check(self):
        """Nothing was written outside."""
        outside = (self.memory[:GUARD], self.memory[self.memory.size - GUARD :])
        assert all((part == PATTERN).all() for part in outside), "written outside the output"
        return self.array


def bound(length, size, dtype):
    """Of a sum of ``length`` products whose absolute values add up to ``size``, in any order."""
    return (length + 1) * np.finfo(dtype).eps * size + np.finfo(dtype).tiny
