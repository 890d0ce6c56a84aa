"""Write docs/ops.md from the registry: every op, its formula, its rules.

    python docs/generate_ops.py [--check]

``--check`` writes nothing and fails if the page is not up to date.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from written import settle

import minitorch as mt

PAGE = Path(__file__).parent / "ops.md"

HEADER = """# The ops

Written by `python docs/generate_ops.py` from the registry; every op is declared in one place, in
the file that heads its table. `g` is the gradient that comes in, `y` the output; a rule's
derivative is in the words of its docstring. Ops without rules are constant for gradients.
`python -m minitorch explain OP` shows an op's card with the rules' own source,
`python -m minitorch gradcheck OP` checks it.
"""


def cell(text: str) -> str:
    """Text that stays in its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def summary(entry: Any) -> str:
    """The first sentence of the docstring."""
    lines = (entry.__doc__ or "").strip().split("\n\n")[0]
    return cell(lines)


def row(entry: Any) -> str:
    """One op as a row of the table."""
    rules = {rule.fn: rule for rule in entry.rules.values()}
    derivatives = "<br>".join(cell(fn.__doc__ or "") for fn in rules)
    marks = [f"linear in {', '.join(entry.linear)}"] if entry.linear else []
    if not hasattr(entry, "variadic"):
        marks.append("made of other ops")
    elif not entry.rules:
        marks.append("constant")
    if getattr(entry, "view", False):
        marks.append("view")
    kernels: dict[str, list[str]] = {}
    for backend, kernel in entry.kernels:
        if backend != "cuda":  # its rungs are the emulated device's
            where = {"emulated": "device"}.get(backend, backend)
            kernels.setdefault(where, []).append(kernel.name)
    rows = [f"{where} kernels: {', '.join(names)}" for where, names in kernels.items()]
    notes = "; ".join([*marks, *rows])
    return (
        f"| `{entry.name}` | {summary(entry)} | {cell(entry.formula)} | {derivatives} | {notes} |"
    )


def page() -> str:
    """The whole page."""
    rooms: dict[str, list[Any]] = {}
    for entry in mt.registry.values():
        if entry.module.startswith("minitorch."):
            rooms.setdefault(entry.module, []).append(entry)
    parts = [HEADER]
    for module in sorted(rooms):
        parts.append(f"\n## {module.replace('.', '/')}.py\n")
        parts.append("| op | what | formula | derivative | notes |\n|---|---|---|---|---|")
        parts += [row(entry) for entry in sorted(rooms[module], key=lambda e: e.name)]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    raise SystemExit(settle(PAGE, page()))
