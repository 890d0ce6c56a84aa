"""The most memory that this process ever held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

__all__ = ["peak"]


def peak() -> int:
    """The largest resident set so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts the parent's memory at the fork as well
        line = next(s for s in status.read_text().splitlines() if s.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
