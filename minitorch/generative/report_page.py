"""report.html of an adversarial run: its samples as they came, its scores, its losses."""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from minitorch.generative.registry import GANS
from minitorch.io.files import atomic_write
from minitorch.training import report_parts as parts
from minitorch.training.report_markup import counted, duration, image, is_number, table, text
from minitorch.training.run_folder import RunFolder, read_run_folder

__all__ = ["is_adversarial", "report_text", "write_report"]

_PICTURES = {  # name -> heading, what it shows
    "samples": ("Samples", "samples of the generator"),
    "interpolation": ("Ways through the noise", "a way from one sample to another in each row"),
    "losses": ("Losses", "both losses and the discriminator's answers by step"),
}
_TOLD = frozenset({  # of report.json, what stands elsewhere on the page than under Environment
    "class_names", "command", "config", "data", "device", "environment", "findings", "history",
    "note", "parameters", "pictures", "recipe", "scores", "seconds", "steps",
})  # fmt: skip
_LARGEST = 8_000_000  # bytes of an animation that the page takes in
_ROWS = ("trained", "untrained", "real")


def is_adversarial(found: RunFolder) -> bool:
    """Whether the run was of an adversarial pair, as its report or its settings say."""
    name = parts.mapping(found.report.get("recipe")).get("model")
    if name is None:
        try:
            name = tomllib.loads(found.config).get("model")
        except tomllib.TOMLDecodeError:
            return False
    return isinstance(name, str) and name in GANS


def write_report(folder: str | Path) -> Path:
    """Make ``report.html`` of what an adversarial run has left in its folder.

    Parameters
    ----------
    folder : str or Path
        With report.json or metrics.jsonl, config.toml and pictures, as far as there.

    Returns
    -------
    Path
        Of the page, in the same folder, written in one piece.

    Raises
    ------
    FileFormatError
        If it is no folder, or no run has left anything there.
    """
    found = read_run_folder(folder)
    return atomic_write(found.path / "report.html", report_text(found))


def report_text(found: RunFolder) -> str:
    """The text of the page."""
    return parts.page(found, _sections(found))


def _sections(found: RunFolder) -> Iterator[str]:
    animation = [*_animation(found)]  # first of all, as it may have a problem to note
    yield from _figures(found)
    yield from parts.command(found)
    yield from parts.problems(found)
    yield from parts.findings(found, "Neither player won, and samples are not all alike.")
    yield from _samples(found, animation)
    yield from parts.picture(found, "interpolation", *_PICTURES["interpolation"])
    yield from _scores(found)
    yield from parts.picture(found, "losses", *_PICTURES["losses"])
    yield from parts.epochs(found)
    yield from parts.more_pictures(found, _PICTURES)
    yield from parts.config(found)
    yield from parts.environment(found, _TOLD)


def _figures(found: RunFolder) -> Iterator[str]:
    """The scores, and what the run was."""
    report, recipe = found.report, parts.mapping(found.report.get("recipe"))
    last: Mapping[str, Any] = {} if report or not found.history else found.history[-1]
    trained, untrained, real = (_score(found, name) for name in _ROWS)
    data, of_data = parts.named(report.get("data"))
    sizes = report.get("parameters")
    both = sizes if isinstance(sizes, list) and all(map(is_number, sizes)) else []
    shares = trained.get("shares")
    classes = len(shares) if isinstance(shares, list) else 0

    def beside(key: str) -> str:
        others = (("untrained", untrained.get(key)), ("real images", real.get(key)))
        return ", ".join(f"{name} {value:.4g}" for name, value in others if is_number(value))

    yield from parts.figures([
        ("FID-like", trained.get("fid"), lambda v: f"{v:.2f}", beside("fid")),
        ("inception-like", trained.get("inception"), lambda v: f"{v:.2f}", beside("inception")),
        ("classes", trained.get("covered"), counted, f"of {classes}" if classes else ""),
        ("diversity", last.get("diversity"), lambda v: f"{v:.2f}", "real images: 1"),
        ("parameters", sum(both) or None, counted,
         f"generator {counted(both[0])}" if both else ""),
        ("time", report.get("seconds", last.get("seconds")), duration, ""),
        ("epochs", len(found.history) or recipe.get("epochs"), counted, ""),
        ("steps", report.get("steps"), counted, ""),
        ("data", data, str, of_data),
        ("device", report.get("device"), str, ""),
        ("seed", recipe.get("seed"), str, ""),
    ], first=3)  # fmt: skip


def _score(found: RunFolder, name: str) -> Mapping[str, Any]:
    """What one kind of images scored."""
    return parts.mapping(parts.mapping(found.report.get("scores")).get(name))


def _animation(found: RunFolder) -> Iterator[str]:
    """samples.webp, if it is one and not too large."""
    path = found.path / "samples.webp"
    if not path.is_file():
        return
    content = path.read_bytes()
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) > _LARGEST:
        found.problems.append("samples.webp is left out: it is damaged or too large.")
        return
    data = base64.b64encode(content).decode()
    alt = "the same samples, epoch by epoch"
    yield "<h3>How they came</h3>"
    yield f'<figure><img alt="{alt}" src="data:image/webp;base64,{data}"/></figure>'


def _samples(found: RunFolder, animation: list[str]) -> Iterator[str]:
    """The last sheet, and all of them one after another; of a run that goes on the newest."""
    heading, alt = _PICTURES["samples"]
    sheets = sorted((found.path / "samples").glob("epoch-*.png"))
    if "samples" in found.pictures or not sheets:
        yield from parts.picture(found, "samples", heading, alt, animation)
        return
    yield f"<section><h2>{heading}</h2><p>{text(sheets[-1].stem)}</p>"
    yield image(sheets[-1].read_bytes(), alt)
    yield "</section>"


def _scores(found: RunFolder) -> Iterator[str]:
    """A row for trained, untrained and real; and which classes samples are taken for."""
    given = parts.mapping(found.report.get("scores"))
    if not given:
        return
    heads = ("", "FID-like", "inception-like", "classes")
    rows = []
    for name in _ROWS:
        score = _score(found, name)
        cells = (score.get("fid"), score.get("inception"), score.get("covered"))
        rows.append([text(name), *(_number(cell) for cell in cells)])
    error = given.get("judge_error")
    by = f" with an error of {100 * error:.2f}%" if is_number(error) else ""
    yield f"<section><h2>Scores</h2><p>{text(given.get('count'))} images each, by a LeNet{by}.</p>"
    yield from table(heads, rows, names=1)
    shares = [_score(found, name).get("shares") for name in ("trained", "real")]
    if all(isinstance(s, list) for s in shares) and len(shares[0]) == len(shares[1]):
        yield from _classes(found, *shares)
    yield "</section>"


def _classes(found: RunFolder, made: list[Any], real: list[Any]) -> Iterator[str]:
    """How often each class comes."""
    names = found.report.get("class_names")
    if not isinstance(names, list) or len(names) != len(made):
        names = list(range(len(made)))
    heads = ("class", "samples", "real images")
    yield "<h3>What they are taken for</h3>"
    rows = [
        [text(name), _share(a), _share(b)] for name, a, b in zip(names, made, real, strict=True)
    ]
    yield from table(heads, rows, names=1)


def _number(value: Any) -> str:
    if not is_number(value):
        return text("-" if value is None else value)
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _share(value: Any) -> str:
    return f"{100 * value:.1f}%" if is_number(value) else text(value)
