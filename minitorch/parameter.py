"""Parameters: leaf tensors that layers own, with a value to get and to set."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.autograd import Tensor, asarray, no_grad, tensor

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor that belongs to a layer (or to an update rule).

    Parameters
    ----------
    value : array_like
        Copied.
    name : str, optional
    trainable : bool
        Whether it requires a gradient.

    Attributes
    ----------
    slots : dict of str to Parameter
        What update rules keep for it between calls: "momentum.velocity", ...

    Examples
    --------
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([1.0, 2.0], name="w")
    >>> w.set_value([3.0, 4.0])
    >>> w.get_value()
    array([3., 4.], dtype=float32)
    """

    __slots__ = ("slots",)

    def __init__(self, value: Any, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(tensor(value).data)
        self.name = name
        self.slots: dict[str, Parameter] = {}
        if trainable and self.dtype.kind == "f":
            self.requires_grad = True

    def get_value(self, borrow: bool = False) -> np.ndarray[Any, Any]:
        """The value as a NumPy array: a copy, or with ``borrow`` a read-only view."""
        return self.numpy() if borrow else np.array(self.numpy())

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Overwrite the value in place; ``borrow`` is accepted for Lasagne's sake.

        Raises
        ------
        ValueError
            If the shape differs; a parameter never changes its shape.
        """
        new = asarray(value)
        if new.shape != self.shape:
            raise ValueError(
                f"mismatch: parameter {self.name or ''} has shape {self.shape} but value to set has "
                f"shape {new.shape}"
            )
        with no_grad():
            self[...] = new.astype(self.dtype)  # type: ignore[index]

    def __repr__(self) -> str:
        label = f"{self.name}: " if self.name else ""
        return f"<Parameter {label}{self.shape} {self.dtype}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.data, self.name, self._needs), (self._needs, self.name)
