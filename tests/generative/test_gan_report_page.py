"""The page of an adversarial run: well-formed, self-contained, made of whatever is there."""

import base64
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from click.testing import CliRunner

from minitorch.cli import cli
from minitorch.generative import animate, is_adversarial, write_png, write_report
from minitorch.training.run_folder import read_run_folder

SCORES = {
    "count": 200,
    "judge_error": 0.015,
    "trained": {"fid": 17.065, "inception": 6.0, "shares": [0.75, 0.25], "covered": 2},
    "untrained": {"fid": 557.0, "inception": 1.0, "shares": [1.0, 0.0], "covered": 1},
    "real": {"fid": 1.25, "inception": 9.05, "shares": [0.5, 0.5], "covered": 2},
}
REPORT = {
    "recipe": {"model": "cgan", "seed": 3},
    "command": ["python", "-m", "minitorch", "train", "cgan"],
    "data": {"name": "mnist", "training examples": 60},
    "steps": 40,
    "parameters": [3000, 500],
    "class_names": ["<nought>", "one"],
    "findings": [],
    "scores": SCORES,
    "seconds": 75.0,
    "python": "3.11.7",
}
EPOCH = {"kind": "epoch", "number": 1, "generator_loss": 1.5, "diversity": 0.9, "seconds": 5.0}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    (tmp_path / "metrics.jsonl").write_text(json.dumps(EPOCH) + "\n")
    (tmp_path / "config.toml").write_text('model = "cgan"\n')
    (tmp_path / "samples").mkdir()
    for name in ("samples", "interpolation", "losses", "arithmetic", "samples/epoch-0001"):
        write_png(tmp_path / f"{name}.png", np.zeros((4, 4, 3), "uint8"))
    animate(tmp_path / "samples.webp", [tmp_path / "samples.png"] * 2)
    return tmp_path


def page(folder):
    """The page as a tree: it must be well-formed XML."""
    text = write_report(folder).read_text(encoding="utf-8")
    return ET.fromstring(text.replace("<!DOCTYPE html>", "").replace(' xmlns="http', ' x="http'))


def headings(tree):
    return [s.findtext("h2") for s in tree.iter("section")]


def words(element):
    return " ".join(" ".join(element.itertext()).split())


def test_a_whole_run(folder):
    tree = page(folder)
    assert headings(tree) == [
        "Command", "Findings", "Samples", "Ways through the noise", "Scores", "Losses", "Epochs",
        "Arithmetic", "Configuration", "Environment",
    ]  # fmt: skip
    cards = tree.find(".//dl[@class='figures']")
    figures = {c.findtext("dt"): " ".join(c.find("dd").itertext()) for c in cards}
    assert figures == {
        "FID-like": f"{17.065:.2f} untrained 557, real images 1.25",
        "inception-like": "6.00 untrained 1, real images 9.05",
        "classes": "2 of 2",
        "parameters": "3,500 generator 3,000",
        "time": "1 min 15 s",
        "epochs": "1",
        "steps": "40",
        "data": "mnist training examples: 60",
        "seed": "3",
    }
    sources = [image.get("src") for image in tree.iter("img")]
    assert len(sources) == 5 and all(source.startswith("data:image/") for source in sources)
    content = base64.b64decode(sources[1].partition(",")[2])
    assert content == (folder / "samples.webp").read_bytes()
    scores = next(s for s in tree.iter("section") if s.findtext("h2") == "Scores")
    first, second = ([words(row) for row in t.iter("tr")] for t in scores.iter("table"))
    assert first[2:] == ["untrained 557.00 1.00 1", "real 1.25 9.05 2"]
    assert second[1:] == ["<nought> 75.0% 50.0%", "one 25.0% 50.0%"]
    assert "an error of 1.50%" in words(scores)


def test_a_run_that_goes_on(folder):
    for name in ("report.json", "samples.png", "samples.webp", "interpolation.png"):
        (folder / name).unlink()
    assert is_adversarial(read_run_folder(folder))
    tree = page(folder)
    assert "it has come to epoch 1" in words(tree) and "There is no interpolation.png" in words(
        tree
    )
    samples = next(s for s in tree.iter("section") if s.findtext("h2") == "Samples")
    assert samples.findtext("p") == "epoch-0001" and len(list(samples.iter("img"))) == 1
    assert "diversity 0.90" in words(tree.find(".//dl[@class='figures']"))


@pytest.mark.parametrize(
    "scores",
    [[], "none", {"trained": 3}, {"trained": {"fid": "x", "shares": 4}, "real": None},
     {"trained": {"shares": [1]}, "real": {"shares": [0.5, 0.5]}, "judge_error": "low"}],
)  # fmt: skip
def test_scores_that_make_no_sense(folder, scores):
    (folder / "report.json").write_text(json.dumps({**REPORT, "scores": scores}))
    (folder / "samples.webp").write_bytes(b"RIFFabcd")
    assert "samples.webp is left out" in words(page(folder))


def test_the_command_tells_the_kinds_apart(folder):
    def report():
        assert CliRunner().invoke(cli, ["report", str(folder)]).exit_code == 0
        return (folder / "report.html").read_text()

    assert "Ways through the noise" in report()
    (folder / "report.json").write_text(json.dumps({"recipe": {"model": "lenet"}, "error": 0.25}))
    assert "First filters" in report()
    (folder / "report.json").unlink()
    (folder / "config.toml").write_text("no = = toml")
    assert "First filters" in report()
