"""What commands that leave pictures share: the file's kind, and whether a picture is too large."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["check_memory", "encoder_for"]


def encoder_for(output: Path) -> Callable[[Any], bytes]:
    """From a picture to a file's bytes; what can't be written is said before the work begins."""
    try:
        from PIL import Image
    except ImportError:
        raise ValueError("writing pictures needs pillow; run: pip install pillow") from None
    kind = Image.registered_extensions().get(output.suffix.lower())
    if kind not in Image.SAVE:
        raise click.UsageError(f"{output}: expected a name that ends in .png, .jpg or the like")
    output.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(output.parent, os.W_OK):
        raise click.UsageError(f"{output.parent}: nothing can be written there")

    def encode(pixels: Any) -> bytes:
        content = io.BytesIO()
        Image.fromarray(pixels.transpose(1, 2, 0)).save(content, kind, quality=95)
        return content.getvalue()

    return encode


def check_memory(needed: float, side: int, also: str = "") -> None:
    """Refuse what this machine can't hold before it tries; ``also`` is what else would help."""
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not said on every system
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if needed > there:
            raise click.UsageError(
                f"a size of {side} takes about {needed / 1e9:.0f} GB, and this machine has "
                f"{there / 1e9:.0f} GB; give a smaller --size{also}"
            )
