"""A classifier by what a command line says of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minitorch.data import Preprocessing
from minitorch.io import PRETRAINED, FileFormatError, imagenet_classes, load_weights
from minitorch.models import MODELS, build
from minitorch.parameter import without_values
from minitorch.training.classifier import PRETRAINED_CLASSIFIERS, Classifier
from minitorch.utils import did_you_mean

__all__ = ["open_classifier"]

_WEIGHTS = (".pth", ".pt", ".pkl", ".npz")
# Whose names a file of weights has -> what images went into those networks.
_USUAL = {"torchvision": "torchvision", "timm": "torchvision", "lasagne": "caffe"}


def open_classifier(
    source: str | Path, prepare: str | None = None, known: Iterable[Any] = ()
) -> Classifier:
    """A classifier from a file, a run's folder, or a name.

    Parameters
    ----------
    source : str or Path
        - a file that ``Classifier.save`` wrote, or the folder of a run, with
          ``model.safetensors``;
        - an ONNX file;
        - ``efficientnet_lite0``: weights from an installed package;
        - ``MODEL:FILE``, such as ``vgg19:vgg19-dcbb9e9d.pth``: a network of ILSVRC 2012 with
          weights of another library.
    prepare : str, optional
        A name of :data:`minitorch.data.PREPROCESSINGS`, for files that do not say how images are
        prepared.
    known : iterable of classes and functions
        One's own layers.

    Returns
    -------
    Classifier

    Raises
    ------
    ValueError
        For a source that is none of these, with close names; FileFormatError and DataError are
        such.

    Notes
    -----
    By default the weights of torchvision and timm get images as torchvision prepares them, those of
    Lasagne's zoo as Caffe.
    """
    path = Path(source)
    model, colon, file = str(source).partition(":")
    if path.is_dir():
        path = path / "model.safetensors"
    if path.suffix in _WEIGHTS and path.is_file():
        raise ValueError(f"{path}: these are weights alone; say whose, as in vgg19:{path}")
    if path.suffix == ".onnx":
        made = Classifier.from_onnx(path)
    elif path.is_file():
        made = Classifier.load(path, known)
    elif colon and model in MODELS:
        made = _with_weights(model, file, prepare)
    elif str(source) in PRETRAINED:
        made = Classifier.pretrained(str(source))
    elif path.suffix or path.name != str(source):
        raise FileFormatError(f"{path}: there is no such file")
    else:
        hint = did_you_mean(str(source), PRETRAINED_CLASSIFIERS)
        raise ValueError(f"{source}: there is no such file, and no network of this name; {hint}")
    if prepare is not None:
        made.prepare = Preprocessing.named(prepare, made.prepare.input_shape)
    return made


def _with_weights(model: str, file: str, prepare: str | None) -> Classifier:
    """A network of the registry with the weights of another library."""
    shape = MODELS[model].input_shape
    with without_values():
        network = build(model)
    if network.output_shape[1] != 1000:
        raise ValueError(f"{model}:{file}: only networks of ILSVRC 2012's 1000 classes are known")
    report = load_weights(network, file)
    prepare = prepare or _USUAL.get(report.names)
    if prepare is None:
        raise ValueError(
            f"{model}:{file}: images for weights of {report.names} are prepared in several ways; "
            f"say which (--prepare)"
        )
    made = Classifier(network, imagenet_classes(), input_shape=shape, about={"model": model})
    made.prepare = Preprocessing.named(prepare, shape)
    return made
