"""LeNet on handwritten digits, from the files to the first-layer filters.

What      A convolutional network, 20C5-MP2-50C5-MP2-FC256, learns to read the
          MNIST digits. Everything is spelled out here: data, network, loop,
          evaluation. `python -m minitorch train lenet` does the same with a
          progress bar, checkpoints and more pictures.
Paper     Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning
          Applied to Document Recognition", 1998. The rectifiers and the maxima
          in the pooling are of later years.
Run       python examples/lenet.py            (the digits are fetched, 11.5 MB)
          python examples/lenet.py --epochs 2 --digits 10000      (a quick look)
Expect    A few minutes; it took 375 s on two cores that others used too. 0.53%
          of the test digits are misread with seed 0; the lecture has 0.79%.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np

import minitorch as mt
from minitorch import layers, nonlinearities, objectives, updates
from minitorch.data import Batches, Standardiser, mnist, shift_images, stream

BATCH_SIZE = 100
LEARNING_RATE = 0.05


def build_network():
    """The network of the lecture; the comments say what comes out of each layer."""
    net = layers.InputLayer((None, 1, 28, 28), name="input")
    # Twenty 5 x 5 filters look at every place of the image: strokes, edges, corners.
    net = layers.Conv2DLayer(net, num_filters=20, filter_size=5, name="conv1")  # 20 x 24 x 24
    # Of each 2 x 2 patch the strongest response goes on: where exactly matters less.
    net = layers.MaxPool2DLayer(net, pool_size=2, name="pool1")  # 20 x 12 x 12
    # Fifty filters on top of these see combinations: loops, crossings, ends.
    net = layers.Conv2DLayer(net, num_filters=50, filter_size=5, name="conv2")  # 50 x 8 x 8
    net = layers.MaxPool2DLayer(net, pool_size=2, name="pool2")  # 50 x 4 x 4
    # A dense layer weighs all 800 of them, and ten outputs become probabilities.
    net = layers.DenseLayer(net, num_units=256, name="dense")
    return layers.DenseLayer(net, num_units=10, nonlinearity=nonlinearities.softmax, name="output")


def train_step(network, params, x, y, learning_rate):
    """One step downhill on one minibatch; returns its loss."""
    # The forward pass runs now, and leaves behind the graph that `updates` walks back.
    probabilities = layers.get_output(network, mt.asarray(x))
    loss = objectives.categorical_crossentropy(probabilities, mt.asarray(y)).mean()
    updates.nesterov_momentum(loss, params, learning_rate=learning_rate, momentum=0.9).apply()
    return loss.item()


def predict(network, x):
    """The most probable digit of each image."""
    answers = []
    with mt.no_grad():
        for start in range(0, len(x), 500):
            batch = mt.asarray(x[start : start + 500])
            answers.append(layers.get_output(network, batch, deterministic=True).numpy().argmax(1))
    return np.concatenate(answers)


def main(epochs=8, digits=None, data_dir=None, out="runs/example-lenet", seed=0):
    """Train, report, and save the filters; returns the share of wrong test digits."""
    # 1. The digits: bytes from 0 (paper) to 255 (ink), 60,000 to learn from and 10,000 to
    #    be examined with. The examination is not for choosing anything.
    train, test = mnist(data_dir)
    if digits is not None:
        train = train.take(slice(digits))

    # 2. Zero mean and unit variance, with the figures of the training images. Where there was
    #    paper there is now a slightly negative number; shifted images are filled up with it.
    standardise = Standardiser.fit(train.x).apply
    train_x, test_x = standardise(train.x), standardise(test.x)
    paper = float(train_x.min())

    # 3. The network, with weights drawn from the seed.
    mt.random.seed(seed)
    network = build_network()
    params = layers.get_all_params(network, trainable=True)
    print(f"{layers.count_params(network):,} parameters in {len(params)} arrays")

    # 4. The loop. Each epoch sees every digit once, in another order, moved by up to one pixel;
    #    the learning rate falls to zero along half a cosine.
    batches = Batches(train_x, train.y, BATCH_SIZE, seed=seed)
    moves = stream(seed, 1)
    total, step, began = epochs * len(batches), 0, time.perf_counter()
    error = 1.0
    for epoch in range(1, epochs + 1):
        losses = []
        for x, y in batches:
            rate = LEARNING_RATE * (1 + math.cos(math.pi * step / total)) / 2
            x = shift_images(x, moves.integers(-1, 2, (len(x), 2)), fill=paper)
            losses.append(train_step(network, params, x, y, rate))
            step += 1
        error = float((predict(network, test_x) != test.y).mean())
        print(
            f"epoch {epoch}/{epochs}  loss {np.mean(losses):.4f}  test error {100 * error:.2f}%  "
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )

    # 5. What does the first layer look at? Convolution turns a filter by 180 degrees; turned
    #    back it is the pattern that the filter responds to.
    from minitorch.training.plots import plot_filters

    first = params[0].get_value()[:, :, ::-1, ::-1]
    print("filters:", plot_filters(Path(out) / "filters.png", first, "LeNet's first filters"))
    return error


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--digits", type=int, help="train on the first so many only")
    parser.add_argument("--data-dir", help="a folder with the four MNIST files")
    parser.add_argument("--out", default="runs/example-lenet")
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))
