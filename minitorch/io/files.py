"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

__all__ = ["atomic_write", "leftovers"]


def atomic_write(path: str | Path, content: bytes | str) -> Path:
    """Write a whole file, or leave what was there.

    The content goes to a new file beside the target, reaches the disk, and then
    takes the target's name in one step: a reader, a crash or SIGKILL meets the
    old content or the new, never a part.

    Parameters
    ----------
    path : str or Path
        Its folder is made if need be.
    content : bytes or str
        Text is written as UTF-8.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        If it cannot be written; the old file is untouched then.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    side = path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp"
    try:
        with side.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(side, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            side.unlink()
        raise
    _sync_folder(path.parent)
    return path


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def leftovers(folder: Path, name_pattern: str) -> list[Path]:
    """Side files of writes to ``name_pattern`` that were killed on the way."""
    return sorted(folder.glob(f".{name_pattern}.*.tmp"))
