"""The reader of Qt's resource files, and a puzzle of two pieces put together."""

import importlib.util
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")
FILE = Path(__file__).parents[2] / "docs" / "unpack_paintings.py"

BOARD = """QtObject {
   property string instruction: qsTr("A square - 1900")
   property var levels : [
      { "pixmapfile" : "image/bg.svg", "width": 70, "height": 50 },
      { "pixmapfile" : "image/a.webp",
        "x" : "0.4", "y" : "0.5" },
      { "pixmapfile" : "image/b.webp",
        "x" : "0.6", "y" : "0.5" } ]
}"""


@pytest.fixture
def unpack():
    spec = importlib.util.spec_from_file_location("unpack_paintings", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def webp(colour):
    content = io.BytesIO()
    Image.new("RGB", (14, 30), colour).save(content, "webp", lossless=True)
    return content.getvalue()


def resource(found):
    """A resource file of one folder; every other file is deflated."""
    tree, names, contents = bytearray(), bytearray(), bytearray()
    tree += struct.pack(">IHII8x", 0, 2, 1, 1)  # the root
    tree += struct.pack(">IHII8x", 0, 2, len(found), 2)
    for number, name in enumerate(["home", *found]):
        at = len(names)
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
        if number:
            data = found[name]
            deflated = number % 2
            if deflated:
                data = struct.pack(">I", len(data)) + zlib.compress(data)
            tree += struct.pack(">IHIII4x", at, deflated, 0, len(contents), 0)
            contents += struct.pack(">I", len(data)) + data
    start = 24
    ends = (start, start + len(tree), start + len(tree) + len(contents))
    return struct.pack(">4s4I4x", b"qres", 2, *ends) + bytes(tree + contents + names)


def test_what_is_in_a_resource_file(unpack):
    wanted = {"one.txt": b"first" * 9, "two.txt": b"second", "ä.txt": b""}
    found = dict(unpack.files(resource(wanted)))
    assert found == {f"/home/{name}": content for name, content in wanted.items()}


def test_a_puzzle_is_put_together(unpack, tmp_path, capsys):
    pieces = {"a.webp": webp((250, 0, 0)), "b.webp": webp((0, 0, 250))}
    path = tmp_path / "paintings.rcc"
    path.write_bytes(resource({**pieces, "board7_0.qml": BOARD.encode(), "other.qml": b"x"}))
    unpack.main(str(path), str(tmp_path / "out"))
    assert capsys.readouterr().out == "7.png  22 x 24  A square - 1900\n"
    pixels = np.asarray(Image.open(tmp_path / "out" / "7.png"))
    assert (pixels[:, :11] == [250, 0, 0]).all() and (pixels[:, 11:] == [0, 0, 250]).all()


def test_other_files(unpack):
    with pytest.raises(ValueError, match="no Qt resource file"):
        list(unpack.files(b"PK" + bytes(60)))
    packed = bytearray(resource({"one.txt": b"first"}))
    packed[24 + 44 + 5] = 4
    with pytest.raises(ValueError, match=r"/home/one.txt is compressed by Zstandard"):
        list(unpack.files(bytes(packed)))
