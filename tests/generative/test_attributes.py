"""Attribute manipulation: losses, networks, training, scores; on squares and crosses."""

from dataclasses import replace

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, random
from minitorch.backend.native import load_extension
from minitorch.data import Attribute, AttributeImages, DataError
from minitorch.data.attributes import one_hot_rows
from minitorch.data.batches import stream
from minitorch.generative.attributes import (
    AttributeRecipe,
    AttributeTrainer,
    EditEpoch,
    Editor,
    EditPlayers,
    EditStep,
    attribute_loss,
    build_attribute_discriminator,
    build_editor,
    plot_strips,
    score_edits,
    swap_strips,
    train_judges,
    true_strips,
)
from minitorch.generative.attributes.strips import edit_labels, strip_titles
from minitorch.generative.attributes.trainer import moved_images, other_labels
from minitorch.generative.attributes.watch import EditWatch
from minitorch.generative.pixels import bytes_to_signed
from minitorch.io.checkpoints import Checkpoints
from minitorch.training import TrainingDiverged, fit
from tests.generative.toy_attributes import COLOUR, SHAPE, shapes

THREE = Attribute("three", ("x", "y", "z"))
TRAIN, TEST = shapes(60), shapes(10, seed=1)
SMALL = {"size": 16, "width": 2, "levels": 2, "epochs": 2, "batch_size": 16, "shift": 1}


def make(train=TRAIN, captured=True, device="cpu", **settings):
    recipe = AttributeRecipe(**{**SMALL, **settings})
    random.seed(recipe.seed)
    sizes = (train.x.shape[1:], train.attributes, recipe.width, recipe.levels)
    editor = Editor(build_editor(*sizes), train.attributes)
    heads = build_attribute_discriminator(*sizes, recipe.noise)
    for network in (editor.network, heads):
        layers.to_device(network, device)
    return AttributeTrainer(editor, heads, recipe, train, TEST.take(slice(0, 4)), captured)


def arrays(trainer):
    return {name: a.tobytes() for name, a in trainer.state()[0].items()}


# -- losses --------------------------------------------------------------------------------


def test_the_attributes_loss_is_a_sum_of_cross_entropies():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((7, 5))
    labels = np.stack([rng.integers(0, 2, 7), rng.integers(0, 3, 7)], axis=1)
    hot = np.concatenate([np.eye(2)[labels[:, 0]], np.eye(3)[labels[:, 1]]], axis=1)
    expected = 0.0
    for row, label in zip(logits, labels, strict=True):
        for part, value in ((row[:2], label[0]), (row[2:], label[1])):
            expected -= np.log(np.exp(part[value]) / np.exp(part).sum()) / 7
    both = (Attribute("two"), THREE)
    found = attribute_loss(mt.tensor(logits), mt.tensor(hot), both)
    assert found.item() == pytest.approx(expected, rel=1e-12)
    mt.gradcheck(lambda z: attribute_loss(z, mt.tensor(hot), both), [mt.tensor(logits)])


def test_gradients_of_both_players_losses():
    """In float64, through the editor's norms and the penalty's second derivatives."""
    data = shapes(1, size=12)
    both = data.attributes
    random.seed(1)
    editor = Editor(build_editor((3, 12, 12), both, 1, 2), both)
    heads = build_attribute_discriminator((3, 12, 12), both, 1, 2)
    networks = [editor.network, *heads]
    rng = np.random.default_rng(0)
    for p in layers.get_all_params(networks):
        p.data = p.data.astype("float64")
    recipe = AttributeRecipe(size=12, width=1, levels=2, batch_size=2)
    players = EditPlayers(editor, heads, recipe, captured=False)
    x = mt.tensor(bytes_to_signed(data.x[:2]).astype("float64") * 0.9)
    a, b = (
        mt.tensor(one_hot_rows(data.labels[i], both).astype("float64")) for i in ([0, 1], [2, 1])
    )
    share = mt.tensor([0.3, 0.6])
    for which, loss in (
        (1, lambda: players.discriminator_losses(x, a, b, share)[0]),
        (0, lambda: players.editor_losses(x, a, b)[0]),
    ):
        params = players.params[which]
        for p, g in zip(params, mt.grad(loss(), params), strict=True):
            direction = rng.standard_normal(p.shape)
            before, step = p.get_value(), 1e-6
            p.set_value(before + step * direction)
            above = loss().item()
            p.set_value(before - step * direction)
            below = loss().item()
            p.set_value(before)
            slope = (above - below) / (2 * step)
            assert float((g.numpy() * direction).sum()) == pytest.approx(slope, rel=1e-4, abs=1e-5)


# -- labels and pictures ---------------------------------------------------------------------


def test_other_labels_differ_in_one_attribute_and_go_everywhere():
    labels = np.zeros((600, 2), int)
    changed = other_labels(labels, (COLOUR, THREE), stream(0))
    assert ((changed != labels).sum(axis=1) == 1).all()
    rows, counts = np.unique(changed, axis=0, return_counts=True)
    seen = {tuple(row): n for row, n in zip(rows, counts, strict=True)}
    assert set(seen) == {(1, 0), (0, 1), (0, 2)}
    assert seen[1, 0] == pytest.approx(300, abs=50) and seen[0, 1] == pytest.approx(150, abs=40)


def test_moved_images_are_windows_mirrored_or_not():
    images = np.arange(2 * 3 * 25, dtype=np.float32).reshape(2, 3, 5, 5)
    still = [moved_images(images, 0, stream(n)) for n in range(6)]
    for one in still:
        for image, before in zip(one, images, strict=True):
            assert (image == before).all() or (image == before[..., ::-1]).all()
    assert len({one.tobytes() for one in still}) > 1
    padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge")
    windows = {
        flip(padded[i, :, r : r + 5, c : c + 5]).tobytes()
        for i in range(2) for r in range(5) for c in range(5)
        for flip in (np.copy, lambda w: w[..., ::-1].copy())
    }  # fmt: skip
    assert all(image.tobytes() in windows for image in moved_images(images, 2, stream(7)))


def test_strips_show_what_was_asked_for(tmp_path):
    class Told(Editor):
        """Makes images whose pixels say the label."""

        def __call__(self, images, labels, batch=100):
            said = (labels[:, 0] + 2 * labels[:, 1]) / 4.0
            return np.broadcast_to(said[:, None, None, None], images.shape).astype("float32")

    data = TEST.take([0, 3])  # red square, blue cross
    strips = swap_strips(Told(make().editor.network, data.attributes), data)
    assert strip_titles(data.attributes)[2:] == ["colour\nred", "colour\nblue", "cross\nor not"]
    assert (strips[:, 0] == bytes_to_signed(data.x)).all()
    assert (4 * strips[:, 1:, 0, 0, 0]).tolist() == [[0, 0, 1, 2], [3, 2, 3, 1]]
    truth = true_strips(TEST, [0, 3])
    assert (truth[0, 3] == bytes_to_signed(TEST.x[2])).all()  # the same square in blue
    assert (truth[1, 4] == bytes_to_signed(TEST.x[2])).all()  # the same cross as a square
    alone = true_strips(data, [0])
    assert (alone[0, 2] == bytes_to_signed(data.x[0])).all() and not alone[0, 3:].any()
    path = plot_strips(tmp_path / "s.png", strips, strip_titles(data.attributes), "shapes", truth)
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_edit_labels_of_many_values():
    assert edit_labels(np.array([2, 0]), (THREE, SHAPE)).tolist() == [
        [2, 0], [0, 0], [1, 0], [2, 0], [2, 1],
    ]  # fmt: skip


# -- training ------------------------------------------------------------------------------


def test_an_edit_changes_the_judges_mind_and_keeps_the_rest():
    """By LeNets that were trained on real images alone; on drawings that nobody has seen."""
    trainer = make(width=6, epochs=18, learning_rate=2e-3, shift=0, reconstruction=50.0, ema=0.9)
    assert fit(trainer)
    assert not trainer.findings
    judges = train_judges(TRAIN, 60)
    score = score_edits(trainer.editor, TEST, judges)
    colour, cross = score.attributes
    assert colour.judge_error == cross.judge_error == 0
    assert colour.seen > 0.9 and colour.seen_before == 0 and colour.seen_true == 1
    assert colour.kept > 0.9 and cross.kept > 0.9
    assert cross.seen > 0.4
    assert colour.error < colour.unchanged_error  # nearer to the truth than no edit
    assert colour.pairs == colour.edits == len(TEST) == 40


@pytest.mark.parametrize("captured", [True, False])
def test_a_resumed_run_ends_with_the_same_bits(captured, tmp_path):
    """72 examples in batches of 16 leave a smaller last one, and 3 steps per editor's a rest."""
    data = TRAIN.take(slice(0, 72))
    whole = make(data, captured, discriminator_steps=3)
    steps = [event for event in whole.run() if event.kind == "step"]
    assert [e.number for e in steps if e.generator_loss is not None] == [3, 6, 9]
    kept = Checkpoints(tmp_path)
    first = make(data, captured, discriminator_steps=3)
    assert not fit(first, checkpoints=kept, stop=lambda: first.step == 4)
    again = make(data, captured, discriminator_steps=3)
    again.restore(*kept.load())
    assert fit(again) and again.step == 10
    assert arrays(again) == arrays(whole)
    for one, other in zip(again.history, whole.history, strict=True):
        assert (one.had, one.seen, one.moved) == (other.had, other.seen, other.moved)


def test_programs_do_what_eager_steps_do():
    runs = [
        [e for e in make(captured=c, epochs=1).run() if e.kind == "step"] for c in (True, False)
    ]
    for one, other in zip(*runs, strict=True):
        assert one.discriminator_loss == pytest.approx(other.discriminator_loss, rel=1e-3, abs=1e-3)
        assert one.reconstruction == pytest.approx(other.reconstruction, rel=1e-3)


def test_divergence_stops_before_the_parameters_are_lost():
    trainer = make()
    run = trainer.run()
    next(run)
    first = layers.get_all_params(trainer.players.heads)[0]
    first.set_value(np.full(first.shape, np.inf, "float32"))
    with pytest.raises(TrainingDiverged, match=r"step 2 .* in the discriminator: the parameter"):
        next(run)


@pytest.mark.skipif(load_extension("_emulated")[0] is None, reason=load_extension("_emulated")[1])
def test_a_step_on_the_emulated_device_is_that_of_the_cpu():
    one, other = (
        next(make(captured=False, device=d, batch_size=2).run()) for d in ("cpu", "emulated")
    )
    assert one.discriminator_loss == pytest.approx(other.discriminator_loss, rel=1e-3)
    assert one.generator_loss == pytest.approx(other.generator_loss, rel=1e-3)


def test_edits_that_are_ignored_are_told_of():
    quiet = EditEpoch(1, 0.0, 0.0, 0.01, 2.0, seen=0.3, diversity=0.9, moved=0.1, seconds=1.0)
    step = EditStep(1, 1, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.1, 2.0)
    watch = EditWatch(before=0.25)
    assert watch.epoch(quiet, 0) == []  # it has not learned yet
    for _ in range(2000):
        watch.step(step)
    (found,) = watch.epoch(quiet, 2000)
    assert found.kind == "edits_ignored" and "in 30% of them (25% ask" in found.message
    again = EditWatch(before=0.25)
    again.restore(watch.state())
    assert again.epoch(quiet, 2010) == []  # once is enough
    assert watch.epoch(replace(quiet, seen=0.5), 2010) == []
    assert len(watch.epoch(quiet, 2020)) == 1


# -- what does not fit -----------------------------------------------------------------------


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"4 halvings need sides that 16 divides, not 24 x 24"):
        build_editor((3, 24, 24), (SHAPE,))
    trainer, small = make(), shapes(1, size=12)
    given = trainer.editor, trainer.players.heads, trainer.recipe
    with pytest.raises(ValueError, match=r"makes images of shape \(3, 16, 16\), shapes has"):
        AttributeTrainer(*given, TRAIN, small)
    other = AttributeImages(TEST.x, TEST.labels[:, :1], (COLOUR,), name="others")
    with pytest.raises(ValueError, match="has the attributes colour, cross, others has colour"):
        AttributeTrainer(*given, other, TEST)
    with pytest.raises(ValueError, match="epochs was 3, is 2"):
        make().restore(*make(epochs=3).state())


def test_changes_that_are_not_possible():
    editor = make().editor
    label = np.array([0, 1])
    assert editor.wanted(label, ["colour=blue", "cross = no"]).tolist() == [1, 0]
    with pytest.raises(DataError, match="no attribute named 'color'; did you mean 'colour'"):
        editor.wanted(label, ["color=blue"])
    with pytest.raises(DataError, match="colour is never 'bleu'; did you mean 'blue'"):
        editor.wanted(label, ["colour=bleu"])
    with pytest.raises(ValueError, match="expected ATTRIBUTE=VALUE, such as skin=dark"):
        editor.wanted(label, ["colour"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is a positive number, not 0"),
        ({"classified": float("nan")}, "classified is a not negative number, not nan"),
        ({"beta2": 1.0}, "beta2 is below 1"),
        ({"width": 2.5}, "width is a whole number, not 2.5"),
        ({"data": 3}, "data is text, not 3"),
        ({"shift": 64}, "shift is below the size, 64"),
        ({"model": "dcgan"}, "not of dcgan"),
    ],
)
def test_recipes_refuse(settings, message):
    with pytest.raises(ValueError, match=message):
        AttributeRecipe(**settings)
