"""Images in .npz, .npy and .mat files."""

import hashlib

import numpy as np
import pytest

from minitorch.data import DataError, load
from minitorch.data.arrays import SVHN_PINS

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (20, 3, 5, 4), np.uint8)
Y = np.arange(20) % 2


def saved(path, **arrays):
    np.savez(path, **arrays)
    return f"arrays:{path}"


def test_four_arrays_in_the_usual_layouts(tmp_path):
    last = X.transpose(0, 2, 3, 1)
    name = saved(tmp_path / "a.npz", x_train=last, y_train=Y[:, None], x_test=X[:4], y_test=Y[:4])
    train, test = load(name)
    np.testing.assert_array_equal(train.x, X)
    np.testing.assert_array_equal(test.x, X[:4])
    assert train.y.tolist() == Y.tolist() and train.classes == 2 and test.name == "test"
    grey = saved(tmp_path / "g.npz", x=X[:, 0], y=Y)
    train, test = load(grey)
    assert train.x.shape == (16, 1, 5, 4) and test.counts() == [2, 2]


def test_a_folder_of_npy(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    train, test = load(f"arrays:{tmp_path}")
    rows = {image.tobytes() for image in [*train.x, *test.x]}
    assert rows == {image.tobytes() for image in X}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, r"expected the arrays x_train, .* or x, y, found x"),
        ({"x": X, "y": Y * 1.0}, "labels are integers, found float64"),
        ({"x": X[:3], "y": Y}, "3 examples need 3 labels, found 20"),
        ({"x": X.transpose(2, 0, 1, 3), "y": Y[:5]}, r"x has shape .*neither is"),
        ({"x": X[..., :3], "y": Y}, "both could be"),
        ({"x": X[:1], "y": Y[:1]}, "no class has two images"),
        ({"x": X, "y": np.array([object()] * 20)}, "cannot be read as arrays of numbers"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        load(saved(tmp_path / "a.npz", **arrays))


def test_truncated_files_are_named(tmp_path):
    name = saved(tmp_path / "a.npz", x=X, y=Y)
    path = tmp_path / "a.npz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"a.npz: cannot be read"):
        load(name)
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-1])
    with pytest.raises(DataError, match=r"x.npy: cannot be read"):
        load(f"arrays:{tmp_path / 'x.npy'}")


def write_mat(path, count):
    io = pytest.importorskip("scipy.io", reason="SciPy writes and reads .mat files")
    y = np.arange(count)[:, None] % 10 + 1
    io.savemat(path, {"X": X[:count].transpose(2, 3, 1, 0), "y": y})
    return y


def test_svhn(tmp_path, monkeypatch):
    for part, count in (("train", 20), ("test", 10)):
        path = tmp_path / f"{part}_32x32.mat"
        write_mat(path, count)
        digest = hashlib.md5(path.read_bytes()).hexdigest()
        monkeypatch.setitem(SVHN_PINS, path.name, digest)
    train, test = load("svhn", tmp_path)
    np.testing.assert_array_equal(train.x, X)
    assert test.y.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    whole, held = load(f"arrays:{tmp_path / 'train_32x32.mat'}")
    assert (len(whole), len(held)) == (10, 10)  # one of each class's two
    (tmp_path / "test_32x32.mat").write_bytes(b"MATLAB")
    with pytest.raises(DataError, match=r"test_32x32.mat: truncated or altered"):
        load("svhn", tmp_path)
    with pytest.raises(DataError, match=r"test_32x32.mat: cannot be read as a .mat"):
        load(f"arrays:{tmp_path / 'test_32x32.mat'}")


def test_svhn_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"train_32x32.mat: not there; give the folder"):
        load("svhn", tmp_path)


def test_without_scipy(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(DataError, match="needs the package 'scipy'; run: pip install scipy"):
        load(f"arrays:{tmp_path / 'a.mat'}")
