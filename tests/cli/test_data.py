"""``minitorch data``: the list, one set, the sheet, JSON, and names that are none."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from minitorch.cli import cli
from minitorch.data import DATASETS, save_idx_folder, toy_digits

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")


@pytest.fixture(autouse=True)
def _no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MINITORCH_CACHE", str(tmp_path / "cache"))


def run(*arguments):
    return CliRunner().invoke(cli, ["data", *map(str, arguments)])


def test_the_list_has_every_set():
    found = json.loads(run("--json").output)["datasets"]
    assert [row["name"] for row in found] == list(DATASETS)
    by_name = {row["name"]: row for row in found}
    assert by_name["cifar100"]["classes"] == 100 and by_name["cifar100"]["there"] is False
    assert by_name["emoji"]["install"].startswith("npm pack emoji-datasource-google@16.0.0")
    text = run().output
    for name in DATASETS:
        assert any(line.startswith(name + " ") for line in text.splitlines()), name
    assert "cifar10: no package has it" in text and "folder:PATH: a folder" in text


def test_one_set_from_a_folder(tmp_path):
    save_idx_folder(tmp_path, toy_digits(30, seed=1), toy_digits(20, seed=2))
    lines = run("mnist", "--data-dir", tmp_path).output.splitlines()
    assert lines[0] == "mnist: 30 to train on, 20 to test, 1 x 28 x 28"
    assert lines[1].split() == ["0", "3", "2"] and len(lines) == 11
    facts = json.loads(run("mnist", "--data-dir", tmp_path, "--json").output)
    assert facts["shape"] == [1, 28, 28] and facts["classes"]["9"] == [3, 2]


def test_a_sheet_of_digits(tmp_path):
    save_idx_folder(tmp_path, toy_digits(30, seed=1), toy_digits(20, seed=2))
    out = tmp_path / "sheet.png"
    done = run("mnist", "--data-dir", tmp_path, "--preview", out, "--columns", 2, "--json")
    steps = json.loads(done.output)["augmentation"]
    assert [step.partition("(")[0] for step in steps] == ["Rotate", "Scale", "Translate"]
    with Image.open(out) as image:
        assert image.width > 400 and image.height > 800
    before = out.read_bytes()
    run("mnist", "--data-dir", tmp_path, "--preview", out, "--columns", 2)
    assert out.read_bytes() == before


def test_a_sheet_of_files(tmp_path):
    for i in range(6):
        path = tmp_path / "images" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20 + i, 30, 3), 40 * i, np.uint8)).save(path)
    done = run(f"folder:{tmp_path / 'images'}", "--preview", tmp_path / "sheet.png")
    assert "4 to train on, 2 to test, several sizes" in done.output, done.output
    assert "left in" in done.output and (tmp_path / "sheet.png").exists()


def test_what_is_wrong_is_one_line(tmp_path):
    for arguments, message in [
        (["mnits"], "no dataset named 'mnits'; did you mean 'mnist'?"),
        (["emoji"], "run: npm pack emoji-datasource-google@16.0.0"),
        (["--preview", tmp_path / "x.png"], "--preview needs the NAME"),
        (["csv:none.csv"], "none.csv: cannot be read as CSV"),
    ]:
        done = run(*arguments)
        assert done.exit_code == 2 and message in done.output
        assert done.output.startswith("minitorch: ") and len(done.output.splitlines()) == 1
