"""CIFAR-10 and CIFAR-100: 32 x 32 colour photographs, 50,000 + 10,000.

A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009. No package
carries them: whoever has the files gives their folder or archive. The pickles of the Python
version are read by the reader of :func:`minitorch.io.load_pickle`, which builds arrays, numbers,
text, lists and dictionaries, and imports and calls nothing that they name.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from minitorch.backend.cache import cache_folder
from minitorch.data.dataset import Dataset
from minitorch.data.errors import DataError

__all__ = ["cifar10", "cifar100", "find_cifar"]

Pair = tuple[Dataset, Dataset]
Read = Callable[[str], bytes]


@dataclass(frozen=True)
class _Version:
    """One of the forms in which a set comes."""

    folder: str
    archive: str
    train: tuple[str, ...]
    test: str
    names: str
    labels: str  # the key of the labels in a pickle; empty for the binary form


_FORMS = {
    10: (
        _Version(
            "cifar-10-batches-py",
            "cifar-10-python.tar.gz",
            tuple(f"data_batch_{i}" for i in range(1, 6)),
            "test_batch",
            "batches.meta",
            "labels",
        ),
        _Version(
            "cifar-10-batches-bin",
            "cifar-10-binary.tar.gz",
            tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
            "test_batch.bin",
            "batches.meta.txt",
            "",
        ),
    ),
    100: (
        _Version(
            "cifar-100-python",
            "cifar-100-python.tar.gz",
            ("train",),
            "test",
            "meta",
            "fine_labels",
        ),
        _Version(
            "cifar-100-binary",
            "cifar-100-binary.tar.gz",
            ("train.bin",),
            "test.bin",
            "fine_label_names.txt",
            "",
        ),
    ),
}
# The published MD5 sums (they name a file; nobody's safety rests on them).
PINS = {
    "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
    "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
    "cifar-100-python.tar.gz": "eb9058c3a382ffc7106e4002c42a8d85",
    "cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8",
    "cifar-10-batches-py/data_batch_1": "c99cafc152244af753f735de768cd75f",
    "cifar-10-batches-py/data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "cifar-10-batches-py/data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "cifar-10-batches-py/data_batch_4": "634d18415352ddfa80567beed471001a",
    "cifar-10-batches-py/data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "cifar-10-batches-py/test_batch": "40351d587109b95175f43aff81a1287e",
    "cifar-10-batches-py/batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
    "cifar-100-python/train": "16019d7e3df5f24257cddd939b257f8d",
    "cifar-100-python/test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    "cifar-100-python/meta": "7973b15100ade9c7d40fb424638fde48",
    "cifar-100-binary/train.bin": "6172c7755cfe09b2fe270c85cebc1b15",
    "cifar-100-binary/test.bin": "4499cfba6c016c1be1438163640a0898",
}


def cifar10(data_dir: str | Path | None = None) -> Pair:
    """CIFAR-10: ten classes of animals and vehicles.

    Parameters
    ----------
    data_dir : str or Path, optional
        A folder that holds ``cifar-10-batches-py`` or ``cifar-10-batches-bin`` or an archive
        (``cifar-10-python.tar.gz``, ``cifar-10-binary.tar.gz``), or one of these itself.
        Default: the cache folder.

    Returns
    -------
    (train, test) : pair of Dataset
        ``x`` is uint8 of shape (n, 3, 32, 32), red first.

    Raises
    ------
    DataError
        For missing, truncated or altered files, naming them.
    """
    return _load(10, data_dir)


def cifar100(data_dir: str | Path | None = None) -> Pair:
    """CIFAR-100: a hundred classes, the fine labels; otherwise as :func:`cifar10`.

    Parameters
    ----------
    data_dir : str or Path, optional
        As for :func:`cifar10`, with ``cifar-100-python`` or ``cifar-100-binary``.

    Returns
    -------
    (train, test) : pair of Dataset
    """
    return _load(100, data_dir)


def find_cifar(classes: int, data_dir: str | Path | None = None) -> tuple[_Version, Path] | None:
    """Which form is there, and the folder or archive that holds it."""
    place = cache_folder() if data_dir is None else Path(data_dir)
    for version in _FORMS[classes]:
        for path in (place, place / version.folder, place / version.archive):
            if path.is_file() and path.name == version.archive:
                return version, path
            if path.is_dir() and (path / version.test).is_file():
                return version, path
    return None


def _load(classes: int, data_dir: str | Path | None) -> Pair:
    """Find the files, and read them."""
    found = find_cifar(classes, data_dir)
    if found is None:
        known = ", ".join(name for v in _FORMS[classes] for name in (v.folder, v.archive))
        raise DataError(
            f"{data_dir or cache_folder()}: there is no CIFAR-{classes}; give the folder of one "
            f"of {known} (data_dir, --data-dir)"
        )
    version, path = found
    files = _reader(version, path)
    names = _class_names(version, path, files, classes)
    parts = []
    for name, members in (("train", version.train), ("test", (version.test,))):
        pieces = [_batch(version, f"{path}/{m}", files(m), classes) for m in members]
        x = numpy.concatenate([x for x, _ in pieces])
        y = numpy.concatenate([y for _, y in pieces])
        try:
            parts.append(Dataset(x, y, classes, name, names))
        except (TypeError, ValueError) as error:
            raise DataError(f"{path}: {error}") from None
    return parts[0], parts[1]


def _reader(version: _Version, path: Path) -> Read:
    """A function that gives a member's bytes, from the folder or the archive."""
    if path.is_dir():

        def from_folder(member: str) -> bytes:
            try:
                content = (path / member).read_bytes()
            except OSError as error:
                raise DataError(f"{path / member}: cannot be read: {error.strerror}") from None
            _check(f"{version.folder}/{member}", str(path / member), content)
            return content

        return from_folder
    try:
        _check(version.archive, str(path), path.read_bytes())
        with tarfile.open(path) as tar:
            inside = dict(_wanted(tar, version))
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read as an archive: {error}") from None

    def from_archive(member: str) -> bytes:
        if member not in inside:
            raise DataError(f"{path}: expected {version.folder}/{member} in it, it is not there")
        return inside[member]

    return from_archive


def _wanted(tar: tarfile.TarFile, version: _Version) -> Iterator[tuple[str, bytes]]:
    """The archive's files, by their names in the folder."""
    for member in tar:
        file = tar.extractfile(member) if member.isfile() else None
        folder, _, name = member.name.rpartition("/")
        if file is not None and folder == version.folder:
            yield name, file.read()


def _check(key: str, source: str, content: bytes) -> None:
    """Raise unless the content is the published one."""
    if key in PINS:
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if found != PINS[key]:
            raise DataError(
                f"{source}: truncated or altered: expected md5 {PINS[key]}, found {found} "
                f"({len(content)} bytes)"
            )


def _batch(
    version: _Version, source: str, content: bytes, classes: int
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Images and labels of one file."""
    if version.labels:
        pixels, labels = _pickled(version, source, content)
    else:
        labels_each = 1 if classes == 10 else 2  # CIFAR-100 has the coarse one before the fine
        if not content or len(content) % (labels_each + 3072):
            raise DataError(
                f"{source}: truncated: {len(content)} bytes are no whole number of records of "
                f"{labels_each + 3072}"
            )
        rows = numpy.frombuffer(content, numpy.uint8).reshape(-1, labels_each + 3072)
        pixels, labels = rows[:, labels_each:], rows[:, labels_each - 1]
    return pixels.reshape(-1, 3, 32, 32), labels


def _pickled(version: _Version, source: str, content: bytes) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The arrays in a pickle, which is not trusted."""
    found = _safe_pickle(source, content)
    try:
        pixels, labels = found["data"], numpy.array(found[version.labels])
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{source}: expected a dictionary of data and {version.labels}") from None
    if (
        not isinstance(pixels, numpy.ndarray)
        or pixels.dtype != numpy.uint8
        or pixels.shape != (len(labels), 3072)
    ):
        raise DataError(f"{source}: expected uint8 data of shape ({len(labels)}, 3072)")
    return pixels, labels


def _safe_pickle(source: str, content: bytes) -> Any:
    """What a pickle of plain data holds."""
    from minitorch.io.arrays import FileFormatError
    from minitorch.io.lasagne import read_pickle

    try:
        return read_pickle(io.BytesIO(content), source)
    except FileFormatError as error:
        raise DataError(str(error)) from None


def _class_names(version: _Version, path: Path, read: Read, classes: int) -> tuple[str, ...]:
    """What the classes are called."""
    content = read(version.names)
    if version.labels:
        table = _safe_pickle(f"{path}/{version.names}", content)
        key = "label_names" if classes == 10 else "fine_label_names"
        names = table.get(key, ()) if isinstance(table, dict) else ()
    else:
        names = content.decode("utf-8", "replace").split()
    if len(names) != classes:
        raise DataError(f"{path}/{version.names}: expected {classes} names, found {len(names)}")
    return tuple(str(name) for name in names)
