"""Parameters: leaf tensors that layers own, and expressions of them that stand in for one."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

from minitorch.autograd import Tensor, asarray, get_default_dtype, no_grad, tensor
from minitorch.backend.arrays import to_device

__all__ = ["ParamExpr", "Parameter", "without_values"]

_WITHOUT_VALUES = ContextVar("without_values", default=False)


@contextlib.contextmanager
def without_values() -> Iterator[None]:
    """Within it initialisers draw nothing: weights are zeros, and take memory once written to.

    For networks whose weights come from a file, and for those of which only shapes are asked.
    What is constant (biases, the scales of batch normalisation) has its value.

    Examples
    --------
    >>> from minitorch.layers import DenseLayer
    >>> with without_values():
    ...     layer = DenseLayer((None, 25_088), 4_096)
    >>> layer.W, float(layer.W[0, 0])
    (<Parameter W: (25088, 4096) float32>, 0.0)
    """
    token = _WITHOUT_VALUES.set(True)
    try:
        yield
    finally:
        _WITHOUT_VALUES.reset(token)


def values_left_out() -> bool:
    """Whether :func:`without_values` is in force."""
    return _WITHOUT_VALUES.get()


class Parameter(Tensor):
    """A tensor that belongs to a layer, trained or kept for it.

    Parameters
    ----------
    value : array_like
        Copied. Arrays keep their dtype, Python numbers take the default dtype.
    name : str, optional
    trainable : bool
        Whether it requires a gradient (integers never do).

    Attributes
    ----------
    slots : dict of str to Parameter
        What update rules keep for it between calls: ``"adam.m"``, ...

    Examples
    --------
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([1.0, 2.0], name="w")
    >>> w
    <Parameter w: (2,) float32>
    >>> w.set_value([3.0, 4.0])
    >>> w.get_value()
    array([3., 4.], dtype=float32)
    >>> (w * w).sum().backward()
    >>> w.grad
    Tensor([6., 8.])
    """

    __slots__ = ("slots",)

    def __init__(self, value: Any, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(tensor(value).data)
        self.name = name
        self.slots: dict[str, Parameter] = {}
        if trainable and self.dtype.kind == "f":
            self.requires_grad = True

    @classmethod
    def blank(
        cls, shape: tuple[int, ...], name: str | None = None, trainable: bool = True
    ) -> Parameter:
        """Zeros of the default dtype that the system gives when they are first written to."""
        made = cls(0.0, name, trainable)
        made.data = np.zeros(shape, get_default_dtype())
        return made

    def get_value(self, borrow: bool = False) -> np.ndarray[Any, Any]:
        """The value as a NumPy array: a copy, or with ``borrow`` a read-only view."""
        if not borrow:
            return np.array(self.numpy())
        view = self.numpy().view()
        view.flags.writeable = False
        return view

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Overwrite the value in place; ``borrow`` is accepted for Lasagne's sake.

        Parameters
        ----------
        value : array_like of the parameter's shape

        Raises
        ------
        ValueError
            If the shape differs: a parameter never changes its shape.
        TypeError
            If the values cannot become the parameter's dtype (floats an
            integer), or are no numbers.
        """
        new = asarray(value, device=self.device)
        if new.shape != self.shape:
            raise ValueError(
                f"mismatch: parameter {self.name or ''} has shape {self.shape} but value to set "
                f"has shape {new.shape}"
            )
        with no_grad():
            self[...] = new  # type: ignore[index]

    def move_to(self, device: Any) -> None:
        """Take the value, and what update rules keep for it, to a device; the gradient goes.

        Counts of steps stay in host memory: reading one must not wait for a device.

        Raises
        ------
        RuntimeError
            If the device is not there; the message says why.
        ValueError
            For a device that does not exist.
        """
        self.data = to_device(self.data, device)
        self.grad = None
        for slot in self.slots.values():
            if slot.dtype.kind == "f":
                slot.move_to(device)

    def __repr__(self) -> str:
        label = f"{self.name}: " if self.name else ""
        return f"<{type(self).__name__} {label}{self.shape} {self.dtype}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        out = type(self)(self.detach(), self.name, self._needs)
        memo[id(self)] = out
        out.slots = copy.deepcopy(self.slots, memo)
        return out

    def __reduce__(self) -> tuple[Any, ...]:
        make, arguments, _ = super().__reduce__()
        return make, arguments, (self._needs, self.name, self.slots)

    def __setstate__(self, state: Any) -> None:
        self._needs, self.name, self.slots = state


class ParamExpr:
    """An expression of parameters in the place of a parameter: tied weights.

    A layer computes it anew whenever it uses it, so it follows what it is made of, and
    gradients go there. It has no value of its own to train or to save.

    Parameters
    ----------
    function : callable
        Returns a Tensor, from what the parameters hold.
    *params : Parameter or ParamExpr
    name : str, optional

    Attributes
    ----------
    params : tuple

    Notes
    -----
    Views need no such wrapper: ``W=other.W.T`` says by itself what it is a view of.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import DenseLayer, get_all_params
    >>> from minitorch.parameter import ParamExpr
    >>> a = DenseLayer((None, 3), 2, b=None, name="a")
    >>> b = DenseLayer(a, 3, W=a.W.T, b=None, name="b")
    >>> c = DenseLayer(b, 2, W=ParamExpr(lambda W: W / 2, a.W), b=None, name="c")
    >>> get_all_params(c)
    [<Parameter a.W: (3, 2) float32>]
    >>> a.W.set_value([[2.0, 4.0]] * 3)
    >>> b.W.tolist(), c.W[0].tolist()
    ([[2.0, 2.0, 2.0], [4.0, 4.0, 4.0]], [1.0, 2.0])
    """

    def __init__(
        self, function: Callable[..., Tensor], *params: Any, name: str | None = None
    ) -> None:
        for p in params:
            if not isinstance(p, Parameter | ParamExpr):
                raise TypeError(
                    f"ParamExpr is an expression of parameters, not of a {type(p).__name__}; a "
                    f"constant belongs into the function"
                )
        self.function = function
        self.params = params
        self.name = name

    def evaluate(self) -> Tensor:
        """The value now, with the history that leads to the parameters."""
        values = [p.evaluate() if isinstance(p, ParamExpr) else p for p in self.params]
        return asarray(self.function(*values))

    def sources(self) -> list[Parameter]:
        """The parameters that it is made of, at the bottom, each once."""
        below = [p.sources() if isinstance(p, ParamExpr) else [p] for p in self.params]
        return list(dict.fromkeys(p for found in below for p in found))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self.evaluate().shape

    @property
    def dtype(self) -> Any:
        """Element type of the value."""
        return self.evaluate().dtype

    def __repr__(self) -> str:
        label = f"{self.name}: " if self.name else ""
        return f"<ParamExpr {label}{self.shape} of {', '.join(map(repr, self.sources()))}>"


class _Views:
    """The function that applies view ops once more; one with a name, so it can be copied."""

    def __init__(self, path: Iterable[tuple[Any, dict[str, Any]]]) -> None:
        self.path = tuple(path)

    def __call__(self, value: Tensor) -> Tensor:
        for view_op, static in self.path:
            value = view_op(value, **static)
        return value


def replay(param: Any, path: Iterable[tuple[Any, dict[str, Any]]]) -> ParamExpr:
    """The expression of a parameter that view ops, with their settings, lead to."""
    return ParamExpr(_Views(path), param)


def expression_of(value: Any) -> Any:
    """A view of a parameter as the expression that it is; anything else as it is."""
    view = value.view_of if isinstance(value, Tensor) else None
    if view is None or not isinstance(view.root, Parameter):
        return value
    return replay(view.root, view.path)
