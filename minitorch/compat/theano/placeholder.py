"""Placeholders: the expressions that are given values."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from minitorch.autograd import Tensor, asarray, get_default_dtype
from minitorch.compat.theano import functions
from minitorch.compat.theano.expression import Expression, items_of

__all__ = ["Placeholder"]


class Placeholder(Expression):
    """A variable without a value: an input of functions.

    Parameters
    ----------
    dtype : str
    ndim : int
    name : str, optional

    Examples
    --------
    >>> Placeholder("int32", 1, "targets")
    <Placeholder targets: int32, 1 axis>
    """

    __slots__ = ("_dtype", "_ndim")

    def __init__(self, dtype: str, ndim: int, name: str | None = None) -> None:
        super().__init__(_unknown, (), {}, name)
        self._dtype = str(np.dtype(get_default_dtype() if dtype == "floatX" else dtype))
        self._ndim = ndim

    @property
    def dtype(self) -> str:
        """Element type of the values."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """Number of axes of the values."""
        return self._ndim

    @property
    def shape(self) -> tuple[Expression, ...]:
        """A length per axis, to be known with the values."""
        lengths = Expression(functions.shape, (self,))
        return tuple(items_of(lengths, self._ndim))

    def label(self) -> str:
        """Its name, dtype and rank."""
        axes = "1 axis" if self.ndim == 1 else f"{self.ndim} axes"
        return f"{self.name or 'without a name'}: {self.dtype}, {axes}"

    def accept(self, value: Any, downcast: bool | None = None) -> Tensor:
        """A value as a tensor of this kind.

        Parameters
        ----------
        value : array_like
        downcast : bool, optional
            Convert whatever is given. Default: only arrays whose dtype loses nothing,
            and Python numbers that keep their value (floats are rounded).

        Raises
        ------
        TypeError
            For another dtype or number of axes.
        """
        array = value if isinstance(value, Tensor) else np.asarray(value)
        wanted = np.dtype(self._dtype)
        typed = hasattr(value, "dtype")
        if array.dtype.kind not in "biufc":
            raise TypeError(f"{self!r} takes numbers, got {value!r}")
        if not (downcast or _fits(array, wanted, typed)):
            remedy = f".astype({wanted.name!r})" if typed else f"{wanted.name} values"
            raise TypeError(
                f"{self!r} was given {array.dtype} values, which {wanted} cannot hold; convert "
                f"them ({remedy}), or make the function with allow_input_downcast=True"
            )
        if array.ndim != self._ndim:
            raise TypeError(
                f"{self!r} takes values of {self._ndim} axes, got {array.ndim}: shape {array.shape}"
            )
        if isinstance(array, Tensor):  # a replacement, whose history is kept
            return array if array.dtype == wanted else array.astype(wanted)
        return asarray(np.asarray(array, dtype=wanted))


def _fits(array: Any, wanted: np.dtype[Any], typed: bool) -> bool:
    """Whether a dtype holds these values: all of theirs for an array, else these very ones."""
    if typed:
        return np.can_cast(array.dtype, wanted, "safe")
    if wanted.kind in "fc":  # Python's numbers take the precision they meet
        return array.dtype.kind in "biuf" or wanted.kind == "c"
    with np.errstate(invalid="ignore"):
        return bool(np.all(array.astype(wanted) == array))


def _unknown() -> NoReturn:
    raise RuntimeError("a placeholder is given a value, it has no function")
