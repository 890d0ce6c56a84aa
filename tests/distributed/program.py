"""What the ranks of these tests run: ``mpiexec -n 2 python program.py NAME FOLDER [how]``."""

import os
import signal
import sys
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
from minitorch.data import Batches
from minitorch.io.checkpoints import Checkpoints
from minitorch.models.resnet import build_cifar_resnet
from minitorch.training.state import capture, restore

COUNT, BATCH, EPOCHS, CLASSES = 27, 12, 2, 4  # the last batch of an epoch has 3 examples


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
        print(f"rank {group.rank} resumes at step {step}", flush=True)
    while shard.epoch < EPOCHS:
        for x, y in shard:
            with layers.part_of_batch(shard.part):
                loss = loss_of(network, x, y)
            grads = average(loss, shard.part.weight)
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
        if how == "leaves":
            sys.exit(5)
        raise ValueError("of mine")

    network = build("mlp")
    train(network, group, folder, at_step)


def goes_on(group, folder):
    network = build("mlp")
    train(network, group, Path(folder) / "checkpoints")
    save(network, group, folder)


def leave_together(group, folder):
    sys.exit(3)


if __name__ == "__main__":
    with distributed.guarded(patience=0.5) as world:
        globals()[sys.argv[1]](world, *sys.argv[2:])
