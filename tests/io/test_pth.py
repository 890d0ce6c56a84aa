"""PyTorch's files without PyTorch. Those in files/ were written by PyTorch 2.13 (see HOW.md)."""

import collections
import contextlib
import io
import os
import pickle
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from minitorch.io import FileFormatError, load_pth, state_dict_of

FILES = Path(__file__).parent / "files"
both = pytest.mark.parametrize("name", ["state.pth", "state_before_1_6.pth"])


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "weights.pth"
        path.write_bytes(content)
        return path

    return write


def archive(path, pickled, **records):
    """A file of the new format, made by hand."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickled)
        for name, content in records.items():
            file.writestr(f"archive/data/{name}", content)
    return path


# -- what PyTorch wrote -----------------------------------------------------------------


@both
def test_values_shapes_and_order(name):
    found = load_pth(FILES / name)
    assert list(found)[:3] == ["epoch", "state_dict", "shared"]
    assert (found["epoch"], found["text"], found["size"]) == (3, "hé", (2, 3))
    state = found["state_dict"]
    assert list(state) == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
        "1.num_batches_tracked",
    ]  # fmt: skip
    for i, array in enumerate(state.values()):
        assert array.flags.writeable is False
        np.testing.assert_array_equal(array.ravel(), np.arange(array.size) + i)
    assert state["0.weight"].shape == (2, 1, 3, 3)
    assert state["1.num_batches_tracked"].dtype == np.int64
    assert found["scalar"].shape == () and found["scalar"] == 2.5
    np.testing.assert_array_equal(found["parameter"], [1, 1])


@both
def test_dtypes(name):
    found = load_pth(FILES / name)
    for dtype, array in found["dtypes"].items():
        assert array.dtype == (np.float32 if dtype == "bfloat16" else np.dtype(dtype))
        np.testing.assert_array_equal(array, np.array([0, 1, 2]).astype(array.dtype))
    assert found["uint16"].dtype == np.uint16 and found["uint16"].tolist() == [7, 8]


@both
def test_strides_and_shared_storages(name):
    found = load_pth(FILES / name)
    base = np.arange(24.0, dtype=np.float32).reshape(4, 6)
    for array, expected in zip(
        found["shared"], [base, base[1:, ::2], base.T, base[:0]], strict=True
    ):
        np.testing.assert_array_equal(array, expected)
    assert np.shares_memory(found["shared"][0], found["shared"][1])
    assert found["expanded"].strides == (0,) and found["expanded"].shape == (5,)


def test_state_dicts_are_found_where_scripts_put_them():
    plain = {"fc.bias": np.zeros(2)}
    for nest in (
        plain,
        {"state_dict": plain},
        {"epoch": 1, "model": plain},
        {"model": {"state_dict": plain}, "optimizer": {"state": {}}},
        {"net": {"module.fc.bias": np.zeros(2)}},
    ):
        assert list(state_dict_of(nest)) == ["fc.bias"]
    assert len(state_dict_of(load_pth(FILES / "state.pth"))) == 7
    for wrong in ({}, {"epoch": 3}, [np.zeros(2)], {"model": {"a": 1}}):
        with pytest.raises(FileFormatError, match="found no dictionary of arrays: neither"):
            state_dict_of(wrong)


# -- hostile files ------------------------------------------------------------------------


class Hostile:
    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_hostile_pickle_is_refused_with_what_it_asked_for(tmp_path, protocol):
    mark = tmp_path / "ran"
    content = pickle.dumps({"weight": Hostile(os.mkdir, str(mark))}, protocol=protocol)
    path = archive(tmp_path / "bad.pth", content)
    with pytest.raises(FileFormatError, match=r"asks for (posix|nt)\.mkdir, which is no tensor"):
        load_pth(path)
    old = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    path.write_bytes(b"".join(pickle.dumps(v, 2) for v in old) + content)
    with pytest.raises(FileFormatError, match=r"mkdir, which is no tensor; it was refused"):
        load_pth(path)
    assert not mark.exists()


def test_what_is_near_to_a_tensor_is_refused_too(tmp_path):
    for module, name in (
        ("builtins", "getattr"),
        ("torch.serialization", "load"),
        ("torch._utils", "_rebuild_sparse_tensor"),
        ("collections", "defaultdict"),
        ("torch", "os"),
        ("torch.nn.modules.linear", "Linear"),
    ):
        pickled = f"\x80\x02c{module}\n{name}\n.".encode("latin-1")
        with pytest.raises(FileFormatError, match=f"asks for {module}.{name}"):
            load_pth(archive(tmp_path / "bad.pth", pickled))


# -- tensors that are not there --------------------------------------------------------------


class Tensor:
    """Pickles as a tensor of any description; there is no PyTorch in it."""

    def __init__(self, storage, offset, shape, strides):
        self.parts = (storage, offset, shape, strides)


class Name:
    def __init__(self, module, name):
        self.path = (module, name)


class Writer(pickle._Pickler):
    """The pickler in Python, told to write the names of PyTorch's functions."""

    def __init__(self, file, **settings):
        super().__init__(file, protocol=2, **settings)

    def persistent_id(self, value):
        return value.pid if isinstance(value, Storage) else None

    def save(self, value, **settings):
        if isinstance(value, Name):
            return self.write("c{}\n{}\n".format(*value.path).encode())
        if isinstance(value, Tensor):
            self.save(Name("torch._utils", "_rebuild_tensor_v2"))
            self.save((*value.parts, False, {}))
            return self.write(pickle.REDUCE)
        return super().save(value, **settings)


class Storage:
    def __init__(self, key, size, kind="FloatStorage"):
        self.pid = ("storage", Name("torch", kind), key, "cpu", size)


def pickled(value):
    file = io.BytesIO()
    Writer(file).dump(value)
    return file.getvalue()


def test_a_file_made_by_hand(tmp_path):
    value = collections.OrderedDict(w=Tensor(Storage("0", 6), 0, (2, 3), (3, 1)))
    numbers = np.arange(6, dtype="<f4").tobytes()
    found = load_pth(archive(tmp_path / "a.pth", pickled(value), **{"0": numbers}))
    assert found["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_files_of_the_other_byte_order(tmp_path):
    path = tmp_path / "a.pth"
    numbers = np.arange(6, dtype=">f4").tobytes()
    archive(path, pickled({"w": Tensor(Storage("0", 6), 1, (2,), (3,))}), **{"0": numbers})
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("archive/byteorder", b"big")
    assert load_pth(path)["w"].tolist() == [1, 4]


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (Tensor(Storage("0", 6), 0, (7,), (1,)), "needs 7 numbers, and its storage 0 has 6"),
        (Tensor(Storage("0", 6), 4, (2,), (2,)), "needs 7 numbers"),
        (Tensor(Storage("0", 6), -1, (2,), (1,)), "something else than whole numbers"),
        (Tensor(Storage("0", 6), 0, (2,), (-1,)), "something else than whole numbers"),
        (Tensor(Storage("0", 6), 0, (2, 2), (1,)), "something else than whole numbers"),
        (Tensor(Storage("0", 6), 0, (2.0,), (1,)), "something else than whole numbers"),
        (Tensor(Storage("0", 10**9), 0, (10**9,), (1,)), "to have 1000000000 numbers, and 6 are"),
        (Tensor(Storage("0", 6), 0, (2**40, 2**40), (0, 0)), "of shape .*; it is damaged"),
        (Tensor(Storage("1", 6), 0, (6,), (1,)), "the record data/1 is missing"),
        (Tensor(Storage("0", -6), 0, (6,), (1,)), "describes a storage as"),
        (Tensor(Storage("0", 3, "DoubleStorage"), 0, (4,), (1,)), "needs 4 numbers"),
        (Tensor("nothing", 0, (4,), (1,)), "something else than whole numbers"),
    ],
)
def test_sizes_are_checked_before_anything_is_made(tmp_path, tensor, message):
    path = archive(tmp_path / "a.pth", pickled({"w": tensor}), **{"0": bytes(24)})
    with pytest.raises(FileFormatError, match=message):
        load_pth(path)


def test_a_memo_of_billions_is_refused(tmp_path):
    content = b"\x80\x02]r" + struct.pack("<I", 2**32 - 1) + b"."
    with pytest.raises(FileFormatError, match="numbers an object 4294967295, and has 4"):
        load_pth(archive(tmp_path / "a.pth", content))


def test_a_list_that_holds_itself_is_refused(tmp_path):
    inside = []
    inside.append(inside)
    with pytest.raises(FileFormatError, match="a list that contains itself"):
        load_pth(archive(tmp_path / "a.pth", pickle.dumps(inside, 2)))


# -- damaged files ------------------------------------------------------------------------------


@both
def test_truncated_at_any_place(name, write):
    content = (FILES / name).read_bytes()
    for size in [*range(0, 40), *range(40, len(content) - 1, 61), len(content) - 1]:
        with pytest.raises(FileFormatError, match=r"weights\.pth: "):
            load_pth(write(content[:size]))


@both
def test_a_flipped_byte_is_read_or_refused(name, write):
    content = bytearray((FILES / name).read_bytes())
    for place in range(0, len(content), 37):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        with contextlib.suppress(FileFormatError):  # and nothing else
            load_pth(write(bytes(damaged)))


def test_other_files(tmp_path, write):
    with pytest.raises(FileFormatError, match=r"none\.pth: there is no such file"):
        load_pth(tmp_path / "none.pth")
    with pytest.raises(FileFormatError, match="it is empty"):
        load_pth(write(b""))
    with pytest.raises(FileFormatError, match="neither a zip archive nor the pickles"):
        load_pth(write(b"nonsense"))
    with pytest.raises(FileFormatError, match="neither a zip .* are read by load_pickle"):
        load_pth(write(pickle.dumps([1, 2])))
    np.savez(tmp_path / "a.npz", np.zeros(2))
    with pytest.raises(FileFormatError, match="files are read by load_npz"):
        load_pth(tmp_path / "a.npz")
    with pytest.raises(FileFormatError, match=r"before 0\.1\.10"):
        load_pth(write(bytes(257) + b"ustar" + bytes(300)))
    path = tmp_path / "small.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", pickle.dumps({"a": "a" * 1000}, 2))
    with pytest.raises(FileFormatError, match="is compressed, and PyTorch compresses none"):
        load_pth(path)


# -- against PyTorch itself -----------------------------------------------------------------------


@pytest.mark.dev
@pytest.mark.parametrize("new", [True, False])
def test_random_tensors_of_pytorch(tmp_path, new):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason="PyTorch writes the files of this test")
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for i in range(40):
        shape = torch.randint(0, 5, (i % 5,), generator=generator).tolist()
        value = torch.randn(shape, generator=generator)
        value = value.to((torch.float32, torch.float16, torch.bfloat16, torch.int64)[i % 4])
        if value.ndim > 1 and i % 3:
            value = value.transpose(0, -1)[::2]
        tensors[f"t{i}"] = value
    torch.save(tensors, tmp_path / "t.pth", _use_new_zipfile_serialization=new)
    found = load_pth(tmp_path / "t.pth")
    for name, value in tensors.items():
        expected = value.float() if value.dtype == torch.bfloat16 else value
        np.testing.assert_array_equal(found[name], expected.numpy())
