"""Two networks play against each other, until one of them can write digits.

What      A generator makes images of noise; a discriminator says how likely an image
          is real. Algorithm 1 of the paper, spelled out: k steps of the
          discriminator, one of the generator, from new noise each time. `python -m
          minitorch train gan` does the same with checkpoints, scores and pictures,
          `train dcgan` with convolutions.
Paper     I. Goodfellow and others, "Generative Adversarial Nets", 2014.
Run       python examples/gan.py                  (the digits are fetched, 11.5 MB)
          python examples/gan.py --saturating     (the game as the paper proves it)
          python examples/gan.py --epochs 2 --digits 10000        (a quick look)
Expect    Strokes after two epochs, digits among specks after ten. It took 815 s on one
          core that others used too; a dense layer knows nothing of neighbours, and
          the convolutions of `train dcgan` leave no specks.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np

import minitorch as mt
from minitorch import layers, nonlinearities, updates
from minitorch.data import Batches, mnist, stream
from minitorch.generative import sheet, write_png
from minitorch.ops import softplus

BATCH_SIZE = 100
LATENT = 64  # numbers that an image is made of
LEARNING_RATE = 2e-4


def build_generator():
    """From noise to pixels between -1 and 1."""
    net = layers.InputLayer((None, LATENT), name="noise")
    net = layers.DenseLayer(net, num_units=256, name="dense1")
    net = layers.DenseLayer(net, num_units=512, name="dense2")
    net = layers.DenseLayer(net, num_units=784, nonlinearity=nonlinearities.tanh, name="pixels")
    return layers.ReshapeLayer(net, ([0], 1, 28, 28), name="image")


def build_discriminator():
    """From pixels to one number r, the logit: sigmoid(r) is the probability of being real."""
    leaky = nonlinearities.LeakyRectify(0.2)  # lets a gradient through below zero too
    net = layers.InputLayer((None, 1, 28, 28), name="image")
    net = layers.DenseLayer(net, num_units=512, nonlinearity=leaky, name="dense1")
    # Dropout keeps it from winning: a discriminator that is always right teaches nothing.
    net = layers.DropoutLayer(net, p=0.3, name="dropout1")
    net = layers.DenseLayer(net, num_units=256, nonlinearity=leaky, name="dense2")
    net = layers.DropoutLayer(net, p=0.3, name="dropout2")
    return layers.DenseLayer(net, num_units=1, nonlinearity=None, name="logit")


def discriminator_step(generator, discriminator, x, z):
    """Ascend log D(x) + log(1 - D(G(z))): one step that tells real from made a little better."""
    with mt.no_grad():  # what the generator did to deceive is not to be changed now
        made = layers.get_output(generator, mt.asarray(z))
    real = layers.get_output(discriminator, mt.asarray(x))
    fake = layers.get_output(discriminator, made)
    # -log sigmoid(r) = softplus(-r) and -log(1 - sigmoid(r)) = softplus(r), which never
    # take the log of a probability that was rounded to 0.
    loss = softplus(-real).mean() + softplus(fake).mean()
    params = layers.get_all_params(discriminator, trainable=True)
    updates.adam(loss, params, LEARNING_RATE, beta1=0.5).apply()
    return loss.item()


def generator_step(generator, discriminator, z, saturating):
    """One step that deceives the discriminator a little better."""
    fake = layers.get_output(discriminator, layers.get_output(generator, mt.asarray(z)))
    # Saturating: descend log(1 - D(G(z))), which is flat where the discriminator is sure.
    # Otherwise: ascend log D(G(z)), which has the same fixed point and is steep there.
    loss = -softplus(fake).mean() if saturating else softplus(-fake).mean()
    params = layers.get_all_params(generator, trainable=True)
    updates.adam(loss, params, LEARNING_RATE, beta1=0.5).apply()
    return loss.item()


def main(
    epochs=15, k=1, saturating=False, digits=None, data_dir=None, out="runs/example-gan", seed=0
):
    """Train, leave a sheet of samples after each epoch; returns the last samples."""
    # 1. Real digits, from -1 (paper) to 1 (ink), as the generator's tanh makes them. No labels.
    train, _ = mnist(data_dir)
    if digits is not None:
        train = train.take(slice(digits))
    real = train.x.astype(np.float32) / 127.5 - 1

    # 2. The two players, and noise for the samples that are looked at: always the same.
    mt.random.seed(seed)
    generator, discriminator = build_generator(), build_discriminator()
    noise = stream(seed, 1)
    fixed = noise.standard_normal((100, LATENT), np.float32)

    # 3. The game. At its end, if it had one, the discriminator would answer 1/2 to everything, and
    #    its loss would be log 4.
    batches = Batches(real, train.y, BATCH_SIZE, seed=seed)
    began, step = time.perf_counter(), 0
    for epoch in range(1, epochs + 1):
        judged, made = [], []
        for x, _ in batches:
            step += 1
            z = noise.standard_normal((len(x), LATENT), np.float32)
            judged.append(discriminator_step(generator, discriminator, x, z))
            if step % k == 0:
                z = noise.standard_normal((len(x), LATENT), np.float32)
                made.append(generator_step(generator, discriminator, z, saturating))
        with mt.no_grad():
            samples = layers.get_output(generator, mt.asarray(fixed)).numpy()
        path = write_png(Path(out) / f"epoch-{epoch:03}.png", sheet(samples, columns=10))
        print(
            f"epoch {epoch}/{epochs}  discriminator {np.mean(judged):.4f} (log 4 is "
            f"{math.log(4):.4f})  generator {np.mean(made):.4f}  "
            f"{time.perf_counter() - began:.0f} s  {path}",
            flush=True,
        )
    return samples


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("-k", type=int, default=1, help="discriminator steps per generator step")
    parser.add_argument("--saturating", action="store_true", help="minimise log(1 - D(G(z)))")
    parser.add_argument("--digits", type=int, help="train on the first so many only")
    parser.add_argument("--data-dir", help="a folder with the four MNIST files")
    parser.add_argument("--out", default="runs/example-gan")
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))
