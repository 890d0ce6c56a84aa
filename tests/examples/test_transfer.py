"""Transfer learning on drawn squares, with a small body in EfficientNet's place."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from minitorch import layers, random
from minitorch.data import Dataset
from minitorch.models import truncate
from minitorch.models.parts import conv_norm
from minitorch.nonlinearities import softmax

PATH = Path(__file__).parents[2] / "examples" / "transfer.py"
COLOURS = np.array([[230, 40, 40], [40, 200, 60], [50, 60, 220]])


def squares(count, seed, size=16):
    """A square on white, somewhere; its colour, a little off, is the class."""
    rng = np.random.default_rng(seed)
    x = np.full((count, 3, size, size), 255, np.uint8)
    y = np.arange(count) % 3
    for picture, label in zip(x, y, strict=True):
        top, left = rng.integers(0, size // 2, 2)
        colour = COLOURS[label] + rng.integers(-20, 20, 3)
        picture[:, top : top + size // 2, left : left + size // 2] = colour[:, None, None]
    return Dataset(x, y, 3, "train", ("red", "green", "blue"))


def small_network(size, classes):
    """Layers of the names that the example cuts at, each with batch normalisation."""
    net = layers.InputLayer((None, 3, size, size), name="input")
    net = conv_norm(net, 4, 3, "conv_stem", "bn0", "blocks.10", stride=2)
    net = conv_norm(net, 8, 3, "conv_head", "bn1", "head", stride=2)
    net = layers.GlobalPoolLayer(net, name="avg_pooling")
    net = layers.DropoutLayer(net, p=0.2, name="dropout")
    return layers.DenseLayer(net, classes, nonlinearity=softmax, name="fc")


@pytest.fixture
def example(monkeypatch):
    spec = importlib.util.spec_from_file_location("example_transfer", PATH)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # its dataclass asks there for its types
    spec.loader.exec_module(module)

    def load(data_dir, size):
        train, test = squares(192, seed=1, size=size), squares(48, seed=2, size=size)
        return train, test.take(slice(None), "test")

    monkeypatch.setitem(module.SETS, "squares", (load, ()))
    monkeypatch.setattr(module, "empty_network", small_network)
    monkeypatch.setattr(module, "trained_network", small_network)
    return module


@pytest.fixture
def plan(example):
    return example.Plan(
        size=16,
        small=16,
        resnet_epochs=1,
        head_epochs=40,
        head_rate=0.2,
        tune_epochs=2,
        epochs=6,
        rate=0.1,
    )


def values(layer):
    return [p.get_value() for p in layers.get_all_params(layer)]


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_all_forms_stand_side_by_side(example, plan):
    pytest.importorskip("sklearn", reason="the features form needs scikit-learn")
    told = []
    rows = example.main("squares", plan=plan, tell=told.append)
    assert rows == told and {row["method"] for row in rows} == set(example.METHODS)
    assert all(row["test"] == 48 and row["judged_on"] == "test" for row in rows)
    right = {row["method"]: row["accuracy"] for row in rows}
    assert right["majority"] == round(1 / 3, 4)
    assert right["nearest"] > 0.5 and right["features"] > 0.9 and right["retrained"] > 0.9
    assert "±" not in example.table(rows)
    text = example.table([*rows, *[{**row, "accuracy": 0.5} for row in rows]])
    assert text.count("±") == 8 and len(text.splitlines()) == 9


def test_a_seed_decides_everything(example, plan):
    wanted = ("head", "tuned", "retrained")
    runs = [example.main("squares", (seed,), wanted, plan) for seed in (3, 3)]
    first, second = ([row["accuracy"] for row in rows] for rows in runs)
    assert first == second


def test_validation_leaves_the_examination_alone(example, plan):
    rows = example.main("squares", (0,), ("majority",), plan, validate=True)
    assert rows[0]["judged_on"] == "validation"
    assert (rows[0]["train"], rows[0]["test"]) == (
        153,
        39,
    )  # of 64 pictures a class 13 are held out


def test_tuning_moves_the_last_blocks_only(example, plan):
    train = squares(192, seed=1)
    random.seed(0)
    network = small_network(16, 3)
    # Averages unlike any batch's: those that a frozen normalisation has to go by.
    for layer in layers.get_all_layers(network):
        if isinstance(layer, layers.BatchNormLayer):
            layer.mean.set_value(np.full(layer.mean.shape, 0.3, np.float32))
    body = truncate(network, "avg_pooling")
    start = values(body)
    known = example.outputs(body, train.x, example.PIXELS.apply)
    example.new_head(network, known, train, plan, seed=0)
    assert same(start, values(body))  # a new head leaves all of the body alone
    answer = example.outputs(network, train.x, example.PIXELS.apply)
    assert (answer.argmax(1) == train.y).mean() > 0.5

    below = truncate(network, "blocks.10")
    upper = {p.name: p for p in layers.get_all_params(network)}
    before = {name: p.get_value() for name, p in upper.items()}
    example.tune_last_blocks(network, train, plan, seed=0)
    frozen = {p.name for p in layers.get_all_params(below)}
    moved = {n for n, p in upper.items() if not np.array_equal(before[n], p.get_value())}
    averages = {n for n in upper if n.endswith((".mean", ".inv_std"))}
    assert len(averages) == 4 and moved == set(upper) - frozen - averages


def test_retraining_moves_everything(example, plan):
    train = squares(192, seed=1)
    network = small_network(16, 3)
    before = values(network)
    example.train_all(network, 0.1, train, train, plan, seed=0)
    assert not any(np.array_equal(a, b) for a, b in zip(before, values(network), strict=True))


def test_features_are_the_bodys_output(example):
    x = squares(7, seed=0).x
    body = truncate(small_network(16, 3), "avg_pooling")
    found = example.outputs(body, x, example.PIXELS.apply, batch=3)
    whole = layers.get_output(body, (x.astype(np.float32) - 127) / 128, deterministic=True)
    np.testing.assert_allclose(found, whole.numpy(), rtol=1e-5, atol=1e-6)


def test_the_rate_ends_at_zero_and_short_batches_are_left_out(example, monkeypatch):
    seen = []
    rule = example.updates.nesterov_momentum

    def noted(loss, params, rate, momentum):
        seen.append(rate)
        return rule(loss, params, rate, momentum)

    monkeypatch.setattr(example.updates, "nesterov_momentum", noted)
    train = squares(20, seed=0)
    network = small_network(16, 3)
    batches = example.Batches(example.PIXELS.apply(train.x), train.y, 8, seed=0)
    example.descend(network, batches, 3, peak=0.1)
    assert len(seen) == 1  # one program, traced once: the batches of 4 made none
    assert seen[0]() == 0.0 and batches.epoch == 3


def test_the_nearest_neighbour_is_the_nearest(example):
    train, test = squares(12, seed=3, size=32), squares(9, seed=4, size=32)
    known, asked = (example.thumbnails(p.x).astype(np.float64) for p in (train, test))
    right = 0
    for tiny, label in zip(asked, test.y, strict=True):
        distances = [((tiny - other) ** 2).sum() for other in known]
        right += train.y[int(np.argmin(distances))] == label
    assert example.nearest_neighbour(train, test) == right / 9


def test_copies_are_asked_of_nobody(example):
    train, test = squares(6, seed=0), squares(4, seed=5)
    train = Dataset(np.concatenate([train.x, train.x[:1]]), [*train.y, 0], 3)
    test = Dataset(np.concatenate([train.x[2:3], test.x, test.x[3:]]), [2, *test.y, 0], 3)
    left, asked = example.without_copies(train, test)
    assert np.array_equal(left.x, train.x[:6]) and np.array_equal(asked.x, test.x[1:5])


def test_some_classes_are_numbered_anew(example):
    part = example.only(squares(6, seed=0), ("blue", "red"))
    assert part.classes == 2 and part.class_names == ("blue", "red")
    assert part.y.tolist() == [1, 0, 1, 0]


def test_emoji_and_both_cuts_of_openclipart_are_there(example):
    assert set(example.OBJECTS) < {*example.LARGEST, "plants"} and len(example.LARGEST) == 8
    assert set(example.SETS) == {"openclipart", "openclipart8", "emoji", "squares"}


def test_the_command(example, monkeypatch):
    monkeypatch.setattr(example, "QUICK", example.Plan(size=16, every=2))
    monkeypatch.setitem(example.SETS, "emoji", example.SETS["squares"])
    asked = ["--data", "emoji", "--only", "majority,nearest", "--seeds", "0,1", "--quick"]
    run = CliRunner().invoke(example.command, [*asked, "--json"])
    rows = [json.loads(line) for line in run.output.splitlines()]
    assert [(row["seed"], row["method"]) for row in rows] == [
        (0, "majority"), (0, "nearest"), (1, "majority"), (1, "nearest"),
    ]  # fmt: skip
    assert rows[0]["train"] == 96
    run = CliRunner().invoke(example.command, asked)
    assert run.exit_code == 0 and run.output.count("nearest neighbour") == 3
    run = CliRunner().invoke(example.command, ["--only", "nearset"])
    assert run.exit_code == 2 and "no method 'nearset'; they are majority, nearest" in run.output


def test_without_scikit_learn_it_says_what_to_install(example, plan, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(SystemExit, match="pip install scikit-learn"):
        example.main("squares", (0,), ("features",), plan)
