"""Atomic writes: all or nothing, even under SIGKILL."""

import os
import signal
import subprocess
import sys
import time

import pytest

from minitorch.io import atomic_write
from minitorch.io.files import leftovers


def test_bytes_and_text_in_a_new_folder(tmp_path):
    path = atomic_write(tmp_path / "a" / "b.txt", "grüße")
    assert path.read_text(encoding="utf-8") == "grüße"
    atomic_write(path, b"\0\1")
    assert path.read_bytes() == b"\0\1"
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]


def test_a_failed_write_leaves_the_old_content(tmp_path, monkeypatch):
    path = atomic_write(tmp_path / "a", b"old")

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["a"]


def test_leftovers_are_found_by_pattern(tmp_path):
    for name in (".step-1.x.99-ab.tmp", ".other.99-ab.tmp", "step-1.x"):
        (tmp_path / name).write_text("")
    assert [p.name for p in leftovers(tmp_path, "step-*.x")] == [".step-1.x.99-ab.tmp"]


WRITER = """
import sys
from minitorch.io import atomic_write
print("ready", flush=True)
while True:
    for byte in (b"a", b"b"):
        atomic_write(sys.argv[1], byte * 3_000_000)
"""


def test_a_killed_writer_never_leaves_a_mixture(tmp_path):
    path = tmp_path / "file"
    for delay in (0.01, 0.05, 0.12):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        child.stdout.readline()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        if path.exists():
            content = path.read_bytes()
            assert len(content) == 3_000_000 and len(set(content)) == 1
