"""grad_clip: an identity whose gradient is limited, at the first order and the second."""

import numpy as np
import pytest

import minitorch as mt


def test_values_pass_and_gradients_are_limited():
    x = mt.tensor([3.0, -4.0, 5.0], requires_grad=True)
    y = mt.grad_clip(x, lower=-0.5, upper=2.0)
    np.testing.assert_array_equal(y.numpy(), x.numpy())
    weights = np.array([-3.0, 1.5, 7.0], np.float32)
    np.testing.assert_array_equal(mt.grad((y * weights).sum(), x).numpy(), [-0.5, 1.5, 2.0])


def test_second_order_is_that_of_the_limited_gradient():
    """L = Σ y³ / 3: g = y², dL/dx = min(x², 4), so d²L/dx² = 2x where x² < 4, else 0."""
    x = mt.tensor([1.0, -1.5, 3.0], requires_grad=True)
    y = mt.grad_clip(x, lower=-4.0, upper=4.0)
    first = mt.grad((y**3).sum() / 3, x, create_graph=True)
    np.testing.assert_allclose(first.numpy(), [1, 2.25, 4], rtol=1e-6)
    np.testing.assert_allclose(mt.grad(first.sum(), x).numpy(), [2, -3, 0], rtol=1e-6)


def test_bounds_are_in_order():
    with pytest.raises(ValueError, match="lower is 1, it must not be above upper, -1"):
        mt.grad_clip(mt.ones(2), lower=1, upper=-1)
