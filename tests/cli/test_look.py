"""``minitorch look``: every method leaves a picture, and bad input one line."""

import io
import struct
import zlib

import numpy as np
import pytest
from click.testing import CliRunner

import minitorch as mt
from minitorch import io as mt_io
from minitorch import layers
from minitorch.cli import cli
from minitorch.cli.look_methods import METHODS
from minitorch.data import Standardiser
from minitorch.models import build_mlp
from minitorch.nonlinearities import softmax
from minitorch.training import Classifier
from minitorch.training.plots.figures import png_size

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")
pytest.importorskip("matplotlib", reason="figures need matplotlib")
NAMES = ("cat, tabby", "dog", "owl")


def run(*arguments):
    return CliRunner().invoke(cli, ["look", *(str(a) for a in arguments)])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    mt.random.seed(0)
    net = layers.InputLayer((None, 3, 12, 12), name="input")
    net = layers.Conv2DLayer(net, 6, 3, name="conv")
    net = layers.MaxPool2DLayer(net, 2, name="pool")
    net = layers.DenseLayer(net, 3, nonlinearity=softmax, name="fc")
    made = Classifier(net, NAMES, Standardiser([120] * 3, [60] * 3), order="BGR")
    return made.save(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    pixels = np.random.default_rng(0).integers(0, 256, (25, 31, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("folder")
    for i, name in enumerate(["dog/a.png", "dog/b.png", "owl/a.png", "owl/b.png", "owl/c.png"]):
        (path / name).parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 256, (20, 15, 3), np.uint8)
        Image.fromarray(pixels).save(path / name)
    return path


@pytest.mark.parametrize("method", METHODS)
def test_every_method_leaves_a_picture(method, model, photo, folder, tmp_path):
    out, array = tmp_path / "out.png", tmp_path / "out.npy"
    image = ["--image", photo] if METHODS[method][1] != "no" else []
    target = ["--class", "tabby"] if method in ("maximise", "fool") else []
    if method == "patches":
        target = ["--data", f"folder:{folder}", "--class", "0, 5"]
    few = ["--steps", 3] if method in ("maximise", "fool", "dream", "evolve") else []
    done = run(method, "-m", model, *image, *target, *few, "-o", out, "--array", array)
    assert done.exit_code == 0, done.output
    assert done.output.split() == [str(out)]
    size = png_size(out.read_bytes(), "out.png")
    assert size == (31, 25) if method == "dream" else min(size) > 50
    assert np.isfinite(np.load(array)).all()


def test_what_is_written_is_what_the_functions_give(model, photo, tmp_path):
    made = Classifier.load(model)
    pixels = np.asarray(Image.open(photo)).transpose(2, 0, 1)
    array = tmp_path / "a.npy"
    common = ["-m", model, "-i", photo, "-o", tmp_path / "a.png", "--array", array]
    assert run("gradcam", *common, "-c", "dog", "-l", "conv").exit_code == 0
    expected = mt.look.grad_cam(made, pixels, 1, "conv")
    np.testing.assert_allclose(np.load(array), expected, rtol=1e-5)
    assert run("deconvnet", *common, "-l", "conv", "-c", 2).exit_code == 0
    np.testing.assert_allclose(np.load(array), mt.look.deconvnet(made, pixels, 2, "conv"))
    assert run("dream", *common, "--size", 16, "--steps", 1).exit_code == 0
    assert np.load(array).shape == (3, 13, 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gradcm"], "no method named 'gradcm'; did you mean 'gradcam'?"),
        (["gradcam"], "look gradcam takes an --image"),
        (["filters", "-i", "PHOTO"], "look filters takes no --image"),
        (["maximise"], "say for which class"),
        (["gradcam", "-i", "PHOTO", "-c", "cow"], "no class is called 'cow'"),
        (["gradcam", "-i", "PHOTO", "-l", "con"], "no layer 'con'; did you mean 'conv'?"),
        (["dream", "-i", "PHOTO", "-c", "dog"], "it is the number of a channel"),
        (["dream", "-i", "PHOTO", "--size", "8"], "an image of 6 x 8 is too small"),
        (["guided", "-i", "PHOTO", "-l", "conv", "-c", "dog"], "'dog' is no channel of 'conv'"),
        (["saliency", "-i", "missing.png"], "missing.png: cannot be read"),
        (["patches"], "look patches takes --data"),
        (["patches", "--data", "folder:missing"], "missing: not a folder"),
        (["patches", "--data", "digits8", "-c", "1,x"], "--class x: here it is the number"),
        (["filters", "-o", "out.jpg"], "the picture is a PNG; call it out.png"),
    ],
)
def test_bad_input_is_one_line(arguments, message, model, photo, tmp_path):
    arguments = [str(photo) if a == "PHOTO" else a for a in arguments]
    out = [] if "-o" in arguments else ["-o", tmp_path / "out.png"]
    done = run(*arguments, "-m", model, *out)
    assert done.exit_code == 2 and message in done.output, done.output
    assert done.output.count("\n") == 1
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16", "P", "1"])
def test_pictures_of_any_kind(mode, model, tmp_path):
    if mode == "I;16":
        picture = Image.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20) * 100)
    else:
        picture = Image.new(mode, (20, 1))
    picture.save(tmp_path / "in.png")
    done = run("saliency", "-m", model, "-i", tmp_path / "in.png", "-o", tmp_path / "out.png")
    assert done.exit_code == 0, done.output


def broken(kind, path):
    """A file that no method can look at."""
    if kind == "huge":  # a header that promises 60,000 x 60,000
        header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
        start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header
        path.write_bytes(start + struct.pack(">I", zlib.crc32(header)) + bytes(50))
    elif kind == "cut off":
        buffer = io.BytesIO()
        Image.effect_noise((40, 40), 50).save(buffer, format="png")
        path.write_bytes(buffer.getvalue()[:300])
    elif kind == "a folder":
        path.mkdir()
    else:
        path.write_bytes({"empty": b"", "text": b"no picture"}[kind])


@pytest.mark.parametrize("method", ["saliency", "dream", "fgsm"])
@pytest.mark.parametrize("kind", ["empty", "text", "cut off", "a folder", "huge"])
def test_what_is_no_picture_is_one_line(kind, method, model, tmp_path):
    broken(kind, tmp_path / "in.png")
    done = run(method, "-m", model, "-i", tmp_path / "in.png", "-o", tmp_path / "out.png")
    assert done.exit_code == 2 and done.output.count("\n") == 1, done.output
    assert "in.png: " in done.output and not (tmp_path / "out.png").exists()


def saliency_of(picture, model, path, **how):
    picture.save(path, **how)
    out, array = path.with_suffix(".out.png"), path.with_suffix(".npy")
    done = run("saliency", "-m", model, "-i", path, "-c", "dog", "-o", out, "--array", array)
    assert done.exit_code == 0, done.output
    return np.load(array)


def test_kinds_of_files_that_show_the_same_are_the_same(model, tmp_path):
    rng = np.random.default_rng(5)
    grey = rng.integers(0, 256, (12, 12), np.uint8)
    colour = Image.fromarray(np.stack([grey] * 3, 2))
    expected = saliency_of(colour, model, tmp_path / "colour.png")
    assert expected.max() > 0
    deep = Image.fromarray((grey.astype(np.uint16) << 8) + 77)
    same = {
        "grey": (Image.fromarray(grey), {}),
        "deep": (deep, {}),
        "opaque": (colour.convert("RGBA"), {}),
    }
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter to the right
    turned = colour.transpose(Image.Transpose.ROTATE_90)
    same["turned"] = (turned, {"exif": exif})
    for name, (picture, how) in same.items():
        found = saliency_of(picture, model, tmp_path / f"{name}.png", **how)
        np.testing.assert_array_equal(found, expected, err_msg=name)


def test_what_is_transparent_is_white(model, tmp_path):
    clear = Image.new("RGBA", (12, 12), (10, 200, 30, 0))
    found = saliency_of(clear, model, tmp_path / "clear.png")
    white = saliency_of(Image.new("RGB", (12, 12), "white"), model, tmp_path / "white.png")
    np.testing.assert_array_equal(found, white)


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (750, 550)])
def test_sizes_of_all_kinds(size, model, tmp_path):
    Image.new("RGB", size, (200, 100, 50)).save(tmp_path / "in.png")
    common = ["-m", model, "-i", tmp_path / "in.png", "-o", tmp_path / "out.png"]
    for method in ("gradcam", "occlusion", "guided", "activations"):
        done = run(method, *common)
        assert done.exit_code == 0, done.output
    done = run("dream", *common, "--steps", 1, "--size", 40)
    if min(size) * min(1, 40 / max(size)) < 8:
        assert done.exit_code == 2 and "is too small, a side is at least 8" in done.output
    else:
        assert done.exit_code == 0
        assert png_size((tmp_path / "out.png").read_bytes(), "out.png") == (40, 29)


def test_names_that_two_classes_have(model, photo, tmp_path):
    made = Classifier.load(model)
    names = ("crane", "crane", "crane, bird")
    path = Classifier(made.network, names, made.prepare.standardiser).save(
        tmp_path / "m.safetensors"
    )
    common = ["-m", path, "-i", photo, "-o", tmp_path / "out.png"]
    done = run("saliency", *common, "-c", "crane")
    assert done.exit_code == 2 and "is the name of classes [0, 1]; give a number" in done.output
    assert run("saliency", *common, "-c", "1").exit_code == 0
    assert run("saliency", *common, "-c", "bird").exit_code == 0
    done = run("saliency", *common, "-c", "7")
    assert done.exit_code == 2 and "there is no class 7; the network has 3, from 0" in done.output


def test_onnx_files_classify_and_have_no_layers(photo, tmp_path):
    pytest.importorskip("onnx", reason="ONNX files need the package onnx")
    network = build_mlp((4,), input_shape=(3, 4, 4))
    mt_io.save_onnx(network, tmp_path / "m.onnx")
    done = run("gradcam", "-m", tmp_path / "m.onnx", "--prepare", "unit", "-i", photo,
               "-o", tmp_path / "out.png")  # fmt: skip
    assert done.exit_code == 2 and "has operators, not layers" in done.output, done.output


def test_fgsm_toward_a_class(model, photo, tmp_path):
    common = ["-m", model, "-i", photo, "-o", tmp_path / "out.png", "--array", tmp_path / "a.npy"]
    done = run("fgsm", *common, "--toward", "owl", "--steps", 4, "--epsilon", 30)
    assert done.exit_code == 0, done.output
    pixels = np.asarray(Image.open(photo)).transpose(2, 0, 1)
    found = mt.look.fgsm(Classifier.load(model), [pixels], epsilon=30, steps=4, toward=[2])
    np.testing.assert_allclose(np.load(tmp_path / "a.npy"), found.x[0], rtol=1e-5)
    assert found.after[0, 2] > found.before[0, 2]
    done = run("fgsm", *common, "--toward", "howl")
    assert done.exit_code == 2 and "did you mean 'owl'" in done.output
