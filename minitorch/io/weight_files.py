"""Files of weights by their content: safetensors, PyTorch's, Lasagne's."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minitorch.io.arrays import FileFormatError, read_safetensors
from minitorch.io.lasagne import load_npz, load_pickle
from minitorch.io.pth import load_pth, state_dict_of

__all__ = ["read_weights"]

_OLD_PTH = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"  # its first pickle: the magic number


def read_weights(source: Any) -> tuple[dict[str, Any] | list[Any], bool]:
    """Arrays by name or in order, and whether they are a pickle of Lasagne's model zoo.

    Raises
    ------
    FileFormatError
        If the file is missing, of no known kind, or damaged.
    TypeError
        For something that is no path, mapping or sequence.
    """
    zoo = False
    if isinstance(source, str | Path):
        source = _read(Path(source))
    if isinstance(source, Mapping):
        if isinstance(source.get("param values"), list | tuple):
            source, zoo = source["param values"], True
        else:
            return state_dict_of(source), False
    if isinstance(source, Sequence):
        return list(source), zoo
    raise TypeError(f"weights are a file, a mapping or a sequence, not a {type(source).__name__}")


def _read(path: Path) -> Any:
    """What is in a file."""
    if not path.is_file():
        raise FileFormatError(f"{path}: there is no such file")
    with path.open("rb") as file:
        start = file.read(256)
    if not start:
        raise FileFormatError(f"{path}: the file is empty")
    if start.lstrip()[:5].lower() in (b"<!doc", b"<html"):
        raise FileFormatError(
            f"{path}: this is a web page, as a server sends in place of a file that is not there"
        )
    if start.startswith(b"PK"):
        return load_npz(path) if _is_npz(path) else load_pth(path)
    if start[8:9] == b"{" and b'"' in start:
        arrays, header = read_safetensors(path)
        if header.get("format") == "minitorch-1" and any(n.startswith("param/") for n in arrays):
            raise FileFormatError(
                f"{path}: this is a whole network of minitorch's; read it with io.load"
            )
        return arrays
    return load_pth(path) if _OLD_PTH in start else load_pickle(path)


def _is_npz(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return all(name.endswith(".npy") for name in archive.namelist())
    except zipfile.BadZipFile:
        return False
