"""Writes wgmma_registers.cuh: inline PTX has no loops, so N / 2 registers are N / 2 names.

Run it after a change: ``python csrc/cuda/common/generate_wgmma.py``. A test checks the file.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

SIZES = [8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256]
FOLLOWING = 7  # operands after d's, at most
TARGET = Path(__file__).with_name("wgmma_registers.cuh")

HEADER = """\
// Written by generate_wgmma.py. For each N that wgmma.cuh offers: d's registers in the PTX text,
// the names of the operands that follow them, and d's operands.
// clang-format off
"""


def lines(words: list[str]) -> list[str]:
    """The words, separated by commas, in indented lines."""
    return textwrap.wrap(", ".join(words), 90, initial_indent="    ", subsequent_indent="    ")


def instance(n: int) -> str:
    """The invocation of MT_WGMMA for one N."""
    count = n // 2
    names = [f'    "{line.strip()} "' for line in lines([f"%{i}" for i in range(count)])]
    following = lines([f'"%{count + i}"' for i in range(FOLLOWING)])
    operands = lines([f'"+f"(d[{i}])' for i in range(count)])
    parts = ["\n".join(part) for part in (names, following, operands)]
    return f"\nMT_WGMMA({n},\n" + ",\n".join(parts) + ")\n"


def content() -> str:
    """The file."""
    return HEADER + "".join(instance(n) for n in SIZES)


if __name__ == "__main__":
    TARGET.write_text(content())
