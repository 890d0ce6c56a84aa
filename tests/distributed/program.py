"""What the ranks of these tests run: ``mpiexec -n 2 python program.py NAME FOLDER [how]``."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

import minitorch as mt
from minitorch import (
    distributed,
    layers,
    nonlinearities,
    objectives,
    random,
    regularization,
    updates,
)
from minitorch.backend.native import load_extension
from minitorch.data import Batches, Dataset, toy_digits
from minitorch.io.checkpoints import Checkpoints
from minitorch.models.mlp import build_mlp
from minitorch.models.resnet import build_cifar_resnet
from minitorch.training import Recipe, Trainer, fit
from minitorch.training.state import capture, restore

FIGURES = ("train_loss", "train_error", "test_loss", "test_error")
COUNT, BATCH, EPOCHS, CLASSES = 27, 12, 2, 4  # the last batch of an epoch has 3 examples


def say(text):
    """A line in one piece: `print` may write its end apart, and another rank's line between."""
    os.write(1, f"{text}\n".encode())


def mlp():
    net = layers.InputLayer((None, 3, 8, 8))
    net = layers.GaussianNoiseLayer(layers.DropoutLayer(net, p=0.2), sigma=0.1)
    net = layers.DropoutLayer(layers.DenseLayer(net, 13), p=0.5)
    return layers.DenseLayer(net, CLASSES, nonlinearity=nonlinearities.softmax)


def lenet():
    net = layers.InputLayer((None, 3, 8, 8))
    net = layers.MaxPool2DLayer(layers.Conv2DLayer(net, 4, 3), 2)
    net = layers.dropout_channels(layers.Conv2DLayer(net, 5, 2), p=0.3)
    net = layers.DenseLayer(net, 9)
    return layers.DenseLayer(net, CLASSES, nonlinearity=nonlinearities.softmax)


def resnet():
    return build_cifar_resnet(8, num_classes=CLASSES, input_shape=(3, 8, 8), width=4)


BUILDERS = {"mlp": mlp, "lenet": lenet, "resnet": resnet}


def data():
    rng = np.random.default_rng(5)
    return rng.normal(size=(COUNT, 3, 8, 8)), rng.integers(0, CLASSES, COUNT)


def build(name, seed=3):
    mt.set_default_dtype("float64")
    random.seed(seed)
    return BUILDERS[name]()


def loss_of(network, x, y):
    prediction = layers.get_output(network, mt.asarray(x))
    loss = objectives.categorical_crossentropy(prediction, mt.asarray(y)).mean()
    return loss + 1e-3 * regularization.regularize_network_params(network, regularization.l2)


def train(network, group, folder=None, at_step=lambda step: None):
    """Some epochs on this rank's part, with a checkpoint after each step."""
    distributed.synchronise(network, group)
    shard = distributed.Shard(Batches(*data(), BATCH, seed=1), group)
    params = layers.get_all_params(network, trainable=True)
    average = distributed.GradientAverager(params, group, bucket_bytes=4096)
    checkpoints = Checkpoints(folder) if folder else None
    step = 0
    if checkpoints and group.any(group.first and checkpoints.paths()):
        arrays, metadata = group.share(checkpoints.load() if group.first else None)
        restore(network, arrays)
        layers.set_all_random_states(network, metadata["noise"])
        shard.restore(metadata["batches"])
        step = metadata["step"]
        say(f"rank {group.rank} resumes at step {step}")
    while shard.epoch < EPOCHS:
        for x, y in shard:
            with layers.part_of_batch(shard.part):
                loss = loss_of(network, x, y)
            grads = average(loss, shard.weight)
            updates.nesterov_momentum(grads, params, 0.05).apply()
            step += 1
            at_step(step)
            if checkpoints and group.first:
                noise = layers.get_all_random_states(network)
                state = {"step": step, "batches": shard.state(), "noise": noise}
                checkpoints.save(step, capture(network), state)
    distributed.check_agreement(network, group)


def save(network, group, folder):
    if group.first:
        np.savez(Path(folder) / "end.npz", **capture(network))


def everything(group, folder):
    """Each network, saved under its name."""
    for name in BUILDERS:
        network = build(name, seed=3 + group.rank)  # rank 0's weights are everybody's
        train(network, group)
        (Path(folder) / name).mkdir(exist_ok=True)
        save(network, group, Path(folder) / name)


def dies(group, folder, how):
    """The last rank ends in step 3."""

    def at_step(step):
        if step != 3 or group.rank != group.size - 1:
            return
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "exits":
            os._exit(7)
        if how == "orphaned":  # the process that mpiexec knows, which waits for this one
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        if how == "leaves":
            sys.exit(5)
        raise ValueError("of mine")

    network = build("mlp")
    train(network, group, folder, at_step)


def goes_on(group, folder):
    network = build("mlp")
    train(network, group, Path(folder) / "checkpoints")
    save(network, group, folder)


def raised(kind, function):
    """The message of the error that comes."""
    try:
        function()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__}")


def talk(group, folder):
    """Every kind of message, with what must come of it."""
    ranks = range(group.size)
    for dtype in ("float16", "float32", "float64", "int64"):
        array = np.full((2, 3), group.rank + 1, dtype)
        assert group.sum_(array) is array and array.dtype == dtype
        assert (array == sum(rank + 1 for rank in ranks)).all()
    first, second = np.full(3, 1.0), np.full(2, 10.0)
    requests = [group.start_sum(first), group.start_sum(second)]
    for request in reversed(requests):
        request.wait()
        assert request.test()
    assert first[0] == group.size and second[0] == 10 * group.size
    assert group.sum_(np.ones((0, 2))).shape == (0, 2)
    assert "must be contiguous" in raised(ValueError, lambda: group.sum_(np.ones((4, 4))[:, ::2]))
    if load_extension("_emulated")[0] is not None:
        there = mt.full((3,), group.rank, dtype="float32", device="emulated")
        total = distributed.all_sum(there, group=group.twin())
        assert total.device == "emulated" and total.to("cpu").numpy()[0] == sum(ranks)
        assert group.broadcast_(there.data).get().tolist() == [0, 0, 0]
    assert group.broadcast_(np.array([group.rank]), root=1).tolist() == [1]
    assert group.gather(f"r{group.rank}") == [f"r{rank}" for rank in ranks]
    assert group.share(group.rank) == 0
    assert group.any(group.rank == 1) is True and group.any(0) is False
    assert (group.local_rank, group.local_size) == (group.rank, group.size)
    whole = np.arange(11.0)
    assert (distributed.in_parts(lambda x: x * x, whole, group, unit=3) == whole**2).all()
    x = mt.tensor(np.full(2, group.rank + 1.0), requires_grad=True)
    y = distributed.all_sum(x, group=group)
    g = mt.grad(y, x, mt.asarray(np.full(2, 10.0**group.rank)))
    assert g.numpy().tolist() == [sum(10.0**rank for rank in ranks)] * 2
    disagree(group)
    say(f"talked{group.rank}")


def disagree(group):
    network = layers.DropoutLayer(layers.DenseLayer((None, 3), 4 + group.rank, name="d"))
    message = raised(RuntimeError, lambda: distributed.synchronise(network, group))
    assert "rank 0 has d.W (3, 4) float32 where rank 1 has d.W (3, 5)" in message
    network = layers.DropoutLayer(layers.DenseLayer((None, 3), 4))
    distributed.synchronise(network, group)
    distributed.check_agreement(network, group)
    layers.get_output(network, {None: mt.ones((2, 3))}) if group.rank == 1 else None
    message = raised(RuntimeError, lambda: distributed.check_agreement(network, group))
    if group.size > 2:
        assert f"rank 1 of {group.size} differs from the others" in message


def trainer(group, folder):
    """The library's own loop, stopped on the last rank's wish and taken up again."""
    raw = toy_digits(90, size=16)
    digits = Dataset(raw.x / np.float64(255), raw.y, classes=10)
    recipe = Recipe(
        "mlp",
        epochs=2,
        batch_size=28,
        weight_decay=2e-3,
        dropout=0.3,
        shift=1,
        seed=3,
        ema=0.9,
        clip=0.5,
        label_smoothing=0.1,
    )
    kept = Checkpoints(Path(folder) / "checkpoints")

    def begin():
        mt.set_default_dtype("float64")
        random.seed(3)
        network = build_mlp((12,), dropout=recipe.dropout, input_shape=(1, 16, 16))
        return Trainer(network, recipe, digits, digits, background=0.5, group=group)

    first = begin()
    wish = lambda: first.step == 3 and group.rank == group.size - 1
    assert not fit(first, checkpoints=kept, stop=wish) and first.step == 3
    group.barrier()  # rank 0 has saved
    second = begin()
    second.restore(*group.share(kept.load() if group.first else None))
    assert fit(second, checkpoints=kept)
    figures = [[getattr(e, name) for name in FIGURES] for e in second.history]
    if group.first:
        np.savez(Path(folder) / "end.npz", figures=figures, **capture(second.network))


def leave_together(group, folder):
    sys.exit(3)


if __name__ == "__main__":
    with distributed.guarded(patience=0.5) as world:
        globals()[sys.argv[1]](world, *sys.argv[2:])
