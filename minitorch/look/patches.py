"""The patches of a dataset that units like best, beside what in them the units see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy

from minitorch import no_grad
from minitorch.autograd import Tensor
from minitorch.look.backwards import deconvnet
from minitorch.look.passes import Program
from minitorch.look.receptive import Field, receptive_field
from minitorch.look.subject import Subject

__all__ = ["Patches", "top_patches"]

Array = numpy.ndarray


class Patches(NamedTuple):
    """Per unit (channel) of a layer the patches at which it is strongest, the strongest first.

    Attributes
    ----------
    layer : str
    units : list of int
    examples : numpy.ndarray of int, shape (units, count)
        Which of the dataset's images.
    places : numpy.ndarray of int, shape (units, count, 2)
        Row and column of the layer's map.
    values : numpy.ndarray, shape (units, count)
        How strong the unit is there.
    patches, back : numpy.ndarray, shape (units, count, channels, rows, columns)
        What the unit sees of the image, as the network takes it, and what the deconvnet gives
        there. Where the field goes beyond the image stands 0.
    """

    layer: str
    units: list[int]
    examples: Array
    places: Array
    values: Array
    patches: Array
    back: Array


def top_patches(
    classifier: Any,
    data: Any,
    layer: str | None = None,
    units: Sequence[int] | None = None,
    count: int = 9,
) -> Patches:
    """Find the images, and the places in them, at which units are strongest.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    data : Dataset or ImageFiles
        Each image gives a unit one patch at most, that of its strongest place.
    layer : str, optional
        One of maps; by default the last one.
    units : sequence of int, optional
        Channels of it; by default the first eight.
    count : int
        Patches per unit; fewer if there are fewer images.

    Returns
    -------
    Patches

    Raises
    ------
    ValueError
        For a layer without maps, an unknown channel, no images, a count below 1.

    Notes
    -----
    A patch is the unit's receptive field, see :func:`minitorch.look.receptive.receptive_field`;
    along an axis where the field is as long as the image or longer, all of the image. Of places
    and of images that are equally strong it is the first.

    References
    ----------
    M. Zeiler, R. Fergus: Visualizing and understanding convolutional networks, 2013; figure 2.
    """
    subject = Subject(classifier)
    name = subject.maps_layer(layer)
    one = subject.layer(name)
    usual = range(min(8, one.output_shape[1]))
    numbers = [subject.channel_of(name, unit) for unit in (usual if units is None else units)]
    if not len(data) or not numbers or count < 1:
        raise ValueError("top_patches: it takes images, units and a count of at least 1")
    values, at = _strongest(subject, data, one, numbers)
    best = numpy.argsort(-values, axis=0, kind="stable")[:count].T
    rows = numpy.arange(len(numbers))[:, None]
    places = at[best, rows]
    boxes = _boxes(subject, one, places)
    patches, back = (numpy.stack(found) for found in zip(*(
        _of_unit(subject, data, name, unit, best[i], boxes[i]) for i, unit in enumerate(numbers)
    ), strict=True))  # fmt: skip
    return Patches(name, numbers, best, places, values[best, rows], patches, back)


def _strongest(subject: Subject, data: Any, one: Any, units: list[int]) -> tuple[Array, Array]:
    """Per image and unit the greatest value, and its place: (images, units), (..., 2)."""

    def compute(x: Tensor) -> list[Tensor]:
        maps = subject.values(x, one)[one][:, units]
        flat = maps.reshape((len(x), len(units), -1))
        return [flat.max(axis=2), flat.argmax(axis=2)]

    size, program = subject.at_a_time, Program(compute, subject.device)
    values, at = [], []
    for start in range(0, len(data), size):
        numbers = range(start, min(start + size, len(data)))
        x = numpy.concatenate([subject.prepared(data.example(i)) for i in numbers])
        with no_grad():
            found = program(x)
        values.append(found[0].numpy())
        at.append(found[1].numpy())
    columns = subject.values(x[:1], one)[one].shape[3]
    places = numpy.stack(divmod(numpy.concatenate(at), columns), axis=-1)
    return numpy.concatenate(values), places


def _boxes(subject: Subject, one: Any, places: Array) -> Array:
    """Where patches begin and how long they are, (units, count, 2 axes, 2)."""
    fields = receptive_field(subject.network, one) or (Field(size=1 << 30), Field(size=1 << 30))
    out = numpy.zeros((*places.shape, 2), int)
    for axis, field in enumerate(fields):
        length = subject.prepare.input_shape[axis + 1]
        whole = field.size >= length
        out[..., axis, 0] = 0 if whole else field.start + field.step * places[..., axis]
        out[..., axis, 1] = min(field.size, length)
    return out


def _of_unit(
    subject: Subject, data: Any, layer: str, unit: int, examples: Array, boxes: Array
) -> tuple[Array, Array]:
    """A unit's patches and what the deconvnet gives there."""
    patches, back = [], []
    for example, box in zip(examples, boxes, strict=True):
        image = data.example(int(example))
        patches.append(cut(subject.prepared(image)[0], box))
        back.append(cut(deconvnet(subject.classifier, image, unit, layer), box))
    return numpy.stack(patches), numpy.stack(back)


def cut(x: Array, box: Array) -> Array:
    """A part of (channels, rows, columns) that may go beyond the borders, where 0 stands."""
    out = numpy.zeros((len(x), *(length for _, length in box)), x.dtype)
    ends = [min(begin + length, n) for (begin, length), n in zip(box, x.shape[1:], strict=True)]
    begins = [max(0, begin) for begin, _ in box]
    into = tuple(
        slice(first - begin, last - begin)
        for first, last, (begin, _) in zip(begins, ends, box, strict=True)
    )
    out[(slice(None), *into)] = x[:, begins[0] : ends[0], begins[1] : ends[1]]
    return out
