"""The network that is looked at: its layers by name, its logits, gradients towards its input."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy

from minitorch import layers, ops
from minitorch.autograd import Tensor, asarray, grad
from minitorch.data.resample import resize
from minitorch.io.onnx import OnnxNetwork
from minitorch.look.naming import class_number, layers_by_name
from minitorch.look.rectifiers import Rule, rectifies, with_rule
from minitorch.ops.provenance import logits_of
from minitorch.training.networks import outputs_of
from minitorch.utils import did_you_mean

__all__ = ["Score", "Subject", "Values"]

Array = numpy.ndarray
Values = Mapping[Any, Tensor]  # what each layer gave
Score = Callable[[Values], Tensor]  # one number of them
_TINY = 1e-30
_VALUES = 600_000  # that go in at a time: four photographs of 224 x 224


class Subject:
    """A classifier as the methods of this room see it; the network stays as it is.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
        Of a network of layers that takes images, (channels, rows, columns).

    Attributes
    ----------
    layers : dict of str to Layer
        Inputs first. A layer without a name, or with one that others have too, is called by its
        class and place, such as ``Conv2DLayer[3]``.
    lowest, highest : numpy.ndarray, shape (channels, 1, 1) or of an input
        Black and white, as the network is given them.

    Raises
    ------
    ValueError
        For an imported ONNX network, which has no layers, and for one that takes no images.

    Notes
    -----
    Scores of classes are logits, what comes before the softmax: a probability's gradient can
    be had by making other classes less probable (Simonyan and others say so in section 2). They
    are known of networks that end with ``softmax`` or ``sigmoid``, and of those that end with
    logits; of any other the output is the score.

    Layers are computed one by one, without a check of the input's length, so a layer below the
    first that has a fixed length can be computed for images of other sizes.

    Examples
    --------
    >>> import numpy as np
    >>> from minitorch.models import build
    >>> from minitorch.training import Classifier
    >>> subject = Subject(Classifier(build("lenet")))
    >>> list(subject.layers)
    ['input', 'conv1', 'pool1', 'conv2', 'pool2', 'dense', 'output']
    >>> x = subject.prepared(np.zeros((1, 30, 40), np.uint8))
    >>> x.shape, subject.logits(subject.values(x)).shape
    ((1, 1, 28, 28), (1, 10))
    """

    def __init__(self, classifier: Any) -> None:
        self.classifier, self.network = classifier, classifier.network
        self.prepare = classifier.prepare
        if isinstance(self.network, OnnxNetwork):
            raise ValueError(
                "look: an imported ONNX network has operators, not layers: it can classify, and "
                "cannot be looked into"
            )
        if len(self.prepare.input_shape) != 3:
            raise ValueError(
                f"look: the network takes {self.prepare.input_shape}, expected images (channels, "
                f"rows, columns)"
            )
        self.order = layers.get_all_layers(self.network)
        self.device = layers.get_device(self.network)
        self.layers = layers_by_name(self.order)
        shape = self.prepare.input_shape
        self.lowest = self._limit(numpy.zeros(shape, numpy.float32))
        self.highest = self._limit(numpy.full(shape, 255, numpy.float32))

    def _limit(self, image: Array) -> Array:
        """One level of grey everywhere, prepared; one pixel of it if all have the same figures."""
        out: Array = self.prepare.standardise(image)
        return out[:, :1, :1] if self.prepare.standardiser.mean.ndim == 1 else out

    # -- images -------------------------------------------------------------------------------

    def prepared(self, image: Array) -> Array:
        """An image, bytes or floats up to 255, as a batch of one that the network takes."""
        image = numpy.asarray(image)
        if image.ndim != 3:
            raise ValueError(
                f"look: expected an image (channels, rows, columns), found shape {image.shape}"
            )
        out: Array = self.prepare(image)[None]
        return out

    def in_its_size(self, image: Array) -> Array:
        """The same without a change of the image's size.

        Raises
        ------
        ValueError
            Where each pixel of an input has a mean of its own.
        """
        if self.prepare.standardiser.mean.ndim != 1:
            raise ValueError("look: the mean is one per pixel, so images have the input's size")
        out: Array = self.prepare.standardiser.apply(self.prepare.coloured(image)[None])
        return out

    def picture(self, x: Array) -> Array:
        """Prepared images of any size as bytes that can be shown.

        Parameters
        ----------
        x : numpy.ndarray, shape (n, channels, rows, columns)

        Returns
        -------
        numpy.ndarray of uint8, shape (n, rows, columns, 3) or (n, rows, columns)
            The second for networks of one channel.
        """
        shown = self.prepare.standardiser.picture(x)
        if self.prepare.order == "BGR" and shown.shape[1] == 3:
            shown = shown[:, ::-1]
        return shown[:, 0] if shown.shape[1] == 1 else shown.transpose(0, 2, 3, 1)

    # -- names --------------------------------------------------------------------------------

    def layer(self, name: str) -> Any:
        """The layer of a name; ValueError with close names if there is none."""
        if name not in self.layers:
            hint = did_you_mean(str(name), self.layers, otherwise="its layers are")
            raise ValueError(f"look: the network has no layer {name!r}; {hint}")
        return self.layers[name]

    def maps_layer(self, name: str | None = None) -> str:
        """The name of a layer of maps (4 axes): the one asked for, else the last that has places.

        Raises
        ------
        ValueError
            If it has no maps, or the network none.
        """
        if name is not None:
            if len(self.layer(name).output_shape) != 4:
                raise ValueError(
                    f"look: layer {name!r} gives {self.layers[name].output_shape}, expected maps "
                    f"(n, channels, rows, columns)"
                )
            return name
        having = [
            key
            for key, one in self.layers.items()
            if len(one.output_shape) == 4
            and math.prod(n or 2 for n in one.output_shape[2:]) > 1
            and not isinstance(one, layers.InputLayer)
        ]
        if not having:
            raise ValueError(
                "look: no layer of the network gives maps (n, channels, rows, columns)"
            )
        return having[-1]

    def class_of(self, target: int | str) -> int:
        """A class's number, by that or by its name.

        A part of a name will do if it stands between commas, as ``tabby`` in ``tabby, tabby cat``.

        Raises
        ------
        ValueError
            For a number or a name that no class has, or a name that several have.
        """
        made = self.classifier
        return class_number(target, made.class_names, made.num_classes)

    # -- computing ----------------------------------------------------------------------------

    def values(self, x: Any, stop: Any = None, rule: Rule | None = None) -> dict[Any, Tensor]:
        """What each layer gives, or each that leads to the layer ``stop``.

        Parameters
        ----------
        x : array or Tensor, shape (n, channels, rows, columns)
        stop : Layer, optional
        rule : callable, optional
            Makes another function of each rectifier's, see :mod:`minitorch.look.rectifiers`.
            Rectifiers in networks that a layer has inside keep their own.
        """
        if not isinstance(x, Tensor):
            x = asarray(x, device=self.device)
        found: dict[Any, Tensor] = {}
        for one in self.order if stop is None else layers.get_all_layers(stop):
            if isinstance(one, layers.InputLayer):
                found[one] = x
                continue
            below = [found[source] for source in one.sources()]
            given = below if isinstance(one, layers.MergeLayer) else below[0]
            passed = one if rule is None or not rectifies(one) else with_rule(one, rule)
            found[one] = passed.get_output_for(given, deterministic=True)
        return found

    def logits(self, values: Values) -> Tensor:
        """The classes' scores, shape (n, classes)."""
        out = values[self.network]
        if not self.classifier.logits:
            before = logits_of(out, "softmax", 1)
            before = logits_of(out, "sigmoid") if before is None else before
            out = out if before is None else before
        return ops.reshape(out, (out.shape[0], -1))

    def probabilities(self, x: Array) -> Array:
        """For prepared images, shape (n, classes); a few at a time, as all layers are kept."""
        return self.as_probabilities(
            outputs_of(self.network, x, self.at_a_time).reshape(len(x), -1)
        )

    @property
    def at_a_time(self) -> int:
        """How many images go through the network at once."""
        return max(1, _VALUES // math.prod(self.prepare.input_shape))

    def as_probabilities(self, out: Array) -> Array:
        """What the network gives, shape (n, classes): through a softmax if these are logits."""
        if self.classifier.logits:
            out = numpy.exp(out - out.max(axis=1, keepdims=True))
            out /= out.sum(axis=1, keepdims=True)
        return out

    def score(self, target: int | str, layer: str | None = None) -> Score:
        """What a method makes larger, or asks the cause of.

        Parameters
        ----------
        target : int or str
            A class; or, with a layer, a channel (unit) of it.
        layer : str, optional

        Returns
        -------
        callable
            From the layers' values to the sum over the images of the class's logit, or of the
            channel's mean.
        """
        if layer is None:
            number = self.class_of(target)
            return lambda values: ops.sum(self.logits(values)[:, number])
        channel, one = self.channel_of(layer, target), self.layer(layer)
        places = math.prod(n or 1 for n in one.output_shape[2:])
        if None in one.output_shape[2:]:
            return lambda values: ops.mean(values[one][:, channel])
        return lambda values: ops.sum(values[one][:, channel]) / places

    def channel_of(self, layer: str, channel: int | str) -> int:
        """A channel's number, checked."""
        count = self.layer(layer).output_shape[1]
        try:
            number = int(channel)
        except ValueError:
            raise ValueError(
                f"look: {channel!r} is no channel of {layer!r}; give a number"
            ) from None
        if not 0 <= number < count:
            raise ValueError(f"look: {layer!r} has {count} channels, from 0; there is no {number}")
        return number

    def stop_of(self, layer: str | None) -> Any:
        """Up to which layer values are needed."""
        return None if layer is None else self.layer(layer)

    def gradient(
        self, x: Array, score: Score, stop: Any = None, rule: Rule | None = None
    ) -> tuple[Array, float]:
        """d score / d x, of x's shape, and the score."""
        given = asarray(x, device=self.device).detach().requires_grad_()
        value = score(self.values(given, stop, rule))
        return grad(value, given).numpy(), float(value.item())

    def between(self, x: Array, layer: Any, score: Score) -> tuple[Array, Array]:
        """What a layer gives for one image, and d score / d of that, both without the batch's axis.

        Raises
        ------
        ValueError
            If the score does not depend on the layer.
        """
        given = asarray(x, device=self.device).detach().requires_grad_()
        values = self.values(given)
        back = grad(score(values), values[layer], allow_unused=True)
        if back is None:
            raise ValueError(f"look: the score does not depend on {layer!r}")
        return values[layer].numpy()[0], back.numpy()[0]


def normalised(gradient: Array) -> Array:
    """Divided by the root of its mean square, so that a step has one length everywhere."""
    return gradient / (math.sqrt(float(numpy.square(gradient).mean())) + _TINY)


def upsampled(image: Array, size: tuple[int, int]) -> Array:
    """Maps (..., rows, columns) as floats in another size."""
    shape = image.shape
    out = resize(image.reshape(-1, *shape[-2:]).astype(numpy.float32), size)
    return out.reshape(*shape[:-2], *size)
