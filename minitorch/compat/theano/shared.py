"""Shared variables: values that live between calls, with operators that record."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.autograd import asarray
from minitorch.compat.theano.expression import Symbolic, is_running
from minitorch.parameter import Parameter

__all__ = ["SharedData", "SharedVariable", "adopt", "shared"]


class SharedVariable(Symbolic, Parameter):
    """A parameter whose operators make expressions, so that what is made of it stays true.

    ``(W ** 2).sum()`` is an expression that is computed anew by every function it is in.
    While a function runs, it is an ordinary parameter.

    Examples
    --------
    >>> from minitorch.compat import theano
    >>> W = theano.shared([1.0, 2.0], name="W")
    >>> norm = (W ** 2).sum()
    >>> W.set_value([3.0, 4.0])
    >>> norm.eval()
    array(25., dtype=float32)
    """

    __slots__ = ()

    @property
    def T(self) -> Any:  # noqa: N802 (Theano's name)
        """The transpose: an expression, or while a function runs a tensor."""
        return Parameter.T.fget(self) if is_running() else self.transpose()

    def eval(self) -> np.ndarray[Any, Any]:
        """The value."""
        return self.get_value()

    def __eq__(self, other: object) -> Any:
        """Identity, as Theano has it; elements while a function runs."""
        return Parameter.__eq__(self, other) if is_running() else self is other

    def __ne__(self, other: object) -> Any:
        return Parameter.__ne__(self, other) if is_running() else self is not other

    __hash__ = Parameter.__hash__


class SharedData(SharedVariable):
    """What ``theano.shared`` makes: its value may change its lengths, and is data at first.

    It takes part in gradients once one has been asked for.
    """

    __slots__ = ()

    def __init__(self, value: Any, name: str | None = None, trainable: bool = False) -> None:
        super().__init__(value, name, trainable)

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Another value, of as many axes.

        Raises
        ------
        TypeError
            For another number of axes, or values that cannot become the variable's dtype.
        """
        new = asarray(value, device=self.device)
        if new.ndim != self.ndim:
            raise TypeError(f"{self!r} has {self.ndim} axes, the value has {new.ndim}")
        if new.shape == self.shape:
            super().set_value(new)
            return
        if not np.can_cast(new.dtype, self.dtype, "same_kind"):
            raise TypeError(f"{self!r} cannot take {new.dtype} values")
        self.data = asarray(new.detach(), dtype=self.dtype, copy=True).data


def shared(value: Any, name: str | None = None, borrow: bool = False, **ignored: Any) -> Any:
    """A shared variable that holds a copy of a value.

    Parameters
    ----------
    value : array_like
        Arrays keep their dtype; Python floats become floatX.
    name : str, optional
    borrow, **ignored
        Accepted for Theano's sake (``broadcastable``, ``strict``, ``allow_downcast``).

    Returns
    -------
    SharedVariable

    Examples
    --------
    >>> rate = shared(0.5, name="rate")
    >>> rate.set_value(rate.get_value() / 2)
    >>> rate.get_value()
    array(0.25, dtype=float32)
    """
    return SharedData(value, name)


def adopt(param: Any) -> Any:
    """A layer's parameter as a shared variable: the same object, with operators that record."""
    if type(param) is Parameter:
        param.__class__ = SharedVariable
    return param
