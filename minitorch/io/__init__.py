"""Files: atomic writes, arrays with metadata in safetensors, networks, checkpoints."""

from minitorch.io.arrays import FileFormatError, load_arrays, read_safetensors, save_arrays
from minitorch.io.checkpoints import Checkpoints
from minitorch.io.files import atomic_write
from minitorch.io.imagenet import IMAGENET_INSTALL, imagenet_classes
from minitorch.io.lasagne import load_npz, load_pickle
from minitorch.io.network import load, load_with_about, read_about, save
from minitorch.io.onnx import load_onnx, save_onnx
from minitorch.io.pth import load_pth, state_dict_of
from minitorch.io.weights import Report, WeightsError, load_weights, save_weights
from minitorch.io.zoo import PRETRAINED, pretrained

__all__ = [
    "IMAGENET_INSTALL",
    "PRETRAINED",
    "Checkpoints",
    "FileFormatError",
    "Report",
    "WeightsError",
    "atomic_write",
    "imagenet_classes",
    "load",
    "load_arrays",
    "load_npz",
    "load_onnx",
    "load_pickle",
    "load_pth",
    "load_weights",
    "load_with_about",
    "pretrained",
    "read_about",
    "read_safetensors",
    "save",
    "save_arrays",
    "save_onnx",
    "save_weights",
    "state_dict_of",
]
