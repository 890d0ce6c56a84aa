"""Photographs of a few pixels, a style, and a loss network of two filters."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.io import save_weights
from minitorch.models import vgg_body
from minitorch.style import loss_network
from minitorch.style.fast import StyleRecipe, StyleRun

TINY = {
    "size": 32, "style_size": 36, "width": 2, "blocks": 1, "epochs": 2, "epoch_steps": 3,
    "batch_size": 2,
}  # fmt: skip


def scene(rows, columns, seed):
    """Waves of colour, so that there is something to see."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns]
    waves = [np.sin(rng.uniform(0.05, 0.6, 2) @ [y.ravel(), x.ravel()]) for _ in range(3)]
    return (127 + 100 * np.reshape(waves, (3, rows, columns))).astype(np.uint8)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")
    folder = tmp_path_factory.mktemp("style")
    (folder / "photos" / "more").mkdir(parents=True)
    places = ["a.png", "b.png", "c.png", "more/d.jpg", "more/e.png", "more/f.png"]
    for seed, name in enumerate(places):
        pixels = scene(40 + seed, 50, seed).transpose(1, 2, 0)
        Image.fromarray(pixels).save(folder / "photos" / name)
    Image.fromarray(scene(30, 48, 9).transpose(1, 2, 0)).save(folder / "style.png")
    mt.random.seed(0)
    save_weights(vgg_body("D", width=2), folder / "w.safetensors")
    return folder


@pytest.fixture
def narrow(monkeypatch):
    """The loss network's files have two filters in the first stage."""
    monkeypatch.setattr(loss_network, "vgg_body", lambda column: vgg_body(column, width=2))


@pytest.fixture
def make(pictures, narrow):
    """A run of tiny settings, by folder and changes."""

    def made(folder, captured=True, device="cpu", **changes):
        given = {
            "style": str(pictures / "style.png"),
            "photos": str(pictures / "photos"),
            "weights": str(pictures / "w.safetensors"),
        }
        recipe = StyleRecipe(**{**given, **TINY, **changes})
        return StyleRun(recipe, folder, device=device, captured=captured)

    return made
