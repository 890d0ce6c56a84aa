"""A run's folder: what it holds, how it is taken up again, and what is refused."""

import json

import pytest

from minitorch import io
from minitorch.data import save_idx_folder, toy_digits
from minitorch.generative import GanRun, find_gan_recipe
from minitorch.io import FileFormatError

FILES = (
    "config.toml", "generator.safetensors", "interpolation.png", "judge.safetensors", "losses.png",
    "metrics.jsonl", "report.html", "report.json", "samples.png", "samples.webp",
)  # fmt: skip
SMALL = {"latent": 6, "epochs": 2, "batch_size": 20, "width": 2}


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    save_idx_folder(folder, toy_digits(60, seed=1, size=16), toy_digits(40, seed=2, size=16))
    return folder


def make(digits, out, **changes):
    return GanRun(find_gan_recipe("cgan", {**SMALL, **changes}), out, digits)


def test_a_run_leaves_everything_and_resumes(digits, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run = make(digits, whole)
    assert run.begin() == "training cgan from the start"
    assert run.train()
    report = run.finish(scored=20, steps=2)
    names = {path.name for path in whole.iterdir()}
    assert names == {"checkpoints", "samples", *FILES}
    sheets = [path.name for path in sorted((whole / "samples").iterdir())]
    assert sheets == ["epoch-0000.png", "epoch-0001.png", "epoch-0002.png"]
    assert json.loads((whole / "report.json").read_text()) == report
    assert report["note"] == "" and set(report["scores"]) == {
        "count", "judge_error", "trained", "untrained", "real",
    }  # fmt: skip
    generator = io.load(whole / "generator.safetensors")
    assert generator.output_shape == (None, 1, 16, 16)

    half = make(digits, broken)
    half.begin()
    assert not half.train(stop=lambda: half.trainer.step == 4)
    again = make(digits, broken)
    assert again.begin() == "resuming cgan at step 4"
    assert again.train()
    for name in sheets:
        one, other = (folder / "samples" / name for folder in (whole, broken))
        assert one.read_bytes() == other.read_bytes(), name
    assert again.finish(scored=20, steps=2)["scores"] == report["scores"]
    third = make(digits, broken)
    assert third.begin().endswith("trained already; --fresh would start over")


def test_what_cannot_be_taken_up(digits, tmp_path):
    with pytest.raises(FileFormatError, match="no checkpoint to resume"):
        make(digits, tmp_path).begin("resume")
    run = make(digits, tmp_path)
    run.begin()
    run.train(stop=lambda: True)
    with pytest.raises(ValueError, match="latent was 6, is 7; use --fresh"):
        make(digits, tmp_path, latent=7).begin()
    with pytest.raises(ValueError, match="other training data"):
        make(digits, tmp_path, size=14).begin()
    assert make(digits, tmp_path, latent=7).begin("fresh") == "training cgan from the start"


def test_sizes_that_no_doubling_leads_to(digits, tmp_path):
    with pytest.raises(ValueError, match="not 30 x 30; --size"):
        make(digits, tmp_path, size=30)
    with pytest.raises(ValueError, match="made of dense layers and has no width"):
        find_gan_recipe("gan", {"width": 3})
