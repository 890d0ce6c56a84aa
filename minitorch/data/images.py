"""Images on the disk: a folder with a sub-folder per class, a CSV of paths."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from minitorch.data.dataset import Dataset, check_labels
from minitorch.data.errors import DataError
from minitorch.data.image_file import read_image

__all__ = ["ImageFiles", "held_out", "image_csv", "image_folder"]

Array = numpy.ndarray
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff")
_TEST_FOLDERS = ("test", "val", "valid", "validation")


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Labelled images that stay on the disk until they are needed.

    It has what a :class:`~minitorch.data.Dataset` has but ``x``, so a
    :class:`~minitorch.data.Pipeline` takes either.

    Parameters
    ----------
    paths : sequence of Path
    y : array_like of int, shape (n,)
        0 .. classes - 1.
    classes : int
    name : str
        For messages.
    class_names : sequence of str
        One per class, or none at all.
    channels : {1, 3}
        Grey, or red, green and blue.
    sha256 : sequence of str
        Of each file, in hex; checked whenever one is read. Default: unchecked.

    Raises
    ------
    DataError
        For labels or checksums that are not one per path.
    """

    paths: tuple[Path, ...]
    y: Array
    classes: int
    name: str = "data"
    class_names: tuple[str, ...] = ()
    channels: int = 3
    sha256: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", tuple(Path(p) for p in self.paths))
        object.__setattr__(self, "sha256", tuple(self.sha256))
        object.__setattr__(self, "class_names", tuple(self.class_names))
        if len(self.class_names) not in (0, self.classes):
            raise DataError(f"{self.name}: {self.classes} classes, {len(self.class_names)} names")
        if self.channels not in (1, 3):
            raise DataError(f"{self.name}: images have 1 or 3 channels, not {self.channels}")
        if len(self.sha256) not in (0, len(self.paths)):
            raise DataError(f"{self.name}: {len(self.paths)} files, {len(self.sha256)} checksums")
        try:
            y = check_labels(self.y, self.classes, len(self.paths), f"{self.name}.y")
        except (TypeError, ValueError) as error:
            raise DataError(str(error)) from None
        object.__setattr__(self, "y", y)

    def __len__(self) -> int:
        return len(self.paths)

    def counts(self) -> list[int]:
        """How many examples there are of each class."""
        return [int(n) for n in numpy.bincount(self.y, minlength=self.classes)]

    def take(self, index: Any, name: str | None = None) -> ImageFiles:
        """The files at ``index``: a slice, integers or a mask."""
        chosen = numpy.arange(len(self))[index]
        return ImageFiles(
            tuple(self.paths[i] for i in chosen),
            self.y[chosen],
            self.classes,
            name or self.name,
            self.class_names,
            self.channels,
            tuple(self.sha256[i] for i in chosen) if self.sha256 else (),
        )

    def example(self, index: int) -> Array:
        """One image: uint8, shape (channels, rows, columns), of its own size."""
        return read_image(
            self.paths[index], self.channels, self.sha256[index] if self.sha256 else ""
        )

    def origin(self, index: int) -> str:
        """What to call an example in messages."""
        return f"example {index} of {self.name}, {self.paths[index]}"

    def to_dataset(self, size: int) -> Dataset:
        """All images in memory: the short side scaled to ``size``, the middle cut out."""
        from minitorch.data.resample import centre_crop, resize_short

        x = numpy.empty((len(self), self.channels, size, size), numpy.uint8)
        for index in range(len(self)):
            x[index] = centre_crop(resize_short(self.example(index), size), size)
        return Dataset(x, self.y, self.classes, self.name, self.class_names)


def held_out(keys: Sequence[str], y: Array, share: float = 0.2) -> Array:
    """Which examples to test with: of each class the ``share`` whose keys hash lowest.

    It depends on the keys (file names) alone, so a set that grows moves few of its examples
    to the other side. A class of one example keeps it for training.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    """
    digests = numpy.array([hashlib.sha256(key.encode()).digest()[:8] for key in keys])
    mask = numpy.zeros(len(keys), bool)
    for label in numpy.unique(y):
        index = numpy.flatnonzero(y == label)
        count = min(len(index) - 1, max(1, round(share * len(index))))
        mask[index[numpy.argsort(digests[index], kind="stable")[:count]]] = True
    return mask


Pair = tuple[ImageFiles, ImageFiles]


def image_folder(folder: str | Path, channels: int = 3) -> Pair:
    """A folder with a sub-folder of images per class.

    Parameters
    ----------
    folder : str or Path
        With sub-folders ``train`` and ``test`` (or ``val``) that have one per class each;
        or with one per class, of which a fifth is held out (:func:`held_out`).
    channels : {1, 3}

    Returns
    -------
    (train, test) : pair of ImageFiles
        Classes in the order of their names.

    Raises
    ------
    DataError
        If there are no such folders, or no images in them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: not a folder; it should hold a sub-folder of images per class")
    test = next((folder / n for n in _TEST_FOLDERS if (folder / n).is_dir()), None)
    if test is not None and (folder / "train").is_dir():
        names = _sub_folders(folder / "train")
        strange = sorted(set(_sub_folders(test)) - set(names))
        if strange:
            raise DataError(f"{test / strange[0]}: there is no such class in {folder / 'train'}")
        return _indexed(folder / "train", names, "train", channels), _indexed(
            test, names, "test", channels
        )
    names = _sub_folders(folder)
    whole = _indexed(folder, names, "train", channels)
    mask = held_out([p.relative_to(folder).as_posix() for p in whole.paths], whole.y)
    if not mask.any():
        raise DataError(f"{folder}: no class has two images, so none can be held out")
    return whole.take(~mask), whole.take(mask, "test")


def _sub_folders(folder: Path) -> list[str]:
    """Their names, sorted; those that begin with a dot left out."""
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not names:
        raise DataError(f"{folder}: holds no sub-folders; it should have one per class")
    return names


def _indexed(folder: Path, names: Sequence[str], name: str, channels: int) -> ImageFiles:
    """The image files below the classes' folders, sorted."""
    paths: list[Path] = []
    y: list[int] = []
    for label, class_name in enumerate(names):
        files = (folder / class_name).rglob("*")
        found = sorted(p for p in files if p.suffix.lower() in SUFFIXES and p.is_file())
        paths += found
        y += [label] * len(found)
    if not paths:
        raise DataError(f"{folder}: no images in its sub-folders (of {', '.join(SUFFIXES)})")
    return ImageFiles(tuple(paths), numpy.array(y), len(names), name, tuple(names), channels)


def image_csv(path: str | Path, channels: int = 3) -> Pair:
    """A CSV file of image paths and labels.

    Parameters
    ----------
    path : str or Path
        Its first line names the columns: ``path`` (relative to the CSV's folder) and ``label``
        (any text); optionally ``split`` (``train``, or ``test``/``val``) and ``sha256``. Without
        ``split`` a fifth of each class is held out (:func:`held_out`).
    channels : {1, 3}

    Returns
    -------
    (train, test) : pair of ImageFiles
        Classes in the order of their labels, numbers by value.

    Raises
    ------
    DataError
        For a file that is not so, with the line.
    """
    path = Path(path)
    rows = _rows(path)
    labels = {row["label"] for row in rows}
    numeric = all(label.isdecimal() for label in labels)
    names = tuple(sorted(labels, key=int if numeric else None))
    whole = ImageFiles(
        tuple(path.parent / row["path"] for row in rows),
        numpy.array([names.index(row["label"]) for row in rows]),
        len(names),
        "train",
        names,
        channels,
        tuple(row["sha256"] for row in rows) if "sha256" in rows[0] else (),
    )
    if "split" in rows[0]:
        mask = numpy.array([row["split"] != "train" for row in rows])
    else:
        mask = held_out([row["path"] for row in rows], whole.y)
    if mask.all() or not mask.any():
        raise DataError(f"{path}: all of its {len(rows)} images fall on one side of the split")
    return whole.take(~mask), whole.take(mask, "test")


def _rows(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV, checked."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, columns = list(reader), reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV: {error}") from None
    missing = [name for name in ("path", "label") if name not in columns]
    if missing:
        raise DataError(
            f"{path}: expected the columns path and label (and split, sha256), found "
            f"{', '.join(columns) or 'none'}"
        )
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values() or not row["path"] or not row["label"]:
            raise DataError(f"{path}: line {number} has not one value per column")
        if row.get("split", "train") not in ("train", *_TEST_FOLDERS):
            raise DataError(
                f"{path}: line {number}: the split is train or test, found {row['split']!r}"
            )
        if "sha256" in row and len(row["sha256"]) != 64:
            raise DataError(f"{path}: line {number}: a sha256 has 64 digits")
    if not rows:
        raise DataError(f"{path}: holds no images")
    return rows
