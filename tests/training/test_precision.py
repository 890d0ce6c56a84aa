"""Training in float16: it learns what float32 does, scales its losses, skips what overflows."""

import dataclasses

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, nonlinearities
from minitorch.backend.native import load_extension
from minitorch.data import Dataset, Standardiser, toy_digits
from minitorch.io import Checkpoints
from minitorch.models import build_cifar_resnet, build_lenet, build_mlp
from minitorch.training import (
    PRECISIONS,
    Epoch,
    LossScaler,
    Recipe,
    Step,
    Trainer,
    TrainingDiverged,
    find_precision,
    fit,
)
from minitorch.training.gradients import Gradients

RECIPE = Recipe("mlp", epochs=2, batch_size=16, precision="float16", seed=3)


def digits(count, seed=0, size=16):
    raw = toy_digits(count, seed=seed, size=size, noise=10)
    return Dataset(Standardiser.fit(raw.x).apply(raw.x), raw.y, classes=10)


TRAIN, TEST = digits(80, 1), digits(30, 2)


def make(recipe=RECIPE, build=None, train=TRAIN, test=TEST, device="cpu", **named):
    mt.random.seed(recipe.seed)
    shape = train.x.shape[1:]
    network = build(shape) if build else build_mlp((12,), dropout=0.2, input_shape=shape)
    return Trainer(layers.to_device(network, device), recipe, train, test, **named)


def values(trainer):
    """The parameters, and what the update rule keeps for them."""
    slots = [s for p in trainer.params for s in p.slots.values()]
    return [p.numpy().tobytes() for p in [*layers.get_all_params(trainer.network), *slots]]


def records(trainer):
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in trainer.history]


def steps(trainer):
    return [event for event in trainer.run() if isinstance(event, Step)]


# -- the scaler ------------------------------------------------------------------------


def test_the_scale_halves_and_doubles():
    scaler = LossScaler()
    assert (scaler.scale, scaler.interval) == (65536.0, 2000)
    for _ in range(1999):
        scaler.update(True)
    scaler.update(False)
    assert scaler.scale == 32768.0  # and the good steps begin anew
    for _ in range(1999):
        scaler.update(True)
    assert scaler.scale == 32768.0
    scaler.update(True)
    assert scaler.scale == 65536.0 and scaler.skipped == 1
    for skips in range(1, 17):
        assert not scaler.exhausted
        scaler.update(False)
        assert scaler.scale == 2.0 ** (16 - skips)
    assert scaler.exhausted
    scaler.update(False)
    assert scaler.scale == 1.0


def test_the_scalers_state():
    one, two = LossScaler(2.0**4, interval=3), LossScaler(interval=3)
    for finite in (True, False, True, True):
        one.update(finite)
    two.restore(one.state())
    assert two.state() == one.state() == {"scale": 8.0, "good": 2, "skipped": 1}
    for scaler in (one, two):
        scaler.update(True)
    assert one.scale == two.scale == 16.0


@pytest.mark.parametrize("scale", [0.0, 0.5, 3.0, -2.0, np.inf, np.nan])
def test_scales_are_powers_of_two(scale):
    with pytest.raises(ValueError, match="the scale is a power of two"):
        LossScaler(scale)


def test_the_interval_is_positive():
    with pytest.raises(ValueError, match="interval must be at least 1, not 0"):
        LossScaler(interval=0)


# -- names -----------------------------------------------------------------------------


def test_names():
    assert [find_precision(name) for name in PRECISIONS] == ["float32", "float16", "bfloat16"]
    assert RECIPE.as_dict()["precision"] == "float16" and Recipe("mlp").precision == "float32"
    with pytest.raises(ValueError, match="no precision named 'flaot16'; .*float16"):
        RECIPE.replace(precision="flaot16")


# -- training --------------------------------------------------------------------------


def resnet20(shape):
    return build_cifar_resnet(20, input_shape=shape, width=4)


def halved(precision):
    """Rounding to a type and back, by NumPy; for bfloat16 the upper half of float32's bits."""
    if precision == "float16":
        return lambda a: a.astype(np.float16).astype(np.float32)

    def upper(a):
        bits = np.ascontiguousarray(a, np.float32).view(np.uint32)
        return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)

    return upper


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_gradients_are_those_written_out(precision):
    """A perceptron by hand, rounding each factor and each result of a product, and no more."""
    if precision == "bfloat16":
        pytest.importorskip("ml_dtypes")
    mt.random.seed(0)
    net = build_mlp((12,), dropout=0.0, input_shape=(1, 16, 16))
    params = layers.get_all_params(net, trainable=True)
    scale = 2.0**8
    x, y = TRAIN.x[:16], TRAIN.y[:16]
    loss, _, _, grads = Gradients(net, params, precision=precision)(x, y, scale)
    cut = halved(precision)
    W1, b1, W2, b2 = (p.numpy() for p in params)
    images, narrow1, narrow2 = cut(x.reshape(16, -1)), cut(W1), cut(W2)
    hidden = np.maximum(cut(images @ narrow1) + b1, 0)
    logits = cut(cut(hidden) @ narrow2) + b2
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    assert loss == pytest.approx(-np.log(p[np.arange(16), y]).mean(), rel=1e-5)
    p[np.arange(16), y] -= 1
    d2 = p * (scale / 16)
    d1 = cut(cut(d2) @ narrow2.T) * (hidden > 0)
    wanted = [cut(images.T @ cut(d1)), d1.sum(0), cut(cut(hidden).T @ cut(d2)), d2.sum(0)]
    unit = 2.0**-11 if precision == "float16" else 2.0**-8
    for g, want in zip(grads, wanted, strict=True):
        # Sums in another order may decide a rounding otherwise: by a last bit, of few elements.
        want = want / scale
        apart = abs(g.numpy() - want)
        assert (apart <= 4 * unit * abs(want) + unit * 1e-2 * abs(want).max()).all()
        assert (apart > 1e-5 * abs(want).max()).mean() < 0.02


@pytest.mark.parametrize(
    ("build", "size", "rate"),
    [(None, 16, 0.05), (lambda shape: build_lenet(), 28, 0.02), (resnet20, 14, 0.05)],
    ids=["mlp", "lenet", "resnet20"],
)
def test_it_learns_what_float32_does(build, size, rate):
    """The first loss differs by rounding alone; then rectifiers and maxima that a last bit
    decides otherwise part the two, as they part two kernels of float32."""
    train, test = digits(80, 1, size), digits(20, 2, size)
    recipe = RECIPE.replace(epochs=3, batch_size=10, learning_rate=rate)
    mixed, single = (
        make(r, build, train, test) for r in (recipe, recipe.replace(precision="float32"))
    )
    # 2u per product, u of its result: layers add up, losses of 2.3 nats are of logits near 1.
    first, expected = (steps(trainer)[0].loss for trainer in (mixed, single))
    assert first == pytest.approx(expected, rel=4e-3) and first != expected
    losses, wanted = ([e.train_loss for e in t.history] for t in (mixed, single))
    assert losses == pytest.approx(wanted, rel=0.1)
    assert losses[-1] < 0.9 * losses[0]
    assert all(p.dtype == "float32" for p in layers.get_all_params(mixed.network))
    assert mixed.scaler.skipped <= 1 and single.scaler is None  # 2^16 may be too much at first


def test_bfloat16_learns_without_a_scaler():
    pytest.importorskip("ml_dtypes")
    train = digits(120, 1)
    bfloat16, single = (
        make(RECIPE.replace(epochs=3, batch_size=20, precision=name), train=train)
        for name in ("bfloat16", "float32")
    )
    first, expected = (steps(trainer)[0].loss for trainer in (bfloat16, single))
    assert first == pytest.approx(expected, rel=4e-2) and first != expected
    losses, wanted = ([e.train_loss for e in t.history] for t in (bfloat16, single))
    assert losses == pytest.approx(wanted, rel=0.1)
    assert bfloat16.scaler is None and bfloat16.state()[1]["scaler"] is None


def test_captured_and_eager_are_the_same_bits():
    """Products of float16 have no kernel of their own on the CPU that would round otherwise."""
    trainers = [make(captured=captured) for captured in (True, False)]
    for trainer in trainers:
        fit(trainer)
    assert values(trainers[0]) == values(trainers[1])


def test_gradients_that_underflow_are_saved_by_the_scale():
    """A gradient of 1e-8 is 0 in float16; times 2^16 it is 6.6e-4, and divided again exact."""
    w = mt.tensor([[1.0], [2.0]], requires_grad=True)
    x = mt.asarray([[1.0, 0.5]])
    with mt.autocast():
        loss = (x @ w).sum() * 1e-8
    assert mt.grad(loss, w, retain_graph=True).tolist() == [[0.0], [0.0]]
    scaled = mt.grad(loss * 2.0**16, w) / 2.0**16
    np.testing.assert_allclose(scaled.numpy(), [[1e-8], [5e-9]], rtol=2.0**-10)


def small_weights(shape):
    """Its first layer's gradients are 2^-26 of what they are usually: below float16's least."""
    net = layers.InputLayer((None, *shape))
    net = layers.DenseLayer(net, 8)
    net = layers.DenseLayer(layers.ExpressionLayer(net, lambda h: h * 2.0**-26), 10)
    net.nonlinearity = nonlinearities.softmax
    return net


def test_a_trainer_scales():
    scaled, plain = (make(build=small_weights) for _ in range(2))
    plain.scaler = LossScaler(1.0)
    for trainer, learns in ((scaled, True), (plain, False)):
        # The weights of 0.1 do not see such a step; the slot that sums the gradients does.
        next(trainer.run())
        (velocity,) = trainer.params[0].slots.values()
        assert bool(velocity.numpy().any()) == learns


def test_overflow_skips_exactly_that_step():
    trainer = make()
    run = trainer.run()
    for _ in range(3):
        next(run)
    before, noise = values(trainer), layers.get_all_random_states(trainer.network)
    trainer.scaler.restore({"scale": 2.0**60, "good": 3, "skipped": 0})
    step = next(run)
    assert step.number == trainer.step == 4 and np.isfinite(step.loss)
    assert step.gradient_norm == np.inf
    assert values(trainer) == before
    assert trainer.scaler.state() == {"scale": 2.0**59, "good": 0, "skipped": 1}
    assert layers.get_all_random_states(trainer.network) != noise  # the batch is done all the same
    trainer.scaler.restore({"scale": 2.0**16, "good": 0, "skipped": 1})
    step = next(run)
    assert step.number == 5 and np.isfinite(step.gradient_norm)
    assert values(trainer) != before and trainer.scaler.skipped == 1


def test_a_scale_that_is_too_large_finds_its_place():
    trainer = make()
    trainer.scaler = LossScaler(2.0**20)
    done = steps(trainer)
    skipped = [step.number for step in done if step.gradient_norm == np.inf]
    assert skipped[0] == 1 and len(skipped) == trainer.scaler.skipped < len(done)
    assert trainer.scaler.scale == 2.0 ** (20 - len(skipped))
    assert isinstance(trainer.history[-1], Epoch)


def steep(shape):
    """A finite loss whose gradients float16 cannot hold: inputs of 3e4 times weights of 1e3."""
    net = layers.InputLayer((None, *shape))
    net = layers.DenseLayer(net, 4, W=np.zeros((256, 4), np.float32), b=np.ones(4, np.float32))
    W = np.where(np.arange(10) % 2, 1e3, -1e3) * np.ones((4, 1))
    return layers.DenseLayer(
        net, 10, W=W.astype(np.float32), nonlinearity=nonlinearities.softmax, name="steep"
    )


def test_skips_end_at_a_scale_of_1():
    large = Dataset(np.full_like(TRAIN.x, 3e4), TRAIN.y, classes=10)
    trainer = make(build=steep, train=large)
    trainer.scaler = LossScaler(8.0)
    before, run = values(trainer), (e for e in trainer.run() if isinstance(e, Step))
    assert [next(run).gradient_norm for _ in range(3)] == [np.inf] * 3
    assert trainer.scaler.exhausted
    with pytest.raises(TrainingDiverged, match="diverged at step 4 .*inf.* in layer"):
        next(run)
    assert values(trainer) == before


def test_a_loss_that_is_not_finite_is_no_scales_fault():
    large = Dataset(np.full_like(TRAIN.x, 7e4), TRAIN.y, classes=10)  # beyond float16
    with pytest.raises(TrainingDiverged, match="diverged at step 1 "):
        next(make(train=large).run())


@pytest.mark.parametrize("leave_at", [2, 3, 7])
def test_left_and_restored_elsewhere(leave_at, tmp_path):
    """With an overflow at the first step and a doubling after each three good ones."""

    def fresh():
        trainer = make()
        trainer.scaler = LossScaler(2.0**24, interval=3)
        return trainer

    whole, first, second = fresh(), fresh(), fresh()
    fit(whole)
    assert whole.scaler.skipped > 0
    run = first.run()
    while first.step < leave_at:
        next(run)
    kept = Checkpoints(tmp_path)
    kept.save(first.step, *first.state())
    second.restore(*kept.load())
    assert second.scaler.state() == first.scaler.state()
    fit(second)
    assert values(second) == values(whole) and records(second) == records(whole)
    assert second.scaler.state() == whole.scaler.state()


def test_another_precision_is_another_configuration():
    other = make(RECIPE.replace(precision="float32"))
    with pytest.raises(ValueError, match="precision was 'float16', is 'float32'"):
        other.restore(*make().state())


@pytest.mark.skipif(load_extension("_emulated")[0] is None, reason=load_extension("_emulated")[1])
@pytest.mark.parametrize(
    ("precision", "held", "unit"),
    [("float16", "float16", 2.0**-11), ("bfloat16", "uint16", 2.0**-8)],
)
def test_on_the_emulated_device(monkeypatch, precision, held, unit):
    """Its tensor cores round the same factors; sums in another order may flip a last bit."""
    module = load_extension("_emulated")[0]
    ran, product = set(), module.matmul

    def watched(rung, *args, **kwargs):
        ran.add((rung, str(args[0].dtype)))
        return product(rung, *args, **kwargs)

    monkeypatch.setattr(module, "matmul", watched)
    if precision == "bfloat16":
        pytest.importorskip("ml_dtypes")
    train, test = digits(40, 1), digits(10, 2)
    recipe = RECIPE.replace(epochs=1, batch_size=20, learning_rate=0.01, precision=precision)

    def build(shape):
        return build_mlp((32, 24), input_shape=shape)

    there, here = (
        [s.loss for s in steps(make(recipe, build, train, test, device=device))]
        for device in ("emulated", "cpu")
    )
    assert there == pytest.approx(here, rel=4 * unit)
    assert ("k20_cluster", held) in ran
