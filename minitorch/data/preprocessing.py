"""What is done to an image of any size before a network sees it, kept with the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch.data.resample import FILTERS, centre_crop, checked, like, resize, resize_short
from minitorch.data.standardise import Standardiser
from minitorch.utils import did_you_mean

__all__ = ["PREPROCESSINGS", "Preprocessing"]

Array = numpy.ndarray
_LUMA = numpy.array([299, 587, 114], numpy.float32) / 1000  # ITU-R BT.601, as Pillow has it


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """From an image to what a network takes, and back to what can be shown.

    Parameters
    ----------
    input_shape : tuple of int
        Of one example: (channels, rows, columns). Examples of another rank, such as vectors,
        are standardised and nothing else.
    standardiser : Standardiser
        Per channel or per pixel; of mean 0 and std 1 for values that stay as they are.
    short : int, optional
        Scale the shorter side to so many pixels, then cut out the middle. By default the whole
        image is scaled to the input's rows and columns.
    order : {"RGB", "BGR"}
        Of three channels.
    filter : {"triangle", "cubic"}
        How images are scaled, see :func:`minitorch.data.resample.resize`.

    Raises
    ------
    ValueError
        For figures that do not fit each other.

    Notes
    -----
    Colour becomes grey for a network of one channel, 0.299 R + 0.587 G + 0.114 B, and grey
    becomes three equal channels for one of three.

    Examples
    --------
    >>> import numpy as np
    >>> prepare = Preprocessing((3, 4, 4), Standardiser([127] * 3, [128] * 3), short=6)
    >>> x = prepare(np.full((3, 12, 9), 255, np.uint8))
    >>> x.shape, float(x.min())
    ((3, 4, 4), 1.0)
    >>> int(prepare.picture(x[None]).max())
    255
    >>> prepare.as_dict()["short"]
    6
    """

    input_shape: tuple[int, ...]
    standardiser: Standardiser
    short: int | None = None
    order: str = "RGB"
    filter: str = "triangle"

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.input_shape)
        object.__setattr__(self, "input_shape", shape)
        if not shape or min(shape) < 1:
            raise ValueError(f"Preprocessing: {shape} is no shape of an example")
        found = self.standardiser.mean.shape
        if found not in (shape[:1], shape):
            raise ValueError(
                f"Preprocessing: the standardiser is for {found}, expected {shape[:1]} or {shape}"
            )
        if self.order not in ("RGB", "BGR"):
            raise ValueError(f'Preprocessing: the order is "RGB" or "BGR", not {self.order!r}')
        if self.filter not in FILTERS:
            known = " or ".join(FILTERS)
            raise ValueError(f"Preprocessing: the filter is {known}, not {self.filter!r}")
        if self.short is not None and (len(shape) != 3 or self.short < max(shape[1:])):
            raise ValueError(
                f"Preprocessing: a shorter side of {self.short} is too short to cut {shape} out"
            )

    @classmethod
    def named(cls, name: str, input_shape: tuple[int, ...]) -> Preprocessing:
        """One of :data:`PREPROCESSINGS`; those that treat all channels alike for any number."""
        if name not in PREPROCESSINGS:
            raise ValueError(
                f"no preprocessing named {name!r}; {did_you_mean(name, PREPROCESSINGS)}"
            )
        mean, std, order, cropped = PREPROCESSINGS[name]
        if len({*zip(mean, std, strict=True)}) == 1:
            mean, std = mean[:1] * input_shape[0], std[:1] * input_shape[0]
        short = round(max(input_shape[1:]) * 256 / 224) if cropped else None
        return cls(input_shape, Standardiser(mean, std), short, order)

    def __call__(self, image: Array) -> Array:
        """An image, or a stack of images of one size, as the network takes it.

        Parameters
        ----------
        image : numpy.ndarray, shape (..., channels, rows, columns)
            Bytes, or floats in the same units.

        Returns
        -------
        numpy.ndarray of float32, shape (..., *input_shape)
        """
        if len(self.input_shape) == 3:
            image = self.scaled(image)
            if self.short is not None:
                image = centre_crop(image, self.input_shape[1:])
        return self.standardise(image)

    def coloured(self, image: Array) -> Array:
        """The channels that the network takes, in its order."""
        image = checked(image, "Preprocessing")
        found, wanted = image.shape[-3], self.input_shape[0]
        if found == 3 and wanted == 1:
            grey = numpy.moveaxis(image, -3, -1).astype(numpy.float32) @ _LUMA
            image = like(grey, image)[..., None, :, :]
        elif found == 1 and wanted == 3:
            image = numpy.repeat(image, 3, -3)
        elif found != wanted:
            raise ValueError(
                f"Preprocessing: the network takes {wanted} channels, the image has shape "
                f"{image.shape}"
            )
        return image[..., ::-1, :, :] if self.order == "BGR" and wanted == 3 else image

    def scaled(self, image: Array) -> Array:
        """The image in its colours and scaled, before the middle is cut out."""
        image = self.coloured(image)
        if self.short is None:
            rows, columns = self.input_shape[1:]
            return resize(image, (rows, columns), self.filter)
        return resize_short(image, self.short, self.filter)

    def standardise(self, x: Array) -> Array:
        """The last step: (x - mean) / std, for one example or several."""
        return self._batched(x, self.standardiser.apply)

    def picture(self, x: Array) -> Array:
        """What can be shown of prepared images: bytes, in the order RGB.

        Parameters
        ----------
        x : numpy.ndarray of float, shape (..., *input_shape)

        Returns
        -------
        numpy.ndarray of uint8, of x's shape
        """
        shown = self._batched(x, self.standardiser.picture)
        return shown[..., ::-1, :, :] if self.order == "BGR" and self.input_shape[0] == 3 else shown

    def _batched(self, x: Array, function: Any) -> Array:
        """A standardiser's function, which takes exactly one axis of examples."""
        rank = len(self.input_shape)
        if x.shape[-rank:] != self.input_shape:
            raise ValueError(
                f"Preprocessing: expected examples of shape {self.input_shape}, found {x.shape}"
            )
        out: Array = function(x.reshape(-1, *self.input_shape))
        return out.reshape(x.shape)

    def as_dict(self) -> dict[str, Any]:
        """All of it in what JSON can hold; floats keep their bits."""
        return {
            "input_shape": list(self.input_shape),
            "mean": self.standardiser.mean.tolist(),
            "std": self.standardiser.std.tolist(),
            "short": self.short,
            "order": self.order,
            "filter": self.filter,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Preprocessing:
        """What :meth:`as_dict` wrote.

        Raises
        ------
        ValueError
            If an entry is missing, or does not fit.
        """
        try:
            shape = tuple(found["input_shape"])
            standardiser = Standardiser(found["mean"], found["std"])
            return cls(shape, standardiser, found["short"], found["order"], found["filter"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"Preprocessing: no entry, or a wrong one: {error}") from None


# name -> (mean, std, order, whether the middle is cut out): what others' networks were trained with
PREPROCESSINGS: dict[str, tuple[list[float], list[float], str, bool]] = {
    "bytes": ([0.0] * 3, [1.0] * 3, "RGB", False),  # 0 to 255
    "unit": ([0.0] * 3, [255.0] * 3, "RGB", False),  # 0 to 1
    "torchvision": (
        [255 * m for m in (0.485, 0.456, 0.406)],
        [255 * s for s in (0.229, 0.224, 0.225)],
        "RGB",
        True,
    ),
    "caffe": ([103.939, 116.779, 123.68], [1.0] * 3, "BGR", True),  # VGG's, and Lasagne's zoo
    "tensorflow": ([127.5] * 3, [127.5] * 3, "RGB", True),  # -1 to 1, as Inception's
}
