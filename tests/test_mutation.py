"""Tests of the tests: with one ingredient of the engine switched off, the suite notices.

The switches are those of ``minitorch.testing.break_it``. For each of them the tests
named here run as they are, one after the other, until one fails; if none does, the
ingredient could be lost without anybody seeing it.
"""

import importlib.util
import inspect
from pathlib import Path

import pytest

from minitorch.autograd import find_op
from minitorch.autograd.mode import mode
from minitorch.testing import SampleMaker, check_op
from minitorch.testing.break_it import SWITCHES, broken
from minitorch.testing.switches import outcome

HERE = Path(__file__).parent
# The part of the suite that watches the engine. All their tests without fixtures run.
WATCHERS = ("autograd/test_engine.py", "autograd/test_inplace.py", "autograd/test_functional.py")
# What takes long, or waits for what a broken engine never does.
TOO_SLOW = {
    "test_a_million_nodes_neither_recurse_nor_leak",
    "test_a_deep_graph_can_be_dropped_unwalked",
}
CHECKED_OPS = ("multiply", "tanh", "batch_norm", "conv1d")


def load(path):
    """The tests of a file that need no fixture, by name."""
    spec = importlib.util.spec_from_file_location(f"mutation_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {
        name: test
        for name, test in vars(module).items()
        if name.startswith("test_") and name not in TOO_SLOW
        if not inspect.signature(test).parameters
    }


TESTS = {name: test for file in WATCHERS for name, test in load(HERE / file).items()}


def check(name):
    def test():
        report = check_op(find_op(name), SampleMaker(3))
        assert report.passed, report.failures

    return test


TESTS |= {f"gradients of {name}": check(name) for name in CHECKED_OPS}


def first_failure():
    """The name of the first test that fails, or None."""
    for name, test in TESTS.items():
        before = (mode.grad, mode.observers)
        try:
            test()
        except (Exception, pytest.fail.Exception):
            return name
        finally:
            mode.grad, mode.observers = before
    return None


def test_the_watchers_pass_on_the_whole_engine():
    assert len(TESTS) > 60
    assert first_failure() is None


@pytest.mark.parametrize("name", SWITCHES)
def test_the_suite_notices(name):
    with broken(name):
        noticed = first_failure()
    assert noticed is not None, f"no test fails without {name}: {SWITCHES[name].sentence}"


@pytest.mark.parametrize("name", SWITCHES)
def test_the_example_shows_what_is_missing(name):
    right = outcome(SWITCHES[name].example)
    with broken(name):
        assert outcome(SWITCHES[name].example) != right
    assert outcome(SWITCHES[name].example) == right


def test_everything_is_repaired_after_an_error():
    with pytest.raises(KeyError), broken(*SWITCHES):
        raise KeyError
    assert first_failure() is None
