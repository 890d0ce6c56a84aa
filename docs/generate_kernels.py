"""Fill the tables of csrc/cuda/README.md from the kernels' own tables and headers.

    python docs/generate_kernels.py [--check]

``--check`` writes nothing and fails if the page is not what the files say.
"""

from __future__ import annotations

import re
from pathlib import Path

from written import settle

from minitorch.backend.native import load_extension

ROOT = Path(__file__).parents[1]
CUDA = ROOT / "csrc" / "cuda"
PAGE = CUDA / "README.md"
START, END = "<!-- rungs: written by docs/generate_kernels.py -->", "<!-- end of rungs -->"


def header(file: Path) -> dict[str, str]:
    """The fields of a rung's header: {"Idea": ..., "Changed": ..., "Requires": ...}."""
    fields: dict[str, str] = {}
    name = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("//"):
            break
        text = line[2:].strip()
        found = re.match(r"([A-Z][a-z]+)(?: since [\w ]+)?:\s*(.*)", text)
        if found and not line.startswith("//    "):
            name = found[1]
            fields[name] = found[2]
        elif name:
            fields[name] += " " + text
    return {key: re.sub(r"\s+", " ", value).strip() for key, value in fields.items()}


def cell(text: str) -> str:
    """Text that may stand in a table."""
    return text.replace("|", "\\|").strip() or "-"


def families() -> dict[str, Path]:
    """Family -> the folder of its rungs (two families may share one)."""
    module, reason = load_extension("_emulated")
    if module is None:
        raise SystemExit(f"generate_kernels: {reason}")
    found = {}
    for family, rows in module.rungs.items():
        names = {row[0] for row in rows}
        folders = [
            folder
            for folder in sorted(CUDA.iterdir())
            if folder.is_dir() and any(file_of(folder, family, name) for name in names)
        ]
        if not folders:
            raise SystemExit(f"generate_kernels: no folder of csrc/cuda has the rungs of {family}")
        exact = [folder for folder in folders if folder.name == family]
        found[family] = (exact or folders)[0]
    return found


def file_of(folder: Path, family: str, rung: str) -> Path | None:
    """The file that a rung stands in: k01_naive.cu, or one that begins so or with the family."""
    for pattern in (f"{rung}.cu", f"{family}_{rung}.cu", f"{rung}_*.cu"):
        if files := sorted(folder.glob(pattern)):
            return files[0]
    return None


def table(family: str, folder: Path) -> list[str]:
    """A family's rungs, from the ground up."""
    module, _ = load_extension("_emulated")
    lines = [f"## {family}", "", "| rung | idea | changed | requires |"]
    lines.append("|---|---|---|---|")
    for name, idea, needs, precision in module.rungs[family]:  # type: ignore[union-attr]
        file = file_of(folder, family, name)
        if file is None:
            raise SystemExit(f"generate_kernels: {folder.name} has no file for the rung {name}")
        said = header(file)
        link = f"[{name}]({folder.name}/{file.name})"
        more = " (TF32)" if precision == "tf32" else ""
        lines.append(
            f"| {link}{more} | {cell(idea)} | {cell(said.get('Changed', ''))} "
            f"| {cell(said.get('Requires', needs))} |"
        )
    return lines


def page() -> str:
    """The whole page with fresh tables."""
    text = PAGE.read_text(encoding="utf-8")
    lines = [line for family, folder in families().items() for line in [*table(family, folder), ""]]
    before, rest = text.split(START)
    return before + "\n".join([START, *lines]) + END + rest.split(END)[1]


if __name__ == "__main__":
    raise SystemExit(settle(PAGE, page()))
