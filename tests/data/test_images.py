"""Image folders and CSVs of paths: what they give, and how they refuse."""

import hashlib
import sys

import numpy as np
import pytest

from minitorch.data import DataError, ImageFiles, image_csv, image_folder, read_image
from minitorch.data.images import held_out

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")


def picture(path, seed=0, rows=6, columns=5, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    shape = (rows, columns, 3) if mode == "RGB" else (rows, columns)
    pixels = rng.integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def test_pixels_come_channels_first(tmp_path):
    pixels = picture(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    np.testing.assert_array_equal(image, pixels.transpose(2, 0, 1))
    grey = picture(tmp_path / "g.png", mode="L")
    np.testing.assert_array_equal(read_image(tmp_path / "g.png", channels=1), grey[None])
    np.testing.assert_array_equal(read_image(tmp_path / "g.png"), np.stack([grey] * 3))


def test_transparent_is_white_and_half_is_half(tmp_path):
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = [0, 128, 255]
    Image.fromarray(pixels).save(tmp_path / "t.png")
    np.testing.assert_array_equal(read_image(tmp_path / "t.png")[:, 0], [[255, 127, 0]] * 3)
    palette = Image.new("P", (2, 1), 0)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((1, 0), 1)
    palette.save(tmp_path / "p.png", transparency=0)
    np.testing.assert_array_equal(read_image(tmp_path / "p.png")[:, 0].T, [[255] * 3, [40, 50, 60]])


def test_sixteen_bits_become_eight(tmp_path):
    Image.fromarray(np.array([[0, 256, 65535]], np.uint16)).save(tmp_path / "deep.png")
    assert read_image(tmp_path / "deep.png", channels=1).tolist() == [[[0, 1, 255]]]


def test_a_turned_photograph_is_turned_back(tmp_path):
    image = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was held upright
    image.save(tmp_path / "turned.png", exif=exif)
    expected = np.rot90(np.arange(12).reshape(3, 4), -1)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.png", channels=1)[0], expected)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_truncated_image_is_named(tmp_path, suffix):
    path = tmp_path / f"cut{suffix}"
    picture(path, rows=40, columns=40)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(DataError, match=rf"cut{suffix}: cannot be read as an image"):
        read_image(path)


def test_other_files_that_are_no_images(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"none.png: cannot be read"):
        read_image(tmp_path / "none.png")
    picture(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a.png: altered: expected sha256 00"):
        read_image(tmp_path / "a.png", sha256="00")
    monkeypatch.setattr("minitorch.data.image_file.MOST_PIXELS", 29)
    with pytest.raises(DataError, match="5 x 6 pixels are more than 29"):
        read_image(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match=r"a.png: .* run: pip install pillow"):
        read_image(tmp_path / "a.png")


@pytest.fixture
def folder(tmp_path):
    for k, name in enumerate(["cat", "dog"]):
        for i in range(10):
            picture(tmp_path / name / f"{i}.png", 10 * k + i)
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    return tmp_path


def test_a_folder_of_classes_holds_a_fifth_out(folder):
    train, test = image_folder(folder)
    assert train.class_names == ("cat", "dog") and train.classes == 2
    assert train.counts() == [8, 8] and test.counts() == [2, 2] and test.name == "test"
    assert not {*train.paths} & {*test.paths}
    again, _ = image_folder(folder)
    assert again.paths == train.paths
    np.testing.assert_array_equal(train.example(3), read_image(train.paths[3]))
    assert str(train.paths[3]) in train.origin(3)


def test_what_is_held_out_hardly_moves_when_files_come():
    keys = [f"{i}.png" for i in range(200)]
    before = held_out(keys[:190], np.zeros(190, int))
    after = held_out(keys, np.zeros(200, int))[:190]
    assert before.sum() == 38 and (before != after).sum() <= 10
    assert held_out(["a"], np.zeros(1, int)).tolist() == [False]


def test_a_folder_with_train_and_test(tmp_path):
    for part in ("train", "val"):
        for name in ("b", "a"):
            picture(tmp_path / part / name / "deep" / "1.png")
    train, test = image_folder(tmp_path)
    assert (len(train), len(test)) == (2, 2) and train.class_names == ("a", "b")
    picture(tmp_path / "val" / "c" / "1.png")
    with pytest.raises(DataError, match=r"val/c: there is no such class in .*train"):
        image_folder(tmp_path)


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(DataError, match="not a folder"):
        image_folder(tmp_path / "none")
    with pytest.raises(DataError, match="no sub-folders"):
        image_folder(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="no images in its sub-folders"):
        image_folder(tmp_path)
    picture(tmp_path / "a" / "1.png")
    with pytest.raises(DataError, match="no class has two images"):
        image_folder(tmp_path)


def test_files_become_arrays(folder):
    _, test = image_folder(folder)
    data = test.to_dataset(4)
    assert data.x.shape == (4, 3, 4, 4) and data.class_names == ("cat", "dog")
    np.testing.assert_array_equal(data.y, test.y)


def test_a_csv_of_paths(folder):
    lines = ["path,label,split"]
    lines += [f"cat/{i}.png,10,{'val' if i > 6 else 'train'}" for i in range(10)]
    lines += [f"dog/{i}.png,9,{'test' if i > 7 else 'train'}" for i in range(10)]
    (folder / "list.csv").write_text("\n".join(lines))
    train, test = image_csv(folder / "list.csv")
    assert train.class_names == ("9", "10") and train.counts() == [8, 7] and test.counts() == [2, 3]
    np.testing.assert_array_equal(train.example(0), read_image(folder / "cat/0.png"))
    (folder / "plain.csv").write_text("\n".join(line.rpartition(",")[0] for line in lines))
    train, test = image_csv(folder / "plain.csv")
    assert test.counts() == [2, 2]


def test_a_csv_with_checksums_names_the_altered_file(folder):
    sums = {i: hashlib.sha256((folder / f"cat/{i}.png").read_bytes()).hexdigest() for i in range(6)}
    rows = [f"cat/{i}.png,{'ab'[i % 2]},{sums[i]}" for i in range(6)]
    (folder / "list.csv").write_text("\n".join(["path,label,sha256", *rows]))
    train, _ = image_csv(folder / "list.csv")
    train.example(0)
    picture(train.paths[0], seed=99)
    with pytest.raises(DataError, match=f"{train.paths[0].name}: altered"):
        train.take([0]).example(0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2", "columns path and label .* found a, b"),
        ("", "found none"),
        ("path,label", "holds no images"),
        ("path,label\nx.png", "line 2 has not one value per column"),
        ("path,label\nx.png,1\ny.png,", "line 3 has not"),
        ("path,label,split\nx.png,1,tset", "line 2: the split is train or test, found 'tset'"),
        ("path,label,sha256\nx.png,1,abc", "line 2: a sha256 has 64"),
        ("path,label,split\nx.png,1,train", "on one side of the split"),
    ],
)
def test_a_csv_that_is_not_so(tmp_path, text, message):
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        image_csv(tmp_path / "l.csv")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        image_csv(tmp_path / "none.csv")


def test_an_index_that_does_not_fit():
    with pytest.raises(DataError, match="2 examples need 2 labels"):
        ImageFiles(("a", "b"), [0], 1)
    with pytest.raises(DataError, match="2 classes, 1 names"):
        ImageFiles(("a", "b"), [0, 1], 2, class_names=("x",))
    with pytest.raises(DataError, match="1 or 3 channels, not 2"):
        ImageFiles(("a",), [0], 1, channels=2)
    with pytest.raises(DataError, match="1 files, 2 checksums"):
        ImageFiles(("a",), [0], 1, sha256=("x", "y"))
