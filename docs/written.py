"""What the generators of pages share: writing one, or saying that it is not what it would be."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["settle"]

ROOT = Path(__file__).resolve().parent.parent


def settle(page: Path, text: str) -> int:
    """Write a page; with ``--check`` write nothing, and fail if it holds something else."""
    if "--check" not in sys.argv[1:]:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.exists() and page.read_text(encoding="utf-8") == text:
        return 0
    script = Path(sys.argv[0]).name
    name = page.resolve().relative_to(ROOT)
    print(f"{name} is out of date: run python docs/{script}", file=sys.stderr)
    return 1
