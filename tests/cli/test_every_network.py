"""Every classifier of the registry by the command line: trained, left, taken up, measured,
exported, and asked about a picture through the exported file."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from minitorch.cli import cli
from minitorch.models import MODELS

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")
pytest.importorskip("onnx", reason="the package onnx is not here")

# The smallest images that a network takes; 32 unless said otherwise.
SIZES = {
    "alexnet": 67, "googlenet": 79, "googlenet_bn": 79, "inception_v3": 75, "squeezenet1_0": 64,
    "squeezenet1_1": 64, "efficientnet_lite0": 64, "resnet18": 64, "resnet34": 64,
    "resnet50": 64, "resnet101": 64, "resnet152": 64,
}  # fmt: skip
QUICK = ("mlp64", "lenet", "resnet20", "squeezenet1_1")


def run(*arguments):
    done = CliRunner().invoke(cli, [str(a) for a in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i in range(30):
        path = folder / ("cat", "dog", "owl")[i % 3] / f"{i:02d}.png"
        path.parent.mkdir(exist_ok=True)
        shade = np.array([60, 130, 200])[(np.arange(3) + i) % 3]
        pixels = rng.integers(0, 55, (70, 80, 3)) + shade
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return folder


@pytest.mark.parametrize(
    "name",
    [
        n if n in QUICK else pytest.param(n, marks=pytest.mark.slow)
        for n, entry in MODELS.items()
        if entry.classifies
    ],
)
def test_from_training_to_a_picture(name, photos, tmp_path):
    size = SIZES.get(name, 32)
    command = ["train", name, "--data", f"folder:{photos}", "--size", size, "--batch-size", 8]
    command += ["--learning-rate", 1e-4, "--augment", "reflect", "--no-pictures", "--json"]
    whole = json.loads(run(*command, "--epochs", 2, "--out", tmp_path / "run", "--every", 2))
    assert whole["steps"] == 6 and np.isfinite(whole["loss"])
    # The last checkpoint is dropped, as if the run had been killed; the rest comes out alike.
    checkpoints = sorted((tmp_path / "run" / "checkpoints").iterdir())
    checkpoints[-1].unlink()
    again = json.loads(run(*command, "--epochs", 2, "--out", tmp_path / "run", "--resume"))
    assert again["loss"] == whole["loss"] and again["confusion"] == whole["confusion"]

    model, exported = tmp_path / "run", tmp_path / "model.onnx"
    run("export", "-m", model, "-o", exported)
    errors = [
        json.loads(run("evaluate", "-m", file, "--data", f"folder:{photos}", "--json"))["error"]
        for file in (model, exported)
    ]
    assert errors[0] == errors[1] == whole["error"]
    picture = photos / "cat" / "00.png"
    ours, theirs = (
        json.loads(run("classify", picture, "-m", file, "--json")) for file in (model, exported)
    )
    assert "cat" in json.dumps(ours) and json.dumps(ours).count("probability") == 3
    assert list(ours) == list(theirs)
