"""What holds for every op of the registry, present and future.

Each test runs once per op, so that a failure names the op. What it takes to pass
is written in CONTRIBUTING.md; ``python -m minitorch gradcheck NAME`` shows the
gradients' part of it.
"""

import ast
import inspect
import textwrap

import numpy as np
import pytest

import minitorch as mt
import minitorch.distributed  # whose op is in the registry once it is imported
from minitorch.autograd.op import Composite, Op
from minitorch.backend.native import REFERENCE
from minitorch.testing import SampleMaker, check_op

ENTRIES = {n: e for n, e in mt.registry.items() if e.module.startswith("minitorch.")}
OPS = {n: e for n, e in ENTRIES.items() if isinstance(e, Op)}
DIFFERENTIABLE = [n for n, e in ENTRIES.items() if e.rules or isinstance(e, Composite)]

every_entry = pytest.mark.parametrize("name", ENTRIES)
every_op = pytest.mark.parametrize("name", OPS)
every_differentiable = pytest.mark.parametrize("name", DIFFERENTIABLE)


def samples(entry):
    return list(entry.sampler(SampleMaker(1)))


def is_float(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def tensors(args):
    return [mt.asarray(np.array(a)) if isinstance(a, np.ndarray) else a for a in args]


def outputs(result):
    found = result if isinstance(result, tuple | list) else (result,)
    return [t for t in found if isinstance(t, mt.Tensor)]


def active(entry, sample):
    """Positions of the arguments that a gradient goes to."""
    names = parameter_names(entry, len(sample.args))
    return [
        i
        for i, (name, a) in enumerate(zip(names, sample.args, strict=True))
        if is_float(a)
        if (name in entry.rules if isinstance(entry, Op) else name not in entry.constant)
    ]


def parameter_names(entry, count):
    names = entry.input_names(count) if isinstance(entry, Op) else entry.arrays
    return ([name.partition("[")[0] for name in names] + [""] * count)[:count]


def leaves(entry, sample, dtype=None):
    """The arguments as tensors, those with a gradient requiring it."""
    args = tensors(sample.args if dtype is None else [cast(a, dtype) for a in sample.args])
    for i in active(entry, sample):
        args[i].requires_grad_()
    return args


def weights(outs):
    rng = np.random.default_rng(0)
    return [mt.asarray(rng.normal(size=t.shape).astype(t.dtype)) for t in outs]


def gradients(entry, sample, args, wanted, **options):
    """d<u, op(args)> towards the tensors ``wanted``, None where there is none."""
    outs = [t for t in outputs(entry(*args, **sample.kwargs)) if t.requires_grad]
    if not outs:
        return [None] * len(wanted)
    return mt.grad(outs, wanted, weights(outs), allow_unused=True, **options)


def assert_same(found, expected, **tolerances):
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a.numpy(), b.numpy(), **tolerances)


# -- declarations -----------------------------------------------------------------


@every_entry
def test_it_has_samples_a_formula_and_a_docstring(name):
    entry = ENTRIES[name]
    assert entry.sampler is not None, f"{name} has no samples: declare them with @{name}.samples"
    assert samples(entry), f"the sampler of {name} yields nothing"
    assert entry.formula, f"{name} has no formula"
    assert entry.__doc__ and entry.__doc__.strip(), f"{name} has no docstring"


PUBLIC = {id(v) for room in (mt, mt.linalg) for v in vars(room).values()}


@pytest.mark.parametrize("name", [n for n, e in ENTRIES.items() if id(e) in PUBLIC])
def test_what_is_public_is_explained_with_an_example(name):
    text = inspect.cleandoc(ENTRIES[name].__doc__)
    for section in ("Parameters\n----------", "Returns\n-------", "Examples\n--------"):
        assert section in text, f"the docstring of {name} has no section {section.split()[0]}"


@every_op
def test_every_array_input_has_a_rule_or_is_declared_constant(name):
    entry = OPS[name]
    missing = set(entry.arrays) - entry.constant - set(entry.rules)
    assert not missing, f"{name}: no rule for {missing}, and not declared constant"


@every_op
def test_every_rule_says_its_formula_and_whose_it_is(name):
    for rule in OPS[name].rules.values():
        assert rule.fn.__doc__, f"{rule.name} has no docstring with the derivative"
        assert "_d" in rule.name, f"{rule.name} should be called <op>_d<input>"


@every_op
def test_what_is_linear_is_declared_so(name):
    """Or it would miss the sharpest test there is, that of the adjoint."""
    entry, bends, straight = OPS[name], set(), set()
    for sample in samples(entry):
        names = parameter_names(entry, len(sample.args))
        for i in active(entry, sample):
            (straight if looks_linear(entry, sample, i) else bends).add(names[i])
    undeclared = straight - bends - set(entry.linear)
    assert not undeclared, f"{name} is linear in {undeclared}: say so with linear=(...)"


def looks_linear(entry, sample, position):
    rng = np.random.default_rng(0)
    args = list(sample.args)
    x = args[position]
    if x.size < 2:
        return False
    y = rng.permutation(x.ravel()).reshape(x.shape)

    def f(value):
        args[position] = value
        outs = outputs(entry(*tensors(args), **sample.kwargs))
        return np.concatenate([t.numpy().ravel() for t in outs if t.dtype.kind == "f"])

    try:
        with np.errstate(all="ignore"):
            zero = f(np.zeros_like(x))
            bend = (f(2 * x - 3 * y) - zero) - (2 * (f(x) - zero) - 3 * (f(y) - zero))
    except (ValueError, np.linalg.LinAlgError):
        return False  # these values are not in its domain
    scale = max(1.0, float(np.abs(f(x)).max(initial=0)))
    return bool(np.isfinite(bend).all() and (np.abs(bend) <= 1e-11 * scale).all())


@every_op
def test_the_body_calls_no_numpy_of_its_own(name):
    """It works on the arrays of any device; so does what it calls, ``xp``."""
    source = OPS[name].source
    used = {
        node.attr
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(source))))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if source.__globals__.get(node.value.id) is np
    }
    assert used <= DEVICE_FREE, f"{name} uses numpy's {used - DEVICE_FREE}; use xp"


# What of numpy tells of shapes and types, not of arrays in memory.
DEVICE_FREE = {"broadcast_shapes", "can_cast", "dtype", "errstate", "finfo", "iinfo", "result_type"}


# -- gradients ----------------------------------------------------------------------


@every_entry
def test_first_order_second_order_and_adjoint(name):
    report = check_op(ENTRIES[name], SampleMaker(7), seed=7)
    assert report.passed, "\n".join(report.failures)
    assert report.first is None or report.first <= 1e-6
    assert report.second is None or report.second <= 1e-6
    assert report.adjoint is None or report.adjoint <= 1e-12
    if name in OPS:
        assert (report.first is not None) == bool(OPS[name].rules)


@every_op
def test_an_op_without_rules_records_nothing(name):
    entry = OPS[name]
    for sample in samples(entry) if not entry.rules else ():
        args = [t.requires_grad_() if is_float_tensor(t) else t for t in tensors(sample.args)]
        assert not any(t.requires_grad for t in outputs(entry(*args, **sample.kwargs)))


def is_float_tensor(t):
    return isinstance(t, mt.Tensor) and t.dtype.kind == "f"


@every_differentiable
def test_a_second_walk_gives_the_same_and_the_incoming_gradient_is_left_alone(name):
    entry = ENTRIES[name]
    for sample in samples(entry):
        args = leaves(entry, sample)
        wanted = [args[i] for i in active(entry, sample)]
        outs = [t for t in outputs(entry(*args, **sample.kwargs)) if t.requires_grad]
        if not outs:
            continue
        u = weights(outs)
        before = [np.array(w.numpy()) for w in u]
        first = mt.grad(outs, wanted, u, retain_graph=True, allow_unused=True)
        first = [None if g is None else mt.asarray(np.array(g.numpy())) for g in first]
        assert_same(mt.grad(outs, wanted, u, allow_unused=True), first, rtol=0)
        for w, old in zip(u, before, strict=True):
            np.testing.assert_array_equal(w.numpy(), old)


@every_differentiable
def test_no_write_in_place_makes_a_gradient_wrong(name):
    """It stays what it was, or is refused: whatever the op saved is watched."""
    entry = ENTRIES[name]
    for sample in samples(entry):
        places = active(entry, sample)
        start = leaves(entry, sample)
        wanted = [start[i] for i in places]
        expected = gradients(entry, sample, start, wanted)
        for spoil_output in (False, True):
            fresh = tensors(sample.args)
            args = [start[i] * 1 if i in places else t for i, t in enumerate(fresh)]
            found = outputs(entry(*args, **sample.kwargs))
            outs = [t for t in found if t.requires_grad]
            if not outs:
                continue
            spoilt = found if spoil_output else [t for t in args if isinstance(t, mt.Tensor)]
            with mt.no_grad():
                for t in spoilt:
                    if t.data.flags.writeable:
                        t[...] = spoilt_values(t)
            try:
                got = mt.grad(outs, wanted, weights(outs), allow_unused=True)
            except RuntimeError as refusal:
                if "written in place" not in str(refusal):
                    raise
            else:
                assert_same(got, expected, rtol=1e-12, atol=1e-12)


def spoilt_values(t):
    return ~t if t.dtype.kind == "b" else t * 0 + 1 if t.dtype.kind != "f" else t * 0 + 0.4321


# -- values -----------------------------------------------------------------------------


@every_entry
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


@every_entry
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


@every_entry
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
                assert_close(narrow, wide, bound)


def assert_close(narrow, wide, bound):
    scale = max(1.0, float(np.abs(wide.numpy()).max(initial=0.0)))
    np.testing.assert_allclose(
        narrow.numpy().astype(np.float64) / scale, wide.numpy() / scale, atol=bound
    )


@every_differentiable
def test_gradients_in_single_precision_agree_with_double(name):
    entry = ENTRIES[name]
    for sample in samples(entry):
        if any(k == "dtype" or hasattr(v, "dtype") for k, v in sample.kwargs.items()):
            continue
        rounded = type(sample).of(*[cast(a, np.float32, np.float64) for a in sample.args])
        both = []
        for dtype in (np.float32, np.float64):
            args = leaves(entry, rounded, dtype)
            wanted = [args[i] for i in active(entry, sample)]
            both.append(gradients(entry, sample, args, wanted))
        for narrow, wide in zip(*both, strict=True):
            assert (narrow is None) == (wide is None)
            if narrow is not None:
                assert narrow.dtype == np.float32
                assert_close(narrow, wide, 1e-3)


# -- memory layouts ----------------------------------------------------------------------


def every_second(x):
    return np.asfortranarray(np.repeat(x[..., None], 2, -1))[..., 1]


def backwards(x):
    turn = (slice(None, None, -1),) * x.ndim
    return x[turn].copy()[turn] if x.ndim else x.copy()


def columns_first(x):
    return np.array(x, order="F")


def without_strides(x):
    """All elements are the same one, if that is how the values are."""
    return np.broadcast_to(x.flat[:1].reshape((1,) * x.ndim), x.shape) if x.size else x


LAYOUTS = (every_second, backwards, columns_first, without_strides)


@pytest.mark.parametrize("layout", LAYOUTS)
@every_op
def test_the_layout_of_the_memory_changes_nothing(name, layout):
    entry = OPS[name]
    for sample in samples(entry):
        args = sample.args
        if layout is without_strides:
            args = [np.array(layout(a)) if isinstance(a, np.ndarray) else a for a in args]
        straight, laid = leaves(entry, type(sample).of(*args)), leaves(entry, sample)
        places = active(entry, sample)
        for i, a in enumerate(args):
            if isinstance(a, np.ndarray):
                laid[i] = mt.asarray(layout(a)).requires_grad_(i in places)
        try:
            expected = outputs(entry(*straight, **sample.kwargs))
            slopes = gradients(entry, sample, straight, [straight[i] for i in places])
        except (ValueError, np.linalg.LinAlgError):
            assert layout is without_strides  # equal values may be outside of its domain
            continue
        assert_same(outputs(entry(*laid, **sample.kwargs)), expected, rtol=1e-12, atol=1e-12)
        found = gradients(entry, sample, laid, [laid[i] for i in places])
        assert_same(found, slopes, rtol=1e-10, atol=1e-10)


# -- kernels -------------------------------------------------------------------------------

KERNELS = [
    (name, kernel.name)
    for name, entry in OPS.items()
    for backend, kernel in entry.kernels
    if backend == "cpu" and not kernel.missing
]


@pytest.mark.parametrize(("name", "kernel"), KERNELS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_kernels_agree_with_the_body(name, kernel, dtype):
    entry, ran = OPS[name], 0
    bound = 1e-11 if dtype is np.float64 else 1e-5
    for sample in samples(entry):
        args = tensors([cast(a, dtype) for a in sample.args])
        with mt.use_kernel(name, REFERENCE):
            expected = outputs(entry(*args, **sample.kwargs))
        try:
            with mt.use_kernel(name, kernel):
                found = outputs(entry(*args, **sample.kwargs))
        except RuntimeError as refusal:
            if "forced kernel" not in str(refusal):
                raise
            continue
        ran += 1
        assert_same(found, expected, rtol=bound, atol=bound)
    if not ran and dtype is np.float32:
        pytest.skip(f"{kernel} takes no float32")
    assert ran, f"no sample of {name} suits its kernel {kernel}"
