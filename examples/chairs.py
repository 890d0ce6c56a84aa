"""A network in reverse: from kind, view and colour to the picture of a chair.

What      Classifiers go from pictures to words; this one goes from words to pictures.
          It is told which chair, seen from where, painted how, and is to give the
          pixels. A third of the views is never shown to it, and it has to make them up;
          so has it for chairs between two kinds. The chairs are drawn by a program of
          forty lines, so the truth is known for every question.
Paper     A. Dosovitskiy, J. Springenberg, M. Tatarchenko, T. Brox, "Learning to Generate
          Chairs, Tables and Cars with Convolutional Networks", 2015.
Run       pip install 'minitorch[examples]'
          python examples/chairs.py
          python examples/chairs.py --epochs 5      (a quick look)
Expect    A few minutes; it took 202 s on one core that others used too. Of views that it has
          not seen, the network was 5.2 grey levels off with seed 0, the mean of the views
          ten degrees before and after 7.4. Half-way between two kinds it makes up a chair.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import minitorch as mt
from minitorch import init, layers, updates
from minitorch.data import Batches
from minitorch.generative import sheet, write_png

SIDE = 48
VIEWS = 36  # one every ten degrees
LEARNING_RATE = 1e-3
COLOURS = np.array(
    [(200, 60, 50), (60, 140, 70), (50, 90, 190), (220, 170, 50), (130, 80, 50), (120, 120, 130)]
)
# Width, depth and height of the seat; of the back, the arms and the width of the legs (0: none).
KINDS = {
    "kitchen": (1.0, 1.0, 1.0, 1.0, 0.0, 0.12),
    "stool": (0.9, 0.9, 1.3, 0.0, 0.0, 0.12),
    "armchair": (1.2, 1.1, 0.8, 0.9, 0.5, 0.16),
    "bar": (0.7, 0.7, 1.5, 0.5, 0.0, 0.08),
    "bench": (1.8, 0.7, 0.8, 0.0, 0.0, 0.2),
    "sofa": (1.8, 0.9, 0.6, 0.7, 0.4, 0.3),
    "throne": (1.0, 0.9, 0.9, 1.6, 0.4, 0.2),
    "footstool": (1.0, 0.7, 0.5, 0.0, 0.0, 0.25),
}


# -- what chairs look like --------------------------------------------------------------------


def boxes(kind):
    """The parts of a chair: the least and the greatest corner of each, y upwards."""
    width, depth, height, back, arms, leg = KINDS[kind]
    x, z = width / 2, depth / 2
    parts = [((-x, height - 0.12, -z), (x, height, z))]
    for left in (-x, x - leg):
        parts += [
            ((left, 0, near), (left + leg, height - 0.12, near + leg)) for near in (-z, z - leg)
        ]
        if arms:
            parts.append(((left, height, -z), (left + leg, height + arms, z)))
    if back:
        parts.append(((-x, height, -z), (x, height + back, -z + 0.12)))
    return parts


def draw(kind, degrees, colour, times=4):
    """A chair on white: bytes of shape (3, SIDE, SIDE)."""
    angle, tilt = np.radians(degrees), np.radians(25)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    nod = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    faces = []
    for low, high in boxes(kind):
        for axis in range(3):
            for end in (low, high):
                a, b = [n for n in range(3) if n != axis]
                corners = np.zeros((4, 3))
                corners[:, axis] = end[axis]
                corners[:, a] = [low[a], high[a], high[a], low[a]]
                corners[:, b] = [low[b], low[b], high[b], high[b]]
                normal = np.zeros(3)
                normal[axis] = 1 if end is high else -1
                seen = (corners - [0, 1.05, 0]) @ turn.T @ nod.T
                faces.append((seen[:, 2].mean(), seen, nod @ turn @ normal))
    image = Image.new("RGB", (times * SIDE, times * SIDE), "white")
    pen = ImageDraw.Draw(image)
    light = np.array([0.4, 0.8, 0.45])
    for _, seen, normal in sorted(faces, key=lambda face: face[0]):  # what is far first
        if normal[2] > 0:  # turned to us
            shade = np.clip(0.45 + 0.55 * normal @ light, 0, 1)
            points = (seen[:, :2] * [1, -1] / 3.0 + 0.5) * times * SIDE
            pen.polygon([tuple(p) for p in points], fill=tuple((shade * colour).astype(int)))
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)).transpose(2, 0, 1)


def words(kinds, degrees, colours):
    """What the network is told: shares of the kinds, the view's direction, red, green, blue."""
    angles = np.radians(degrees)
    view = np.stack([np.cos(angles), np.sin(angles), np.cos(2 * angles), np.sin(2 * angles)], 1)
    return [np.asarray(a, np.float32) for a in (kinds, view, np.asarray(colours) / 127.5 - 1)]


def questions(views):
    """All chairs seen from some views: the words, and the true pictures from -1 to 1."""
    asked = [(k, v, c) for k in range(len(KINDS)) for v in views for c in range(len(COLOURS))]
    kinds, angles, colours = (np.array(column) for column in zip(*asked, strict=True))
    angles = angles * (360 / VIEWS)
    names = list(KINDS)
    truth = [draw(names[k], d, COLOURS[c]) for k, d, c in zip(kinds, angles, colours, strict=True)]
    told = words(np.eye(len(KINDS))[kinds], angles, COLOURS[colours])
    return told, np.stack(truth).astype(np.float32) / 127.5 - 1


# -- the network -------------------------------------------------------------------------------


def build_network():
    """Three kinds of words, each by itself, then together, then larger and larger maps."""
    inputs = [
        layers.InputLayer((None, len(KINDS)), name="kind"),
        layers.InputLayer((None, 4), name="view"),
        layers.InputLayer((None, 3), name="colour"),
    ]
    he = init.HeNormal("relu")  # weights that neither fade nor swell behind rectifiers
    parts = [layers.DenseLayer(one, 64, W=he, name=f"{one.name}.dense") for one in inputs]
    net = layers.ConcatLayer(parts, name="together")
    net = layers.DenseLayer(net, 256, W=he, name="dense")
    net = layers.DenseLayer(net, 64 * 6 * 6, W=he, name="maps")
    net = layers.ReshapeLayer(net, ([0], 64, 6, 6))  # small maps of large things
    for number, filters in enumerate((48, 32), start=1):
        # Each transposed convolution doubles the sides: every pixel stamps a filter.
        net = layers.TransposedConv2DLayer(
            net, filters, 4, stride=2, crop=1, W=he, name=f"up{number}"
        )
        net = layers.Conv2DLayer(net, filters, 3, pad="same", W=he, name=f"conv{number}")
    # White paper to begin with: all biases are 1.
    net = layers.TransposedConv2DLayer(
        net, 3, 4, stride=2, crop=1, b=init.Constant(1.0), nonlinearity=None, name="pixels"
    )
    return inputs, net


def picture(inputs, network, told):
    """What the network draws for words."""
    with mt.no_grad():
        found = [
            layers.get_output(network, dict(zip(inputs, part, strict=True))).numpy()
            for part in zip(*(np.array_split(a, -(-len(a) // 100)) for a in told), strict=True)
        ]
    return np.concatenate(found).clip(-1, 1)


def main(epochs=120, out="runs/example-chairs", seed=0, views=VIEWS):
    """Train, compare with the truth, draw; returns mean errors of network and baselines."""
    # 1. All chairs from all sides, but every third view is kept for the examination.
    kept = [v for v in range(views) if v % 3 == 1]
    told, truth = questions([v for v in range(views) if v not in kept])
    asked, answers = questions(kept)
    print(f"{len(truth)} pictures to learn from, {len(answers)} of other views")

    # 2. The network, and a step that is traced once and replayed.
    mt.random.seed(seed)
    inputs, network = build_network()
    params = layers.get_all_params(network, trainable=True)

    @mt.function
    def step(kind, view, colour, wanted, rate):
        drawn = layers.get_output(network, dict(zip(inputs, (kind, view, colour), strict=True)))
        loss = mt.square(drawn - wanted).mean()
        updates.adam(loss, params, learning_rate=rate).apply()
        return loss

    # 3. The loop. The rate falls to a tenth for the last fifth, when details are left.
    batches = Batches(truth, np.arange(len(truth)), 32, seed=seed)
    began = time.perf_counter()
    for epoch in range(1, epochs + 1):
        rate = LEARNING_RATE if epoch <= 0.8 * epochs else LEARNING_RATE / 10
        losses = [step(*(a[which] for a in told), wanted, rate).item() for wanted, which in batches]
        if epoch % 10 == 0 or epoch == epochs:
            spent = time.perf_counter() - began
            print(f"epoch {epoch}/{epochs}  loss {np.mean(losses):.5f}  {spent:.0f} s", flush=True)

    # 4. Views that it has never seen, beside what one could say without a network.
    def error(found):
        return float(np.abs(found - answers).mean() * 127.5)

    shape = (len(KINDS), -1, len(COLOURS), *truth.shape[1:])
    known = truth.reshape(shape)  # views 0, 2, 3, 5, 6, ...: those before and after each kept one
    before = known[:, 0::2][:, : len(kept)].reshape(answers.shape)
    after = known[:, 1::2][:, : len(kept)].reshape(answers.shape)
    drawn = picture(inputs, network, asked)
    found = {
        "the network": error(drawn),
        "the view ten degrees before": error(before),
        "the mean of the views before and after": error((before + after) / 2),
    }
    for name, value in found.items():
        print(f"{value:6.2f} grey levels off: {name}")

    # 5. Pictures: drawn above true, for views it has not seen; a turn; a change of kind.
    some = np.random.default_rng(seed).permutation(len(answers))[:10]
    write_png(Path(out) / "unseen.png", sheet(np.concatenate([drawn[some], answers[some]]), 10))
    kinds = np.eye(len(KINDS))
    rows = [
        words(kinds[[6] * 10], np.arange(10) * 36, COLOURS[[2] * 10]),
        words(np.linspace(kinds[0], kinds[2], 10), [30] * 10, COLOURS[[0] * 10]),
        words(np.linspace(kinds[4], kinds[6], 10), [300] * 10, np.linspace(*COLOURS[[3, 1]], 10)),
    ]
    made = picture(inputs, network, [np.concatenate(a) for a in zip(*rows, strict=True)])
    print(write_png(Path(out) / "invented.png", sheet(made, 10)))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--out", default="runs/example-chairs")
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))
