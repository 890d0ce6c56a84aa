"""``minitorch.function``: a replay does what the function does, or says why it cannot."""

import contextlib
import io
import re
import threading
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, nonlinearities, objectives, updates
from minitorch.backend.native import load_extension
from minitorch.capture import CaptureError
from minitorch.models.lenet import build_lenet

needs_kernels = pytest.mark.skipif(
    load_extension("_cpu")[0] is None, reason="the CPU kernels are not built"
)
RULES = {
    "sgd": lambda loss, ps: updates.sgd(loss, ps, 0.05),
    "momentum": lambda loss, ps: updates.momentum(loss, ps, 0.05, 0.9),
    "nesterov": lambda loss, ps: updates.nesterov_momentum(loss, ps, 0.05, 0.9),
    "adam": lambda loss, ps: updates.adam(loss, ps, 0.01),
    "adamax": lambda loss, ps: updates.adamax(loss, ps, 0.01),
    "amsgrad": lambda loss, ps: updates.amsgrad(loss, ps, 0.01),
    "adagrad": lambda loss, ps: updates.adagrad(loss, ps, 0.1),
    "rmsprop": lambda loss, ps: updates.rmsprop(loss, ps, 0.01),
    "adadelta": lambda loss, ps: updates.adadelta(loss, ps),
    "rmsprop with momentum": lambda loss, ps: updates.apply_nesterov_momentum(
        updates.rmsprop(loss, ps, 0.01), momentum=0.5
    ),
}


@pytest.fixture(autouse=True)
def double():
    """In float64, where other roundings on the way to a result show in the last digits only."""
    before = mt.get_default_dtype()
    mt.set_default_dtype("float64")
    yield
    mt.set_default_dtype(before)


def batches(count, shape, classes=10, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        x = rng.normal(size=shape)
        yield mt.asarray(x), mt.asarray(rng.integers(0, classes, shape[0]))


def small_net():
    net = layers.InputLayer((None, 3, 6, 6))
    net = layers.batch_norm(layers.Conv2DLayer(net, 4, 3, pad=1))
    net = layers.DropoutLayer(layers.MaxPool2DLayer(net, 2), p=0.5)
    return layers.DenseLayer(net, 10, nonlinearity=nonlinearities.softmax)


def training(build, rule):
    """A step of training and its network; twice from the same seed gives the same twice."""
    mt.random.seed(3)
    net = build()
    params = layers.get_all_params(net, trainable=True)

    def step(x, labels):
        prediction = layers.get_output(net, x)
        loss = objectives.categorical_crossentropy(prediction, labels).mean()
        rule(loss, params).apply()
        return loss

    return step, net


def assert_same_training(build, rule, shape, steps=4, **options):
    eager, eager_net = training(build, rule)
    step, net = training(build, rule)
    captured = mt.function(step, **options)
    for x, labels in batches(steps, shape):
        expected, found = eager(x, labels), captured(x, labels)
        np.testing.assert_allclose(found.numpy(), expected.detach().numpy(), rtol=1e-9)
    for a, b in zip(
        layers.get_all_param_values(net), layers.get_all_param_values(eager_net), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)
    return captured


# -- what it does is what the function does ------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_a_training_with_every_rule_is_the_eager_one(rule):
    captured = assert_same_training(small_net, RULES[rule], (5, 3, 6, 6))
    assert len(captured.programs) == 1


def test_lenet_is_the_eager_one():
    assert_same_training(build_lenet, RULES["nesterov"], (4, 1, 28, 28), steps=3)


def test_the_check_mode_finds_nothing_wrong_with_a_training():
    assert_same_training(small_net, RULES["adam"], (5, 3, 6, 6), check=True)


def test_random_streams_and_running_averages_go_on():
    step, net = training(small_net, RULES["sgd"])
    captured = mt.function(step)
    (x, labels), *_ = batches(1, (5, 3, 6, 6))
    noise = next(a for a in layers.get_all_layers(net) if isinstance(a, layers.DropoutLayer))
    norm = next(a for a in layers.get_all_layers(net) if isinstance(a, layers.BatchNormLayer))
    seen = []
    for _ in range(3):
        captured(x, labels)
        seen.append((noise.rng.offset, norm.mean.get_value()))
    steps = np.diff([offset for offset, _ in seen])
    assert steps[0] == steps[1] > 0
    assert not np.array_equal(seen[0][1], seen[1][1]) and not np.array_equal(seen[1][1], seen[2][1])


@pytest.mark.parametrize("kind", ["function", "tensor"])
def test_a_learning_rate_that_changes_is_followed(kind):
    rate = [0.5]
    held = mt.tensor(0.5)
    given = (lambda: rate[0]) if kind == "function" else held
    w = mt.parameter.Parameter([1.0])

    @mt.function
    def step():
        updates.sgd((w * 2).sum(), [w], given).apply()

    step()
    rate[0] = 0.25
    held[...] = 0.25
    step()
    assert w.get_value() == [-0.5]
    assert len(step.programs) == 1


def test_gradients_arrive_in_the_leaves():
    w = mt.parameter.Parameter([1.0, 2.0])

    @mt.function
    def step(x):
        w.grad = None
        (w * w * x).sum().backward()

    for factor in (1.0, 3.0, 5.0):
        step(mt.asarray([factor, factor]))
        np.testing.assert_array_equal(w.grad.numpy(), [2 * factor, 4 * factor])


def test_arguments_and_results_may_be_nested():
    @mt.function
    def sums(pair, *, named):
        return {"a": pair[0] + named["x"], "b": (pair[1] * 2, "text", None)}

    for k in (1.0, 2.0):
        found = sums((np.full(2, k), mt.asarray([k])), named={"x": mt.asarray(3.0)})
        assert found["a"].tolist() == [3 + k, 3 + k]
        assert found["b"][0].tolist() == [2 * k] and found["b"][1:] == ("text", None)
    assert len(sums.programs) == 1


def test_every_signature_has_a_program_of_its_own():
    @mt.function
    def scaled(x, factor):
        return x * factor

    assert scaled(mt.ones(2), 2).tolist() == [2, 2]
    assert scaled(mt.ones(3), 2).tolist() == [2, 2, 2]
    assert scaled(mt.ones(2), 3).tolist() == [3, 3]
    assert scaled(mt.ones(2, dtype="float32"), 2).dtype == "float32"
    assert scaled(mt.ones(2), 2).tolist() == [2, 2]
    assert len(scaled.programs) == 4


def test_results_are_memory_of_their_own():
    @mt.function
    def double(x):
        return x * 2

    kept = [double(mt.asarray([float(k)])) for k in range(4)]
    assert [t.item() for t in kept] == [0, 2, 4, 6]


def test_views_transposes_and_broadcasts():
    @mt.function(check=True)
    def f(x, b):
        turned = x.T[::-1, 1:]
        return (turned + b).sum(axis=0), x.reshape((2, 2, 3)).transpose((2, 0, 1))[..., 1]

    rng = np.random.default_rng(0)
    for _ in range(3):
        x, b = rng.normal(size=(4, 3)), rng.normal(size=3)
        first, second = f(x, b)
        np.testing.assert_allclose(first.numpy(), (x.T[::-1, 1:] + b).sum(axis=0), rtol=1e-12)
        np.testing.assert_array_equal(second.numpy(), x.reshape(2, 2, 3).transpose(2, 0, 1)[..., 1])


def test_memory_that_is_written_in_place():
    total = mt.zeros(3)

    @mt.function(check=True)
    def f(x):
        y = x * 1
        y[1:] = y[:2] * 10
        y += 1
        part = y[:1]
        y *= 2
        total[...] = total + part.sum()
        return y, part

    for k in (1.0, 2.0, 3.0):
        y, part = f(mt.asarray([k, k, k]))
        assert y.tolist() == [2 * (k + 1), 2 * (10 * k + 1), 2 * (10 * k + 1)]
        assert part.tolist() == [2 * (k + 1)]
    assert total.tolist() == [18.0, 18.0, 18.0]


def test_second_order():
    @mt.function(check=True)
    def curvature(x):
        p = mt.parameter.Parameter(x)
        g = mt.grad((mt.tanh(p) * p).sum(), p, create_graph=True)
        return mt.grad((g * g).sum(), p)

    for seed in range(3):
        curvature(np.random.default_rng(seed).normal(size=4))


def test_checkpointed_layers():
    net = layers.DenseLayer((None, 4), 4)
    w = layers.get_all_params(net, trainable=True)

    @mt.function(check=True)
    def step(x):
        out = mt.checkpoint(lambda t: mt.tanh(net.get_output_for(t)), x, params=w)
        updates.sgd((out * out).sum(), w, 0.1).apply()
        return out

    for x, _ in batches(3, (2, 4)):
        step(x)


def test_a_parameter_that_was_set_is_read():
    w = mt.parameter.Parameter([1.0])
    f = mt.function(lambda x: x * w)
    assert f(mt.ones(1)).tolist() == [1.0]
    w.set_value([4.0])
    assert f(mt.ones(1)).tolist() == [4.0]
    w.data = np.array([5.0])  # other memory: it is traced again
    assert f(mt.ones(1)).tolist() == [5.0]


def test_a_parameter_that_is_returned_is_itself():
    w = mt.parameter.Parameter([1.0])
    f = mt.function(lambda x: (w, w + x))
    for _ in range(2):
        assert f(mt.ones(1))[0] is w


def test_stale_values_outside_are_found():
    w = mt.parameter.Parameter([3.0])

    @mt.function
    def step():
        updates.sgd((w * w).sum(), [w], 0.1).apply()

    step()
    y = (w * w).sum()
    step()
    with pytest.raises(RuntimeError, match="written in place"):
        y.backward()


def test_threads_wait_for_each_other():
    f = mt.function(lambda x: mt.exp(x) + x)
    f(mt.zeros(1000))
    wrong = []

    def work(k):
        for _ in range(50):
            if abs(f(mt.full((1000,), k))[0].item() - np.exp(k) - k) > 1e-12:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(f.programs) == 1


def test_half_precision():
    f = mt.function(lambda x: mt.softmax(x * 2 + 1), check=True)
    for k in (1, 2):
        f(np.full((2, 3), k, np.float16))


def test_without_compiled_kernels(monkeypatch):
    from minitorch.capture import fuse, lower

    for room in (fuse, lower):
        monkeypatch.setattr(room, "load_extension", lambda name: (None, "left out"))
    step, _ = training(small_net, RULES["nesterov"])
    captured = mt.function(step, check=True)
    for x, labels in batches(3, (5, 3, 6, 6)):
        captured(x, labels)
    assert set(captured.program.kinds) == {"python"}


# -- what it does not do -------------------------------------------------------------------


def line_of(text):
    """The line of this file that has a text in it (the first one)."""
    with open(__file__, encoding="utf-8") as source:
        lines = source.read().splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)


READS = [float, bool, int, np.asarray, mt.Tensor.item, mt.Tensor.numpy, mt.Tensor.tolist]


@pytest.mark.parametrize("read", READS)
def test_values_that_python_reads_are_refused_with_the_line(read):
    def f(x):
        return x * read(x.sum())  # it is here

    with pytest.raises(CaptureError, match=f"test_function.py:{line_of('# it is here')}"):
        mt.function(f)(mt.ones(2))


def test_a_branch_on_a_tensor_is_refused():
    def f(x):
        if x.sum() > 0:
            return x
        return -x

    with pytest.raises(CaptureError, match=r"minitorch\.where"):
        mt.function(f)(mt.ones(2))


def test_an_index_that_depends_on_values_is_refused():
    with pytest.raises(CaptureError, match="index or setting of an op depends on values"):
        mt.function(lambda x, i: x[i])(mt.ones(3), np.array([0, 2]))


def test_an_array_as_a_result_is_refused():
    with pytest.raises(CaptureError, match="returns tensors"):
        mt.function(lambda x: np.ones(2))(mt.ones(2))


def test_an_argument_that_wants_a_gradient_is_refused():
    with pytest.raises(ValueError, match="requires a gradient"):
        mt.function(lambda x: x * 2)(mt.ones(2).requires_grad_())


def test_within_another_it_is_a_plain_call():
    inner = mt.function(lambda x: x * 2)
    assert inner(mt.ones(2)).tolist() == [2, 2]
    outer = mt.function(lambda x: inner(x) + inner(np.ones(2)))
    for k in (1.0, 3.0):
        assert outer(mt.asarray([k, k])).tolist() == [2 * k + 2, 2 * k + 2]
    assert len(outer.programs) == len(inner.programs) == 1


def test_other_devices_are_refused():
    x = mt.ones(2, device="emulated")
    with pytest.raises(CaptureError, match="only what is on the CPU"):
        mt.function(lambda: x * 2)()


def test_wrong_labels_are_found_in_a_replay_too():
    step, _ = training(small_net, RULES["sgd"])
    captured = mt.function(step)
    (x, labels), *_ = batches(1, (5, 3, 6, 6))
    captured(x, labels)
    with pytest.raises(ValueError, match="label 10 at"):
        captured(x, mt.asarray([0, 1, 10, 2, 3]))


def test_the_check_mode_finds_what_python_keeps_to_itself():
    count = [0]

    def f(x):
        count[0] += 1
        return x * count[0]

    captured = mt.function(f, check=True)
    captured(mt.ones(2))
    with pytest.raises(RuntimeError, match="differs between the replay and an eager run"):
        captured(mt.ones(2))


def test_an_error_in_the_function_leaves_nothing_behind():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError):
        mt.function(f)(mt.ones(2))
    assert mt.autograd.mode.mode.observers == ()


# -- the program -------------------------------------------------------------------------


def test_what_is_done_twice_or_for_nothing_is_left_out():
    @mt.function
    def f(x):
        mt.exp(x)
        return mt.sinh(x + 1) * mt.sinh(x + 1)

    for k in (0.5, 0.75):
        assert f(mt.asarray([k])).item() == pytest.approx(np.sinh(k + 1) ** 2)
    names = [p.name for step in f.program.instructions for p in getattr(step, "parts", [step])]
    assert sorted(names) == ["add", "multiply", "sinh"]


@needs_kernels
def test_elementwise_chains_become_one_pass():
    @mt.function
    def f(x, b):
        return mt.relu(x * 2 + b) - mt.exp(-x)

    for seed in range(2):
        x = np.random.default_rng(seed).normal(size=(7, 5)).astype(np.float32)
        f(x, x[0])
    assert [step.name for step in f.program.instructions] == ["fused"]
    assert f.program.size < 2 * x.nbytes + 128


def test_updates_are_written_where_the_parameters_lie():
    w = mt.parameter.Parameter(np.ones(1000, np.float32))

    @mt.function
    def step(x):
        updates.adam((w * x).sum(), [w]).apply()

    step(np.ones(1000, np.float32))
    (adam,) = [s for s in step.program.instructions if s.name == "adam_step"]
    assert all(v.storage.kind == "held" for v in adam.outputs)


@needs_kernels
def test_it_can_be_read():
    w = mt.parameter.Parameter([[1.0], [2.0]], name="w")

    @mt.function
    def f(x):
        return mt.relu(x @ w + 1)

    f(mt.ones((3, 2)))
    text = str(f.program)
    assert "program of 2 instructions" in text and "matmul(x, w" in text
    assert "float64[3, 1]" in text and "relu(" in text and text.endswith("return %1")
    assert repr(f.program).startswith("<Program of 2 instructions")


@needs_kernels
def test_the_page_shows_what_is_printed():
    mt.set_default_dtype("float32")
    page = (Path(__file__).parents[2] / "docs" / "capture.md").read_text(encoding="utf-8")
    code, shown = (re.search(rf"```{kind}\n(.*?)```", page, re.S)[1] for kind in ("python", "text"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    lines = printed.getvalue().splitlines()[3:]
    for line in shown.splitlines():
        assert line in lines or line == "...", f"docs/capture.md shows a line of its own: {line}"
