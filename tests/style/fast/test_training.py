"""Learning a style: the loss falls, a resumed run has the same bits, and what is refused."""

import json

import numpy as np
import pytest

import minitorch as mt
from minitorch import io, layers
from minitorch.backend.native import load_extension
from minitorch.io import FileFormatError
from minitorch.style.fast import Painter, StyleEpoch, StyleRecipe
from minitorch.style.fast.watch import watch
from minitorch.training import TrainingDiverged

FILES = {
    "checkpoints", "samples", "config.toml", "losses.png", "metrics.jsonl", "report.json",
    "samples.png", "samples.webp", "style.safetensors",
}  # fmt: skip


def values(run):
    return [p.get_value() for p in layers.get_all_params(run.trainer.painter.network)]


def test_the_loss_falls(make, tmp_path):
    run = make(tmp_path, epoch_steps=25, learning_rate=0.01, style_weight=10.0)
    run.train()
    before, *_, after = run.trainer.history
    assert after.loss < 0.6 * before.loss and after.style < 0.6 * before.style


def test_captured_steps_are_the_eager_ones(make, tmp_path):
    """Gradients, not parameters: some are 0 but for rounding, and Adam makes whole steps of it."""
    trainer = make(tmp_path).trainer
    for step in (1, 2):  # the second is replayed alone
        x = trainer.photographs.crops(2, 0, step).astype(np.float32)
        found, wanted = ([y.numpy() for y in compute(given)] for compute, given in (
            (trainer._run, x), (trainer._compute, mt.asarray(x))
        ))  # fmt: skip
        np.testing.assert_allclose(found[:4], wanted[:4], rtol=1e-4)
        scale = max(np.abs(y).max() for y in wanted[4:])
        for one, other in zip(found[4:], wanted[4:], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4 * scale)


@pytest.mark.skipif(load_extension("_emulated")[0] is None, reason=load_extension("_emulated")[1])
def test_a_step_on_the_emulated_device_is_that_of_the_cpu(make, tmp_path):
    found = []
    for device in ("cpu", "emulated"):
        trainer = make(tmp_path, False, device, batch_size=1, style_size=32).trainer
        x = trainer.photographs.crops(1, 0, 1).astype(np.float32)
        given = mt.asarray(x, device=device)
        found.append([y.numpy() for y in trainer._compute(given)])
        assert trainer.history[0].loss > 0
    scale = max(np.abs(y).max() for y in found[0][4:])
    np.testing.assert_allclose(found[1][:4], found[0][:4], rtol=1e-4)
    for one, other in zip(found[1][4:], found[0][4:], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4 * scale)


def test_a_run_leaves_everything_and_resumes(make, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run = make(whole)
    assert run.begin().startswith("training the style of ")
    assert run.train()
    report = run.finish()
    assert {path.name for path in whole.iterdir()} == FILES
    sheets = [path.name for path in sorted((whole / "samples").iterdir())]
    assert sheets == ["epoch-0000.png", "epoch-0001.png", "epoch-0002.png"]
    assert json.loads((whole / "report.json").read_text()) == report
    assert report["steps"] == 6 and report["loss"] == run.trainer.history[-1].loss

    for stop in (2, 3):  # within an epoch, and at its last step before it is judged
        again = make(broken)
        again.begin("fresh")
        assert not again.train(stop=lambda again=again, stop=stop: again.trainer.step == stop)
        again = make(broken)
        assert again.begin().endswith(f"at step {stop}")
        assert again.train()
        for one, other in zip(values(run), values(again), strict=True):
            np.testing.assert_array_equal(one, other)
        for name in sheets:
            one, other = (folder / "samples" / name for folder in (whole, broken))
            assert one.read_bytes() == other.read_bytes(), name
    losses = [[e.loss for e in r.trainer.history] for r in (run, again)]
    assert losses[0] == losses[1]
    assert make(broken).begin().endswith("trained already; --fresh would start over")


def test_what_cannot_be_taken_up(make, tmp_path, pictures):
    with pytest.raises(FileFormatError, match="no checkpoint to resume"):
        make(tmp_path).begin("resume")
    run = make(tmp_path)
    run.begin()
    run.train(stop=lambda: True)
    with pytest.raises(ValueError, match="seed was 0, is 7; use --fresh"):
        make(tmp_path, seed=7).begin()
    with pytest.raises(ValueError, match="other training data"):
        make(tmp_path, photos=str(pictures / "photos" / "more")).begin()


def test_a_saved_network_paints_what_the_trained_one_does(make, tmp_path, pictures):
    run = make(tmp_path)
    run.train()
    run.finish()
    photograph = run.trainer.photographs.shown[0][:, :30, :27]
    for source in (tmp_path, tmp_path / "style.safetensors"):
        painter = Painter.open(source)
        assert "style.png, learned in 6 steps" in painter.about
        painting = painter.paint(photograph)
        assert painting.shape == (3, 30, 27)
        np.testing.assert_array_equal(painting, run.trainer.painter.paint(photograph))
    about = io.read_about(tmp_path / "style.safetensors")
    assert about["recipe"]["width"] == 2 and about["pixels"].startswith("RGB from 0 to 1")


def test_a_divergence_is_said(make, tmp_path):
    run = make(tmp_path, learning_rate=1e30)
    with np.errstate(all="ignore"), pytest.raises(TrainingDiverged, match="lower learning rate"):
        run.train()


def test_what_is_watched():
    def epochs(*pairs):
        return [StyleEpoch(n, 1.0, loss, 0, 0, 0, c, 0) for n, (loss, c) in enumerate(pairs)]

    good = epochs((9, 0.01), (5, 0.02), (4, 0.3), (5, 0.3))
    assert not any(watch(good[: n + 1], n) for n in range(4))
    flat = epochs((9, 0.01), (5, 0.02), (4, 0.02), (3, 0.02), (3, 0.02))
    assert [f.kind for f in watch(flat[:4], 30)] == ["flat"]
    assert not watch(flat, 40)  # said already
    (risen,) = watch([*good, *epochs((9, 0.3))], 40)
    assert "risen to 9, from 4" in risen.message and risen.step == 40


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 30}, "size is a multiple of 4 and at least 32, not 30"),
        ({"size": 28}, "at least 32"),
        ({"width": 0}, "width is at least 1, not 0"),
        ({"style_weight": 0}, "without style_weight there is no style"),
        ({"content_weight": -1}, "content_weight is 0 or more, not -1"),
        ({"learning_rate": 0}, "learning_rate is above 0"),
        ({"learning_rate": "x"}, "learning_rate is a number, not 'x'"),
        ({"pooling": "avarage"}, "did you mean 'average'"),
    ],
)
def test_wrong_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        StyleRecipe("s", "p", **changes)


def test_a_style_that_is_too_small(make, tmp_path):
    with pytest.raises(ValueError, match="the style has 20 x 12 pixels, scaled from 48 x 30"):
        make(tmp_path, style_size=20)
