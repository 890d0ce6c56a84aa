"""Every op with rules can be drawn, stepped through and asked about."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import minitorch as mt
from minitorch import explain
from minitorch.autograd.op import Op
from minitorch.testing import SampleMaker

OPS = {
    name: entry
    for name, entry in mt.registry.items()
    if isinstance(entry, Op) and entry.rules and entry.module.startswith("minitorch.")
}


def compute(entry):
    """The first sample's result as a scalar, and the leaves that it depends on."""
    sample = next(iter(entry.sampler(SampleMaker(3))))
    args, leaves = [], []
    names = entry.input_names(len(sample.args))
    for name, value in zip((*names, *[""] * len(sample.args)), sample.args, strict=False):
        if isinstance(value, np.ndarray):
            value = mt.asarray(value)
            if value.dtype.kind == "f" and name.partition("[")[0] not in entry.constant:
                value.requires_grad_()
                leaves.append(value)
        args.append(value)
    result = entry(*args, **sample.kwargs)
    outs = result if isinstance(result, tuple) else (result,)
    loss = sum(((out * out).sum() for out in outs if out.requires_grad), start=mt.asarray(0.0))
    return loss, leaves


@pytest.mark.parametrize("name", OPS)
def test_every_op_can_be_looked_at(name):
    with explain.record() as tape:
        loss, leaves = compute(OPS[name])
    ET.fromstring(explain.to_svg(loss, tape=tape))
    ET.fromstring(explain.html_text(loss, tape=tape).removeprefix("<!DOCTYPE html>"))
    seen = list(explain.steps(loss, tape=tape))
    assert name in {step.op for step in seen} and all(step.formula for step in seen if step.op)
    stepped = [leaf.grad.numpy().copy() for leaf in leaves]
    for leaf in leaves:
        assert explain.explain_grad(loss, leaf, tape=tape).reason in ("fine", "zero")
        leaf.grad = None
    loss.backward()
    for leaf, g in zip(leaves, stepped, strict=True):
        np.testing.assert_array_equal(leaf.grad.numpy(), g)


def test_importing_it_is_light():
    code = (
        "import sys, minitorch.explain; "
        "print(sorted({'click', 'rich', 'matplotlib', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
