"""Mixed precision: which op computes in what, within which error, and where gradients go."""

import sys
import threading

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.autograd.op import registry
from minitorch.backend.native import load_extension

module, missing = load_extension("_emulated")
DEVICES = [
    "cpu",
    pytest.param("emulated", marks=pytest.mark.skipif(module is None, reason=missing)),
]
HALF, SINGLE, DOUBLE = (np.dtype(f"float{bits}") for bits in (16, 32, 64))
# What rounding to a type may cost: a share of the number, and near 0.
UNIT, TINY = {"float16": 2.0**-11, "bfloat16": 2.0**-8}, {"float16": 2.0**-25, "bfloat16": 0.0}
both_halves = pytest.mark.parametrize("half", UNIT)


@pytest.fixture(autouse=True)
def package(request):
    """ml_dtypes, for the tests in bfloat16."""
    if (
        getattr(request.node, "callspec", None)
        and "bfloat16" in request.node.callspec.params.values()
    ):
        pytest.importorskip("ml_dtypes")


CONV = {"stride": (1, 1), "pad": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def conv(x, w):
    return mt.conv_fwd(x, w, **CONV)


# name -> the product, the shapes of its factors, its gradients as functions of (g, x, w), and how
# many terms the longest sum has
PRODUCTS = {
    "matmul": (
        mt.matmul, (33, 40), (40, 24), lambda g, w: g @ w.T, lambda g, x: x.T @ g, 40,
    ),
    "conv": (
        conv, (2, 3, 7, 6), (5, 3, 3, 3),
        lambda g, w: mt.conv_dgrad(g, w, size=(7, 6), **CONV),
        lambda g, x: mt.conv_wgrad(x, g, size=(3, 3), **CONV),
        2 * 7 * 6,
    ),
}  # fmt: skip


def exact(product, *factors):
    """A product and that of the factors' magnitudes, in float64 by the op's own body."""
    wide = [mt.asarray(f.astype(np.float64)) for f in factors]
    return product(*wide).numpy(), product(*map(abs, wide)).numpy()


@both_halves
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", PRODUCTS)
def test_products_and_their_gradients_err_as_their_type_does(name, device, half):
    """Each factor rounds once and the result once, sums are float32's:
    |error| <= ((1 + u)³ (1 + n 2⁻²⁴) - 1) |x| |w|, and what rounding near 0 costs."""
    product, x_shape, w_shape, towards_x, towards_w, terms = PRODUCTS[name]
    x, w = normal(*x_shape), normal(*w_shape, seed=1)
    a, b = (mt.asarray(v, device=device).requires_grad_() for v in (x, w))
    with mt.autocast(half):
        y = product(a, b)
    assert (y.dtype, y.device) == (HALF if half == "float16" else SINGLE, device)
    g = normal(*y.shape, seed=2)
    dx, dw = mt.grad(y, [a, b], mt.asarray(g, device=device))
    cases = [(y, product, (x, w)), (dx, towards_x, (g, w)), (dw, towards_w, (g, x))]
    for got, function, factors in cases:
        want, size = exact(function, *factors)
        largest = max(abs(f).max() for f in factors)
        allowed = ((1 + UNIT[half]) ** 3 * (1 + terms * 2.0**-24) - 1) * size
        error = abs(got.numpy().astype(np.float64) - want)
        assert (error <= allowed + TINY[half] * (1 + 2 * terms * largest)).all()
        assert error.max() > 2.0**-20  # it was not float32
    assert dx.dtype == dw.dtype == SINGLE


def test_what_each_kind_of_op_is_given():
    half, single, double = (mt.ones((4, 4), dtype=d) for d in (HALF, SINGLE, DOUBLE))
    with mt.autocast("float16"):
        for x in (half, single):
            assert (x @ x).dtype == HALF
            for function in (mt.exp, mt.log, mt.sum, mt.mean, mt.softmax, mt.logsumexp, mt.square):
                assert function(x).dtype == SINGLE, function
        assert (half @ single).dtype == HALF
        assert (mt.relu(half).dtype, mt.relu(single).dtype) == (HALF, SINGLE)
        assert (half + single).dtype == SINGLE
        # float64 is left alone, wherever it takes part; so are integers.
        assert (double @ double).dtype == (single @ double).dtype == DOUBLE
        assert mt.exp(double).dtype == DOUBLE
        whole = mt.asarray([[1, 2], [3, 4]])
        assert (whole @ whole).dtype.kind == mt.sum(whole).dtype.kind == "i"
        # Arrays are cast as tensors are; numbers have no dtype to cast.
        assert mt.matmul(single, np.ones((4, 4), np.float32)).dtype == HALF
        assert mt.pow(half, 2).dtype == SINGLE
    assert (single @ single).dtype == SINGLE and mt.exp(half).dtype == HALF


def test_kinds_of_all_ops():
    kinds = {name: getattr(op, "autocast", "") for name, op in registry.items()}
    products = {name for name, kind in kinds.items() if kind == "half"}
    assert products == {"matmul", "conv_fwd", "conv_dgrad", "conv_wgrad"}
    for name, op in registry.items():
        if getattr(op, "upcast", False) and name not in products:
            assert kinds[name] == "float32", name


def test_sums_do_not_overflow():
    x = mt.full((64, 64), 60.0)
    with mt.autocast():
        y = x @ mt.eye(64)
        total, squares = y.sum().item(), mt.square(y * 5).max().item()
    assert (total, squares) == (64 * 64 * 60.0, 90000.0)  # float16 ends at 65504


def network():
    mt.random.seed(0)
    net = layers.InputLayer((None, 2, 8, 8))
    net = layers.batch_norm(layers.Conv2DLayer(net, 4, 3))
    net = layers.DenseLayer(layers.Pool2DLayer(net, 2), 5)
    return net, layers.get_all_params(net, trainable=True)


@both_halves
def test_inside_and_after_the_block_gradients_are_the_same_bits(half):
    net, params = network()
    x = mt.asarray(normal(3, 2, 8, 8))
    with mt.autocast(half):
        inside = mt.grad(layers.get_output(net, x).sum(), params)
        loss = layers.get_output(net, x).sum()
    after = mt.grad(loss, params)
    for a, b in zip(inside, after, strict=True):
        assert a.dtype == b.dtype == SINGLE
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_rules_are_not_cast():
    """That of inv multiplies: in float32, as its forward was."""
    x = mt.asarray(normal(6, 6) + 5 * np.eye(6, dtype=np.float32)).requires_grad_()
    with mt.autocast():
        inside = mt.grad(mt.linalg.inv(x).sum(), x)
    np.testing.assert_array_equal(inside.numpy(), mt.grad(mt.linalg.inv(x).sum(), x).numpy())


@both_halves
def test_second_order(half):
    x, w = (mt.asarray(normal(4, 4, seed=s)).requires_grad_() for s in (0, 1))

    def slopes():
        (dw,) = mt.grad(mt.tanh(x @ w).sum(), [w], create_graph=True)
        return mt.grad((dw * dw).sum(), [x, w])

    plain = slopes()
    with mt.autocast(half):
        mixed = slopes()
    for a, b in zip(plain, mixed, strict=True):
        assert b.dtype == SINGLE
        np.testing.assert_allclose(
            b.numpy(), a.numpy(), atol=40 * UNIT[half] * abs(a.numpy()).max()
        )


@both_halves
def test_checkpoints_compute_again_in_the_same_types(half):
    x, w = (mt.asarray(normal(8, 8, seed=s)).requires_grad_() for s in (0, 1))

    def block(x, w):
        return mt.tanh(x @ w) @ w

    with mt.autocast(half):
        plain, again = block(x, w), mt.checkpoint(block, x, w)
    g = mt.ones((8, 8))
    for a, b in zip(mt.grad(plain, [x, w], g), mt.grad(again, [x, w], g), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_captured_functions_have_a_program_for_each():
    step = mt.function(lambda x: x @ x, check=True)
    x = normal(8, 8)
    found = []
    for _ in range(2):
        with mt.autocast():
            found.append(step(x))
        found.append(step(x))
    assert [y.dtype for y in found] == [HALF, SINGLE, HALF, SINGLE]
    assert len(step.programs) == 2


def test_vectors_and_biases_in_bfloat16():
    """What rules compute between products: outer products, and the sum of a bias."""
    pytest.importorskip("ml_dtypes")
    x, v = (mt.asarray(normal(n, seed=n)).requires_grad_() for n in (5, 5))
    w = mt.asarray(normal(5, 3)).requires_grad_()
    images = mt.ones((64, 1, 8, 8))
    filters, bias = mt.ones((1, 1, 1, 1)), mt.zeros(1).requires_grad_()
    with mt.autocast("bfloat16"):
        y = (x @ w).sum() + x @ v
        z = mt.conv2d(images, filters, bias)
    for g, want in zip(
        mt.grad(y, [x, v, w]), mt.grad((x @ w).sum() + x @ v, [x, v, w]), strict=True
    ):
        np.testing.assert_allclose(g.numpy(), want.numpy(), rtol=2.0**-6, atol=2.0**-6)
    # 4096 ones: a sum in bfloat16 itself would end at 256.
    assert (mt.grad(z.sum(), bias).tolist(), z.dtype) == ([4096.0], SINGLE)


def test_bfloat16_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(RuntimeError, match="NumPy has no bfloat16; .*minitorch.bfloat16"):
        mt.autocast("bfloat16")


def test_blocks_nest_and_belong_to_a_thread():
    seen = []

    @mt.autocast()
    def decorated(depth):
        seen.append(mt.get_autocast())
        return decorated(depth - 1) if depth else None

    decorated(1)
    with mt.autocast("float16"), mt.autocast("float32"):
        seen.append(mt.get_autocast())
    with mt.autocast():
        thread = threading.Thread(target=lambda: seen.append(mt.get_autocast()))
        thread.start()
        thread.join()
    with pytest.raises(ZeroDivisionError), mt.autocast():
        raise ZeroDivisionError
    assert [*seen, mt.get_autocast()] == ["float16"] * 2 + ["float32"] * 3


@pytest.mark.parametrize("dtype", ["float64", "half", "int8"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ValueError, match=f"autocast: .*float16, float32, not in '{dtype}'"):
        mt.autocast(dtype)


# -- on the emulated device: which kernels ran ------------------------------------------


@pytest.fixture
def rungs(monkeypatch):
    """What the compiled module was asked for: (function, rung)."""
    if module is None:
        pytest.skip(missing)
    ran = []

    def watch(name, function):
        def watched(rung, *args, **kwargs):
            ran.append((name, rung))
            return function(rung, *args, **kwargs)

        return watched

    for name in ("matmul", "conv_fwd", "conv_dgrad", "conv_wgrad"):
        monkeypatch.setattr(module, name, watch(name, getattr(module, name)))
    return ran


@both_halves
def test_tensor_cores_do_the_products(rungs, half):
    """Forwards and backwards; without autocast the same rungs cannot run."""
    x, w = (mt.asarray(normal(32, 32, seed=s), device="emulated").requires_grad_() for s in (0, 1))
    images = mt.asarray(normal(2, 8, 6, 6), device="emulated").requires_grad_()
    filters = mt.asarray(normal(8, 8, 3, 3, seed=1), device="emulated").requires_grad_()

    def both():
        mt.grad((x @ w).sum(), [x, w])
        mt.grad(conv(images, filters).sum(), [images, filters])

    with mt.autocast(half):
        both()
    chosen = dict(rungs)
    assert [name for name, _ in rungs] == ["matmul"] * 3 + ["conv_fwd", "conv_dgrad", "conv_wgrad"]
    assert chosen == {
        "matmul": "k20_cluster", "conv_fwd": "k08_mma", "conv_dgrad": "k08_mma",
        "conv_wgrad": "k08_mma",
    }  # fmt: skip
    with mt.use_kernel("matmul", "k12_mma"):
        with mt.autocast(half):
            mt.grad((x @ w).sum(), [x, w])
        assert rungs[-3:] == [("matmul", "k12_mma")] * 3
        with pytest.raises(RuntimeError, match="for float16 and bfloat16"):
            both()
