"""CIFAR in both forms, from folders and archives, and files that are not what they should be."""

import hashlib
import pickle
import tarfile

import numpy as np
import pytest

from minitorch.data import DataError, load
from minitorch.data.cifar import PINS

NAMES = {10: [f"c{i}" for i in range(10)], 100: [f"c{i}" for i in range(100)]}


def content(classes, part, count=4):
    rng = np.random.default_rng(sum(map(ord, part)) + classes)
    pixels = rng.integers(0, 256, (count, 3072), np.uint8)
    return pixels, rng.integers(0, classes, count).tolist()


def write(folder, classes, form):
    """The files of a set with 4 images each; returns the folder."""
    ten = classes == 10
    if form == "python":
        place = folder / ("cifar-10-batches-py" if ten else "cifar-100-python")
        place.mkdir(parents=True)
        parts = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"] if ten else None
        for part in parts or ["train", "test"]:
            pixels, labels = content(classes, part)
            table = {"data": pixels, "labels" if ten else "fine_labels": labels, "n": b"x"}
            (place / part).write_bytes(pickle.dumps(table, protocol=2))
        key = "label_names" if ten else "fine_label_names"
        names = pickle.dumps({key: NAMES[classes]}, protocol=2)
        (place / ("batches.meta" if ten else "meta")).write_bytes(names)
        return place
    place = folder / ("cifar-10-batches-bin" if ten else "cifar-100-binary")
    place.mkdir(parents=True)
    parts = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"] if ten else ["train", "test"]
    for part in parts:
        pixels, labels = content(classes, part)
        head = np.array(labels, np.uint8)[:, None]
        if not ten:
            head = np.concatenate([head // 5, head], axis=1)  # the coarse label comes first
        rows = np.concatenate([head, pixels], axis=1).astype(np.uint8)
        (place / f"{part}.bin").write_bytes(rows.tobytes())
    name = "batches.meta.txt" if ten else "fine_label_names.txt"
    (place / name).write_text("\n".join(NAMES[classes]) + "\n\n")
    return place


@pytest.fixture
def unpinned(monkeypatch):
    """Without the published sums, which our tiny files have not."""
    for key in list(PINS):
        monkeypatch.delitem(PINS, key)


@pytest.mark.parametrize("classes", [10, 100])
@pytest.mark.parametrize("form", ["python", "binary"])
@pytest.mark.parametrize("archived", [False, True])
def test_both_forms_from_folders_and_archives(tmp_path, unpinned, classes, form, archived):
    place = write(tmp_path, classes, form)
    where = tmp_path
    if archived:
        where = tmp_path / "only"
        where.mkdir()
        with tarfile.open(where / f"cifar-{classes}-{form}.tar.gz", "w:gz") as tar:
            tar.add(place, place.name)
    train, test = load(f"cifar{classes}", where)
    parts = [f"data_batch_{i}" for i in range(1, 6)] if classes == 10 else ["train"]
    pixels = np.concatenate([content(classes, part)[0] for part in parts])
    labels = np.concatenate([content(classes, part)[1] for part in parts])
    np.testing.assert_array_equal(train.x, pixels.reshape(-1, 3, 32, 32))
    np.testing.assert_array_equal(train.y, labels)
    assert len(test) == 4 and train.class_names == tuple(NAMES[classes])
    direct = load(f"cifar{classes}", next(where.glob("*.gz")) if archived else place)
    np.testing.assert_array_equal(direct[1].x, test.x)


def test_an_altered_file_is_named(tmp_path, monkeypatch):
    place = write(tmp_path, 100, "binary")
    for name in ("train.bin", "test.bin"):
        digest = hashlib.md5((place / name).read_bytes()).hexdigest()
        monkeypatch.setitem(PINS, f"cifar-100-binary/{name}", digest)
    load("cifar100", tmp_path)
    raw = bytearray((place / "test.bin").read_bytes())
    raw[100] ^= 1
    (place / "test.bin").write_bytes(raw)
    with pytest.raises(DataError, match=r"test.bin: truncated or altered: expected md5"):
        load("cifar100", tmp_path)


def test_the_published_sums_hold_for_who_has_other_files(tmp_path):
    write(tmp_path, 10, "python")
    with pytest.raises(DataError, match=r"batches.meta: truncated or altered: .*5ff9c542aee36"):
        load("cifar10", tmp_path)


def test_files_that_do_not_fit(tmp_path, unpinned):
    place = write(tmp_path, 10, "binary")
    (place / "data_batch_3.bin").write_bytes(bytes(3000))
    with pytest.raises(DataError, match=r"data_batch_3.bin: truncated: 3000 bytes .* of 3073"):
        load("cifar10", tmp_path)
    (place / "data_batch_3.bin").write_bytes(bytes([10]) + bytes(3072))
    with pytest.raises(DataError, match="0 to 9, found 10"):
        load("cifar10", tmp_path)
    (place / "data_batch_3.bin").unlink()
    with pytest.raises(DataError, match=r"data_batch_3.bin: cannot be read"):
        load("cifar10", tmp_path)
    with pytest.raises(DataError, match=r"no CIFAR-100; give the folder of one of cifar-100-py"):
        load("cifar100", tmp_path)


class Evil:
    def __reduce__(self):
        return (print, ("ran",))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (Evil(), "asks for __builtin__.print, .* refused"),
        ({"data": np.zeros((2, 5), np.uint8), "labels": [0, 1]}, r"shape \(2, 3072\)"),
        ({"data": np.zeros((1, 3072)), "labels": [0]}, "expected uint8 data"),
        ([1], "expected a dictionary of data and labels"),
    ],
)
def test_pickles_that_are_not_so(tmp_path, unpinned, capsys, table, message):
    place = write(tmp_path, 10, "python")
    (place / "test_batch").write_bytes(pickle.dumps(table, protocol=2))
    with pytest.raises(DataError, match=f"test_batch: .*{message}"):
        load("cifar10", tmp_path)
    assert capsys.readouterr().out == ""


def test_damaged_archives(tmp_path, unpinned):
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"python.tar.gz: cannot be read as an archive"):
        load("cifar10", tmp_path)
    with tarfile.open(path, "w:gz"):
        pass
    with pytest.raises(DataError, match=r"expected cifar-10-batches-py/batches.meta in it"):
        load("cifar10", path)
