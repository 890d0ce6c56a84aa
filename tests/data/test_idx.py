"""The IDX reader: exact on whole files, strict on everything else."""

import contextlib
import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minitorch.data import DataError, parse_idx, read_idx, write_idx

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def encode(array, code):
    """An IDX file by the letter of the format, without the writer under test."""
    header = struct.pack(">HBB", 0, code, array.ndim)
    header += struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("kind", CODES)
def test_every_type_is_read_in_native_order(kind):
    array = np.arange(-6, 6).reshape(2, 3, 2).astype(kind)
    read = parse_idx(encode(array, CODES[kind]))
    assert read.dtype == np.dtype(kind)
    np.testing.assert_array_equal(read, array)
    read[0, 0, 0] = 1  # the array is the caller's own


@given(
    hnp.arrays(
        st.sampled_from([np.dtype(k) for k in CODES]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
    )
)
def test_what_is_written_is_read_back(tmp_path_factory, array):
    folder = tmp_path_factory.mktemp("idx")
    for name in ("a.idx", "a.idx.gz"):
        write_idx(folder / name, array)
        read = read_idx(folder / name)
        assert read.dtype == array.dtype
        assert read.tobytes() == array.tobytes() and read.shape == array.shape


def test_compression_is_told_by_content_not_by_name(tmp_path):
    array = np.arange(5, dtype=np.uint8)
    (tmp_path / "plain-name").write_bytes(gzip.compress(encode(array, 8)))
    np.testing.assert_array_equal(read_idx(tmp_path / "plain-name"), array)


@given(st.data())
def test_any_truncation_is_noticed(data):
    whole = encode(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), 8)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(DataError, match="found"):
        parse_idx(whole[:cut], "some-file")


def test_errors_name_the_file_the_expected_and_the_found():
    whole = encode(np.zeros((2, 3), np.uint8), 8)
    with pytest.raises(DataError, match=r"f\.idx: .*2 x 3 .*= 6 bytes, found 4; .*truncated"):
        parse_idx(whole[:-2], "f.idx")
    with pytest.raises(DataError, match=r"f\.idx: .*6 bytes, found 7; .*longer"):
        parse_idx(whole + b"x", "f.idx")
    with pytest.raises(DataError, match=r"f\.idx: expected an IDX magic .* found 0x504b0304"):
        parse_idx(b"PK\x03\x04 some zip file", "f.idx")
    with pytest.raises(DataError, match="4-byte magic number, found 2 bytes"):
        parse_idx(b"\0\0", "f.idx")
    with pytest.raises(DataError, match="3 axes takes 16 bytes, found 8"):
        parse_idx(bytes([0, 0, 8, 3, 0, 0, 0, 1]), "f.idx")


def test_a_huge_header_does_not_allocate():
    huge = struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1)
    with pytest.raises(DataError, match="truncated"):
        parse_idx(huge + b"\0" * 100)


@given(st.binary(max_size=64))
def test_arbitrary_bytes_give_an_array_or_a_data_error(content):
    with contextlib.suppress(DataError):
        assert parse_idx(content).nbytes <= len(content)


def test_damaged_gzip_and_missing_file(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(encode(np.zeros(100, np.uint8), 8))[:-6])
    with pytest.raises(DataError, match=r"x\.gz: expected whole gzip data"):
        read_idx(path)
    with pytest.raises(DataError, match=r"nowhere: cannot be read: No such file"):
        read_idx(tmp_path / "nowhere")


def test_the_writer_refuses_what_the_format_cannot_hold(tmp_path):
    with pytest.raises(TypeError, match="not int64"):
        write_idx(tmp_path / "a", np.arange(3))
    with pytest.raises(ValueError, match="1 to 255 axes"):
        write_idx(tmp_path / "a", np.uint8(3))
    assert not list(tmp_path.iterdir())
