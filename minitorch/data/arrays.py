"""Images in files of arrays: .npz, .npy, and MATLAB's .mat as SVHN has it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from minitorch.data.dataset import Dataset
from minitorch.data.errors import DataError
from minitorch.data.images import held_out

__all__ = ["array_files", "svhn"]

Array = numpy.ndarray
Pair = tuple[Dataset, Dataset]
_NAMES = (("x_train", "y_train", "x_test", "y_test"), ("x", "y"))
# Published MD5 sums of SVHN's cropped digits; they name a file, nobody's safety rests on them.
SVHN_PINS = {
    "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
    "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
}


def svhn(data_dir: str | Path | None = None) -> Pair:
    """House numbers, the cropped digits (Y. Netzer and others, 2011).

    Parameters
    ----------
    data_dir : str or Path
        A folder with ``train_32x32.mat`` and ``test_32x32.mat``. No package carries them.

    Returns
    -------
    (train, test) : pair of Dataset
        73,257 and 26,032, uint8 (n, 3, 32, 32); ``y`` is the digit (the files call 0 10).

    Raises
    ------
    DataError
        For missing, truncated or altered files, naming them, and without SciPy.
    """
    from minitorch.backend.cache import cache_folder

    folder = cache_folder() if data_dir is None else Path(data_dir)
    parts = []
    for part in ("train", "test"):
        path = folder / f"{part}_32x32.mat"
        if not path.is_file():
            raise DataError(
                f"{path}: not there; give the folder with {' and '.join(SVHN_PINS)} (data_dir, "
                f"--data-dir)"
            )
        found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        if found != SVHN_PINS[path.name]:
            raise DataError(
                f"{path}: truncated or altered: expected md5 {SVHN_PINS[path.name]}, found {found}"
            )
        x, y = _mat(path)
        parts.append(Dataset(x, y, 10, part, tuple("0123456789")))
    return parts[0], parts[1]


def array_files(path: str | Path) -> Pair:
    """Images and labels in arrays.

    Parameters
    ----------
    path : str or Path
        A ``.npz`` with ``x_train, y_train, x_test, y_test``, or with ``x`` and ``y`` (then
        a fifth of each class is held out); a folder with ``.npy`` files of those names; a
        ``.mat`` (version 5, by SciPy) with SVHN's ``X`` (rows, columns, channels, n) and
        ``y``. Images are (n, rows, columns), or have an axis of 1 or 3 channels after the
        first or at the end.

    Returns
    -------
    (train, test) : pair of Dataset
        ``x`` of shape (n, channels, rows, columns).

    Raises
    ------
    DataError
        For files that are not so, and a ``.mat`` without SciPy.
    """
    path = Path(path)
    if path.suffix == ".mat":
        return _split(path, *_mat(path))
    arrays = _arrays(path)
    for names in _NAMES:
        if all(name in arrays for name in names):
            break
    else:
        raise DataError(
            f"{path}: expected the arrays {' or '.join(', '.join(n) for n in _NAMES)}, found "
            f"{', '.join(sorted(arrays)) or 'none'}"
        )
    if names == _NAMES[1]:
        return _split(path, _images(path, "x", arrays["x"]), _labels(path, arrays["y"]))
    y_train, y_test = _labels(path, arrays["y_train"]), _labels(path, arrays["y_test"])
    classes = int(y_train.max(initial=0)) + 1
    x_train = _images(path, "x_train", arrays["x_train"])
    x_test = _images(path, "x_test", arrays["x_test"])
    return (
        _dataset(path, x_train, y_train, classes, "train"),
        _dataset(path, x_test, y_test, classes, "test"),
    )


def _dataset(path: Path, x: Array, y: Array, classes: int, name: str) -> Dataset:
    """A dataset; what is wrong with it is said of the file."""
    try:
        return Dataset(x, y, classes, name)
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None


def _split(path: Path, x: Array, y: Array) -> Pair:
    """A fifth of each class to test with."""
    whole = _dataset(path, x, y, int(y.max(initial=0)) + 1, "train")
    mask = held_out([image.tobytes().hex() for image in whole.x], whole.y)
    if not mask.any():
        raise DataError(f"{path}: no class has two images, so none can be held out")
    return whole.take(~mask), whole.take(mask, "test")


def _arrays(path: Path) -> Mapping[str, Array]:
    """The arrays of a .npz, or of a folder's .npy files; objects are refused."""
    files = sorted(path.glob("*.npy")) if path.is_dir() else [path]
    found: dict[str, Array] = {}
    for file in files:
        try:
            # Opened here: numpy.load leaves a damaged zip open.
            with file.open("rb") as content:
                loaded = numpy.load(content, allow_pickle=False)
                if isinstance(loaded, numpy.ndarray):
                    found[file.stem] = loaded
                else:
                    found |= {name: loaded[name] for name in loaded.files}
        except Exception as error:  # zip, header, end of file: each has its own
            raise DataError(f"{file}: cannot be read as arrays of numbers: {error}") from None
    return found


def _labels(path: Path, y: Array) -> Array:
    """Labels as a vector of integers."""
    y = y.reshape(-1)
    if y.dtype.kind not in "iu":
        raise DataError(f"{path}: labels are integers, found {y.dtype}")
    return y.astype(numpy.int64)


def _images(path: Path, name: str, x: Array) -> Array:
    """Images with their channels after the first axis."""
    if x.ndim == 3:
        return x[:, None]
    first, last = (x.ndim == 4 and x.shape[axis] in (1, 3) for axis in (1, 3))
    if first == last:
        state = "both could be" if first else "neither is"
        raise DataError(
            f"{path}: {name} has shape {x.shape}; expected (n, rows, columns), or 1 or 3 channels "
            f"as second or last axis ({state})"
        )
    return x if first else numpy.ascontiguousarray(x.transpose(0, 3, 1, 2))


def _mat(path: Path) -> tuple[Array, Array]:
    """``X`` and ``y`` as SVHN has them."""
    try:
        from scipy.io import loadmat
    except ImportError:
        raise DataError(
            f"{path}: reading .mat files needs the package 'scipy'; run: pip install scipy"
        ) from None
    try:
        found: dict[str, Any] = loadmat(path, variable_names=["X", "y"])
    except Exception as error:  # version 7.3 is HDF5, and there are many kinds of damage
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read as a .mat file of version 5: {reason}") from None
    x, y = found.get("X"), found.get("y")
    if x is None or y is None or x.ndim != 4 or x.shape[2] not in (1, 3):
        raise DataError(f"{path}: expected X of shape (rows, columns, channels, n), and y")
    y = _labels(path, y)
    # The digit 0 is class 10 in SVHN, as MATLAB counts from one.
    y = numpy.where(y == 10, 0, y) if y.min(initial=1) >= 1 and y.max(initial=0) == 10 else y
    return numpy.ascontiguousarray(x.transpose(3, 2, 0, 1)), y
