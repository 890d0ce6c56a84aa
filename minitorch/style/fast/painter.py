"""Painting photographs by a trained network: one pass forward, any size, styles and their mixes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch import io, layers
from minitorch.autograd import Tensor, asarray, no_grad
from minitorch.io import PRETRAINED, FileFormatError, pretrained
from minitorch.models import named_layers
from minitorch.style.fast.recipe import MULTIPLE

__all__ = ["FILE", "KIND", "Painter", "mixture"]

Array = numpy.ndarray
FILE = "style.safetensors"  # in a run's folder
KIND = "style-1"  # in a file's about
_LEAST = 16  # pixels of a side: filters of 9 x 9 mirror 4 of them, blocks see a quarter


class Painter:
    """A network that paints photographs, and what it can paint.

    Parameters
    ----------
    network : Layer
        As :func:`~minitorch.models.build_fast_style` builds it, for any rows and columns.
    about : str
        Which it is, in a line.

    Attributes
    ----------
    styles : int

    Raises
    ------
    ValueError
        For a network of another kind.

    References
    ----------
    J. Johnson, A. Alahi, L. Fei-Fei: Perceptual losses for real-time style transfer and
    super-resolution, 2016; V. Dumoulin, J. Shlens, M. Kudlur: A learned representation for
    artistic style, 2017 (mixes).

    Examples
    --------
    >>> from minitorch.models import build_fast_style
    >>> painter = Painter(build_fast_style(2, (3, None, None), (4, 4, 4), 1, (4, 4)))
    >>> painter.paint(numpy.zeros((3, 21, 30), numpy.uint8), mixture("0:3,1", 2)).shape
    (3, 21, 30)
    """

    def __init__(self, network: Any, about: str = "") -> None:
        named = {} if isinstance(network, Sequence) else named_layers(network)
        if not {"input", "style_weights"} <= named.keys():
            raise ValueError(
                "Painter: this network has no inputs input and style_weights; "
                "models.build_fast_style makes such"
            )
        self.network, self.about = network, about
        self._image, self._mix = named["input"], named["style_weights"]
        self.styles = int(self._mix.output_shape[1])

    @classmethod
    def open(cls, source: str | Path = "multistyle26") -> Painter:
        """The network of a run's folder, of a file, or of an installed package.

        Parameters
        ----------
        source : str or Path
            A folder with ``style.safetensors``, such a file, or "multistyle26".

        Raises
        ------
        DataError
            If the package is not installed; it says what to run.
        FileFormatError
            For a missing file, or one of another kind.
        """
        if str(source) == "multistyle26":
            entry = PRETRAINED["multistyle26"]
            about = f"multistyle26 from the package {entry.package.name}: {entry.source}"
            return cls(pretrained("multistyle26"), about)
        path = Path(source)
        path = path / FILE if path.is_dir() else path
        network, about = io.load_with_about(path, restore_generator=False)
        if about.get("kind") != KIND:
            raise FileFormatError(
                f"{path}: this network does not paint; expected what train-style leaves, a "
                f"{FILE}, or the name multistyle26"
            )
        return cls(network, f"{path}: {_told(about)}")

    def __call__(self, x: Any, mix: Any = None) -> Tensor:
        """Paintings of photographs, both from 0 to 1, with the graph of the computation.

        Parameters
        ----------
        x : Tensor, shape (B, 3, rows, columns)
            Rows and columns are multiples of 4.
        mix : array, shape (1 or B, styles), optional
            How much of each style; by default all of the first.
        """
        mix = mixture("0", self.styles) if mix is None else mix
        given = {self._image: x, self._mix: asarray(mix, device=layers.get_device(self.network))}
        found: Tensor = layers.get_output(self.network, given)
        return found

    def paint(self, photograph: Array, mix: Any = None) -> Array:
        """The painting of a photograph, of its size.

        Parameters
        ----------
        photograph : numpy.ndarray of uint8, shape (3, rows, columns)
        mix : array, shape (1, styles), optional

        Returns
        -------
        numpy.ndarray of uint8, shape (3, rows, columns)

        Raises
        ------
        ValueError
            If it is no picture in three colours, or a side has fewer than 16 pixels.

        Notes
        -----
        The network halves a picture twice, so it is mirrored on to the next multiple of 4 at the
        right and below, and the painting cut. It is painted whole: tiles would not fit together,
        as instance normalisation takes mean and deviation over all of what it is given.
        """
        if photograph.ndim != 3 or photograph.shape[0] != 3 or photograph.dtype != numpy.uint8:
            raise ValueError(
                f"paint: expected bytes of shape (3, rows, columns), found {photograph.dtype} "
                f"{photograph.shape}"
            )
        rows, columns = photograph.shape[1:]
        if min(rows, columns) < _LEAST:
            raise ValueError(
                f"paint: the picture has {columns} x {rows} pixels; each side needs {_LEAST} at "
                f"least"
            )
        border = ((0, 0), (0, -rows % MULTIPLE), (0, -columns % MULTIPLE))
        x = numpy.pad(photograph, border, mode="reflect")[None] / numpy.float32(255)
        with no_grad():
            y = self(asarray(x, device=layers.get_device(self.network)), mix)
        painted = numpy.rint(255 * y.numpy()[0, :, :rows, :columns])
        return painted.clip(0, 255).astype(numpy.uint8)

    def memory(self, rows: int, columns: int) -> int:
        """How many bytes the outputs of all layers take for such a picture, about what it needs."""
        rows, columns = rows + -rows % MULTIPLE, columns + -columns % MULTIPLE
        every = layers.get_all_layers(self.network)
        given = {self._image: (1, 3, rows, columns), self._mix: (1, self.styles)}
        return sum(4 * math.prod(shape) for shape in layers.get_output_shape(every, given))

    def to_device(self, device: str) -> Painter:
        """Move the weights, and give the painter back."""
        layers.to_device(self.network, device)
        return self


def mixture(text: str, styles: int) -> Array:
    """Shares of styles, with the sum 1.

    Parameters
    ----------
    text : str
        A style's number, or several with shares: "3:0.5,19:0.5".
    styles : int
        How many there are.

    Returns
    -------
    numpy.ndarray of float32, shape (1, styles)

    Raises
    ------
    ValueError
        For a style that is not there, or shares that are negative or all 0.

    Examples
    --------
    >>> mixture("0:1, 2:3", 4)
    array([[0.25, 0.  , 0.75, 0.  ]], dtype=float32)
    """
    found = numpy.zeros((1, styles), numpy.float32)
    for part in text.split(","):
        number, colon, share = (piece.strip() for piece in part.partition(":"))
        if not number.isdecimal() or int(number) >= styles:
            there = f"styles are 0 to {styles - 1}" if styles > 1 else "there is one style, 0"
            raise ValueError(
                f"no style {number or part!r}; {there}, and mixes are like 3:0.5,19:0.5"
            )
        try:
            weight = float(share) if colon else 1.0
        except ValueError:
            weight = numpy.nan
        if not 0 <= weight < numpy.inf:
            raise ValueError(f"{part.strip()!r}: a share is a number of 0 or more, as in 3:0.5")
        found[0, int(number)] += weight
    if not found.any():
        raise ValueError(f"{text!r}: all shares are 0")
    return found / found.sum()


def _told(about: Mapping[str, Any]) -> str:
    """What a file says of itself, in a line."""
    recipe = about.get("recipe", {})
    return f"the style of {recipe.get('style')}, learned in {about.get('steps')} steps"
