"""Write what a run measured into docs/attributes.md, from benchmarks/results/attributes.json.

    python docs/generate_attributes.py [RUN | --check]

With the folder of a run, its figures are recorded first, and its strips become the page's picture.
``--check`` writes nothing and fails if the page is not up to date.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

from written import ROOT, settle

from minitorch.generative.attributes import AttributeRecipe, open_editor, prepare_attributes
from minitorch.generative.attributes.run import shown_images
from minitorch.generative.attributes.strips import plot_strips, strip_titles, swap_strips
from minitorch.generative.attributes.strips import true_strips as true_ones
from minitorch.io.files import atomic_write

PAGE = ROOT / "docs" / "attributes.md"
PICTURE = ROOT / "docs" / "pictures" / "attributes-swaps.jpg"
RESULTS = ROOT / "benchmarks" / "results" / "attributes.json"
BEGIN, END = "<!-- measured -->", "<!-- until here -->"
KEPT = ("recipe", "steps", "parameters", "images", "scores")
STRIPS = 4  # of a run's eight that the page shows


def record(run: Path) -> None:
    """A run's figures, and a picture of some of its strips."""
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    found = {name: report[name] for name in KEPT}
    found["seconds"] = report["history"][-1]["seconds"]
    atomic_write(RESULTS, json.dumps(found, indent=1) + "\n")
    _, test = prepare_attributes(AttributeRecipe(**report["recipe"]))
    shown = shown_images(test)[:STRIPS]
    strips = swap_strips(open_editor(run).editor, test.take(shown))
    titles, title = strip_titles(test.attributes), "held-out drawings, each attribute switched"
    png = plot_strips(run / "page.png", strips, titles, title, true_ones(test, shown))
    from PIL import Image

    page = Image.open(png).convert("RGB")
    page = page.resize((page.width * 3 // 4, page.height * 3 // 4), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=75, optimize=True)
    atomic_write(PICTURE, buffer.getvalue())


def table(found: dict[str, Any]) -> str:
    """The figures for people."""
    recipe, scores = found["recipe"], found["scores"]
    usual = AttributeRecipe().as_dict()
    flags = [f" --{name.replace('_', '-')} {value}"
             for name, value in recipe.items() if value != usual[name]]  # fmt: skip
    lines = [
        f"`python -m minitorch train attributes{''.join(flags)} --threads 1`: {found['steps']:,} "
        f"steps in {found['seconds'] / 60:.0f} minutes of a core that was shared with other work; "
        f"{found['parameters'][0]:,} parameters in the editor, {found['parameters'][1]:,} in the "
        f"discriminator. On the {found['images'][1]} images of held-out drawings:",
        "",
        "| edited | edits | from the true one | unchanged | wanted value seen | in the true ones | "
        "others kept | LeNet's own error |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in scores["attributes"]:
        lines.append(
            f"| {one['name']} | {one['edits']} | {one['error']:.1f} | "
            f"{one['unchanged_error']:.1f} | {100 * one['seen']:.0f}% (before: "
            f"{100 * one['seen_before']:.0f}%) | {100 * one['seen_true']:.0f}% | "
            f"{100 * one['kept']:.0f}% | {100 * one['judge_error']:.0f}% |"
        )
    lines += [
        "",
        f"Images made anew of their own attributes are {scores['reconstruction_error']:.1f} from "
        f"what they were.",
        "",
        f"![swap strips](pictures/{PICTURE.name})",
    ]
    return "\n".join(lines)


def main() -> int:
    """Record, if a run is named, and write the page."""
    runs = [argument for argument in sys.argv[1:] if argument != "--check"]
    if runs:
        record(Path(runs[0]))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    return settle(PAGE, f"{before}{BEGIN}\n{table(found)}\n{END}{after}")


if __name__ == "__main__":
    raise SystemExit(main())
