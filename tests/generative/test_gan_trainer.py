"""The adversarial loop: it learns, says what is wrong, and goes on from anywhere to the bit."""

import math

import numpy as np
import pytest

from minitorch import layers, random
from minitorch.backend.native import load_extension
from minitorch.data import Dataset, toy_digits
from minitorch.generative import (
    GANS,
    GanRecipe,
    GanTrainer,
    SampleSheets,
    find_gan_recipe,
    pixels_to_signed,
)
from minitorch.io.checkpoints import Checkpoints
from minitorch.training import MetricsFile, TrainingDiverged, fit, read_metrics

DATA = pixels_to_signed(toy_digits(72, size=14, noise=0))
SIZES = {"gan": {"hidden": (24,)}}


def make(name="gan", captured=True, data=DATA, **settings):
    usual = {"latent": 6, "epochs": 2, "batch_size": 16, **settings}
    recipe = find_gan_recipe(name, usual)
    random.seed(recipe.seed)
    sizes = SIZES.get(name, {"width": 4})
    pair = GANS[name].build(recipe.latent, data.x.shape[1:], data.classes, **sizes)
    return GanTrainer(*pair, recipe, data, captured)


def arrays(trainer):
    return {name: a.tobytes() for name, a in trainer.state()[0].items()}


def records(trainer):
    return [(e.number, e.discriminator_loss, e.generator_loss, e.diversity, e.moved)
            for e in trainer.history]  # fmt: skip


@pytest.mark.parametrize("name", GANS)
@pytest.mark.parametrize("captured", [True, False])
def test_a_resumed_run_ends_with_the_same_bits(name, captured, tmp_path):
    """72 examples in batches of 16 leave a smaller last one, and 3 steps per generator's a rest."""
    whole = make(name, captured, discriminator_steps=3)
    steps = [event for event in whole.run() if event.kind == "step"]
    assert len(steps) == whole.total_steps == 10
    assert [e.number for e in steps if e.generator_loss is not None] == [3, 6, 9]

    kept = Checkpoints(tmp_path)
    first = make(name, captured, discriminator_steps=3)
    assert not fit(first, checkpoints=kept, stop=lambda: first.step == 4)
    again = make(
        name,
        captured,
        discriminator_steps=3,
    )
    again.restore(*kept.load())
    assert fit(again)
    assert again.step == 10 and arrays(again) == arrays(whole)
    assert records(again) == records(whole)


@pytest.mark.parametrize("name", GANS)
def test_programs_do_what_eager_steps_do(name):
    runs = []
    for captured in (True, False):
        trainer = make(name, captured, epochs=1)
        runs.append([e for e in trainer.run() if e.kind == "step"])
    for one, other in zip(*runs, strict=True):
        assert one.discriminator_loss == pytest.approx(other.discriminator_loss, rel=1e-3, abs=1e-4)
        assert one.fake == pytest.approx(other.fake, rel=1e-3, abs=1e-3)


def test_the_generator_learns_what_the_images_have_in_common():
    """The mean of what is made comes nearer to the mean of the images."""
    trainer = make(epochs=60, learning_rate=2e-3)

    def distance():
        return np.linalg.norm(trainer.samples().mean(axis=0) - DATA.x.mean(axis=0))

    before = distance()
    list(trainer.run())
    assert distance() < 0.7 * before
    assert trainer.history[-1].diversity > 0.3


def test_only_the_player_whose_turn_it_is_moves():
    trainer = make(discriminator_steps=2)
    generator, discriminator = trainer.players.both

    def values(net):
        return [p.get_value().tobytes() for p in layers.get_all_params(net, trainable=True)]

    run = trainer.run()
    before = values(generator), values(discriminator)
    next(run)
    assert values(generator) == before[0] and values(discriminator) != before[1]
    next(run)
    assert values(generator) != before[0]


def test_steps_tell_probabilities_and_norms():
    step = next(make().run())
    assert 0 < step.real < 1 and 0 < step.fake < 1
    assert step.generator_norm > 0
    assert step.discriminator_loss == pytest.approx(2 * math.log(2), rel=0.5)


def test_metrics_are_lines_of_json(tmp_path):
    trainer = make(epochs=1)
    fit(trainer, listeners=[MetricsFile(tmp_path / "metrics.jsonl")])
    lines = read_metrics(tmp_path / "metrics.jsonl")
    assert [line["kind"] for line in lines] == ["step"] * 5 + ["epoch"]
    assert lines[-1]["diversity"] == trainer.history[0].diversity and lines[-1]["step"] == 5


def test_a_conditional_generator_makes_the_class_that_is_asked_for():
    trainer = make("cgan", epochs=1)
    labels = trainer.fixed[1]
    assert labels[:12].tolist() == [*range(10), 0, 1]
    z = np.repeat(trainer.fixed[0][:1], 2, axis=0)
    one, two = trainer.players.samples(z, np.array([0, 1]))
    assert np.abs(one - two).max() > 0
    with pytest.raises(ValueError, match="images of 10 classes; which"):
        trainer.players.samples(z)


def test_divergence_stops_before_the_parameters_are_lost():
    trainer = make()
    run = trainer.run()
    next(run)
    first = layers.get_all_params(trainer.players.discriminator)[0]
    first.set_value(np.full(first.shape, np.inf, "float32"))
    with pytest.raises(TrainingDiverged, match=r"step 2 .* in the discriminator: the parameter"):
        next(run)


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"shape \(1, 14, 14\), the training data have"):
        GanTrainer(*GANS["dcgan"].build(4, (1, 14, 14), width=2), GanRecipe("dcgan"),
                   pixels_to_signed(toy_digits(10, size=16)))  # fmt: skip
    raw = toy_digits(10, size=14)
    with pytest.raises(ValueError, match="pixels_to_signed makes them of bytes"):
        make(data=Dataset(raw.x.astype("float32"), raw.y, classes=10))
    with pytest.raises(ValueError, match="images in bytes"):
        pixels_to_signed(DATA)
    other = make(epochs=3)
    with pytest.raises(ValueError, match="epochs was 3, is 2"):
        make().restore(*other.state())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": "wassertein"}, "did you mean 'wasserstein'"),
        ({"epochs": 0}, "epochs is a positive number, not 0"),
        ({"seed": -1}, "seed is a not negative number"),
        ({"learning_rate": math.nan}, "learning_rate is a positive number, not nan"),
        ({"beta1": 1.0}, "beta1 is below 1"),
        ({"penalty": 1.0}, "use wgan_gp"),
    ],
)
def test_recipes_refuse(settings, message):
    with pytest.raises(ValueError, match=message):
        GanRecipe("dcgan", **settings)


@pytest.mark.skipif(load_extension("_emulated")[0] is None, reason=load_extension("_emulated")[1])
@pytest.mark.parametrize("name", ["gan", "wgan_gp"])
def test_a_step_on_the_emulated_device_is_that_of_the_cpu(name):
    """Kernels of the device, all through: also in the penalty's second derivative."""
    steps = []
    for device in ("cpu", "emulated"):
        pair = make(name, batch_size=4, discriminator_steps=1).players.both
        for network in pair:
            layers.to_device(network, device)
        recipe = find_gan_recipe(name, {"latent": 6, "batch_size": 4, "discriminator_steps": 1})
        trainer = GanTrainer(*pair, recipe, DATA, captured=False)
        assert trainer.players.device == device
        steps.append(next(trainer.run()))
    one, other = steps
    assert one.discriminator_loss == pytest.approx(other.discriminator_loss, rel=1e-3)
    assert one.real == pytest.approx(other.real, rel=1e-3, abs=1e-5)


def test_samples_are_of_averaged_weights():
    """Worked out again from the weights after each step of the generator."""
    trainer = make("dcgan", ema=0.6, discriminator_steps=2, epochs=1)
    param = layers.get_all_params(trainer.players.generator)[0]
    average, steps = param.get_value().astype(np.float64), 0
    for event in trainer.run():
        if event.kind == "step" and event.generator_loss is not None:
            steps += 1
            decay = min(0.6, (1 + steps) / (10 + steps))
            average = decay * average + (1 - decay) * param.get_value()
    last, samples = param.get_value(), trainer.samples()
    with trainer.chosen():
        np.testing.assert_allclose(param.get_value(), average, atol=1e-7)
        np.testing.assert_array_equal(trainer.players.samples(*trainer.fixed), samples)
    np.testing.assert_array_equal(param.get_value(), last)
    assert steps == 2 and abs(trainer.players.samples(*trainer.fixed) - samples).max() > 1e-6
    plain = make("dcgan", ema=0, epochs=1)
    list(plain.run())
    np.testing.assert_array_equal(plain.samples(), plain.players.samples(*plain.fixed))


def test_a_long_run_has_few_sheets(tmp_path):
    trainer = make(epochs=5, batch_size=72)
    with SampleSheets(tmp_path, trainer, every=2) as sheets:
        for event in trainer.run():
            sheets.show(event)
    assert [path.stem[-1] for path in sheets.paths()] == ["0", "2", "4", "5"]


def kinds(trainer):
    list(trainer.run())
    return {finding.kind for finding in trainer.findings}


def test_runs_that_go_wrong_are_told_and_good_ones_are_not():
    """Adam with long steps and a short memory makes one picture; beaten at minimax, it stops."""
    hasty = {"learning_rate": 0.01, "beta1": 0.9, "beta2": 0.9, "ema": 0, "batch_size": 8}
    collapsed = make(epochs=40, **hasty)
    assert kinds(collapsed) == {"mode_collapse"} and collapsed.history[-1].diversity < 0.1
    beaten = make(epochs=110, objective="saturating", learning_rate=0.005, beta1=0.9)
    assert kinds(beaten) == {"discriminator_won", "stopped_learning"}
    assert kinds(make(epochs=45, learning_rate=1e-3)) == set()
