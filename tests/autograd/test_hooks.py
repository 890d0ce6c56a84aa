"""Observers, scopes, anomaly detection."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd.mode import mode


def leaf(*values):
    return mt.tensor(list(values), dtype=mt.float64, requires_grad=True)


class Log(mt.Observer):
    def __init__(self):
        self.lines = []

    def before_op(self, op, inputs, static):
        self.lines.append(f"> {op.name}")

    def after_op(self, op, inputs, out, static):
        self.lines.append(f"< {op.name}")

    def before_rules(self, node, grad):
        self.lines.append(f"> d{node.op.name}")

    def after_rules(self, step):
        self.lines.append(f"< d{step.node.op.name}")


def test_an_observer_sees_forward_and_backward_in_order():
    x = leaf(2.0)
    with mt.observe(Log()) as log:
        y = x + x
        y.backward(np.ones(1))
    assert log.lines[:3] == ["> add", "< add", "> dadd"]
    assert log.lines[-1] in ("< dadd", "< add")
    count = len(log.lines)
    x + x
    assert len(log.lines) == count and mode.observers == ()


def test_an_observer_sees_detach():
    class Cuts(mt.Observer):
        def __init__(self):
            self.seen = []

        def after_detach(self, source, out):
            self.seen.append((source, out))

    x = leaf(2.0)
    with mt.observe(Cuts()) as cuts:
        y = x.detach()
    x.detach()
    assert len(cuts.seen) == 1 and cuts.seen[0][0] is x and cuts.seen[0][1] is y


def test_anomaly_names_op_input_line_and_layer():
    x = leaf(0.0, 1.0)
    with mt.detect_anomaly(), mt.scope("net"), mt.scope("root"):
        y = mt.sqrt(x)  # the line to be named
        with pytest.raises(mt.AnomalyError) as caught:
            (y * 0).sum().backward()
    text = str(caught.value)
    assert "NaN in the gradient of sqrt((2,)) -> (2,) towards its input 'x'" in text
    assert "in layer net/root" in text
    assert "test_hooks.py" in text and "the line to be named" in text
    assert caught.value.node.op.name == "sqrt"


def test_anomaly_in_the_forward():
    x = leaf(-1.0)
    with (
        mt.detect_anomaly(check_forward=True),
        pytest.raises(mt.AnomalyError, match="NaN in the result of log"),
    ):
        mt.log(x)
    with (
        mt.detect_anomaly(check_forward=True, infinities=True),
        pytest.raises(mt.AnomalyError, match="infinity in the result of exp"),
    ):
        mt.exp(x * -1e6)


def test_a_stale_value_names_the_forward_line_under_detection():
    x = leaf(1.0)
    with mt.detect_anomaly():
        a = x * 1
        b = a * a  # saves a
        a += 1
        with pytest.raises(RuntimeError, match=r"(?s)written in place.*saves a"):
            b.sum().backward()


def test_nan_guard_remembers_the_first_place():
    with mt.observe(mt.NanGuard()) as guard:
        with mt.scope("conv1"):
            y = mt.log(mt.tensor([-1.0]))
        with mt.scope("conv2"):
            y + 1
    assert guard.scope == "conv1" and "NaN first appeared in log (1,) in layer conv1" in guard.found


def test_a_scope_may_be_renamed_and_ends():
    with mt.observe(mt.NanGuard()) as guard, mt.scope("net"), mt.scope("first") as here:
        mt.log(mt.tensor([1.0]))
        here.rename("second")
        mt.log(mt.tensor([-1.0]))
    assert guard.scope == "net/second"
    with mt.observe(mt.NanGuard()) as guard:
        mt.log(mt.tensor([-1.0]))
    assert guard.scope == ""


def test_timer_and_memory_meter_and_printer(capsys):
    x = leaf(*range(1, 9))
    with mt.observe(mt.Timer()) as timer, mt.observe(mt.MemoryMeter()) as memory:
        y = mt.exp(x) * x
        y.sum().backward()
    assert timer.forward["exp"][0] == 1 and timer.backward["exp"][0] == 1
    assert "exp" in timer.table()
    assert memory.saved["exp"] == 64  # its output
    assert memory.total == 128  # and x; the product keeps the same two memories
    with mt.observe(mt.Printer()):
        (x * 2).sum().backward()
    printed = capsys.readouterr().out
    assert "multiply((8,), 2) -> (8,)" in printed and "backward of sum" in printed


def test_the_peak_meter_counts_each_memory_while_it_lives():
    x = mt.ones((100, 10), dtype="float64")
    with mt.observe(mt.PeakMeter()) as meter:
        y = x + 1
        view = y.reshape((10, 100))[1:]
        assert (meter.now, meter.peak, meter.at) == (8000, 8000, "add")
        del y
        assert meter.now == 8000  # the view holds it
        del view
        assert meter.now == 0 and meter.peak == 8000
        (x * 2 + 3).sum()
    assert meter.peak == 16000 and meter.at == "add" and meter.now == 0


def test_gradients_are_not_all_there_twice():
    """Each is copied into ``.grad``, and what was copied goes before the next."""
    leaves = [mt.ones((1000,), dtype="float64").requires_grad_() for _ in range(4)]
    with mt.observe(mt.PeakMeter()) as meter:
        loss = sum((x * 2).sum() for x in leaves)
        loss.backward()
    del loss
    assert meter.now == 4 * 8000 and meter.at == "backward"
    assert meter.peak < 7 * 8000  # one is being copied, one is in the step that was yielded last
