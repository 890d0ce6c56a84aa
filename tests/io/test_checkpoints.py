"""A folder of checkpoints: the newest two, whole or refused."""

import numpy as np
import pytest

from minitorch.io import Checkpoints, FileFormatError


def filled(folder, *steps, keep=2):
    kept = Checkpoints(folder, keep)
    for step in steps:
        kept.save(step, {"w": np.full(50, step)}, {"step": step})
    return kept


def test_the_newest_two_stay(tmp_path):
    kept = filled(tmp_path, 5, 9, 100, 20)
    assert [p.name for p in kept.paths()] == [
        "step-00000020.safetensors",
        "step-00000100.safetensors",
    ]
    arrays, metadata = kept.load()
    assert metadata == {"step": 100} and (arrays["w"] == 100).all()
    assert len(filled(tmp_path / "one", 1, 2, keep=1).paths()) == 1


def test_steps_are_ordered_as_numbers(tmp_path):
    kept = filled(tmp_path, 99_999_999, 100_000_000)
    assert kept.load()[1] == {"step": 100_000_000}


def test_none_yet(tmp_path):
    kept = Checkpoints(tmp_path / "nowhere")
    assert kept.paths() == []
    with pytest.raises(FileFormatError, match="there is no checkpoint"):
        kept.load()


def test_a_damaged_newest_names_the_one_before(tmp_path):
    kept = filled(tmp_path, 1, 2)
    newest = kept.paths()[-1]
    newest.write_bytes(newest.read_bytes()[:-9])
    with pytest.raises(
        FileFormatError, match=r"step-00000002.*truncated.*step-00000001.safetensors"
    ):
        kept.load()
    assert len(kept.paths()) == 2
    newest.rename(tmp_path / "aside")
    assert kept.load()[1] == {"step": 1}


def test_other_files_and_leftovers(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".step-00000001.safetensors.77-ab.tmp").write_text("half")
    kept = filled(tmp_path, 1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["notes.txt", "step-00000001.safetensors"]
    kept.clear()
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_keep_at_least_one(tmp_path):
    with pytest.raises(ValueError, match="at least 1"):
        Checkpoints(tmp_path, keep=0)
