"""`train attributes` and `edit`: what they leave and say, and one clear line for bad input."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from minitorch.cli import cli
from minitorch.data.image_file import read_image
from minitorch.generative.pictures import write_png
from tests.generative.toy_attributes import shapes

FILES = {
    "checkpoints", "classifier.safetensors", "config.toml", "editor.safetensors", "losses.png",
    "metrics.jsonl", "report.json", "samples", "samples.png", "samples.webp", "swaps.png",
}  # fmt: skip
SMALL = ("--size", 16, "--width", 2, "--levels", 2, "--epochs", 2, "--batch-size", 20)


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def train(faces, out, *more):
    return run("train", "attributes", "--data", faces, "--out", out, *SMALL, "--judged", 2, *more)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Forty images with a table as CelebA's."""
    folder = tmp_path_factory.mktemp("faces")
    data = shapes(10, size=18)
    lines = [str(len(data)), "Blue Cross"]
    for number, (x, label) in enumerate(zip(data.x, data.labels, strict=True)):
        write_png(folder / f"{number:03d}.png", x.transpose(1, 2, 0))
        lines.append(f"{number:03d}.png {' '.join('1' if v else '-1' for v in label)}")
    (folder / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def trained(faces, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    result = train(faces, out)
    assert result.exit_code == 0, result.output
    return out, result


def test_a_run_and_what_it_says(faces, trained):
    out, result = trained
    assert "training attributes from the start" in result.stderr
    assert "epoch   2/2  same" in result.stderr
    assert "Blue: seen in " in result.stdout and "test images made anew" in result.stdout
    assert {path.name for path in out.iterdir()} == FILES
    sheets = sorted(path.name for path in (out / "samples").iterdir())
    assert sheets == ["epoch-0000.png", "epoch-0001.png", "epoch-0002.png"]
    report = json.loads((out / "report.json").read_text())
    assert report["attributes"] == [["Blue", ["no", "yes"]], ["Cross", ["no", "yes"]]]
    assert report["scores"]["attributes"][0]["pairs"] == 0  # of faces nobody has a counterpart
    again = train(faces, out, "--json")
    assert again.stderr == "" and json.loads(again.stdout)["steps"] == report["steps"]
    other = train(faces, out, "--width", 3)
    assert other.exit_code == 2 and "width was 2, is 3; use --fresh" in other.stderr


def test_images_of_ones_own(faces, trained, tmp_path):
    out, _ = trained
    one, two = faces / "000.png", faces / "001.png"
    result = run(
        "edit", out, one, "--set", "Blue=yes", "--has", "Cross=no", "-o", tmp_path / "a.png"
    )
    assert result.exit_code == 0, result.output
    assert "Cross=no) -> " in result.stdout
    assert read_image(tmp_path / "a.png").shape == (3, 16, 16)
    result = run("edit", out, one, two, "--set", "Cross=yes", "-o", tmp_path / "both")
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "both").iterdir())
    assert names == ["000-edited.png", "001-edited.png"]
    assert run("edit", out, one, "-o", tmp_path / "s.png").exit_code == 0
    assert read_image(tmp_path / "s.png").shape[1] > 100


def test_one_attribute_and_fewer_images(faces, tmp_path):
    result = train(faces, tmp_path / "run", "--attributes", "Cross", "--images", 30, "--judged", 0)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["attributes"] == [["Cross", ["no", "yes"]]] and sum(report["images"]) == 30
    assert report["scores"] == {}


def test_help_is_of_its_own_settings():
    text = run("train", "attributes", "--help").output
    assert "--reconstruction" in text and "--dropout" not in text
    assert "--set" in run("edit", "--help").output


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--size", "18", "--levels", "2"], "2 halvings need sides that 4 divides, not 18 x 18"),
        (["--attributes", "Bleu"], "no attribute named 'Bleu'; did you mean 'Blue'"),
        (["--epochs", "0"], "epochs is a positive number, not 0"),
        (["--resume"], "no checkpoint to resume"),
        (["--data", "emoji"], "no data named 'emoji': expected emoji-people, or a folder"),
    ],
)
def test_bad_input_is_one_line(faces, tmp_path, more, message):
    result = train(faces, tmp_path / "run", *more)
    assert result.exit_code == 2 and message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_folder_without_a_table(tmp_path):
    write_png(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8))
    result = train(tmp_path, tmp_path / "run")
    assert result.exit_code == 2 and "holds no tables of attributes" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "Bleu=yes"], "no attribute named 'Bleu'; did you mean 'Blue'"),
        (["--set", "Blue=maybe"], "Blue is never 'maybe'"),
        (["--set", "Blue"], "expected ATTRIBUTE=VALUE"),
        (["--set", "Blue=yes", "--has", "cross=no"], "no attribute named 'cross'"),
    ],
)
def test_edits_that_are_not_possible(faces, trained, arguments, message):
    result = run("edit", trained[0], faces / "000.png", *arguments)
    assert result.exit_code == 2 and message in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_is_not_there(faces, trained, tmp_path):
    result = run("edit", tmp_path, faces / "000.png", "--set", "Blue=yes")
    assert result.exit_code == 2 and "editor.safetensors: not there" in result.stderr
    result = run("edit", trained[0], tmp_path / "x.png", "--set", "Blue=yes")
    assert result.exit_code == 2 and "x.png: cannot be read" in result.stderr
