"""A run's folder: how it is taken up again, and what is refused."""

import pytest

from minitorch import io, layers
from minitorch.data import DataError
from minitorch.generative.attributes import AttributeRecipe, AttributeRun, open_editor
from minitorch.generative.pictures import write_png
from minitorch.io import FileFormatError
from tests.generative.toy_attributes import shapes


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    data = shapes(10)
    lines = ["file,Blue,Cross"]
    for number, (x, label) in enumerate(zip(data.x, data.labels, strict=True)):
        write_png(folder / f"{number:03d}.png", x.transpose(1, 2, 0))
        lines.append(f"{number:03d}.png,{label[0]},{label[1]}")
    (folder / "attributes.csv").write_text("\n".join(lines) + "\n")
    return folder


def make(faces, out, **changes):
    small = {"data": str(faces), "size": 16, "width": 2, "levels": 2, "epochs": 2, "batch_size": 10}
    return AttributeRun(AttributeRecipe(**{**small, **changes}), out)


def test_a_broken_run_ends_as_a_whole_one(faces, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run = make(faces, whole)
    assert run.begin() == "training attributes from the start" and run.train()
    report = run.finish(steps=0)
    assert report["note"] == "" and report["images"] == [32, 8]

    half = make(faces, broken)
    half.begin()
    assert not half.train(stop=lambda: half.trainer.step == 5)
    again = make(faces, broken)
    assert again.begin() == "resuming attributes at step 5"
    assert again.train()
    again.finish(steps=0)
    for name in ("samples.png", "swaps.png"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name
    editors = [open_editor(folder).editor.network for folder in (whole, broken)]
    for p, other in zip(*map(layers.get_all_params, editors), strict=True):
        assert p.get_value().tobytes() == other.get_value().tobytes(), p.name
    sheets = [sorted(p.name for p in (f / "samples").iterdir()) for f in (whole, broken)]
    assert sheets[0] == sheets[1] == ["epoch-0000.png", "epoch-0001.png", "epoch-0002.png"]
    third = make(faces, broken)
    assert third.begin().endswith("trained already; --fresh would start over")
    assert io.read_about(broken / "editor.safetensors")["whole"] is False
    assert [a.name for a in open_editor(broken).attributes] == ["Blue", "Cross"]


def test_what_cannot_be_taken_up(faces, tmp_path):
    with pytest.raises(FileFormatError, match="no checkpoint to resume"):
        make(faces, tmp_path).begin("resume")
    run = make(faces, tmp_path)
    run.begin()
    run.train(stop=lambda: True)
    with pytest.raises(ValueError, match=r"noise was 0.2, is 0.0; use --fresh"):
        make(faces, tmp_path, noise=0.0).begin()
    with pytest.raises(ValueError, match="other training data"):
        make(faces, tmp_path, attributes="Blue").begin()
    with pytest.raises(DataError, match=r"editor.safetensors: not there"):
        open_editor(tmp_path)
    with pytest.raises(DataError, match="data_dir is for emoji-people only"):
        AttributeRun(AttributeRecipe(data=str(faces)), tmp_path, data_dir=faces)
