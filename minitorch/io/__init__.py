"""Files: atomic writes, arrays with metadata in safetensors, models, checkpoints."""

from minitorch.io.arrays import FileFormatError, load_arrays, save_arrays
from minitorch.io.checkpoints import Checkpoints
from minitorch.io.files import atomic_write

__all__ = [
    "Checkpoints",
    "FileFormatError",
    "atomic_write",
    "load_arrays",
    "save_arrays",
]
