"""Every op, forwards and backwards, replayed on values that it was not traced on."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.capture import CaptureError
from tests.test_registry import ENTRIES, active, every_entry, outputs, samples, tensors, weights


def others(entry, sample):
    """Arguments of the same kinds: floats moved a little, the rest in another order."""
    rng = np.random.default_rng(5)
    changed = []
    for a in sample.args:
        if isinstance(a, np.ndarray) and a.dtype.kind == "f":
            moved = a * (1 + 0.01 * rng.normal(size=a.shape))
            a = np.asarray(moved).astype(a.dtype)
        changed.append(a)
    return changed


@every_entry
def test_a_replay_is_an_eager_run(name):
    entry = ENTRIES[name]
    for sample in samples(entry):
        wanted = active(entry, sample)
        try:
            assert_replayed(entry, sample, wanted)
        except CaptureError as error:
            refused = str(error)
        else:
            continue
        assert "depends on values" in refused or "is read by Python" in refused


def assert_replayed(entry, sample, wanted):
    def run(args):
        args = [
            mt.parameter.Parameter(a) if i in wanted and isinstance(a, mt.Tensor) else a
            for i, a in enumerate(args)
        ]
        outs = outputs(entry(*args, **sample.kwargs))
        grown = [t for t in outs if t.requires_grad]
        grads = []
        if grown:
            leaves = [args[i] for i in wanted]
            grads = mt.grad(grown, leaves, weights(grown), allow_unused=True)
        return [t.detach() for t in outs], grads

    captured = mt.function(run)
    captured(tensors(sample.args))
    if not captured.programs or not len(captured.programs[0]):
        return
    second = tensors(others(entry, sample))
    found, expected = captured(second), run(second)
    assert len(captured.programs) == 1
    for mine, theirs in zip(found[0] + found[1], expected[0] + expected[1], strict=True):
        assert (mine is None) == (theirs is None)
        if theirs is not None:
            assert mine.dtype == theirs.dtype and mine.shape == theirs.shape
            kind = theirs.dtype.kind in "fc"
            compare = np.testing.assert_allclose if kind else np.testing.assert_array_equal
            options = {"rtol": 1e-12, "atol": 1e-13} if kind else {}
            compare(mine.numpy(), theirs.numpy(), **options)


def test_what_reads_values_says_so():
    captured = mt.function(mt.nonzero)
    captured(mt.asarray([0.0, 1.0, 0.0]))
    assert captured(mt.asarray([0.0, 0.0, 2.0]))[0].tolist() == [2]
    with pytest.raises(CaptureError, match=r"argwhere at .*: the shape depends on values"):
        captured(mt.asarray([1.0, 1.0, 0.0]))
