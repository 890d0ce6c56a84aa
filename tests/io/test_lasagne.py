"""Weights in Lasagne's files: .npz, and pickles, of which nothing may run."""

import collections
import contextlib
import os
import pickle
import re
import struct

import numpy as np
import pytest

from minitorch import layers
from minitorch.io import FileFormatError, load_npz, load_pickle


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "weights"
        path.write_bytes(content)
        return path

    return write


# -- .npz -----------------------------------------------------------------------------


def test_npz_into_a_network(tmp_path):
    net = layers.DenseLayer(layers.DenseLayer((None, 3), 2), 4)
    values = [np.full(v.shape, i, v.dtype) for i, v in enumerate(layers.get_all_param_values(net))]
    np.savez(tmp_path / "m.npz", *values)
    layers.set_all_param_values(net, load_npz(tmp_path / "m.npz"))
    for a, b in zip(values, layers.get_all_param_values(net), strict=True):
        np.testing.assert_array_equal(a, b)


def test_npz_of_more_than_ten_arrays_keeps_their_order(tmp_path):
    np.savez_compressed(tmp_path / "m.npz", *[np.array([i]) for i in range(12)])
    assert [int(a[0]) for a in load_npz(tmp_path / "m.npz")] == list(range(12))


class Hostile:
    """Calls whatever it is made of when it is unpickled."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def test_npz_refusals(tmp_path, write):
    path = tmp_path / "m.npz"
    with pytest.raises(FileFormatError, match="there is no such file"):
        load_npz(path)
    with pytest.raises(FileFormatError, match="this is no .npz file of numbers"):
        load_npz(write(b"nonsense"))
    np.savez(path, W=np.ones(2), b=np.ones(1))
    with pytest.raises(FileFormatError, match="expected the arrays arr_0 to arr_1, found W, b"):
        load_npz(path)
    np.savez(path, np.array(["a"]))
    with pytest.raises(FileFormatError, match="holds an array of <U1, expected numbers"):
        load_npz(path)
    mark = tmp_path / "ran"
    np.savez(path, np.array([Hostile(os.mkdir, str(mark))], dtype=object))
    with pytest.raises(FileFormatError, match="Object arrays cannot be loaded"):
        load_npz(path)
    assert not mark.exists()


# -- pickles of arrays ------------------------------------------------------------------

ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.arange(6, dtype="float32").reshape(3, 2).T,
    np.arange(4, dtype=">f8"),
    np.array(2.5),
    np.zeros((0, 3), "int16"),
    np.array([True, False]),
]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_protocol(write, protocol):
    content = {"param values": ARRAYS, "name": "net", "n": (1, 2.5, None), "x": np.float32(7)}
    found = load_pickle(write(pickle.dumps(content, protocol=protocol)))
    for a, b in zip(ARRAYS, found["param values"], strict=True):
        np.testing.assert_array_equal(a, b)
        assert type(b) is np.ndarray and b.dtype == a.dtype.newbyteorder("=") and b.flags.writeable
    assert found["name"] == "net" and found["n"] == (1, 2.5, None)
    assert found["x"].dtype == np.float32 and found["x"] == 7


def test_arrays_that_are_one_stay_one(write):
    a = np.ones(3)
    first, second = load_pickle(write(pickle.dumps([a, a])))
    assert first is second


def python2(values, dtype="f8", order="<"):
    """An array as Python 2's cPickle wrote it: protocol 2, its text and bytes of one kind."""
    content = np.asarray(values, order + dtype).tobytes()
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85"
        b"U\x01b\x87Rq\x03(K\x01K" + bytes([len(values)]) + b"\x85cnumpy\ndtype\nq\x04U\x02"
        + dtype.encode() + b"K\x00K\x01\x87Rq\x05(K\x03U\x01" + order.encode()
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + struct.pack("<i", len(content)) + content + b"tb."
    )  # fmt: skip


@pytest.mark.parametrize(("dtype", "order"), [("f8", "<"), ("f4", ">"), ("i8", "<")])
def test_pickles_of_python_2(write, dtype, order):
    values = [-1.5, 200.25, 3.0] if dtype[0] == "f" else [-1, 200, 3]
    found = load_pickle(write(python2(values, dtype, order)))
    np.testing.assert_array_equal(found, np.array(values, dtype))
    assert found.dtype == np.dtype(dtype)


def test_a_python_2_pickle_of_protocol_0(write):
    text = repr(np.array([1.0, -2.0]).tobytes().decode("latin1")).encode("latin1")
    content = (
        b"(dp0\nS'W'\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n(I0\ntp4\n"
        b"S'b'\np5\ntp6\nRp7\n(I1\n(I2\ntp8\ncnumpy\ndtype\np9\n(S'f8'\np10\nI0\nI1\ntp11\nRp12\n"
        b"(I3\nS'<'\np13\nNNNI-1\nI-1\nI0\ntp14\nbI00\nS" + text + b"\np15\ntp16\nbs."
    )
    np.testing.assert_array_equal(load_pickle(write(content))["W"], [1, -2])


# -- pickles that are something else -----------------------------------------------------


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("place", ["alone", "in a list", "in an array", "as an array's bytes"])
def test_hostile_pickles_do_not_run(write, tmp_path, protocol, place):
    mark = tmp_path / "ran"
    for function, argument in [
        (os.system, f"touch {mark}"),
        (os.mkdir, str(mark)),
        (eval, f"__import__('os').mkdir({str(mark)!r})"),
        (exec, f"open({str(mark)!r}, 'w')"),
    ]:
        bad = Hostile(function, argument)
        content = {
            "alone": bad,
            "in a list": [np.ones(2), bad],
            "in an array": np.array([bad, None], dtype=object),
            "as an array's bytes": bad,
        }[place]
        data = pickle.dumps(content, protocol=protocol)
        if place == "as an array's bytes":
            before = python2([1.0])[: -len(b"T1234" + b"8 bytes." + b"tb.")]
            data = before + pickle.dumps(bad, 0)[:-1] + b"tb."
        with pytest.raises(FileFormatError):
            load_pickle(write(data))
        assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "the pickle asks for os.system, which is no array"),
        (b"c__builtin__\neval\n(S'1'\ntR.", "the pickle asks for __builtin__.eval"),
        (b"cbuiltins\neval\n(S'1'\ntR.", "the pickle asks for builtins.eval"),
        (b"cbuiltins\ngetattr\n.", "builtins.getattr"),
        (b"(S'true'\nios\nsystem\n.", "the pickle asks for os.system"),
        (b"cnumpy.core.multiarray\n_reconstruct.__init__\n.", "_reconstruct.__init__"),
        (b"\x80\x02Pid\n.", "this is no pickle of arrays"),
        (b"", "this is no pickle of arrays"),
        (b"\x80\x02", "this is no pickle of arrays"),
        (b"\x80\x02\x82\x01.", "this is no pickle of arrays"),
        (b"cnumpy\nndarray\n.", "it holds a"),
        (b"cnumpy\ndtype\n(S'f8'\ntR.", "it holds a Dtype by itself"),
        (b"cnumpy\ndtype\n(S'O8'\ntR.", "it holds an array of dtype 'O8', expected numbers"),
        (b"cnumpy\ndtype\n(S'V8'\ntR.", "it holds an array of dtype 'V8'"),
        (b"cnumpy\ndtype\n(I5\ntR.", "it holds an array of dtype 5"),
        (
            b"cnumpy\ndtype\n(S'f8'\ntR(I3\nS'<'\n(tNNI-1\nI-1\nI0\ntb.",
            "it holds an array with fields",
        ),
        (b"cnumpy\ndtype\n(I1\ntb.", "this is no pickle of arrays"),
        (b"cnumpy\nndarray\n(tRN(S'a'\ntb.", "this is no pickle of arrays"),
        (b"cnumpy\nndarray\n(tR(I1\ntb.", "an array's pickle does not set a Class"),
        (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(I0\ntS'b'\ntR.",
            "an array of another class than numpy.ndarray",
        ),
        (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR.",
            "it makes an array without a content",
        ),
        (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
            b"(I1\n(I9\ntcnumpy\ndtype\n(S'f8'\ntRI00\nS'12345678'\ntb.",
            "this is no pickle of arrays",
        ),
        (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
            b"(I1\n(I1\ntcnumpy\ndtype\n(S'f8'\ntRI00\n(lp0\ntb.",
            "it holds an array of objects",
        ),
        (b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.", "it encodes something else than bytes"),
        (b"(lp0\ng0\na.", "it holds a list that contains itself"),
    ],
)
def test_refused_by_name(write, content, text):
    with pytest.raises(FileFormatError, match=re.escape(text)):
        load_pickle(write(content))


class Own(np.ndarray):
    """A class of arrays that a reader would have to import."""


def test_other_classes_are_refused(write):
    for content in (collections.OrderedDict(a=1), np.ones(2).view(Own), np.array(["text"])):
        with pytest.raises(FileFormatError):
            load_pickle(write(pickle.dumps(content)))


def test_bytes_of_every_protocol(write):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        content = [b"\xff\x00", b"", {b"k": frozenset()}][: 2 if protocol < 4 else 3]
        assert load_pickle(write(pickle.dumps(content, protocol))) == content


def test_a_missing_file(tmp_path):
    with pytest.raises(FileFormatError, match="there is no such file"):
        load_pickle(tmp_path / "none")


def test_a_random_mutation_gives_an_error_or_data(write):
    """Any change of a good pickle is read as data or refused; nothing else happens."""
    good = pickle.dumps([np.arange(4.0), "text"], protocol=2)
    rng = np.random.default_rng(0)
    for _ in range(300):
        bad = bytearray(good)
        bad[rng.integers(len(bad))] = rng.integers(256)
        with contextlib.suppress(FileFormatError):
            load_pickle(write(bytes(bad)))
