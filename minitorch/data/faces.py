"""A folder of images with a table of attributes, as CelebA comes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy

from minitorch.data.attributes import Attribute, AttributeImages, find_attribute
from minitorch.data.errors import DataError
from minitorch.data.image_file import read_image
from minitorch.data.images import held_out
from minitorch.data.resample import centre_crop, resize_short

__all__ = ["attribute_folder", "attribute_table", "read_attribute_table"]

_TABLES = ("list_attr_celeba.txt", "list_attr_celeba.csv")
_IMAGES = ("", "img_align_celeba", "img_align_celeba/img_align_celeba", "images")
_VALUES = {"1": 1, "-1": 0, "0": 0}

Rows = list[tuple[str, list[int], int]]  # the image's name, its values, the line


def attribute_table(folder: str | Path) -> Path:
    """The table in a folder: CelebA's, or the only .txt or .csv there is.

    Raises
    ------
    DataError
        If there is no folder, or no such table.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: not a folder; it should hold images and a table of attributes")
    for name in _TABLES:
        if (folder / name).is_file():
            return folder / name
    found = sorted([*folder.glob("*.txt"), *folder.glob("*.csv")])
    if len(found) != 1:
        raise DataError(
            f"{folder}: holds {len(found) or 'no'} tables of attributes; expected {_TABLES[0]} "
            f"(a count, a line of names, then a line for each image: its file and 1 or -1 for "
            f"each name), or the same as CSV"
        )
    return found[0]


def read_attribute_table(path: str | Path) -> tuple[tuple[str, ...], Rows]:
    """The names of the attributes, and for each image its name, values and line.

    Parameters
    ----------
    path : str or Path
        CelebA's text: the number of images, the attributes' names, then a line for each image, its
        file and 1 or -1 (or 0) for each name. Or CSV: a column of files, and one for each name.

    Raises
    ------
    DataError
        With the file and the line that is not so.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a table: {error}") from None
    is_csv = path.suffix.lower() == ".csv"
    lines = list(csv.reader(text.splitlines())) if is_csv else [row.split() for row in
                                                                text.splitlines()]  # fmt: skip
    first = 1 if is_csv else 2
    head = lines[first - 1] if len(lines) >= first else []
    names = tuple(name.strip() for name in (head[1:] if is_csv else head))
    if not names or len(set(names)) < len(names) or "" in names:
        raise DataError(f"{path}: line {first}: expected the attributes' names, found {head}")
    rows = [
        (row[0].strip(), _values(row, names, f"{path}: line {number}"), number)
        for number, row in enumerate(lines[first:], first + 1)
        if row
    ]
    if not rows:
        raise DataError(f"{path}: holds no images")
    seen: dict[str, int] = {}
    for name, _, number in rows:
        if name in seen:
            raise DataError(f"{path}: line {number}: {name} stands in line {seen[name]} too")
        seen[name] = number
    if not is_csv and lines[0] != [str(len(rows))]:
        raise DataError(
            f"{path}: line 1: expected the number of images, {len(rows)}, found "
            f"{' '.join(lines[0]) or 'nothing'}"
        )
    return names, rows


def _values(row: Sequence[str], names: Sequence[str], where: str) -> list[int]:
    """0 or 1 for each attribute of a line."""
    if len(row) != len(names) + 1:
        raise DataError(
            f"{where}: expected a file and {len(names)} values, found {len(row)} words: "
            f"{' '.join(row)[:60]}"
        )
    for name, value in zip(names, row[1:], strict=True):
        if value.strip() not in _VALUES:
            raise DataError(f"{where}: {name} is 1 or -1, found {value!r}")
    return [_VALUES[value.strip()] for value in row[1:]]


def attribute_folder(
    folder: str | Path, size: int = 64, names: Sequence[str] = (), most: int = 0
) -> tuple[AttributeImages, AttributeImages]:
    """Images of a folder with the attributes that its table gives them.

    Parameters
    ----------
    folder : str or Path
        With ``list_attr_celeba.txt`` or one other table (see :func:`read_attribute_table`); the
        images beside it, or in ``img_align_celeba`` or ``images``.
    size : int
        Rows and columns: the short side is scaled to that, and the middle cut out.
    names : sequence of str
        Which attributes; default: all.
    most : int
        Read the first so many images of the table only; 0: all. They are held in memory.

    Returns
    -------
    (train, test) : pair of AttributeImages
        With the values "no" and "yes". With ``list_eval_partition.txt``, or .csv, beside the
        table, test has what that gives 2, and what it gives 1 is left out; else a fifth is held
        out.

    Raises
    ------
    DataError
        For a table that is missing or damaged, an attribute that it does not have, or an image
        that is missing or damaged, with the line that names it.
    """
    folder = Path(folder)
    table = attribute_table(folder)
    known, rows = read_attribute_table(table)
    attributes = tuple(Attribute(name) for name in known)
    chosen = [find_attribute(attributes, name) for name in names] or list(range(len(known)))
    rows = rows[:most] if most else rows
    parts = _parts(folder, table, rows)
    labels = numpy.array([values for _, values, _ in rows])[:, chosen]
    kept = tuple(attributes[i] for i in chosen)
    sides = []
    for side, name in ((0, "train"), (2, "test")):
        index = numpy.flatnonzero(parts == side)
        if not len(index):
            raise DataError(f"{folder}: none of its {len(rows)} images is a {name} image")
        x = numpy.stack([_image(table, *rows[i][::2], size) for i in index])
        drawings = tuple(rows[i][0] for i in index)
        sides.append(AttributeImages(x, labels[index], kept, drawings, name))
    return sides[0], sides[1]


def _image(table: Path, name: str, line: int, size: int) -> numpy.ndarray:
    """One image, scaled and cut."""
    places = [table.parent / place / name for place in _IMAGES]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise DataError(f"{table}: line {line}: {places[0]} is not there")
    return centre_crop(resize_short(read_image(path), size), size)


def _parts(folder: Path, table: Path, rows: Rows) -> numpy.ndarray:
    """0 for each image to train on, 2 for each to test with."""
    names = [name for name, _, _ in rows]
    found = [folder / f"list_eval_partition{end}" for end in (".txt", ".csv")]
    path = next((p for p in found if p.is_file() and p != table), None)
    if path is None:
        mask = held_out(names, numpy.zeros(len(names), int))
        return numpy.where(mask, 2, 0)
    given = {}
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        words = line.replace(",", " ").split()
        if number == 1 and path.suffix == ".csv":
            continue
        if words and (len(words) != 2 or words[1] not in ("0", "1", "2")):
            raise DataError(f"{path}: line {number}: expected a file and 0, 1 or 2, found {line!r}")
        given.update([words] if words else [])
    missing = next((name for name in names if name not in given), None)
    if missing is not None:
        raise DataError(f"{path}: does not speak of {missing}")
    return numpy.array([int(given[name]) for name in names])
