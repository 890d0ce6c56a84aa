"""The IDX format of the MNIST files: read strictly, written plainly.

An IDX file is two zero bytes, a type byte, the number of axes, one big-endian
32-bit length per axis, and then the elements, the last axis fastest.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy

from minitorch.data.errors import DataError

__all__ = ["parse_idx", "read_bytes", "read_idx", "write_idx"]

Array = numpy.ndarray

_TYPES = {
    0x08: numpy.dtype(">u1"),
    0x09: numpy.dtype(">i1"),
    0x0B: numpy.dtype(">i2"),
    0x0C: numpy.dtype(">i4"),
    0x0D: numpy.dtype(">f4"),
    0x0E: numpy.dtype(">f8"),
}
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_BYTES = 1 << 34  # a length beyond this is a damaged header, not data


def _header(content: bytes, source: str) -> tuple[numpy.dtype, tuple[int, ...], int]:
    """Element type, shape and length of the header."""
    if len(content) < 4:
        raise DataError(
            f"{source}: an IDX file has a 4-byte magic number, found {len(content)} bytes"
        )
    zeros, code, ndim = content[:2], content[2], content[3]
    if zeros != b"\0\0" or code not in _TYPES or ndim == 0:
        raise DataError(
            f"{source}: expected an IDX magic number (0x0000, a type of "
            f"{', '.join(f'0x{c:02x}' for c in _TYPES)}, the number of axes), "
            f"found 0x{content[:4].hex()}"
        )
    start = 4 + 4 * ndim
    if len(content) < start:
        raise DataError(
            f"{source}: the IDX header of {ndim} axes takes {start} bytes, found {len(content)}; "
            f"the file is truncated"
        )
    shape = tuple(int(n) for n in numpy.frombuffer(content, ">u4", ndim, 4))
    return _TYPES[code], shape, start


def parse_idx(content: bytes, source: str = "IDX data") -> Array:
    """The array in the bytes of an IDX file.

    Parameters
    ----------
    content : bytes
        The whole file, already decompressed.
    source : str
        What to call it in error messages, usually the file's name.

    Returns
    -------
    numpy.ndarray
        In native byte order; a copy that may be written to.

    Raises
    ------
    DataError
        If the magic number is wrong, or the length is not exactly what the
        header says.

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([[7, 8, 9]], dtype=uint8)
    """
    dtype, shape, start = _header(content, source)
    expected = dtype.itemsize
    for length in shape:
        expected *= length
    found = len(content) - start
    if expected > _MOST_BYTES or expected != found:
        state = "truncated" if found < expected else "longer than its header says"
        raise DataError(
            f"{source}: its header says {' x '.join(map(str, shape))} elements of {dtype.itemsize} "
            f"bytes = {expected} bytes, found {found}; the file is {state}"
        )
    array = numpy.frombuffer(content, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=True)


def read_bytes(path: str | Path) -> bytes:
    """The content of a file, decompressed if it is gzip (by content, not by name).

    Raises
    ------
    DataError
        If it cannot be read or its compressed data are damaged.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: expected whole gzip data, found damage: {error}") from None


def read_idx(path: str | Path) -> Array:
    """The array of an IDX file, plain or gzip-compressed.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    DataError
        If the file is missing, damaged or no IDX file.
    """
    return parse_idx(read_bytes(path), str(path))


def write_idx(path: str | Path, array: Array) -> None:
    """Write an array as an IDX file, gzip-compressed if the name ends in ``.gz``.

    Parameters
    ----------
    path : str or Path
    array : numpy.ndarray
        Of 1 to 255 axes, of dtype uint8, int8, int16, int32, float32 or float64.

    Raises
    ------
    TypeError
        For a dtype that the format does not have.
    ValueError
        For an array without axes.
    """
    from minitorch.io.files import atomic_write

    array = numpy.asarray(array)
    if not 1 <= array.ndim <= 255:
        raise ValueError(f"write_idx: an IDX file has 1 to 255 axes, this array has {array.ndim}")
    big = array.dtype.newbyteorder(">")
    codes = {dtype: code for code, dtype in _TYPES.items()}
    if big not in codes:
        known = ", ".join(d.newbyteorder("=").name for d in codes)
        raise TypeError(f"write_idx: IDX files hold {known}, not {array.dtype}")
    header = bytes([0, 0, codes[big], array.ndim]) + numpy.array(array.shape, ">u4").tobytes()
    content = header + array.astype(big).tobytes()
    path = Path(path)
    # mtime=0: the same array gives the same file.
    atomic_write(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
