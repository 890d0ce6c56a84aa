"""Gradients go into buckets as they come; buckets start in order while the walk goes on."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, objectives
from minitorch.distributed import GradientAverager, Group, Request


class Recorder(Group, mt.Observer):
    """A rank alone that notes what happens; its sums double, as if there were a twin."""

    def __init__(self):
        super().__init__()
        self.events = []

    def start_sum(self, array):
        self.events.append(("sum", array.size))
        recorder = self

        class Doubling(Request):
            def test(self):
                return False

            def wait(self):
                recorder.events.append(("wait", array.size))
                array[...] *= 2

        return Doubling()

    def after_rules(self, step):
        if hasattr(step.node, "op"):
            self.events.append(("step", step.node.op.name))


def chain(widths=(5, 4, 3, 2)):
    net = layers.InputLayer((None, 6))
    for width in widths:
        net = layers.DenseLayer(net, width, nonlinearity=mt.nonlinearities.tanh)
    x = mt.asarray(np.random.default_rng(0).normal(size=(7, 6)).astype("float32"))
    loss = objectives.squared_error(layers.get_output(net, x), mt.zeros((7, widths[-1]))).mean()
    return layers.get_all_params(net, trainable=True), loss


def test_sums_start_while_the_walk_goes_on():
    params, loss = chain()
    recorder = Recorder()
    average = GradientAverager(params, recorder, bucket_bytes=32)
    with mt.observe(recorder):
        average.backward(loss)
        began = len(recorder.events)
        average.finish()
    kinds = [kind for kind, _ in recorder.events]
    sums = [place for place, kind in enumerate(kinds) if kind == "sum"]
    steps = [place for place, kind in enumerate(kinds) if kind == "step"]
    assert len(sums) == len(average.buckets) == 7
    # All but the first layer's were on their way before the last step, the first early on.
    assert sum(place < steps[-1] for place in sums) >= len(sums) - 2
    assert sums[0] < steps[len(steps) // 2]
    assert [size for kind, size in recorder.events if kind == "sum"] == [
        bucket.flat.size for bucket in average.buckets
    ]
    assert kinds[began:] == ["wait"] * len(sums)  # nothing waits while the walk goes on


def test_buckets_are_filled_from_the_end():
    params, _ = chain()
    average = GradientAverager(params, Group(), bucket_bytes=64)
    flat = [p for bucket in average.buckets for p in bucket.params]
    assert [id(p) for p in flat] == [id(p) for p in reversed(params)]
    for bucket in average.buckets:
        assert bucket.flat.nbytes <= 64 or len(bucket.params) == 1
    assert len(GradientAverager(params, Group()).buckets) == 1


def uses(name):
    """Losses whose parameters get gradients in several parts, and the parameters."""
    rng = np.random.default_rng(1)
    a, b, c = (mt.tensor(rng.normal(size=(3, 3)), requires_grad=True) for _ in range(3))
    x = mt.asarray(rng.normal(size=(2, 3)))
    if name == "tied":
        return ((x @ a @ b) @ a.T).sum() + (a * a).sum() * 0.1 + b.sum(), [a, b]
    if name == "recurrent":
        h = x
        for _ in range(5):
            h = mt.tanh(h @ a + x @ b)
        return (h * h).sum(), [a, b]
    if name == "the last is used first":
        return ((x @ c) @ b @ a).sum() + (c * b).sum(), [a, b, c]
    scale = mt.tensor(np.float32(1.5), requires_grad=True)
    return ((x @ a).astype("float32") * scale).sum() + (b.sum() * 2), [a, scale, b]


@pytest.mark.parametrize("name", ["tied", "recurrent", "the last is used first", "two dtypes"])
@pytest.mark.parametrize("bucket_bytes", [1, 100, 1 << 20])
def test_alone_they_are_the_gradients_to_the_bit(name, bucket_bytes):
    loss, params = uses(name)
    expected = mt.grad(loss, params, retain_graph=True)
    recorder = Recorder()
    average = GradientAverager(params, recorder, bucket_bytes)
    for found, g in zip(average(loss), expected, strict=True):
        assert found.dtype == g.dtype and found.shape == g.shape
        np.testing.assert_array_equal(found.numpy(), 2 * g.numpy())
    order = [size for kind, size in recorder.events if kind == "sum"]
    assert order == [bucket.flat.size for bucket in average.buckets]


def test_buckets_are_used_again():
    w = mt.tensor([1.0, 2.0], requires_grad=True)
    average = GradientAverager([w], Group())
    assert average((w * w).sum())[0].numpy().tolist() == [2, 4]
    assert average((w * 3).sum(), weight=0.5)[0].numpy().tolist() == [1.5, 1.5]


def test_the_emulated_device():
    pytest.importorskip("minitorch._emulated", reason="it is not built")
    w = mt.tensor([1.0, 2.0], device="emulated", requires_grad=True)
    (g,) = GradientAverager([w], Group())((w * w).sum() + w.sum())
    assert g.device == "emulated" and g.to("cpu").numpy().tolist() == [3, 5]


def test_a_parameter_that_no_step_reaches():
    a, b = (mt.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    average = GradientAverager([a, b], Group())
    average((a * b).sum())
    with pytest.raises(RuntimeError, match="does not depend on parameter 1 .unnamed, .2,.."):
        average(a.sum())
    found = average(a.sum(), allow_unused=True)
    assert [g.numpy().tolist() for g in found] == [[1, 1], [0, 0]]


def test_wrong_use():
    w = mt.tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="needs parameters and bucket_bytes >= 1, got 0 and 5"):
        GradientAverager([], Group(), 5)
    with pytest.raises(ValueError, match="got 1 and 0"):
        GradientAverager([w], Group(), 0)
    with pytest.raises(RuntimeError, match="comes after backward"):
        GradientAverager([w], Group()).finish()
