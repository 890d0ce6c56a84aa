"""Open Clip Art: drawings in 22 folders, from Debian's package ``openclipart-png``.

Its 8,121 pictures (1,221 of them links from a second folder to another's) are of every size up to
231 million pixels, many transparent, and many alike once they are small. So: links and what
is over 8 million pixels are left out, transparent is white, each is scaled
whole into a square, and of pictures that are then the same to the byte the first is kept, before
anything is held out. The result is kept in the cache folder, as decoding takes a while.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from pathlib import Path

import numpy

from minitorch.backend.cache import cache_folder
from minitorch.data.dataset import Dataset
from minitorch.data.errors import DataError
from minitorch.data.image_file import open_image, to_square
from minitorch.data.images import held_out

__all__ = ["clipart_folder", "openclipart"]

_FOLDER = Path("/usr/share/openclipart/png")
_DPKG_SUMS = Path("/var/lib/dpkg/info/openclipart-png.md5sums")
_TREE_SHA256 = "20d8ff37a3a0534fa5fe29514d74aa8cb5c8c286376dbe02e87d3fee28f1e57f"
_MOST_PIXELS = 8_000_000
_FILES = 6900  # that are no links


def clipart_folder(data_dir: str | Path | None = None) -> Path:
    """Where the pictures are, or should be."""
    return _FOLDER if data_dir is None else Path(data_dir)


def openclipart(data_dir: str | Path | None = None, size: int = 32) -> tuple[Dataset, Dataset]:
    """The drawings by top folder, ``size`` x ``size`` RGB on white.

    Parameters
    ----------
    data_dir : str or Path, optional
        The package's folder ``png``, for who unpacked it elsewhere.
    size : int
        Rows and columns.

    Returns
    -------
    (train, test) : pair of Dataset
        uint8 (n, 3, size, size); of each of the 22 folders a fifth is held out.

    Raises
    ------
    DataError
        If the package is not there (the message says how to install it), or its
        files are not those of version 1:0.18+dfsg-19; where the package's own list
        is at hand, the first of them is named.
    """
    folder = clipart_folder(data_dir)
    if not folder.is_dir():
        raise DataError(
            f"{folder}: not there; install Debian's package openclipart-png, or give its folder "
            f"png (data_dir, --data-dir)"
        )
    _check_tree(folder)
    kept = cache_folder() / f"openclipart-{_TREE_SHA256[:12]}-{size}.npz"
    if not kept.is_file():
        _keep(kept, *_decoded(folder, size))
    try:
        with kept.open("rb") as content:
            file = numpy.load(content, allow_pickle=False)
            x, y, names, digest = (file[k] for k in ("x", "y", "names", "sha256"))
        whole = hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest() == str(digest)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        whole = False
    if not whole:
        raise DataError(f"{kept}: truncated or altered; delete it to have it made again")
    drawings = Dataset(x, y, len(names), "train", tuple(str(n) for n in names))
    mask = held_out([image.tobytes().hex() for image in x], drawings.y)
    return drawings.take(~mask), drawings.take(mask, "test")


def _check_tree(folder: Path) -> None:
    """Raise unless all files are those of the package."""
    sums = {
        path.relative_to(folder).as_posix(): hashlib.md5(
            path.read_bytes(), usedforsecurity=False
        ).hexdigest()
        for path in sorted(folder.rglob("*.png"))
        if not path.is_symlink()
    }
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    if hashlib.sha256(text.encode()).hexdigest() == _TREE_SHA256:
        return
    wanted = {}
    if _DPKG_SUMS.is_file():
        for line in _DPKG_SUMS.read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  usr/share/openclipart/png/")
            wanted[name] = digest
    odd = sorted(n for n in {**sums, **wanted} if n and sums.get(n) != wanted.get(n))
    named = f"{folder / odd[0]} is missing, truncated or altered" if wanted and odd else "altered"
    raise DataError(
        f"{folder}: {named}: {len(sums)} files are not the {_FILES} of openclipart-png "
        f"1:0.18+dfsg-19; install it anew, or read any folder as folder:{folder}"
    )


def _decoded(folder: Path, size: int) -> tuple[numpy.ndarray, numpy.ndarray, list[str]]:
    """Every picture once, small, with its top folder's number."""
    names = sorted(p.name for p in folder.iterdir() if p.is_dir())
    images: dict[bytes, int] = {}
    for path in sorted(folder.rglob("*.png")):
        if path.is_symlink() or _pixels(path) > _MOST_PIXELS:
            continue
        small = to_square(open_image(path), size)
        images.setdefault(small.tobytes(), names.index(path.relative_to(folder).parts[0]))
    x = numpy.frombuffer(b"".join(images), numpy.uint8).reshape(-1, 3, size, size)
    return x, numpy.array(list(images.values())), names


def _pixels(path: Path) -> int:
    """Rows times columns, from the PNG's header."""
    with path.open("rb") as file:
        head = file.read(24)
    return int.from_bytes(head[16:20], "big") * int.from_bytes(head[20:24], "big")


def _keep(path: Path, x: numpy.ndarray, y: numpy.ndarray, names: list[str]) -> None:
    """Write the small pictures and their checksum."""
    from minitorch.io.files import atomic_write

    buffer = io.BytesIO()
    digest = hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()
    numpy.savez_compressed(buffer, x=x, y=y, names=numpy.array(names), sha256=numpy.array(digest))
    atomic_write(path, buffer.getvalue())
