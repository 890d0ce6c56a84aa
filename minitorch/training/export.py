"""A classifier in other programs' formats."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy

from minitorch import layers
from minitorch.io import atomic_write, save_onnx, save_weights
from minitorch.io.onnx import OnnxNetwork
from minitorch.training.classifier import ONNX_KEY, Classifier

__all__ = ["export"]


def export(classifier: Classifier, path: str | Path, names: str = "torchvision") -> Path:
    """Write a classifier for another program, in one step.

    Parameters
    ----------
    classifier : Classifier
    path : str or Path
        Its suffix says how:

        - ``.onnx``: the network; its metadata have the classes' names and the preprocessing, so
          that ``Classifier.from_onnx`` needs nothing else;
        - ``.safetensors``: the weights by another library's names;
        - ``.npz``: the weights as ``numpy.savez(path, *get_all_param_values(network))`` of
          Lasagne's users.
    names : {"torchvision", "timm", "efficientnet_pytorch", "minitorch"}
        For ``.safetensors``; "minitorch" writes what ``Classifier.save`` does.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        For another suffix, names that the network does not have there, or weights of an imported
        ONNX network, which only has its own.
    OSError
        If it cannot be written.

    Notes
    -----
    Weights alone do not say how images are prepared: what reads them must do as
    ``classifier.prepare`` does.
    """
    path, network = Path(path), classifier.network
    imported = isinstance(network, OnnxNetwork)
    if path.suffix not in (".onnx", ".safetensors", ".npz"):
        raise ValueError(f"{path}: expected a name that ends in .onnx, .safetensors or .npz")
    if path.suffix == ".onnx":
        shape = None if imported else (None, *classifier.prepare.input_shape)
        about = {ONNX_KEY: json.dumps(classifier.description())}
        return save_onnx(network, path, shape, about)
    if imported:
        raise ValueError(f"{path}: an imported ONNX network is written as .onnx only")
    if path.suffix == ".npz":
        content = io.BytesIO()
        numpy.savez(content, *layers.get_all_param_values(network))
        return atomic_write(path, content.getvalue())
    return classifier.save(path) if names == "minitorch" else save_weights(network, path, names)
