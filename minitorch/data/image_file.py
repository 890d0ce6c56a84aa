"""One image file: decoded by Pillow, the right way up, opaque, checked.

Pillow decodes and nothing else: what moves, scales and colours images in training is our
own NumPy code, which takes floats and any number of channels, and can be read.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy

from minitorch.data.errors import DataError

__all__ = ["decode", "open_image", "read_image", "to_square"]

Array = numpy.ndarray
MOST_PIXELS = 64_000_000  # of one image; more is a decompression bomb or a map, not an example


def read_image(path: str | Path, channels: int = 3, sha256: str = "") -> Array:
    """An image file as bytes, the right way up; what is transparent becomes white.

    Parameters
    ----------
    path : str or Path
    channels : {1, 3}
        Grey, or red, green and blue.
    sha256 : str
        What its checksum must be, in hex; default: anything.

    Returns
    -------
    numpy.ndarray of uint8, shape (channels, rows, columns)

    Raises
    ------
    DataError
        If it is missing, truncated, no image, too large, or another file than the
        checksum says; it is named.
    """
    image = open_image(path, sha256)
    grey = channels == 1
    pixels = numpy.asarray(image.convert("L" if grey else "RGB"))
    return numpy.ascontiguousarray(pixels[None] if grey else pixels.transpose(2, 0, 1))


def open_image(path: str | Path, sha256: str = "") -> Any:
    """The same as Pillow's image, opaque, before it is made grey or RGB."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if sha256:
        found = hashlib.sha256(content).hexdigest()
        if found != sha256.lower():
            raise DataError(f"{path}: altered: expected sha256 {sha256}, found {found}")
    return decode(content, str(path))


def decode(content: bytes, source: str) -> Any:
    """The same from a file's bytes, which messages call ``source``."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise DataError(
            f"{source}: reading images needs the package 'pillow'; run: pip install pillow"
        ) from None
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(
                    f"{source}: {image.width} x {image.height} pixels are more than "
                    f"{MOST_PIXELS:,}; scale it down"
                )
            image.load()
            return _opaque(ImageOps.exif_transpose(image))
    except DataError:
        raise
    except UnidentifiedImageError:  # whose own words are of a buffer in memory
        raise DataError(
            f"{source}: cannot be read as an image: its {len(content):,} bytes are of no known "
            f"format"
        ) from None
    except Exception as error:  # each format's decoder has errors of its own
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{source}: cannot be read as an image: {reason}") from None


def _opaque(image: Any) -> Any:
    """On white, and of 8 bits per channel."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits: Pillow would cut what is above 255
        deep = numpy.asarray(image, numpy.int64)
        return Image.fromarray((deep >> 8).clip(0, 255).astype(numpy.uint8))
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def to_square(image: Any, size: int) -> Array:
    """Pillow's image whole in a square of RGB bytes, in the middle of white."""
    from PIL import Image

    image = image.convert("RGB")
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    square = Image.new("RGB", (size, size), (255, 255, 255))
    small = image.resize((width, height), Image.Resampling.BOX)
    square.paste(small, ((size - width) // 2, (size - height) // 2))
    return numpy.asarray(square).transpose(2, 0, 1)
