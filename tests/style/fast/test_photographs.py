"""Crops of photographs: which, from where, and what is left out."""

import numpy as np
import pytest

from minitorch.data import DataError
from minitorch.style.fast import Photographs, open_photographs


def plain(*shapes):
    """Photographs of one colour each, as many as shapes."""
    return [
        (f"{n}.png", lambda n=n, shape=shape: np.full((3, *shape), n, np.uint8))
        for n, shape in enumerate(shapes)
    ]


def test_crops_depend_on_seed_and_step_alone(pictures):
    one, other = (open_photographs(str(pictures / "photos"), 32) for _ in range(2))
    assert len(one) == 5 and one.shown.shape == (1, 3, 32, 32)
    assert one.fingerprint == other.fingerprint
    other.crops(2, 0, 1)
    np.testing.assert_array_equal(one.crops(4, 7, 3), other.crops(4, 7, 3))
    assert (one.crops(4, 7, 3) != one.crops(4, 7, 4)).any()
    assert (one.crops(4, 7, 3) != one.crops(4, 8, 3)).any()


def test_a_crop_is_a_part_of_a_photograph():
    image = np.arange(3 * 40 * 44, dtype=np.uint32).reshape(3, 40, 44).astype(np.uint8)
    photographs = Photographs([("a", lambda: image), ("b", lambda: image)], 36)
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 36, 36))[0]
    windows = np.concatenate([windows.reshape(-1, 3, 36, 36)] * 2)
    windows[len(windows) // 2 :] = windows[len(windows) // 2 :, ..., ::-1]
    for crop in photographs.crops(8, 0, 1):
        assert (windows == crop).all(axis=(1, 2, 3)).any()


def test_sizes_are_brought_to_the_crop():
    photographs = Photographs(plain((300, 400), (8, 20), (40, 50)), 32)
    assert [x.shape[1:] for x in map(photographs._image, range(3))] == [
        (64, 85), (32, 80), (40, 50)
    ]  # fmt: skip


def test_held_out_photographs_are_not_learned_from():
    photographs = Photographs(plain(*[(40, 40)] * 10), 32)
    held = set(np.unique(photographs.shown))
    seen = set(np.unique([photographs.crops(8, 0, step) for step in range(40)]))
    assert len(held) == 2 and seen == set(range(10)) - held


def test_what_is_beyond_the_memory_is_read_again(monkeypatch, pictures):
    whole = open_photographs(str(pictures / "photos"), 32)
    monkeypatch.setattr("minitorch.style.fast.photographs._KEPT", 10_000)
    little = open_photographs(str(pictures / "photos"), 32)
    assert any(image is None for image in little._images)
    np.testing.assert_array_equal(whole.crops(8, 0, 1), little.crops(8, 0, 1))


def test_unreadable_ones_are_left_out_and_named(tmp_path, pictures):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes((pictures / "photos" / name).read_bytes())
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("no picture either, and not looked at")
    photographs = open_photographs(str(tmp_path), 32)
    assert len(photographs.skipped) == 1
    assert "bad.jpg: cannot be read as an image" in photographs.skipped[0]
    (tmp_path / "b.png").unlink()
    with pytest.raises(DataError, match=r"1 photographs \(1 cannot be read: .*bad.jpg.*2 are need"):
        open_photographs(str(tmp_path), 32)


def test_no_photographs(tmp_path):
    with pytest.raises(DataError, match="there are no images in it"):
        open_photographs(str(tmp_path), 32)
    with pytest.raises(DataError, match="is no folder, and as a dataset: no dataset named"):
        open_photographs(str(tmp_path / "none"), 32)


def test_a_dataset_by_its_name(tmp_path, pictures):
    np.savez(
        tmp_path / "d.npz", x_train=np.zeros((4, 1, 9, 9), np.uint8), y_train=[0, 1, 0, 1],
        x_test=np.zeros((2, 1, 9, 9), np.uint8), y_test=[0, 1],
    )  # fmt: skip
    photographs = open_photographs(f"arrays:{tmp_path / 'd.npz'}", 32)
    assert photographs.crops(2, 0, 1).shape == (2, 3, 32, 32)
    found = open_photographs(f"folder:{pictures}", 32)  # classes photos and, in it, more
    assert len(found) == 4
