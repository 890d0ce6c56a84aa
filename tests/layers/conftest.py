"""What the tests of the layers share: gradients towards the input and every parameter."""

import numpy as np
import pytest

from minitorch.parameter import Parameter
from minitorch.testing import gradcheck, gradgradcheck


@pytest.fixture
def check_gradients():
    """``check(layer, x, ...)``: both orders in float64, by finite differences."""

    def check(layer, *inputs, fresh=lambda: None, **kwargs):
        own = [n for n, v in vars(layer).items() if isinstance(v, Parameter) and v.requires_grad]
        rng = np.random.default_rng(3)
        values = [rng.uniform(-1, 1, getattr(layer, name).shape) for name in own]
        before = {name: getattr(layer, name) for name in own}

        def function(*arrays):
            # Everything that is random or remembered starts anew in every call.
            fresh()
            for name, value in zip(own, arrays[len(inputs) :], strict=True):
                setattr(layer, name, value)
            given = arrays[: len(inputs)]
            return layer.get_output_for(given[0] if len(given) == 1 else list(given), **kwargs)

        try:
            gradcheck(function, [*inputs, *values])
            gradgradcheck(function, [*inputs, *values])
        finally:
            for name, value in before.items():
                setattr(layer, name, value)

    return check
