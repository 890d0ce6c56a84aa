"""Local response normalisation: the op against loops, and PyTorch."""

import numpy as np
import pytest

import minitorch as mt


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def slow_lrn(x, alpha, k, beta, n):
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        batch, channel, *place = index
        low, high = max(0, channel - n // 2), min(x.shape[1], channel + n // 2 + 1)
        total = sum(x[(batch, j, *place)] ** 2 for j in range(low, high))
        out[index] = x[index] / (k + alpha * total) ** beta
    return out


@pytest.mark.parametrize("shape", [(2, 7), (2, 6, 3), (2, 3, 2, 4), (1, 1, 2, 2)], ids=str)
@pytest.mark.parametrize("n", [1, 3, 5])
def test_local_response_norm_against_loops(check_gradients, shape, n):
    x, options = normal(*shape), {"alpha": 0.3, "k": 1.5, "beta": 0.6, "n": n}
    out = mt.local_response_norm(mt.asarray(x), **options)
    np.testing.assert_allclose(out.numpy(), slow_lrn(x, **options), rtol=1e-13)
    check_gradients(lambda x: mt.local_response_norm(x, **options), x)


def test_local_response_norm_defaults():
    x = normal(1, 6, 2)
    out = mt.local_response_norm(mt.asarray(x))
    np.testing.assert_allclose(out.numpy(), slow_lrn(x, 1e-4, 2, 0.75, 5), rtol=1e-13)
    assert mt.local_response_norm(mt.ones((2, 3), dtype=mt.float16)).dtype == np.float16


def test_local_response_norm_bad_input():
    with pytest.raises(TypeError, match="x must be floating-point, got int64"):
        mt.local_response_norm(mt.asarray([[1, 2]]))
    for n in (0, 2, -1):
        with pytest.raises(ValueError, match=f"n must be an odd number of channels, got {n}"):
            mt.local_response_norm(mt.ones((2, 3)), n=n)
    with pytest.raises(ValueError, match="k must be positive, got 0"):
        mt.local_response_norm(mt.ones((2, 3)), k=0)
    with pytest.raises(ValueError, match=r"axes \(batch, channels, ...\), got \(3,\)"):
        mt.local_response_norm(mt.ones((3,)))


@pytest.mark.dev
def test_local_response_norm_against_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    x = normal(2, 7, 3, 3)
    ours = mt.local_response_norm(mt.asarray(x), alpha=0.2, k=2.0, beta=0.75, n=5)
    # PyTorch divides alpha by n.
    theirs = torch.nn.functional.local_response_norm(torch.tensor(x), 5, 1.0, 0.75, 2.0)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-12)
