"""A folder of checkpoints: written atomically, the last two kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from minitorch.io.arrays import FileFormatError, load_arrays, save_arrays
from minitorch.io.files import leftovers

__all__ = ["Checkpoints"]

_NAME = re.compile(r"step-(\d+)\.safetensors")


class Checkpoints:
    """The checkpoints of one run, ``step-00000600.safetensors`` and so on.

    Parameters
    ----------
    folder : str or Path
        Made when the first one is saved.
    keep : int
        How many of the newest stay; at least 1. With two, a damaged newest one
        costs the steps since the one before.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> kept = Checkpoints(tempfile.mkdtemp() + "/checkpoints")
    >>> for step in (10, 20, 30):
    ...     path = kept.save(step, {"w": np.zeros(2)}, {"step": step})
    >>> [path.name for path in kept.paths()]
    ['step-00000020.safetensors', 'step-00000030.safetensors']
    >>> kept.load()[1]
    {'step': 30}
    """

    def __init__(self, folder: str | Path, keep: int = 2) -> None:
        if keep < 1:
            raise ValueError(f"Checkpoints: keeps at least 1, not {keep}")
        self.folder = Path(folder)
        self.keep = keep

    def paths(self) -> list[Path]:
        """The checkpoints there are, oldest first."""
        if not self.folder.is_dir():
            return []
        found = [(_NAME.fullmatch(p.name), p) for p in self.folder.iterdir()]
        return [p for _, p in sorted((int(match[1]), p) for match, p in found if match)]

    def save(self, step: int, arrays: Mapping[str, Any], metadata: Mapping[str, Any]) -> Path:
        """Write a checkpoint, then let go of those beyond the newest ``keep``.

        Returns
        -------
        Path
        """
        path = self.folder / f"step-{step:08d}.safetensors"
        save_arrays(path, arrays, metadata)
        for old in self.paths()[: -self.keep]:
            old.unlink(missing_ok=True)
        for side in leftovers(self.folder, "step-*.safetensors"):
            side.unlink(missing_ok=True)
        return path

    def load(self) -> tuple[dict[str, numpy.ndarray], dict[str, Any]]:
        """The arrays and metadata of the newest checkpoint.

        Raises
        ------
        FileFormatError
            If there is none, or the newest is damaged; it is left as it is, and
            the message says which one is older and still there.
        """
        paths = self.paths()
        if not paths:
            raise FileFormatError(f"{self.folder}: there is no checkpoint")
        try:
            return load_arrays(paths[-1])
        except FileFormatError as error:
            remedy = "there is no older one"
            if len(paths) > 1:
                remedy = f"move it away to resume from the one before, {paths[-2].name}"
            raise FileFormatError(f"{error}; {remedy}") from None

    def clear(self) -> None:
        """Delete every checkpoint of the folder, for a fresh start."""
        for path in self.paths():
            path.unlink(missing_ok=True)
