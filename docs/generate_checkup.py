"""Write docs/checkup.md: what a checkup says, from trainings that are broken on purpose.

    python docs/generate_checkup.py [--check]

``--check`` writes nothing and fails if the page is not up to date. Its figures are those of one
machine: other kernels round differently, and a training that blows up shows it.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy
from written import settle

from minitorch import grad, init, layers, objectives, random, updates
from minitorch import nonlinearities as nl
from minitorch.data import Batches, Standardiser, toy_digits
from minitorch.models import build_mlp
from minitorch.training import Checkup, Finding, diagnose

PAGE = Path(__file__).parent / "checkup.md"

RAW = toy_digits(600, size=16)
X, Y = Standardiser.fit(RAW.x).apply(RAW.x), RAW.y
SHAPE = X.shape[1:]
mlp = partial(build_mlp, (32,), input_shape=SHAPE)

HEADER = """# When training goes wrong

Written by `python docs/generate_checkup.py`, which breaks small trainings on purpose: every
message below is what one of them said.

    from minitorch.training import diagnose

    for finding in diagnose(network, x, y):        # before the first step: data, units, gradients
        print(finding)

A finding has a `kind`, the `step`, the `layer` ("" if it is not of one layer) and the `message`:
the figure that was measured, what it should be, and what to do. `diagnose` looks once. A
`Checkup` stays with a training, also in a loop of your own:

    from minitorch.training import Checkup

    checkup = Checkup(network, classes=10)
    found = checkup.data(train.x, train.y)
    for step, (x, y) in enumerate(batches, start=1):
        if checkup.due(step, steps_per_epoch):     # steps 1, 10, 100, then each epoch
            found += checkup.probe(x, y, step, learning_rate)
        prediction = layers.get_output(network, x)
        loss = objectives.categorical_crossentropy(prediction, y).mean()
        updates.nesterov_momentum(grad(loss, params), params, learning_rate).apply()
        found += checkup.watch(step, loss.item(), prediction.numpy(), y)

`data` looks at inputs and labels. `probe` makes a forward and a backward of its own, of 64
examples of the batch, as in training; parameters, running averages, random states and `.grad` are
afterwards what they were, bit for bit. `watch` adds up losses and answers. Leave the learning
rate out for Adam and other rules whose steps are no multiples of the gradient. A regression is
`Checkup(network, None, loss=...)`, with a function of outputs and targets; what a loss should be
at first is known for the cross-entropy only, so findings that compare with ln(classes) need it.

Each kind is said once, those about units once for each layer. `checkup.state()` is a small
dictionary for JSON and `checkup.restore(...)` goes on from it, so that a resumed run does not say
things twice.

A finding is a hint with figures, and nothing stops because of it. The thresholds stand with their
reasons in `minitorch/training/checkup_verdicts.py`, `checkup_inputs.py` and `checkup_watch.py`.
They leave room: `tests/training/test_checkup.py` holds that healthy trainings (dense,
convolutional, residual and recurrent networks, dropout, batch normalisation, Nesterov, Adam,
batches of 5) are told nothing. What a checkup does not see is a network that has learned
something else than it should; look at [what it gets wrong](training.md) for that.
"""


def stack(depth: int, width: int, f: Any, W: Any = None, bias: float = 0.0) -> Any:
    """Dense layers d1, d2, ... and a softmax."""
    W = init.GlorotUniform() if W is None else W
    net: Any = layers.InputLayer((None, *SHAPE))
    for number in range(1, depth + 1):
        net = layers.DenseLayer(net, width, W, init.Constant(bias), f, name=f"d{number}")
    return layers.DenseLayer(net, 10, W, nonlinearity=nl.softmax, name="out")


def train(network: Any, x: Any = X, y: Any = Y, rate: float = 0.05, steps: int = 1) -> Any:
    """What a checkup says in so many steps."""
    checkup, params = Checkup(network, 10), layers.get_all_params(network, trainable=True)
    batches, step, found = Batches(x, y, 50), 0, checkup.data(x, y)
    with numpy.errstate(all="ignore"):
        while step < steps:
            for bx, by in batches:
                step += 1
                if step > steps:
                    break
                if checkup.due(step, len(batches)):
                    found += checkup.probe(bx, by, step, rate)
                outputs = layers.get_output(network, bx)
                loss = objectives.categorical_crossentropy(outputs, by).mean()
                updates.nesterov_momentum(grad(loss, params), params, rate).apply()
                found += checkup.watch(step, float(loss.item()), outputs.numpy(), by)
    return found


def of_nan() -> list[Finding]:
    """A network one of whose weights is NaN."""
    network = mlp()
    W = layers.get_all_layers(network)[1].W
    value = W.get_value()
    value[0, 0] = numpy.nan
    W.set_value(value)
    return diagnose(network, X, Y)


def of_dying() -> list[Finding]:
    """A network most of whose units have a bias of -20."""
    network = stack(1, 32, nl.rectify)
    layers.get_all_layers(network)[1].b.set_value([-20.0] * 24 + [0.0] * 8)
    return diagnose(network, X, Y)


def of_noise() -> list[Finding]:
    """Inputs that have nothing to do with their labels."""
    noise = numpy.random.default_rng(0).normal(size=(20000, 8)).astype(numpy.float32)
    labels = numpy.random.default_rng(1).integers(0, 10, 20000)
    return list(train(build_mlp((8,), input_shape=(8,)), noise, labels, 0.01, 300))


def of_regression(scale: float) -> list[Finding]:
    """Targets of a regression, times a factor."""
    x = numpy.random.default_rng(0).normal(size=(100, 8)).astype(numpy.float32)
    net = layers.DenseLayer(layers.InputLayer((None, 8)), 1, nonlinearity=None)
    return diagnose(
        net, x, scale * x[:, :1], loss=lambda p, t: objectives.squared_error(p, t).mean()
    )


def spoiled() -> Any:
    """Inputs with a NaN in them."""
    x = X.copy()
    x[5, 0, 3, 3] = numpy.nan
    return x


RARE = numpy.where(numpy.random.default_rng(0).random(len(Y)) < 0.9, 3, Y)
HE = math.sqrt(2)

# The kind; how the training below was broken; what its message means, and what else to try.
Row = tuple[str, str, Callable[[], Any], str]
CASES: dict[str, list[Row]] = {
    "The data": [
        (
            "inputs_not_standardised",
            "bytes for inputs",
            lambda: diagnose(mlp(), RAW.x, Y),
            "Initial weights are made for inputs of about unit size. Larger ones make large "
            "scores, a large first loss and large gradients; a mean far from 0 hides what "
            "differs. Pixels divided by 255 pass. Use the training set's mean and variance for "
            "the test set too.",
        ),
        (
            "inputs_constant",
            "the same number everywhere",
            lambda: diagnose(mlp(), X * 0 + 1, Y),
            "The files were not read as was meant, or a mask took everything.",
        ),
        (
            "inputs_not_finite",
            "one NaN",
            lambda: diagnose(mlp(), spoiled(), Y),
            "A division by a variance of 0, or a gap in a table.",
        ),
        (
            "labels_off_by_one",
            "labels + 1",
            lambda: diagnose(mlp(), X, Y + 1),
            "Labels are places in the row of outputs, counted from 0. It is also said when no "
            "label is 0 while all the others occur.",
        ),
        (
            "labels_out_of_range",
            "labels + 3",
            lambda: diagnose(mlp(), X, Y + 3),
            "There are fewer outputs than classes, or the column that was read holds something "
            "else.",
        ),
        (
            "one_class",
            "labels that are all 0",
            lambda: diagnose(mlp(), X, Y * 0),
            "Data that are sorted by class show this for their first batch.",
        ),
        (
            "imbalance",
            "nine labels of ten are 3",
            lambda: diagnose(mlp(), X, RARE),
            "The error looks small while the rare classes are all missed. It may be as it "
            "should be: then compare with this share, not with 0.",
        ),
        (
            "targets_not_standardised",
            "a regression to targets times 1000",
            lambda: of_regression(1000.0),
            "Targets of a regression are standardised as inputs are.",
        ),
    ],
    "Inside the network": [
        (
            "first_loss",
            "weights three times He's, ten layers",
            lambda: train(stack(10, 32, nl.rectify, init.HeNormal(3 * HE)), rate=0.01),
            "One who knows nothing and says so pays ln(classes). More is paid for being sure of "
            "what is wrong. For a trained network give `diagnose` a `step` above 1.",
        ),
        (
            "same_units",
            "weights of 0.01, all of them",
            lambda: train(stack(2, 16, nl.tanh, init.Constant(0.01))),
            "The layer does what a single unit could. Only random weights tell units apart. An "
            "output layer that begins with zeros is fine, as its gradients differ.",
        ),
        (
            "dead_relus",
            "biases of -10",
            lambda: diagnose(stack(1, 32, nl.rectify, bias=-10.0), X, Y),
            "A rectifier that is off for every example gets no gradient and stays off. A "
            "learning rate that is too high does it within a few steps; so do biases far below "
            "0. A channel of a convolution counts as one unit, which is off if it is off at all "
            "places.",
        ),
        (
            "dying_relus",
            "biases of -20 for 24 of 32 units",
            of_dying,
            "The same for most of a layer. Up to a third is usual in deep networks.",
        ),
        (
            "saturated",
            "tanh, weights with a standard deviation of 1",
            lambda: train(stack(2, 16, nl.tanh, init.Normal(1.0)), rate=0.001),
            "At both ends sigmoids and tanh are flat. Gates of recurrent layers and the output "
            "layer are not looked at: they are meant to get there.",
        ),
        (
            "vanishing_gradients",
            "30 layers of sigmoids",
            lambda: train(stack(30, 16, nl.sigmoid), rate=0.1),
            "A sigmoid's slope is 1/4 at most, and the product of 30 of them is nothing. "
            "Gradients are measured by the norm of the weights they are to change.",
        ),
        (
            "exploding_gradients",
            "inputs times 1000",
            lambda: train(mlp(), X * 1000),
            "The next step will throw the weights far away. In recurrent networks it comes from "
            "long sequences.",
        ),
        (
            "learning_rate_high",
            "a learning rate of 50",
            lambda: train(mlp(), rate=50.0),
            "The step is the learning rate times the gradient; momentum comes on top.",
        ),
        (
            "learning_rate_low",
            "a learning rate of 1e-8",
            lambda: train(mlp(), rate=1e-8, steps=250),
            "Nothing will happen for a long time. The largest learning rate so far counts, so "
            "the end of a schedule is not meant; it is said from step 100 on, after a warm-up.",
        ),
        (
            "not_finite",
            "a weight that is NaN",
            of_nan,
            "The first op with a NaN or an infinity is named. `Trainer` stops by itself then, "
            "with the same.",
        ),
    ],
    "The run of losses and answers": [
        (
            "loss_rising",
            "a learning rate of 1, the first steps",
            lambda: train(mlp(), rate=1.0, steps=100),
            "The steps jump over the valley to a higher place on the other side. Blocks of 100 "
            "steps are compared with the best one, and ten steps with the first.",
        ),
        (
            "constant_prediction",
            "biases of -10",
            lambda: train(stack(1, 32, nl.rectify, bias=-10.0), steps=100),
            "The answer does not depend on the input any more: only the output's biases still "
            "learn.",
        ),
        (
            "loss_at_chance",
            "weights of 0",
            lambda: train(stack(2, 16, nl.rectify, init.Constant(0)), steps=300),
            "All classes are equally probable for it. Said from step 300 on.",
        ),
        (
            "chance_level",
            "labels drawn by lot",
            of_noise,
            "No better than always the most frequent class, within three standard deviations. "
            "Said from step 300 on: a hard problem may take longer to begin.",
        ),
    ],
}


def section(row: Row) -> str:
    """A kind: its message, and what it means."""
    kind, broken, run, meaning = row
    random.seed(0)
    said = {f.kind: f for f in run()}
    lines = [f"### `{kind}`", "", f"{broken[0].upper()}{broken[1:]}:", ""]
    lines += [f"    {line}" for line in textwrap.wrap(str(said[kind]), 94)]
    return "\n".join([*lines, "", *textwrap.wrap(meaning, 98), ""])


def page() -> str:
    """The whole page."""
    parts = [HEADER]
    for title, rows in CASES.items():
        parts += [f"## {title}\n", *map(section, rows)]
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    raise SystemExit(settle(PAGE, page()))
