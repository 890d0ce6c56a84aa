"""``theano.tensor``, usually called T: placeholders, and functions that record.

``minitorch/compat/theano/functions.py`` lists the functions.
"""

from __future__ import annotations

from typing import Any

from minitorch.compat.theano.expression import Expression, deferred
from minitorch.compat.theano.functions import FUNCTIONS
from minitorch.compat.theano.gradient import grad
from minitorch.compat.theano.placeholder import Placeholder
from minitorch.compat.theano.shared import SharedVariable
from minitorch.compat.theano.subtensor import inc_subtensor, set_subtensor
from minitorch.compat.theano.tensor import extra_ops, nnet, shared_randomstreams, signal
from minitorch.utils import did_you_mean

TensorVariable = Expression
Variable = Expression
TensorSharedVariable = SharedVariable

pi = 3.141592653589793
inf = float("inf")


class TensorType:
    """A kind of placeholder: call it with a name to make one.

    Parameters
    ----------
    dtype : str
    broadcastable : sequence of bool
        One per axis. (Any axis of length 1 broadcasts here.)

    Examples
    --------
    >>> TensorType("float32", (False, False))("x")
    <Placeholder x: float32, 2 axes>
    """

    def __init__(self, dtype: str, broadcastable: Any, name: str | None = None) -> None:
        self.dtype = dtype
        self.broadcastable = tuple(broadcastable)
        self.ndim = len(self.broadcastable)

    def __call__(self, name: str | None = None, dtype: str | None = None) -> Placeholder:
        return Placeholder(dtype or self.dtype, self.ndim, name)


_LETTERS = {
    "": "floatX", "b": "int8", "w": "int16", "i": "int32", "l": "int64", "f": "float32",
    "d": "float64",
}  # fmt: skip
_RANKS = {
    "scalar": 0, "vector": 1, "row": 2, "col": 2, "matrix": 2, "tensor3": 3, "tensor4": 4,
    "tensor5": 5,
}  # fmt: skip

PLACEHOLDERS = {
    letter + kind: TensorType(dtype, (False,) * rank)
    for letter, dtype in _LETTERS.items()
    for kind, rank in _RANKS.items()
}
_RECORDED = {name: deferred(function) for name, function in FUNCTIONS.items()}
globals().update(PLACEHOLDERS)
globals().update(_RECORDED)

# What T has: no more, so that an error can name it all.
NAMES = sorted(
    {
        *PLACEHOLDERS, *FUNCTIONS, "TensorType", "TensorVariable", "extra_ops", "grad",
        "inc_subtensor", "inf", "nnet", "pi", "set_subtensor", "shared_randomstreams", "signal",
    }
)  # fmt: skip


def __getattr__(name: str) -> Any:
    raise AttributeError(f"theano.tensor has no {name!r} here; {did_you_mean(name, NAMES)}")
