"""Arrays in safetensors: exact, checked, and damage is noticed wherever it is."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minitorch.io import FileFormatError, load_arrays, save_arrays

DTYPES = ["?", "u1", "i2", "i4", "i8", "f2", "f4", "f8"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.text("abc/ü. ", min_size=1, max_size=6),
        st.sampled_from(DTYPES).flatmap(
            lambda d: hnp.arrays(np.dtype(d), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
        ),
        max_size=4,
    ),
    st.dictionaries(st.text(max_size=5), json_values, max_size=4),
)
def test_everything_comes_back_bit_for_bit(tmp_path_factory, arrays, metadata):
    path = tmp_path_factory.mktemp("a") / "a.safetensors"
    save_arrays(path, arrays, metadata)
    read, read_metadata = load_arrays(path)
    assert read_metadata == metadata and read.keys() == arrays.keys()
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype and read[name].shape == array.shape
        assert read[name].tobytes() == array.tobytes()


def test_strided_and_big_endian_arrays(tmp_path):
    a = np.arange(12.0).reshape(3, 4)
    save_arrays(tmp_path / "a", {"t": a.T[::2], "big": a.astype(">f8")})
    read, _ = load_arrays(tmp_path / "a")
    np.testing.assert_array_equal(read["t"], a.T[::2])
    np.testing.assert_array_equal(read["big"], a)


def test_other_programs_can_read_it(tmp_path):
    from safetensors.numpy import load_file

    path = save_arrays(tmp_path / "a", {"w": np.ones((2, 3), np.float32)})
    np.testing.assert_array_equal(load_file(path)["w"], 1)


@pytest.fixture
def whole(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"w": rng.normal(size=(5, 7)), "b": np.arange(4)}
    return save_arrays(tmp_path / "a.safetensors", arrays, {"step": 3, "note": "hello"})


def test_any_flipped_bit_is_noticed(whole, tmp_path):
    content = whole.read_bytes()
    rng = np.random.default_rng(1)
    broken = tmp_path / "broken.safetensors"
    for position in rng.choice(len(content), 80, replace=False):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(rng.integers(8))
        broken.write_bytes(flipped)
        with pytest.raises(FileFormatError, match=r"broken\.safetensors: "):
            load_arrays(broken)


def test_any_truncation_is_noticed(whole):
    content = whole.read_bytes()
    for cut in [0, 3, 8, 50, len(content) - 1]:
        whole.write_bytes(content[:cut])
        with pytest.raises(FileFormatError, match=f"found {cut} bytes"):
            load_arrays(whole)
    assert whole.stat().st_size == len(content) - 1  # reading changes nothing


def test_missing_and_foreign_files(tmp_path):
    from safetensors.numpy import save_file

    with pytest.raises(FileFormatError, match="no such file"):
        load_arrays(tmp_path / "nowhere")
    with pytest.raises(FileFormatError, match="no such file"):
        load_arrays(tmp_path)
    save_file({"w": np.ones(3)}, tmp_path / "foreign")
    with pytest.raises(FileFormatError, match="expected a file of format"):
        load_arrays(tmp_path / "foreign")


def test_what_cannot_be_stored(tmp_path):
    with pytest.raises(TypeError, match="'o' is object"):
        save_arrays(tmp_path / "a", {"o": np.array([None])})
    with pytest.raises(TypeError, match="complex128"):
        save_arrays(tmp_path / "a", {"c": np.ones(2) * 1j})
    with pytest.raises(TypeError):
        save_arrays(tmp_path / "a", {}, {"f": lambda: 0})
    with pytest.raises(ValueError, match="Out of range float"):
        save_arrays(tmp_path / "a", {}, {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_without_safetensors_it_says_what_to_install(tmp_path):
    code = (
        "import sys; sys.modules['safetensors'] = None; sys.modules['safetensors.numpy'] = None\n"
        "from minitorch.io import save_arrays, load_arrays\n"
        "for call in (lambda: save_arrays('x', {}), lambda: load_arrays('x')):\n"
        "    try: call()\n"
        "    except ImportError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.count("pip install safetensors") == 2
