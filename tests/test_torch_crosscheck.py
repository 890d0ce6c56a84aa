"""PyTorch as an oracle that shares no line with minitorch: values, first and second derivatives.

Runs on the registry's own samples, in float64, where PyTorch is installed (it is
no dependency, not even of the tests). ``crosscheck/torch_peers.py`` has what a
PyTorch user would write for each op, or the reason why it is compared to nothing.
"""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
import minitorch.distributed  # whose op is in the registry once it is imported
from minitorch.testing import SampleMaker

pytestmark = pytest.mark.dev
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle of this file, is not here")

_spec = importlib.util.spec_from_file_location(
    "torch_peers", Path(__file__).parent / "crosscheck" / "torch_peers.py"
)
peers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(peers)

ENTRIES = {n: e for n, e in mt.registry.items() if e.module.startswith("minitorch.")}


def as_ours(array, constant=False):
    t = mt.asarray(np.array(array))
    return t.requires_grad_() if t.dtype.kind == "f" and not constant else t


def as_theirs(array, constant=False):
    t = torch.from_numpy(np.array(array))
    return t.requires_grad_() if t.is_floating_point() and not constant else t


def as_array(t):
    return np.array(t.detach().numpy(force=True) if isinstance(t, torch.Tensor) else t.detach())


def derivatives(losses, leaves, grad, **options):
    """Towards each leaf, as tensors and as arrays: zeros where there is none."""
    losses = [loss.sum() for loss in losses if loss is not None and loss.requires_grad]
    found = [None] * len(leaves)
    if losses and leaves:
        found = grad(sum(losses), leaves, allow_unused=True, **options)
    arrays = [
        np.zeros(tuple(x.shape)) if g is None else as_array(g)
        for g, x in zip(found, leaves, strict=True)
    ]
    return [g for g in found if g is not None], arrays


def run(fn, sample, constant, wrap, grad):
    """Outputs, first derivatives of <u, y>, and second ones: of the first ones' squares."""
    args = [
        wrap(a, i in constant) if isinstance(a, np.ndarray) else a
        for i, a in enumerate(sample.args)
    ]
    result = fn(*args, **sample.kwargs)
    outs = result if isinstance(result, tuple | list) else (result,)
    leaves = [t for t in args if getattr(t, "requires_grad", False)]
    rng = np.random.default_rng(0)
    weighted = [t * wrap(rng.normal(size=tuple(t.shape)), constant=True) for t in outs]
    slopes, first = derivatives(weighted, leaves, grad, create_graph=True)
    _, second = derivatives([g * g for g in slopes], leaves, grad)
    return [as_array(t) for t in outs], first, second


def assert_close(found, expected, label):
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        scale = max(1.0, float(np.abs(b).max(initial=0)) if b.dtype.kind == "f" else 1.0)
        np.testing.assert_allclose(a / scale, b / scale, rtol=1e-9, atol=1e-9, err_msg=label)


@pytest.mark.parametrize("name", peers.PEERS)
def test_values_and_derivatives_agree(name):
    entry, compared = ENTRIES[name], 0
    for sample in entry.sampler(SampleMaker(2)):
        constant = {i for i, n in enumerate(entry.arrays) if n in entry.constant}
        try:
            theirs = run(peers.PEERS[name], sample, constant, as_theirs, torch.autograd.grad)
        except peers.Unlike:
            continue
        ours = run(entry, sample, constant, as_ours, mt.grad)
        compared += 1
        for order, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert_close(a, b, f"order {order} of {name}, {sample}")
    assert compared, f"PyTorch's counterpart of {name} does none of its samples"


def test_every_op_is_compared_or_says_why_not():
    unmentioned = set(ENTRIES) - set(peers.PEERS) - set(peers.ALONE)
    assert not unmentioned, f"PEERS needs a counterpart, or ALONE a reason, for {unmentioned}"
    assert not set(peers.PEERS) & set(peers.ALONE)
    assert set(peers.PEERS) | set(peers.ALONE) <= set(ENTRIES)
