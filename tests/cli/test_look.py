"""``minitorch look``: every method leaves a picture, and bad input one line."""

import numpy as np
import pytest
from click.testing import CliRunner

import minitorch as mt
from minitorch import layers
from minitorch.cli import cli
from minitorch.cli.look_methods import METHODS
from minitorch.data import Standardiser
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
