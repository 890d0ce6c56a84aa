"""The loop: it learns, it repeats, it can be left and taken up, it stops at a NaN."""

import dataclasses

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.data import Dataset, Pipeline, Standardiser, toy_digits
from minitorch.data.transforms import Rotate, Translate
from minitorch.io import Checkpoints
from minitorch.models import build_lenet, build_mlp
from minitorch.training import (
    RULES,
    Epoch,
    Finding,
    Interruption,
    Recipe,
    Step,
    Trainer,
    TrainingDiverged,
    evaluate,
    fit,
)

RECIPE = Recipe("mlp", epochs=3, batch_size=16, dropout=0.2, shift=1, seed=3)


def digits(count=100, seed=0, size=16):
    raw = toy_digits(count, seed=seed, size=size, noise=10)
    return Dataset(Standardiser.fit(raw.x).apply(raw.x), raw.y, classes=10)


TRAIN, TEST = digits(100, 1), digits(40, 2)


def make(recipe=RECIPE, train=TRAIN, hidden=(12,)):
    mt.random.seed(recipe.seed)
    network = build_mlp(hidden, dropout=recipe.dropout, input_shape=train.x.shape[1:])
    return Trainer(network, recipe, train, TEST, background=-0.5)


def values(trainer):
    return [v.tobytes() for v in layers.get_all_param_values(trainer.network)]


def records(trainer):
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in trainer.history]


def test_it_learns():
    recipe = RECIPE.replace(epochs=12, dropout=0.0, shift=0)
    trainer = make(recipe, digits(300, 1), hidden=(32,))
    assert fit(trainer)
    assert trainer.history[-1].train_error < 0.05 < trainer.history[0].train_error
    assert trainer.history[-1].train_loss < trainer.history[0].train_loss


def test_events_and_history():
    trainer = make()
    events = list(trainer.run())
    steps = [e for e in events if isinstance(e, Step)]
    epochs = [e for e in events if isinstance(e, Epoch)]
    assert [s.number for s in steps] == list(range(1, 22)) and trainer.total_steps == 21
    assert [e.number for e in epochs] == [1, 2, 3] and epochs == trainer.history
    assert [s.epoch for s in steps] == [1] * 7 + [2] * 7 + [3] * 7
    # The mean over examples: the last batch of an epoch is smaller.
    sizes = [16] * 6 + [4]
    mean = sum(s.loss * n for s, n in zip(steps[:7], sizes, strict=True)) / 100
    assert epochs[0].train_loss == pytest.approx(mean, rel=1e-12)
    assert steps[0].learning_rate == 0.05 and steps[-1].learning_rate < 0.001
    assert trainer.finished and list(trainer.run()) == []


def test_the_same_seed_gives_the_same_bits():
    one, two, other = make(), make(), make(RECIPE.replace(seed=4))
    for trainer in (one, two, other):
        fit(trainer)
    assert values(one) == values(two) and records(one) == records(two)
    assert values(one) != values(other)


def test_one_step_is_nesterovs_rule():
    """Against the update written out in NumPy, with gradients by mt.grad."""
    recipe = Recipe(
        "mlp", epochs=1, batch_size=100, weight_decay=0.02, momentum=0.9, schedule="constant"
    )
    trainer, twin = make(recipe), make(recipe)
    params = layers.get_all_params(twin.network, trainable=True)
    order = twin.batches.order(0)
    p = layers.get_output(twin.network, mt.asarray(TRAIN.x[order]))
    loss = mt.objectives.categorical_crossentropy(p, mt.asarray(TRAIN.y[order])).mean()
    loss = loss + 0.01 * sum((w * w).sum() for w in params if w.ndim == 2)
    grads = mt.grad(loss, params)
    fit(trainer)
    for w, g, new in zip(params, grads, layers.get_all_params(trainer.network), strict=True):
        velocity = -0.05 * g.numpy()
        expected = w.numpy() + 0.9 * velocity + velocity
        np.testing.assert_allclose(new.numpy(), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("leave_at", [0, 1, 6, 7, 8, 20, 21])
def test_left_at_any_step_and_restored_elsewhere(leave_at, tmp_path):
    whole = make()
    fit(whole)
    first = make()
    run = first.run()
    while first.step < leave_at:
        next(run)
    kept = Checkpoints(tmp_path)
    kept.save(first.step, *first.state())
    second = make(RECIPE)
    mt.random.seed(99)
    second.restore(*kept.load())
    # The global generator too stands where it stood, for layers of one's own that draw from it.
    drawn = mt.random.get_rng().randint(2**31)
    mt.random.set_state(kept.load()[1]["random"])
    assert drawn == mt.random.get_rng().randint(2**31)
    assert second.step == leave_at
    fit(second)
    assert values(second) == values(whole) and records(second) == records(whole)


def piped(workers=0, **settings):
    """A trainer whose images are turned and moved on their way."""
    recipe = RECIPE.replace(shift=0)
    raw = toy_digits(100, seed=1, size=16, noise=10)
    settings = {"batch_size": 16, "seed": 5, "standardiser": Standardiser.fit(raw.x)} | settings
    pipeline = Pipeline(raw, [Rotate(10.0), Translate(1)], workers=workers, **settings)
    mt.random.seed(recipe.seed)
    network = build_mlp((12,), dropout=recipe.dropout, input_shape=(1, 16, 16))
    return Trainer(network, recipe, pipeline, TEST)


@pytest.mark.parametrize("leave_at", [3, 7])
def test_a_pipeline_in_place_of_a_dataset(leave_at, tmp_path):
    """With workers or without, left and taken up: the same bits."""
    whole = piped()
    fit(whole)
    first = piped(workers=1)
    run = first.run()
    while first.step < leave_at:
        next(run)
    kept = Checkpoints(tmp_path)
    kept.save(first.step, *first.state())
    first.batches.close()
    second = piped()
    second.restore(*kept.load())
    fit(second)
    assert values(second) == values(whole) and records(second) == records(whole)
    with pytest.raises(ValueError, match="another pipeline: seed was 5, is 6"):
        piped(seed=6).restore(*kept.load())


def test_a_pipeline_that_does_not_fit():
    with pytest.raises(ValueError, match="makes batches of 20, the recipe says 16"):
        piped(batch_size=20)
    with pytest.raises(ValueError, match="images are uint8, .* give the pipeline a standardiser"):
        piped(standardiser=None)


def test_a_checkpoint_of_another_configuration_names_what_differs():
    arrays, metadata = make().state()
    with pytest.raises(ValueError, match="batch_size was 16, is 20, seed was 3, is 4"):
        make(RECIPE.replace(batch_size=20, seed=4)).restore(arrays, metadata)


def test_a_checkpoint_of_another_network():
    arrays, metadata = make().state()
    other = make(hidden=(13,))
    before = values(other)
    with pytest.raises(ValueError, match=r"dense1.W.* \(256, 12\) .*\(256, 13\)"):
        other.restore(arrays, metadata)
    with pytest.raises(ValueError, match="another network"):
        make(hidden=(12, 12)).restore(arrays, metadata)
    assert values(other) == before


def test_checkpoints_come_every_so_many_steps_and_after_each_epoch(tmp_path):
    saved = []

    class Noting(Checkpoints):
        def save(self, step, arrays, metadata):
            saved.append(step)
            return super().save(step, arrays, metadata)

    fit(make(), checkpoints=Noting(tmp_path), every=5, extra={"data": "abc"})
    assert saved == [5, 7, 10, 14, 15, 20, 21]
    assert Checkpoints(tmp_path).load()[1]["data"] == "abc"
    with pytest.raises(ValueError, match="every 1 or more steps"):
        fit(make(), every=0)


def test_stopping_saves_and_says_that_it_is_not_complete(tmp_path):
    trainer = make()
    assert not fit(trainer, checkpoints=Checkpoints(tmp_path), stop=lambda: trainer.step == 10)
    assert Checkpoints(tmp_path).load()[1]["step"] == 10
    whole = make()
    fit(whole)
    assert fit(trainer) and values(trainer) == values(whole)


def test_ctrl_c_is_a_wish_granted_after_the_step():
    import os
    import signal

    before = signal.getsignal(signal.SIGINT)
    with Interruption() as wish:
        assert not wish
        os.kill(os.getpid(), signal.SIGINT)
        assert wish
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_diverging_run_says_where_it_began(tmp_path):
    trainer = make(RECIPE.replace(learning_rate=1e30, epochs=5, dropout=0.5))
    kept = Checkpoints(tmp_path)
    with pytest.raises(TrainingDiverged, match=r"diverged at step \d+ \(epoch 1.* lower") as caught:
        fit(trainer, checkpoints=kept, every=1)
    assert "dense1" in str(caught.value) or "output" in str(caught.value)
    # The last checkpoint is of the step before, and whole.
    assert kept.load()[1]["step"] == trainer.step


def test_a_nan_is_traced_to_its_layer():
    trainer = make(RECIPE.replace(dropout=0.0), hidden=(12, 9))
    list(zip(range(2), trainer.run(), strict=False))
    w = next(p for p in layers.get_all_params(trainer.network) if p.name == "dense2.W")
    value = w.get_value()
    value[3, 4] = np.nan
    w.set_value(value)
    with pytest.raises(TrainingDiverged, match="the parameter dense2.W was not finite"):
        fit(trainer)


def test_a_forward_that_overflows_names_op_and_layer():
    trainer = make(RECIPE.replace(dropout=0.0), hidden=(12, 9))
    for p in layers.get_all_params(trainer.network):
        if p.name == "dense2.W":
            p.set_value(np.full(p.shape, 3e38, np.float32))
    with pytest.raises(TrainingDiverged, match="infinity first appeared in .* in layer .*dense2"):
        fit(trainer)


def test_data_that_do_not_fit_the_network():
    mt.random.seed(0)
    with pytest.raises(ValueError, match=r"takes inputs of shape \(1, 28, 28\).*\(1, 16, 16\)"):
        Trainer(build_lenet(), RECIPE, TRAIN, TEST)
    with pytest.raises(ValueError, match="10 classes need"):
        Trainer(build_mlp((5,), num_classes=3, input_shape=(1, 16, 16)), RECIPE, TRAIN, TEST)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_lowers_the_loss(rule):
    rate = {"adadelta": 1.0, "nesterov": 0.02, "momentum": 0.02}.get(rule, 0.01)
    recipe = RECIPE.replace(rule=rule, learning_rate=rate, dropout=0.0, shift=0, epochs=4)
    trainer = make(recipe)
    assert fit(trainer)
    assert trainer.history[-1].train_loss < 0.95 * trainer.history[0].train_loss


def test_adamw_shrinks_weights_aside_from_the_gradient():
    settings = {"rule": "adamw", "epochs": 1, "batch_size": 100, "schedule": "constant"}
    settings |= {"dropout": 0.0, "shift": 0, "learning_rate": 0.01}
    plain, decayed = (
        make(RECIPE.replace(**settings)),
        make(RECIPE.replace(weight_decay=0.5, **settings)),
    )
    before = layers.get_all_param_values(plain.network)
    fit(plain)
    fit(decayed)
    pairs = zip(
        before, layers.get_all_param_values(plain.network),
        layers.get_all_param_values(decayed.network), strict=True,
    )  # fmt: skip
    for old, a, b in pairs:
        expected = a - 0.01 * 0.5 * old if old.ndim == 2 else a
        np.testing.assert_allclose(b, expected, rtol=1e-5, atol=1e-7)


def test_clipping_bounds_the_step_and_the_norm_is_noted():
    settings = {"rule": "sgd", "epochs": 1, "batch_size": 100, "schedule": "constant"}
    settings |= {"dropout": 0.0, "shift": 0, "learning_rate": 1.0}
    free, clipped = make(RECIPE.replace(**settings)), make(RECIPE.replace(clip=0.1, **settings))
    before = [p.get_value() for p in clipped.params]
    norms = [
        next(e for e in trainer.run() if isinstance(e, Step)).gradient_norm
        for trainer in (free, clipped)
    ]
    assert norms[0] == norms[1] > 0.1
    moved = [p.get_value() - old for p, old in zip(clipped.params, before, strict=True)]
    assert np.sqrt(sum((m * m).sum() for m in moved)) == pytest.approx(0.1, rel=1e-4)


def test_the_rate_rises_then_follows_the_schedule():
    trainer = make(RECIPE.replace(warmup=1.0, learning_rate=0.07))
    rates = [e.learning_rate for e in trainer.run() if isinstance(e, Step)]
    assert rates[:7] == pytest.approx([0.07 * n / 7 for n in range(1, 8)])
    assert rates[7] == pytest.approx(0.07) and rates[7:] == sorted(rates[7:], reverse=True)


def test_the_average_is_what_is_measured_and_the_last_weights_go_on():
    trainer = make(RECIPE.replace(ema=0.9))
    fit(trainer)
    last = values(trainer)
    with trainer.chosen():
        assert values(trainer) == [v.tobytes() for v in trainer._average.values().values()]
        result = evaluate(trainer.network, TEST)
    assert values(trainer) == last != values(make())
    assert trainer.history[-1].test_loss == result.loss


def test_it_stops_early_with_the_best_weights(tmp_path):
    """With a rate that is far too high later epochs are no better."""
    recipe = RECIPE.replace(
        validation=10, patience=2, epochs=30, learning_rate=0.5, schedule="constant"
    )
    whole = make(recipe)
    assert fit(whole) and whole.finished
    assert len(whole.history) == whole.best_epoch + 2 < 30
    errors = [epoch.test_error for epoch in whole.history]
    with whole.chosen():
        assert evaluate(whole.network, TEST).error == min(errors)
    first = make(recipe)
    run = first.run()
    while first.step < whole.step - 3:
        next(run)
    kept = Checkpoints(tmp_path)
    kept.save(first.step, *first.state())
    second = make(recipe)
    second.restore(*kept.load())
    assert fit(second) and records(second) == records(whole)
    with whole.chosen(), second.chosen():
        assert values(second) == values(whole)


def test_eager_steps_agree_with_captured_ones():
    eager, captured = (
        Trainer(build_mlp((12,), input_shape=(1, 16, 16)), RECIPE, TRAIN, TEST, captured=c)
        for c in (False, True)
    )
    layers.set_all_param_values(
        eager.network, [v.copy() for v in layers.get_all_param_values(captured.network)]
    )
    losses = [
        [event.loss for event in trainer.run() if isinstance(event, Step)]
        for trainer in (eager, captured)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-3)


def test_what_is_wrong_is_said_before_its_step_and_kept(tmp_path):
    recipe = RECIPE.replace(epochs=1)
    bytes_in = Dataset((TRAIN.x + 2) * 80, TRAIN.y, classes=10)
    trainer = make(recipe, bytes_in)
    run = trainer.run()
    first, second = next(run), next(run)
    assert isinstance(first, Finding) and first.kind == "inputs_not_standardised"
    while not isinstance(second, Step):
        second = next(run)
    assert second.number == 1 and first in trainer.findings
    kept = Checkpoints(tmp_path)
    kept.save(trainer.step, *trainer.state())
    other = make(recipe, bytes_in)
    other.restore(*kept.load())
    assert other.findings == trainer.findings
    assert not any(isinstance(e, Finding) and e.kind == first.kind for e in other.run())


def test_a_sound_training_is_told_nothing():
    trainer = make(RECIPE.replace(epochs=6, dropout=0.0), digits(300, 1), hidden=(32,))
    assert fit(trainer) and trainer.findings == []
