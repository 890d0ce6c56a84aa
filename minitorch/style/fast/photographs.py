"""The photographs that a style is learned on: read once, checked, cut at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch.data import load
from minitorch.data.batches import stream
from minitorch.data.errors import DataError
from minitorch.data.image_file import read_image
from minitorch.data.images import SUFFIXES, held_out
from minitorch.data.resample import centre_crop, resize_short
from minitorch.training.prepare import digest_of

__all__ = ["Photographs", "open_photographs"]

Array = numpy.ndarray
Read = Callable[[], Array]
_CROPS = 1  # the stream of what is cut; weights have a generator of their own
_KEPT = 1_000_000_000  # bytes of photographs in memory; those beyond are read whenever drawn
_SHOWN = 4


class Photographs:
    """Photographs that crops are drawn from, and a few that are held out.

    Parameters
    ----------
    named : sequence of (str, callable)
        A name, and what reads the image: uint8, shape (3, rows, columns).
    size : int
        Pixels each way of a crop.
    where : str
        What messages call all of them.

    Attributes
    ----------
    skipped : list of str
        Why others are left out, a line each.
    shown : numpy.ndarray of uint8, shape (n, 3, size, size)
        The middles of those that are held out, at most 4.
    fingerprint : str
        Of the content of all.

    Raises
    ------
    DataError
        If fewer than two can be read, as one is held out.

    Notes
    -----
    Shorter sides are scaled to twice the crop's, so that a crop shows a part of a scene and not
    of a stone; smaller photographs keep their size, and those that are smaller than a crop are
    scaled to it.
    """

    def __init__(self, named: Sequence[tuple[str, Read]], size: int, where: str = "") -> None:
        self.size, self.skipped = size, list[str]()
        good: list[tuple[str, Read]] = []
        kept: list[Array | None] = []
        digests, held = [], 0
        for name, read in named:
            try:
                image = self._scaled(read())
            except DataError as error:
                self.skipped.append(str(error))
                continue
            digests.append(digest_of(image))
            held += image.nbytes
            kept.append(image if held <= _KEPT else None)
            good.append((name, read))
        if len(good) < 2:
            bad = self.skipped
            note = f" ({len(bad)} cannot be read: {bad[0]})" if bad else ""
            raise DataError(
                f"{where}: {len(good)} photographs{note}; 2 are needed at least, as one is held out"
            )
        self._read, self._images = [read for _, read in good], kept
        aside = held_out([name for name, _ in good], numpy.zeros(len(good), int))
        self._train = numpy.flatnonzero(~aside)
        self.shown = numpy.stack(
            [
                centre_crop(resize_short(self._image(i), size), size)
                for i in numpy.flatnonzero(aside)[:_SHOWN]
            ]
        )
        self.fingerprint = digest_of(numpy.frombuffer("".join(digests).encode(), numpy.uint8))

    def __len__(self) -> int:
        """How many crops are drawn from."""
        return len(self._train)

    def _scaled(self, image: Array) -> Array:
        wanted = min(2 * self.size, max(self.size, min(image.shape[1:])))
        return resize_short(image, wanted)

    def _image(self, index: int) -> Array:
        image = self._images[index]
        return self._scaled(self._read[index]()) if image is None else image

    def crops(self, count: int, seed: int, step: int) -> Array:
        """What a step learns from; it depends on the seed and the step's number alone.

        Returns
        -------
        numpy.ndarray of uint8, shape (count, 3, size, size)
            Half of them mirrored.
        """
        rng = stream(seed, _CROPS, step)
        found = numpy.empty((count, 3, self.size, self.size), numpy.uint8)
        for row in found:
            image = self._image(int(rng.choice(self._train)))
            rows, columns = image.shape[1:]
            top = int(rng.integers(rows - self.size + 1))
            left = int(rng.integers(columns - self.size + 1))
            cut = image[:, top : top + self.size, left : left + self.size]
            row[...] = cut[:, :, ::-1] if rng.random() < 0.5 else cut
        return found


def open_photographs(source: str, size: int, data_dir: str | Path | None = None) -> Photographs:
    """All images of a folder and of the folders below it, or a dataset's training images.

    Raises
    ------
    DataError
        If there is no such folder or dataset, or it has no photographs.
    """
    folder = Path(source)
    if folder.is_dir():
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        if not paths:
            raise DataError(f"{source}: there are no images in it (of {', '.join(SUFFIXES)})")
        named = [(p.relative_to(folder).as_posix(), _reader(p)) for p in paths]
        return Photographs(named, size, source)
    try:
        data: Any = load(source, data_dir, size)[0]
    except DataError as error:
        raise DataError(f"photos: {source} is no folder, and as a dataset: {error}") from None
    return Photographs(list(_examples(data)), size, source)


def _reader(path: Path) -> Read:
    return lambda: read_image(path)


def _examples(data: Any) -> Iterator[tuple[str, Read]]:
    """A dataset's images in three channels."""
    stored = getattr(data, "x", None)
    if stored is None:
        for path in data.paths:
            yield path.name, _reader(path)
        return
    if stored.ndim != 4 or stored.dtype != numpy.uint8:
        raise DataError(
            f"{data.name}: photographs are bytes of shape (n, 1 or 3, rows, columns), these are "
            f"{stored.dtype} {stored.shape}"
        )
    for number, image in enumerate(stored):
        yield str(number), lambda image=image: numpy.broadcast_to(image, (3, *image.shape[1:]))
