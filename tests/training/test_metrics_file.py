"""metrics.jsonl: a line per event, whole after every accident, the same after a resume."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

import minitorch as mt
from minitorch.data import Dataset, Standardiser, toy_digits
from minitorch.io import Checkpoints, FileFormatError
from minitorch.models import build_mlp
from minitorch.training import Epoch, Recipe, Step, Trainer, fit
from minitorch.training.metrics_file import MetricsFile, plain_fields, read_metrics

RECIPE = Recipe("mlp", epochs=3, batch_size=16, dropout=0.2, seed=3)


def digits(count, seed):
    raw = toy_digits(count, seed=seed, size=14, noise=10)
    return Dataset(Standardiser.fit(raw.x).apply(raw.x), raw.y, classes=10)


TRAIN, TEST = digits(70, 1), digits(30, 2)  # 5 steps an epoch


def make():
    mt.random.seed(RECIPE.seed)
    network = build_mlp((8,), dropout=RECIPE.dropout, input_shape=TRAIN.x.shape[1:])
    return Trainer(network, RECIPE, TRAIN, TEST)


def without_seconds(path):
    return [{k: v for k, v in line.items() if k != "seconds"} for line in read_metrics(path)]


def listener(path, trainer, every=1):
    return MetricsFile(path, trainer.step, len(trainer.history), every)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run" / "metrics.jsonl"
    trainer = make()
    assert fit(trainer, listener(path, trainer))
    return path


def test_a_line_for_each_step_and_epoch(undisturbed):
    lines = read_metrics(undisturbed)
    assert [(line["kind"], line["number"]) for line in lines] == [
        pair
        for epoch in (1, 2, 3)
        for pair in [*[("step", 5 * epoch - 4 + i) for i in range(5)], ("epoch", epoch)]
    ]
    assert list(lines[0]) == ["kind", "number", "epoch", "loss", "learning_rate", "gradient_norm"]
    assert lines[5]["step"] == 5 and 0 <= lines[5]["test_error"] <= 1
    mean = np.mean([line["loss"] for line in lines[:4]])  # of 16 each; the fifth batch has 6
    assert lines[5]["train_loss"] == pytest.approx((64 * mean + 6 * lines[4]["loss"]) / 70)


@pytest.mark.parametrize("last", [1, 4, 5, 7, 10, 13])
@pytest.mark.parametrize("every", [1, 3])
def test_an_interrupted_run_leaves_the_same_lines(tmp_path, undisturbed, last, every):
    """Stopped after ``last`` steps, some of them later than the last checkpoint."""
    path, kept = tmp_path / "metrics.jsonl", Checkpoints(tmp_path / "checkpoints")
    first = make()
    with listener(path, first, every) as shown:
        for event in first.run():
            shown.show(event)
            # As where the process dies between an epoch's line and its checkpoint.
            if isinstance(event, Step) and event.number in (4, 5, 10):
                kept.save(first.step, *first.state())
            if isinstance(event, Epoch) and first.step >= last:
                break
            if first.step == last and last % 5:
                break
    with path.open("ab") as file:
        file.write(b'{"kind": "step", "num')
    second = make()
    if kept.paths():
        second.restore(*kept.load())
    fit(second, listener(path, second, every))
    expected = [
        line
        for line in without_seconds(undisturbed)
        if line["kind"] == "epoch" or line["number"] % every == 0
    ]
    assert without_seconds(path) == expected


def test_starting_anew_drops_all_lines(tmp_path, undisturbed):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(undisturbed.read_bytes())
    with MetricsFile(path):
        assert path.read_bytes() == b""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["metrics.jsonl"]


def test_a_missing_head_does_no_harm(tmp_path):
    with MetricsFile(tmp_path / "m.jsonl", from_step=7, from_epoch=1) as shown:
        shown.show(Epoch(2, 0.1, 0.5, 0.25, 0.4, 0.0123, 3.21))
    (line,) = read_metrics(tmp_path / "m.jsonl")
    assert line["step"] == 7 and line["number"] == 2


@dataclass(frozen=True, slots=True)
class Richer(Step):
    """A step of a later version, with more fields."""

    gradient_norm: float = 0.0
    note: str | None = None
    skipped: bool = False
    arrays: tuple = ()


def test_any_plain_field_is_written(tmp_path):
    event = Richer(1, 1, float("inf"), np.float32(0.5), float("nan"), 'ü "\n', True, (1, 2))
    assert list(plain_fields(event))[-3:] == ["gradient_norm", "note", "skipped"]
    with MetricsFile(tmp_path / "m.jsonl") as shown:
        shown.show(event)
    text = (tmp_path / "m.jsonl").read_text()
    assert text.count("\n") == 1
    refuse = lambda word: pytest.fail(f"{word} is no JSON")
    assert json.loads(text, parse_constant=refuse) == {
        "kind": "step",
        "number": 1,
        "epoch": 1,
        "loss": None,
        "learning_rate": 0.5,
        "gradient_norm": None,
        "note": 'ü "\n',
        "skipped": True,
    }


@pytest.mark.parametrize(
    "tail", [b'{"kind": "ep', b"\0" * 40, b"\xff\xfe", b'{"kind": "step"}', b""]
)
def test_a_torn_last_line_is_left_out_and_mended(tmp_path, tail):
    path = tmp_path / "m.jsonl"
    whole = b'{"kind": "step", "number": 1}\n'
    path.write_bytes(whole + tail)
    assert read_metrics(path) == [{"kind": "step", "number": 1}]
    with MetricsFile(path, from_step=1):
        assert path.read_bytes() == whole


@pytest.mark.parametrize("bad", [b"[1]\n", b'{"number": 2}\n', b"\xff\n", b"\n", b'{"kind": 3}\n'])
def test_a_damaged_line_is_named(tmp_path, bad):
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"kind": "step", "number": 1}\n' + bad + b'{"kind": "step", "number": 3}\n')
    for read in (lambda: read_metrics(path), lambda: MetricsFile(path, 3).__enter__()):
        with pytest.raises(FileFormatError, match="m.jsonl: line 2 is damaged"):
            read()


def test_wrong_uses_say_so(tmp_path):
    with pytest.raises(FileFormatError, match="there is no such file"):
        read_metrics(tmp_path / "none.jsonl")
    for wrong in ({"from_step": -1}, {"from_epoch": -1}, {"every": 0}):
        with pytest.raises(ValueError, match="MetricsFile: from_step and from_epoch are 0 or more"):
            MetricsFile(tmp_path / "m.jsonl", **wrong)
    with pytest.raises(RuntimeError, match="inside of its with block"):
        MetricsFile(tmp_path / "m.jsonl").show(Step(1, 1, 0.5, 0.1))
    assert not list(tmp_path.iterdir())
