"""The choice of a kernel: timed once, kept in a file, made anew when the settings change."""

import json

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend import device_kernels, tune
from minitorch.backend.native import Kernel
from minitorch.backend.tune import Tuner, describe_case

CASE = ("matmul", "fake", ("<f4", (2, 3), (12, 4), 0), ("<f4", (3, 5), (20, 4), 0))
LINE = "matmul f4(2,3) f4(3,5)"


@pytest.fixture
def timer(monkeypatch):
    """A device called "fake chip" on which a run returns how long it takes; counts the calls."""
    calls = []

    def time(run):
        calls.append(run)
        return run()

    monkeypatch.setitem(tune.TIMERS, "fake", (lambda: "fake chip", time))
    return calls


@pytest.fixture
def settings(monkeypatch, tmp_path):
    fresh = device_kernels._Settings()
    fresh.tuner = Tuner(tmp_path / "kernels.json")
    monkeypatch.setattr(device_kernels, "_settings", fresh)
    return fresh


def test_the_fastest_wins_and_is_kept(tmp_path, timer):
    file = tmp_path / "deep" / "kernels.json"
    runs = {"slow": lambda: 9.0, "quick": lambda: 2.0}
    assert Tuner(file).fastest("fake", CASE, runs) == "quick"
    assert len(timer) == 2
    kept = json.loads(file.read_text())
    assert kept == {"fake chip": {LINE: {"kernel": "quick", "us": {"quick": 2.0, "slow": 9.0}}}}
    assert Tuner(file).fastest("fake", CASE, runs) == "quick"
    assert len(timer) == 2, "the file knows it"
    assert list(file.parent.iterdir()) == [file], "nothing is left beside it"


def test_a_kept_kernel_that_is_gone_is_timed_again(tmp_path, timer):
    file = tmp_path / "kernels.json"
    file.write_text(json.dumps({"fake chip": {LINE: {"kernel": "gone"}}}))
    assert Tuner(file).fastest("fake", CASE, {"here": lambda: 1.0}) == "here"


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"fake chip": 3}'])
def test_a_broken_file_is_as_none(tmp_path, timer, text):
    file = tmp_path / "kernels.json"
    file.write_text(text)
    assert Tuner(file).fastest("fake", CASE, {"a": lambda: 1.0, "b": lambda: 2.0}) == "a"
    assert json.loads(file.read_text())["fake chip"][LINE]["kernel"] == "a"


def test_what_others_wrote_stays(tmp_path, timer):
    file = tmp_path / "kernels.json"
    mine, theirs = Tuner(file), Tuner(file)
    other = ("matmul", "fake", ("<f4", (7, 7), (28, 4), 0))
    mine.fastest("fake", CASE, {"a": lambda: 1.0})
    theirs.fastest("fake", other, {"b": lambda: 1.0})
    assert set(json.loads(file.read_text())["fake chip"]) == {LINE, "matmul f4(7,7)"}


def test_a_kernel_that_fails_is_left_out(tmp_path, timer):
    def broken():
        raise RuntimeError("too many resources")

    file = tmp_path / "kernels.json"
    assert Tuner(file).fastest("fake", CASE, {"a": broken, "b": lambda: 5.0}) == "b"
    assert json.loads(file.read_text())["fake chip"][LINE]["failed"] == {"a": "too many resources"}
    assert Tuner(tmp_path / "other").fastest("fake", CASE, {"a": broken}) is None


def test_a_folder_that_cannot_be_written_costs_nothing_else(tmp_path, timer):
    (tmp_path / "file").touch()
    tuner = Tuner(tmp_path / "file" / "kernels.json")
    assert tuner.fastest("fake", CASE, {"a": lambda: 1.0}) == "a"


def test_no_timer_no_choice(tmp_path, timer):
    tuner = Tuner(tmp_path / "kernels.json")
    assert tuner.fastest("emulated", CASE, {"a": lambda: 1.0}) is None
    tuner.enabled = False
    assert tuner.fastest("fake", CASE, {"a": lambda: 1.0}) is None
    assert not timer


def test_a_case_in_words():
    transposed = ("<f4", (2, 3), (4, 8), 4)
    line = describe_case(("conv_fwd", "cuda", transposed, "NoneType", ("pad", ((0, 1), (2, 2)))))
    assert line == "conv_fwd f4(2,3)/(4,8)@4 - pad=((0,1),(2,2))"


def row(name, microseconds, **more):
    return Kernel(name, lambda xp, *arrays, **static: microseconds, **more)


def test_settings_decide(settings, timer):
    x = np.ones((2, 3), np.float32)
    rows = [row("last", 3.0), row("rounds", 1.0, precision="tf32"), row("first", 2.0)]

    def chosen():
        found = device_kernels.choose("op", "fake", rows, (x,), {})
        return found and found.name

    assert chosen() == "first", "the fastest that is exact"
    timed = len(timer)
    assert chosen() == "first"
    assert len(timer) == timed, "chosen once"
    mt.set_float32_matmul_precision("high")
    assert mt.get_float32_matmul_precision() == "high"
    assert chosen() == "rounds", "timed again, with one more that may run"
    mt.use_deterministic_algorithms(True)
    assert chosen() == "last", "the table's order"
    mt.use_deterministic_algorithms(False)
    mt.set_autotune(False)
    assert chosen() == "last"


def test_rows_that_cannot_are_passed_over(settings, timer):
    x = np.ones((2, 3), np.float32)
    rows = [
        row("missing", 1.0, missing="no GPU"),
        row("cannot", 1.0, supports=lambda *a, **s: "too large"),
        row("can", 1.0),
    ]
    assert device_kernels.choose("op", "fake", rows, (x,), {}).name == "can"
    assert device_kernels.choose("op", "fake", rows[:2], (x, None), {"n": [1]}) is None


def test_the_order_decides_where_nothing_is_timed(settings):
    x = np.ones((2, 3), np.float32)
    rows = [row("k03_last", 3.0), row("k02_middle", 1.0), row("k01_first", 2.0)]

    def order(a, *, n):
        return ("k09", "k01", "k02") if n == 1 else ("k02_middle",) if n == 2 else ()

    names = [device_kernels.choose("op", "x", rows, (x,), {"n": n}, order).name for n in (1, 2, 3)]
    assert names == ["k01_first", "k02_middle", "k03_last"]


def test_a_wrong_precision_is_refused():
    with pytest.raises(ValueError, match="one of highest, high, got 'medium'"):
        mt.set_float32_matmul_precision("medium")
