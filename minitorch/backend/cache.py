"""Where minitorch keeps what it need not fetch or measure twice."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """The folder of cached files.

    ``$MINITORCH_CACHE``, else ``$XDG_CACHE_HOME/minitorch``, else
    ``~/.cache/minitorch``. It need not exist yet.
    """
    from pathlib import Path  # not at the top: `import minitorch` is quicker without it

    own = os.environ.get("MINITORCH_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "minitorch"
