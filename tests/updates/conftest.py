"""What the tests of the updates share: a toy problem."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.parameter import Parameter


class Toy:
    """A quadratic in two parameters, steep in some directions and flat in others."""

    start = (np.array([1.0, -2.0, 0.5]), np.array([[0.1, 3.0], [-0.7, 0.0]]))
    target = (np.array([0.3, 0.2, -1.0]), np.array([[1.0, 1.0], [0.5, 0.0]]))
    curvature = (np.array([1.0, 0.2, 3.0]), np.array([[0.5, 2.0], [0.1, 1.0]]))

    def parameters(self, dtype=np.float64):
        return [Parameter(a.astype(dtype), name=f"p{i}") for i, a in enumerate(self.start)]

    def loss_of(self, params):
        rows = zip(params, self.target, self.curvature, strict=True)
        terms = [(mt.asarray(c) * (p - mt.asarray(t)) ** 2).sum() for p, t, c in rows]
        return 0.5 * (terms[0] + terms[1])


@pytest.fixture
def toy():
    return Toy()
