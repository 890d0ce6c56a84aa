"""A classifier: a network, what is done to images before it, and the names of its classes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy

from minitorch import layers
from minitorch.data import Dataset, ImageFiles, Preprocessing, Standardiser
from minitorch.data.transforms import TenCrop
from minitorch.io import (
    PRETRAINED,
    FileFormatError,
    imagenet_classes,
    load_with_about,
    pretrained,
    save,
)
from minitorch.io.onnx import OnnxNetwork, load_onnx
from minitorch.training.labels import numbers_of
from minitorch.training.metrics import Evaluation
from minitorch.training.networks import gives_logits, input_shape_of, num_classes_of, outputs_of

__all__ = ["ONNX_KEY", "PRETRAINED_CLASSIFIERS", "Classifier", "Guess"]

Array = numpy.ndarray
ONNX_KEY = "minitorch.classifier"  # in an ONNX file's metadata
PRETRAINED_CLASSIFIERS = ("efficientnet_lite0",)
_BATCH = 2_500_000  # values that go in at a time: 16 photographs of 224 x 224
Views = str | Callable[[Array], Array] | None


class Guess(NamedTuple):
    """One class that an image may be of."""

    label: int
    name: str
    probability: float


class Classifier:
    """A trained network with all that is needed to ask it about an image.

    Parameters
    ----------
    network : Layer, list of Layer or OnnxNetwork
        Of probabilities. Of a list, such as GoogLeNet with its auxiliary heads, the first counts.
    class_names : sequence of str
        One per class, or none at all.
    standardiser : Standardiser, optional
        With the training images' figures; by default bytes go in as they are.
    input_shape : tuple of int, optional
        (channels, rows, columns) of one example; by default what the network says.
    logits : bool
        Whether the network lacks its softmax, which is then done here.
    about : mapping, optional
        Anything else that JSON can hold: the recipe, what it was trained on.
    **how
        ``short``, ``order``, ``filter``: see :class:`minitorch.data.Preprocessing`.

    Attributes
    ----------
    prepare : Preprocessing
    num_classes : int

    Raises
    ------
    ValueError
        For names that are not one per class, or an input shape that is needed or does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from minitorch.models import build_mlp
    >>> network = build_mlp((8,), num_classes=3, input_shape=(1, 6, 6))
    >>> classifier = Classifier(network, ["cat", "dog", "owl"], Standardiser([127], [64]))
    >>> images = [np.zeros((3, 40, 30), np.uint8), np.ones((1, 9, 9), np.uint8)]
    >>> p = classifier.probabilities(images)
    >>> p.shape, len(classifier.top(p, 2)[0])
    ((2, 3), 2)
    """

    def __init__(
        self,
        network: Any,
        class_names: Sequence[str] = (),
        standardiser: Standardiser | None = None,
        input_shape: Sequence[int] | None = None,
        *,
        logits: bool = False,
        about: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> None:
        self.network = network[0] if isinstance(network, list | tuple) else network
        self.class_names = tuple(class_names)
        self.logits, self.about = logits, dict(about or {})
        shape = input_shape_of(self.network, input_shape)
        if standardiser is None:
            standardiser = Standardiser(numpy.zeros(shape[0]), numpy.ones(shape[0]))
        self.prepare = Preprocessing(shape, standardiser, **how)
        self.num_classes = num_classes_of(self.network, shape)
        if len(self.class_names) not in (0, self.num_classes):
            raise ValueError(
                f"Classifier: the network has {self.num_classes} classes, and there are "
                f"{len(self.class_names)} names"
            )

    # -- where they come from, and where they go ----------------------------------------------

    @classmethod
    def pretrained(cls, name: str, folder: str | Path | None = None) -> Classifier:
        """A classifier whose weights a registry's package has, see :func:`minitorch.io.pretrained`.

        Parameters
        ----------
        name : {"efficientnet_lite0"}
        folder : str or Path, optional
            Where the weights' file lies, if not in an installed package.

        Raises
        ------
        ValueError
            For weights that do not classify.
        DataError
            If the package is not there (the message says what to run), or damaged.

        Notes
        -----
        The classes have names if the package ``imagenet-classes``, or Debian's ``opencv-doc``, is
        installed, else numbers.
        """
        if name in PRETRAINED and name not in PRETRAINED_CLASSIFIERS:
            known = ", ".join(PRETRAINED_CLASSIFIERS)
            raise ValueError(f"{name} finds features, not classes; there are {known}")
        network = pretrained(name, folder)
        standardiser = Standardiser([127] * 3, [128] * 3)
        about = {"model": name, "weights": "ILSVRC 2012"}
        names = imagenet_classes()
        return cls(network, names, standardiser, short=256, filter="cubic", about=about)

    @classmethod
    def from_onnx(cls, source: Any, prepare: Preprocessing | None = None) -> Classifier:
        """A classifier of an ONNX file.

        Parameters
        ----------
        source : path, bytes or onnx.ModelProto
        prepare : Preprocessing, optional
            By default what the file says, if it was exported from a classifier; else bytes of
            the input's size go in as they are, which is hardly ever right.

        Notes
        -----
        A file that does not end with a softmax, or a sigmoid, is taken to give logits.
        """
        network = load_onnx(source)
        found = network.metadata.get(ONNX_KEY)
        if found is not None:
            where = str(source) if isinstance(source, str | Path) else "the ONNX model"
            try:
                made = cls.described(network, json.loads(found), where)
            except json.JSONDecodeError as error:
                raise FileFormatError(f"{where}: its {ONNX_KEY} is no JSON: {error}") from None
        else:
            shape = None if prepare is None else prepare.input_shape
            made = cls(network, input_shape=shape, logits=gives_logits(network))
        if prepare is not None:
            made.prepare = prepare
        return made

    @classmethod
    def load(cls, path: str | Path, known: Iterable[Any] = ()) -> Classifier:
        """What :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
        known : iterable of classes and functions
            One's own layers, as :func:`minitorch.io.load` takes them.

        Raises
        ------
        FileFormatError
            If the file is missing, damaged, or no classifier's.
        """
        network, about = load_with_about(path, known, restore_generator=False)
        return cls.described(network, about, str(path))

    def save(self, path: str | Path) -> Path:
        """Write all but the optimiser to one file, in one step, by :func:`minitorch.io.save`.

        Raises
        ------
        TypeError
            For an imported ONNX network, which is exported as one again; and as ``io.save``.
        """
        if isinstance(self.network, OnnxNetwork):
            raise TypeError("save: an imported ONNX network is written as .onnx (io.save_onnx)")
        return save(self.network, path, self.description(), optimiser=False)

    def description(self) -> dict[str, Any]:
        """All but the network, in what JSON can hold."""
        return {
            "class_names": list(self.class_names),
            "preprocessing": self.prepare.as_dict(),
            "logits": self.logits,
            "about": self.about,
        }

    @classmethod
    def described(cls, network: Any, found: Mapping[str, Any], source: str) -> Classifier:
        """A network with what :meth:`description` gave."""
        if "preprocessing" not in found:
            raise FileFormatError(
                f"{source}: it has a network, and nothing on its preprocessing and classes; make "
                f"a Classifier of io.load({source!r}), and save that"
            )
        try:
            prepare = Preprocessing.from_dict(found["preprocessing"])
            names, shape = found["class_names"], prepare.input_shape
            logits, about = found["logits"], found["about"]
            made = cls(network, names, None, shape, logits=logits, about=about)
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(f"{source}: no classifier: {error}") from None
        made.prepare = prepare
        return made

    def to_device(self, device: str) -> Classifier:
        """Move the network; itself. ValueError for an imported one, which stays on the CPU."""
        if not isinstance(self.network, OnnxNetwork):
            layers.to_device(self.network, device)
        elif device != "cpu":
            raise ValueError(f"an imported ONNX network runs on the CPU, not on {device!r}")
        return self

    # -- asking -------------------------------------------------------------------------------

    def probabilities(
        self,
        images: Array | Iterable[Array] | Dataset | ImageFiles,
        views: Views = None,
        batch_size: int | None = None,
    ) -> Array:
        """How probable each class is, for each image.

        Parameters
        ----------
        images : array, iterable of arrays, Dataset or ImageFiles
            A stack (n, channels, rows, columns), or images of any sizes; bytes, or floats in the
            same units.
        views : "ten" or callable, optional
            Average over several views of each image: the ten crops of AlexNet from the image that
            is scaled as usual; or what a function makes of an image of any size, an array of shape
            (views, channels, rows, columns).
        batch_size : int, optional
            How many images, or views of one, are computed at a time; by default 500 small ones,
            and 16 of 3 x 224 x 224.

        Returns
        -------
        numpy.ndarray, shape (n, classes)
        """
        if batch_size is None:
            batch_size = min(500, max(1, _BATCH // math.prod(self.prepare.input_shape)))
        if isinstance(images, Dataset):
            images = images.x
        elif isinstance(images, ImageFiles):
            images = map(images.example, range(len(images)))
        if views is not None:
            cut = self._views(views)
            rows = [self._outputs(cut(image), batch_size).mean(axis=0) for image in images]
            return numpy.stack(rows) if rows else self._none()
        parts = [self._outputs(x, batch_size) for x in self._prepared(images, batch_size)]
        return numpy.concatenate(parts) if parts else self._none()

    def top(self, probabilities: Array, k: int = 10) -> list[list[Guess]]:
        """The k most probable classes of each row, the most probable first."""
        order = numpy.argsort(-probabilities, axis=1, kind="stable")[:, :k]
        return [
            [Guess(int(i), self.name_of(int(i)), float(row[i])) for i in places]
            for row, places in zip(probabilities, order, strict=True)
        ]

    def name_of(self, label: int) -> str:
        """A class's name, or its number where there are none."""
        return self.class_names[label] if self.class_names else f"class {label}"

    def labels_of(self, data: Dataset | ImageFiles) -> Array:
        """A dataset's labels in the numbers of these classes, by the names where both have them.

        Raises
        ------
        ValueError
            If the dataset has classes that are none of these.
        """
        names, count = tuple(data.class_names), data.classes
        return numbers_of(names, count, self.class_names, self.num_classes)[data.y]

    def evaluate(
        self, data: Dataset | ImageFiles, views: Views = None, batch_size: int | None = None
    ) -> Evaluation:
        """Error, loss and confusions on labelled images; parameters as :meth:`probabilities`."""
        labels = self.labels_of(data)
        return Evaluation(self.probabilities(data, views, batch_size), labels)

    # -- inside -------------------------------------------------------------------------------

    def _prepared(self, images: Any, batch_size: int) -> Iterator[Array]:
        """The network's inputs, batch by batch."""
        if isinstance(images, numpy.ndarray):
            if images.ndim != len(self.prepare.input_shape) + 1:
                raise ValueError(
                    f"probabilities: expected a stack or a list of images, found an array of shape "
                    f"{images.shape}"
                )
            for start in range(0, len(images), batch_size):
                yield self.prepare(images[start : start + batch_size])
            return
        batch: list[Array] = []
        for image in images:
            batch.append(self.prepare(image))
            if len(batch) == batch_size:
                yield numpy.stack(batch)
                batch = []
        if batch:
            yield numpy.stack(batch)

    def _views(self, views: Views) -> Callable[[Array], Array]:
        """From an image to the network's inputs for all of its views."""
        prepare = self.prepare
        if callable(views):
            return lambda image: prepare.standardise(views(prepare.coloured(image)))
        if views != "ten":
            raise ValueError(f'probabilities: views are "ten" or a function, not {views!r}')
        if prepare.short is None or prepare.input_shape[1] != prepare.input_shape[2]:
            raise ValueError("ten views are for networks that take a square out of an image")
        ten = TenCrop(prepare.input_shape[1])
        return lambda image: prepare.standardise(ten(prepare.scaled(image)))

    def _outputs(self, x: Array, batch_size: int) -> Array:
        """Probabilities for inputs that are prepared."""
        out = outputs_of(self.network, x, batch_size).reshape(len(x), -1)
        if self.logits:
            out = numpy.exp(out - out.max(axis=1, keepdims=True))
            out /= out.sum(axis=1, keepdims=True)
        return out

    def _none(self) -> Array:
        return numpy.zeros((0, self.num_classes), numpy.float32)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.prepare.input_shape))
        model = self.about.get("model", type(self.network).__name__)
        return f"Classifier({model}: {shape} -> {self.num_classes} classes)"
