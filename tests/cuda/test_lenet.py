"""LeNet trained by the CUDA kernels: the same losses as on the CPU, step by step.

In float64 they agree to the last digits for all 50 steps. In float32 any two orders of
summation, two kernels of the CPU's too, part ways in the end: the first ReLU or maximum
that a last bit decides otherwise makes a different network from there on.
"""

import contextlib

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, objectives, updates
from minitorch.backend.native import load_extension
from minitorch.data import Dataset, Standardiser, toy_digits
from minitorch.models import build_lenet

module, missing = load_extension("_emulated")
pytestmark = pytest.mark.skipif(module is None, reason=missing)
RATE = 0.002
# dtype -> how far losses may be apart in the first ten steps, and in all
# float64 tells whether both compute the same: they do, to the last digits. In float32 the order
# of sums differs, and a step of training carries a difference on to the next, ten times larger
# every few steps where a pooling window or a rectifier changes its mind.
APART = {"float32": (1e-4, 1e-2), "float64": (1e-13, 1e-9)}


@pytest.fixture(params=APART)
def dtype(request):
    before = mt.get_default_dtype()
    mt.set_default_dtype(request.param)
    yield request.param
    mt.set_default_dtype(before)


def losses(device, x, y, steps, batch):
    """The loss of each step of a training with Nesterov momentum, as ``train lenet`` does."""
    mt.random.seed(0)
    net = layers.to_device(build_lenet(), device)
    params = layers.get_all_params(net, trainable=True)
    found = []
    for i in range(steps):
        piece = slice(i * batch, (i + 1) * batch)
        prediction = layers.get_output(net, mt.asarray(x[piece], device=device))
        labels = mt.asarray(y[piece], device=device)
        loss = objectives.categorical_crossentropy(prediction, labels).mean()
        updates.nesterov_momentum(loss, params, learning_rate=RATE, momentum=0.9).apply()
        found.append(loss.item())
    return np.array(found)


def with_kernel(conv, device, *args):
    """:func:`losses`, by a rung of conv on a device that has it."""
    with contextlib.ExitStack() as stack:
        for direction in ("fwd", "dgrad", "wgrad") if device == "emulated" else ():
            stack.enter_context(mt.use_kernel(f"conv_{direction}", conv))
        return losses(device, *args)


def compare(data, dtype, steps, batch, conv=None):
    x = Standardiser.fit(data.x).apply(data.x).astype(dtype)
    before = module.statistics()["launches"]
    there, here = (with_kernel(conv, d, x, data.y, steps, batch) for d in ("emulated", "cpu"))
    # At least the two convolutions and dense layers forwards, and their gradients.
    assert module.statistics()["launches"] - before >= 11 * steps
    apart = np.abs(there - here) / here
    print(f"{dtype}: losses {here[0]:.4f} to {here[-1]:.4f}, apart by {apart.max():.1e} at most")
    first, all_steps = APART[dtype]
    assert apart[:10].max() <= first and apart.max() <= all_steps
    assert here[-5:].mean() < here[:5].mean()


def test_steps_agree_with_the_cpu(dtype):
    """With the kernels that a GPU would take: tensor cores, which are slow to emulate."""
    compare(toy_digits(200, size=28), dtype, steps=8, batch=4)


def test_fifty_steps_agree_with_the_cpu(dtype):
    compare(toy_digits(200, size=28), dtype, steps=50, batch=4, conv="k03_implicit")


@pytest.mark.slow
def test_fifty_steps_on_real_digits_agree_with_the_cpu(dtype):
    from minitorch.data import DataError, mnist

    try:
        train, _ = mnist()
    except DataError as error:
        pytest.skip(str(error))
    few = Dataset(train.x[: 50 * 32], train.y[: 50 * 32], train.classes, "few")
    compare(few, dtype, steps=50, batch=32, conv="k03_implicit")
