"""Every rung of csrc/cpu/update equals the NumPy bodies, within the rounding of its arithmetic."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.steps import adam_step, momentum_step, nesterov_momentum_step, sgd_step
from tests.native.support import Guarded, rungs

RUNGS = rungs("update")
DTYPES = ("float32", "float64")
SIZES = (0, 1, 7, 8, 9, 97, 65535, 65536, 65537, 140001)
ADAM = {"rate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
RULES = {
    "sgd": (sgd_step, (), {"rate": 0.1}),
    "momentum": (momentum_step, ("v",), {"rate": 0.1, "momentum": 0.9}),
    "nesterov": (nesterov_momentum_step, ("v",), {"rate": 0.1, "momentum": 0.9}),
    "adam": (adam_step, ("m", "v"), ADAM),
}


def arrays(rule, size, dtype):
    rng = np.random.default_rng(size)
    made = [rng.normal(size=size) for _ in range(2 + len(RULES[rule][1]))]
    if rule == "adam":
        made[3] = np.abs(made[3])
    return [a.astype(dtype) for a in made]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("rule", RULES)
def test_every_rung_equals_the_body(native, isa, rule, rung, size, dtype):
    """No value has more than eight roundings, of terms whose sizes add up to ``size_of``."""
    op, memory, numbers = RULES[rule]
    given = arrays(rule, size, dtype)
    old = dict(zip(memory, given[2:], strict=True))
    new = {f"new_{name}": Guarded(size, dtype) for name in ("p", *memory)}
    out = {name: a.array for name, a in new.items()}
    native.update(rung, rule, *given[:2], **old, **out, **numbers)
    expected = op.body(np, *[a.astype("f8") for a in given], **numbers)
    size_of = sum(np.abs(a) for a in given) + given[1] ** 2 + (rule == "adam")
    for found, exact in zip(new.values(), np.atleast_2d(expected), strict=True):
        assert (np.abs(found.check() - exact) <= 8 * np.finfo(dtype).eps * size_of).all()


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("rule", RULES)
def test_new_values_may_be_written_over_the_old_ones(native, rule, rung):
    _, memory, numbers = RULES[rule]
    p, g, *rest = arrays(rule, 1001, "float32")
    old = dict(zip(memory, rest, strict=True))
    apart = {f"new_{name}": np.empty(1001, "f4") for name in ("p", *memory)}
    native.update(rung, rule, p, g, **old, **apart, **numbers)
    over = {f"new_{name}": a for name, a in {"p": p, **old}.items()}
    native.update(rung, rule, p, g, **old, **over, **numbers)
    for name, a in apart.items():
        np.testing.assert_array_equal(over[name], a)


@pytest.mark.parametrize("rung", ["reference", *RUNGS])
@pytest.mark.parametrize("rule", RULES)
def test_any_shape_and_memory_order_through_the_op(native, rule, rung):
    op, _, numbers = RULES[rule]
    given = [a.reshape(4, 5, 6).swapaxes(0, 2)[::-1] for a in arrays(rule, 120, "float64")]
    expected = np.atleast_1d(op.body(np, *given, **numbers)).reshape(-1, 6, 5, 4)
    with mt.use_kernel(op, rung):
        found = op(*given, **numbers)
    found = found if isinstance(found, tuple) else (found,)
    for a, exact in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), exact, rtol=1e-14)


@pytest.mark.parametrize(
    ("given", "numbers", "reason"),
    [
        ((np.ones(3, "f2"), np.ones(3, "f2")), {"rate": 0.1}, "the parameter is float16"),
        ((np.ones(3, "f4"), np.ones(3, "f8")), {"rate": 0.1}, "one shape and dtype"),
        ((np.ones(3, "f4"), np.ones(1, "f4")), {"rate": 0.1}, "one shape and dtype"),
        ((np.ones(3, "f4"), np.ones(3, "f4")), {"rate": np.ones(3, "f4")}, "Python numbers"),
    ],
)
def test_a_forced_kernel_says_what_it_cannot_do(native, given, numbers, reason):
    sgd_step(*given, **numbers)
    with mt.use_kernel(sgd_step, "k01_naive"), pytest.raises(RuntimeError, match=reason):
        sgd_step(*given, **numbers)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"rule": "adagrad"}, ValueError, "rule is one of sgd"),
        ({"g": np.ones(3, "f4")}, ValueError, "g has the shape"),
        ({"g": np.ones(4, "f8")}, TypeError, "g has the dtype float64"),
        ({"v": None}, ValueError, "sgd remembers nothing"),
        ({"rule": "sgd"}, ValueError, "sgd remembers nothing"),
    ],
)
def test_misfits_are_refused(native, changed, error, message):
    one = np.ones(4, "f4")
    call = {"rule": "momentum", "p": one, "g": one, "v": one, "new_p": one, "new_v": one}
    native.update("k01_naive", **call, rate=0.1)
    with pytest.raises(error, match=message):
        native.update("k01_naive", **{**call, **changed}, rate=0.1)
