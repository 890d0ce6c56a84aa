"""Images with attributes: their counts and pairs, the emoji people, tables as CelebA has."""

import numpy as np
import pytest

from minitorch.data import Attribute, AttributeImages, DataError, attribute_folder, emoji_people
from minitorch.data.attributes import one_hot_rows
from minitorch.data.packages import EMOJI_FILE, npm_file

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")

COLOUR, SHAPE = Attribute("colour", ("red", "green", "blue")), Attribute("round")


def toy():
    labels = [[c, r] for c in range(3) for r in range(2)]
    x = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1) * np.ones((6, 3, 4, 4), np.uint8)
    return AttributeImages(x, labels, (COLOUR, SHAPE), ["thing"] * 6)


def test_pairs_differ_in_one_attribute():
    data = toy()
    for i in range(6):
        for k, attribute in enumerate(data.attributes):
            for v in range(len(attribute.values)):
                j = data.counterpart(i, k, v)
                assert data.labels[j, k] == v and data.labels[j, 1 - k] == data.labels[i, 1 - k]
    part = data.take([0, 1, 3])
    assert part.counterpart(0, 1, 1) == 1 and part.counterpart(0, 0, 1) is None
    assert part.counterpart(1, 0, 1) == 2
    assert part.counts("colour") == {"red": 2, "green": 1, "blue": 0}


def test_what_is_not_told_of_goes_to_the_drawing():
    data = toy().about(["round"])
    assert data.labels.ravel().tolist() == [0, 1] * 3
    assert data.drawings == ("thing red",) * 2 + ("thing green",) * 2 + ("thing blue",) * 2
    assert [data.counterpart(i, 0, 1) for i in range(6)] == [1, 1, 3, 3, 5, 5]


def test_one_hot_rows_are_one_after_the_other():
    rows = one_hot_rows(np.array([[2, 0], [0, 1]]), (COLOUR, SHAPE))
    assert rows.tolist() == [[0, 0, 1, 1, 0], [1, 0, 0, 0, 1]] and rows.dtype == np.float32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Attribute("a", ("one",)), "two or more different values"),
        (lambda: COLOUR.number("gren"), "colour is never 'gren'; did you mean 'green'"),
        (lambda: toy().about(["color"]), "no attribute named 'color'; did you mean 'colour'"),
        (lambda: AttributeImages(np.zeros((2, 3, 4, 4)), [[0]] * 2, (SHAPE,)), "in bytes"),
        (lambda: AttributeImages(toy().x, [[0]] * 6, (COLOUR, SHAPE)), r"labels of shape \(6, 2\)"),
        (lambda: AttributeImages(toy().x, [[0]] * 6, (SHAPE,), ["a"]), "6 images, 1 drawings"),
    ],
)
def test_what_does_not_fit(make, message):
    with pytest.raises(DataError, match=message):
        make()


@pytest.mark.skipif(not npm_file(EMOJI_FILE).is_file(), reason="the emoji are not here")
def test_emoji_people_are_997_in_families():
    train, test = emoji_people(size=8)
    both = [{k: p.counts(n)[k] for n in ("skin", "gender", "hair") for k in p.counts(n)}
            for p in (train, test)]  # fmt: skip
    total = {k: both[0][k] + both[1][k] for k in both[0]}
    assert len(train) + len(test) == 997
    tones = ("light", "medium-light", "medium", "medium-dark", "dark")
    assert total["yellow"] == 172 and [total[t] for t in tones] == [165] * 5
    # One more drawing is a man by its old name alone (in a tuxedo, of which there is a man too).
    assert (total["man"], total["woman"], total["person"]) == (326, 320, 351)
    assert 997 - total["unnamed"] == 132 and total["headscarf"] == 6
    assert not set(train.drawings) & set(test.drawings)
    for data in (train, test):
        rows = set(zip(data.drawings, map(tuple, data.labels.tolist()), strict=True))
        assert len(rows) == len(data)  # so counterparts are unique
    farmers = [i for i, d in enumerate(test.drawings) if d == "1F33E"]
    assert len(farmers) == 18
    assert all(test.counterpart(i, 0, v) in farmers for i in farmers for v in range(6))
    assert all(test.counterpart(i, 1, v) in farmers for i in farmers for v in range(3))


# -- tables -----------------------------------------------------------------------------


@pytest.fixture
def faces(tmp_path):
    """Ten images of 12 x 10 pixels, and CelebA's table of them."""
    (tmp_path / "img_align_celeba").mkdir()
    lines = ["10", "Smiling Male"]
    for i in range(10):
        grey = Image.new("RGB", (10, 12), (20 * i, 0, 0))
        grey.save(tmp_path / "img_align_celeba" / f"{i:06d}.png")
        lines.append(f"{i:06d}.png  {1 if i % 2 else -1}  {1 if i > 4 else -1}")
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_folder_in_celebas_format(faces):
    train, test = attribute_folder(faces, size=8)
    assert (len(train), len(test)) == (8, 2) and train.x.shape[1:] == (3, 8, 8)
    for data in (train, test):
        for x, row, name in zip(data.x, data.labels, data.drawings, strict=True):
            number = int(name.removesuffix(".png"))
            assert row.tolist() == [number % 2, int(number > 4)]
            assert (x[0] == 20 * number).all() and (x[1:] == 0).all()
    male, _ = attribute_folder(faces, size=8, names=["Male"], most=7)
    assert [a.name for a in male.attributes] == ["Male"] and len(male) < 7


def test_the_same_as_csv_and_with_celebas_split(faces):
    text = (faces / "list_attr_celeba.txt").read_text().splitlines()
    rows = ["image_id,Smiling,Male", *(",".join(line.split()) for line in text[2:])]
    (faces / "list_attr_celeba.txt").unlink()
    (faces / "list_attr_celeba.csv").write_text("\n".join(rows) + "\n")
    parts = [f"{i:06d}.png {0 if i < 5 else 1 if i == 5 else 2}" for i in range(10)]
    (faces / "list_eval_partition.txt").write_text("\n".join(parts) + "\n")
    train, test = attribute_folder(faces, size=8)
    assert [d[5] for d in train.drawings] == list("01234")
    assert [d[5] for d in test.drawings] == list("6789")


def replaced(old, new):
    def spoil(folder):
        path = folder / "list_attr_celeba.txt"
        path.write_text(path.read_text().replace(old, new))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "list_attr_celeba.txt").unlink(), "holds no tables of attributes; exp"),
        (replaced("Smiling Male", "Smiling Smiling"), "line 2: expected the attributes' names"),
        (replaced("000003.png  1  -1", "000003.png  1"), "line 6: expected a file and 2 values"),
        (replaced("000003.png  1", "000003.png  yes"), "line 6: Smiling is 1 or -1, found 'yes'"),
        (replaced("000003.png", "000002.png"), "line 6: 000002.png stands in line 5 too"),
        (replaced("10\nSm", "11\nSm"), "line 1: expected the number of images, 10, found 11"),
        (replaced("000003.png", "000033.png"), "line 6: .*000033.png is not there"),
        (lambda f: (f / "list_eval_partition.txt").write_text("000000.png 3"), "line 1: expected"),
        (lambda f: (f / "list_eval_partition.txt").write_text("a.png 0"), "not speak of 000000"),
    ],
)
def test_tables_that_are_wrong(faces, spoil, message):
    spoil(faces)
    with pytest.raises(DataError, match=message):
        attribute_folder(faces, size=8)


def test_folders_and_names_that_are_not_there(faces):
    with pytest.raises(DataError, match="not a folder"):
        attribute_folder(faces / "nowhere")
    with pytest.raises(DataError, match="no attribute named 'Smile'; did you mean 'Smiling'"):
        attribute_folder(faces, names=["Smile"])
