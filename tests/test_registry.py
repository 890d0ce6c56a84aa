"""What holds for every op of the registry, present and future."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd.op import Composite, Op
from minitorch.backend.native import REFERENCE
from minitorch.testing import SampleMaker, check_op

ENTRIES = {n: e for n, e in mt.registry.items() if e.module.startswith("minitorch.")}
OPS = {n: e for n, e in ENTRIES.items() if isinstance(e, Op)}


def samples(entry):
    return list(entry.sampler(SampleMaker(1)))


def tensors(args):
    return [mt.asarray(np.array(a)) if isinstance(a, np.ndarray) else a for a in args]


def outputs(result):
    found = result if isinstance(result, tuple | list) else (result,)
    return [t for t in found if isinstance(t, mt.Tensor)]


@pytest.mark.parametrize("name", ENTRIES)
def test_every_op_has_samples_a_formula_and_a_docstring(name):
    entry = ENTRIES[name]
    assert entry.sampler is not None, f"{name} has no samples: declare them with @{name}.samples"
    assert samples(entry)
    assert entry.formula, f"{name} has no formula"
    assert entry.__doc__ and entry.__doc__.strip()


@pytest.mark.parametrize("name", OPS)
def test_every_array_input_has_a_rule_or_is_declared_constant(name):
    entry = OPS[name]
    missing = set(entry.arrays) - entry.constant - set(entry.rules)
    assert not missing, f"{name}: no rule for {missing}, and not declared constant"


@pytest.mark.parametrize("name", OPS)
def test_every_rule_says_its_formula(name):
    for rule in OPS[name].rules.values():
        assert rule.fn.__doc__, f"{rule.name} has no docstring with the derivative"


@pytest.mark.parametrize("name", ENTRIES)
def test_gradients(name):
    report = check_op(ENTRIES[name], SampleMaker(7))
    assert report.passed, "\n".join(report.failures)


@pytest.mark.parametrize("name", ENTRIES)
def test_inputs_are_left_alone_and_only_views_share_memory(name):
    entry = ENTRIES[name]
    for sample in samples(entry):
        args = tensors(sample.args)
        before = [np.array(a.numpy()) if isinstance(a, mt.Tensor) else a for a in args]
        outs = outputs(entry(*args, **sample.kwargs))
        for a, old in zip(args, before, strict=True):
            if isinstance(a, mt.Tensor):
                np.testing.assert_array_equal(a.numpy(), old)
        if isinstance(entry, Composite) or entry.view:
            continue
        for out in outs:
            for a in args:
                if isinstance(a, mt.Tensor):
                    assert not np.may_share_memory(out.data, a.data), f"{name} returns a view"


@pytest.mark.parametrize("name", ENTRIES)
def test_results_are_tensors_with_the_dtype_of_their_inputs(name):
    entry = ENTRIES[name]
    for sample in samples(entry):
        for out in outputs(entry(*tensors(sample.args), **sample.kwargs)):
            assert type(out.data) is np.ndarray
            if out.dtype.kind == "f" and sample.kwargs.get("dtype") is None:
                assert out.dtype == np.float64


# What means something else in another precision, by its nature.
OTHER_MEANING = {"nextafter": "gives the neighbouring number of its own precision"}


def cast(value, *dtypes):
    if isinstance(value, np.ndarray | mt.Tensor) and value.dtype.kind == "f":
        for dtype in dtypes:
            value = value.astype(dtype)
    return value


def run_in(entry, sample, *dtypes):
    args = [cast(a, *dtypes) for a in sample.args]
    return outputs(entry(*tensors(args), **{k: cast(v, *dtypes) for k, v in sample.kwargs.items()}))


@pytest.mark.parametrize("name", ENTRIES)
def test_single_and_half_precision_agree_with_double(name):
    entry = ENTRIES[name]
    if name in OTHER_MEANING:
        pytest.skip(OTHER_MEANING[name])
    for sample in samples(entry):
        if "dtype" in sample.kwargs:
            continue
        for dtype, bound in ((np.float32, 2e-4), (np.float16, 6e-2)):
            # The same rounded values in both precisions: only the computation differs.
            pairs = zip(
                run_in(entry, sample, dtype), run_in(entry, sample, dtype, np.float64), strict=True
            )
            for narrow, wide in pairs:
                if wide.dtype.kind != "f":
                    continue
                assert narrow.dtype == dtype, f"{name} turns {np.dtype(dtype)} into {narrow.dtype}"
                scale = max(1.0, float(np.abs(wide.numpy()).max(initial=0.0)))
                np.testing.assert_allclose(
                    narrow.numpy().astype(np.float64) / scale, wide.numpy() / scale, atol=bound
                )


@pytest.mark.parametrize("name", OPS)
def test_strided_inputs_give_the_same(name):
    entry = OPS[name]
    for sample in samples(entry):
        args = tensors(sample.args)
        strided = [
            mt.asarray(np.asfortranarray(np.repeat(a.numpy()[..., None], 2, -1))[..., 1])
            if isinstance(a, mt.Tensor)
            else a
            for a in args
        ]
        for a, b in zip(
            outputs(entry(*args, **sample.kwargs)),
            outputs(entry(*strided, **sample.kwargs)),
            strict=True,
        ):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-12)


KERNELS = [
    (name, kernel.name)
    for name, entry in OPS.items()
    for backend, kernel in entry.kernels
    if backend == "cpu" and not kernel.missing
]


@pytest.mark.parametrize(("name", "kernel"), KERNELS)
def test_kernels_agree_with_the_body(name, kernel):
    entry, ran = OPS[name], 0
    for sample in samples(entry):
        with mt.use_kernel(name, REFERENCE):
            expected = outputs(entry(*tensors(sample.args), **sample.kwargs))
        try:
            with mt.use_kernel(name, kernel):
                found = outputs(entry(*tensors(sample.args), **sample.kwargs))
        except RuntimeError as refusal:
            if "forced kernel" not in str(refusal):
                raise
            continue
        ran += 1
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-11, atol=1e-11)
    assert ran, f"no sample of {name} suits its kernel {kernel}"


def test_constant_ops_carry_no_gradient():
    x = mt.tensor([1.5, -2.5], requires_grad=True)
    for name in ("floor", "sign", "round", "isnan", "argmax", "ceil"):
        assert not getattr(mt, name)(x).requires_grad, name
