"""Put together the paintings that the Debian package gcompris-qt-data has as jigsaw puzzles.

    apt-get download gcompris-qt-data && dpkg-deb -x gcompris-qt-data_*.deb gcompris
    python docs/unpack_paintings.py gcompris/usr/share/gcompris-qt/rcc/paintings.rcc paintings

The package keeps its files in a Qt resource file: a header with three offsets, a tree of folders
and files (22 bytes each, big-endian), the files' bytes, and the names in UTF-16. A board of the
game is a QML file that says how large a painting is, what it is called, and where the middle of
each piece is, as a share of the whole. Names are numbers, 1.png to 22.png.
"""

from __future__ import annotations

import io
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FOLDER, _DEFLATED, _ZSTANDARD = 2, 1, 4
_PIECE = re.compile(r'"(image/[^"]+\.webp)",\s*"x"\s*:\s*"([\d.]+)",\s*"y"\s*:\s*"([\d.]+)"')
_GREY = (128, 128, 128)  # round the painting, as no painting here has at its rim


def files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The paths in a Qt resource file, and what is there.

    Raises
    ------
    ValueError
        If it is none, or of a kind that is not read here.
    """
    if data[:4] != b"qres":
        raise ValueError("this is no Qt resource file")
    version, tree, contents, names = struct.unpack_from(">4I", data, 4)
    entry = 14 if version < 2 else 22

    def walk(number: int, above: str) -> Iterator[tuple[str, bytes]]:
        at = tree + number * entry
        name, flags = struct.unpack_from(">IH", data, at)
        path = above
        if number:  # the first is the root, which has no name
            (length,) = struct.unpack_from(">H", data, names + name)
            begin = names + name + 6
            path += "/" + data[begin : begin + 2 * length].decode("utf-16-be")
        if flags & _FOLDER:
            count, first = struct.unpack_from(">2I", data, at + 6)
            for child in range(first, first + count):
                yield from walk(child, path)
            return
        (begin,) = struct.unpack_from(">I", data, at + 10)
        (size,) = struct.unpack_from(">I", data, contents + begin)
        found = data[contents + begin + 4 : contents + begin + 4 + size]
        if flags & _ZSTANDARD:
            raise ValueError(f"{path} is compressed by Zstandard, which is not read here")
        yield path, zlib.decompress(found[4:]) if flags & _DEFLATED else found

    yield from walk(0, "")


def painting(board: str, pieces: dict[str, bytes]) -> tuple[str, Any]:
    """A board's title and picture, cut off where its frame begins."""
    from PIL import Image, ImageChops

    def found(pattern: str) -> str:
        match = re.search(pattern, board)
        if match is None:
            raise ValueError(f"this board says nothing like {pattern}")
        return match[1]

    size = int(found(r'"width"\s*:\s*(\d+)')), int(found(r'"height"\s*:\s*(\d+)'))
    whole = Image.new("RGB", size, _GREY)
    for name, x, y in _PIECE.findall(board):
        piece = Image.open(io.BytesIO(pieces[name])).convert("RGBA")
        corner = (
            round(float(x) * size[0] - piece.width / 2),
            round(float(y) * size[1] - piece.height / 2),
        )
        whole.paste(piece, corner, piece)
    difference = ImageChops.difference(whole, Image.new("RGB", size, _GREY)).convert("L")
    left, top, right, bottom = difference.point(lambda v: 255 * (v > 2)).getbbox()
    return found(r'qsTr\("(.*?)"'), whole.crop((left + 3, top + 3, right - 3, bottom - 3))


def main(source: str, folder: str) -> None:
    """Write all paintings, and print their titles."""
    content = dict(files(Path(source).read_bytes()))
    pieces = {
        f"image/{path.rpartition('/')[2]}": found
        for path, found in content.items()
        if path.endswith(".webp")
    }
    Path(folder).mkdir(parents=True, exist_ok=True)
    for path, found in content.items():
        if match := re.search(r"/board(\d+)_\d+\.qml$", path):
            title, picture = painting(found.decode(), pieces)
            picture.save(Path(folder) / f"{match[1]}.png")
            print(f"{match[1]}.png  {picture.width} x {picture.height}  {title}")


if __name__ == "__main__":
    main(*sys.argv[1:])
