"""What gradient checks work on: a function at a point, its values, gradients and directions.

See :mod:`minitorch.autograd.check` for the checks themselves.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.autograd.engine import grad
from minitorch.autograd.mode import enable_grad
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import place_of, to_device, to_numpy

__all__ = ["ROUNDING", "Array", "GradcheckError", "NotDifferentiableError", "Problem", "Where"]

Array = Any
Where = tuple[int, tuple[int, ...]]  # an input's position, an index in it
# How much of a sum of numbers is rounding, relative to the sum of their absolute values.
ROUNDING = 16 * float(np.finfo(np.float64).eps)


class GradcheckError(AssertionError):
    """A gradient that is wrong, or a function that cannot be checked.

    Attributes
    ----------
    error : float
        Relative error, NaN where it does not apply.
    input, index : int, tuple of int, or None
        Where.
    analytic, numeric : float
        What the rule says there, and what the differences say.
    """

    def __init__(
        self,
        message: str,
        error: float = float("nan"),
        where: Where | None = None,
        analytic: float = float("nan"),
        numeric: float = float("nan"),
    ) -> None:
        super().__init__(message)
        self.error = error
        self.input = None if where is None else where[0]
        self.index = None if where is None else where[1]
        self.analytic, self.numeric = analytic, numeric


class NotDifferentiableError(GradcheckError):
    """The function has a kink or a jump at the point: no rule can be right or wrong there."""


class Problem:
    """A function at a point, reduced to <u, f(x)>: what every check works on."""

    def __init__(
        self,
        fn: Callable[..., Any],
        inputs: Any,
        kwargs: dict[str, Any],
        constant: Any,
        seed: int,
    ) -> None:
        self.fn = fn
        self.name: str = getattr(fn, "name", "") or getattr(fn, "__name__", repr(fn))
        self.rng = np.random.default_rng(seed)
        given = [inputs] if isinstance(inputs, Tensor | np.ndarray) else list(inputs)
        self.device = next((x.device for x in given if isinstance(x, Tensor)), place_of(None))
        self.kwargs = {
            name: to_device(value, self.device) if isinstance(value, np.ndarray) else value
            for name, value in kwargs.items()
        }
        self.inputs = [_as_input(x, i, self) for i, x in enumerate(given)]
        left_out = {self.position(c) for c in constant}
        self.active = [
            i
            for i, x in enumerate(self.inputs)
            if isinstance(x, np.ndarray) and x.dtype.kind == "f" and i not in left_out
        ]
        if not self.active:
            raise TypeError(f"{self.name}: no floating-point input to check")
        self.outs = self.evaluate(self.inputs)
        for k, out in enumerate(self.outs):
            if not np.isfinite(out).all():
                raise GradcheckError(
                    f"{self.name}: output {k} is not finite at this point; choose another"
                )
        self.u = [np.asarray(self.rng.normal(size=out.shape)) for out in self.outs]
        self.here = self.weigh(self.outs)
        # How much of a function value is rounding.
        self.noise = ROUNDING * sum(
            float(np.abs(w * out).sum()) for w, out in zip(self.u, self.outs, strict=True)
        )

    # -- names ------------------------------------------------------------

    def names(self, count: int) -> list[str]:
        """How messages call the inputs: by the function's own parameter names, or by number."""
        if hasattr(self.fn, "input_names"):
            return [repr(name) for name in self.fn.input_names(count)]
        try:
            parameters = list(inspect.signature(self.fn).parameters.values())
        except (TypeError, ValueError):
            parameters = []
        names = [
            repr(p.name)
            for p in parameters
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        return names[:count] + [str(i) for i in range(len(names), count)]

    def position(self, which: int | str) -> int:
        """The position of an input given by position or name."""
        names = self.names(len(self.inputs))
        if isinstance(which, str):
            if repr(which) not in names:
                raise ValueError(f"{self.name} has no input {which!r}; it has {', '.join(names)}")
            return names.index(repr(which))
        if not -len(names) <= which < len(names):
            raise ValueError(f"{self.name} has {len(names)} inputs, there is no input {which}")
        return which % len(names)

    def place(self, where: Where) -> str:
        """An input and an index in words."""
        return f"input {self.names(len(self.inputs))[where[0]]} at index {where[1]}"

    # -- values and gradients ---------------------------------------------

    def call(self, inputs: Sequence[Any]) -> tuple[list[Any], list[Tensor]]:
        """The inputs as tensors (those to be checked require a gradient) and the outputs."""
        leaves = [
            Tensor(to_device(x.copy(order="K"), self.device)) if isinstance(x, np.ndarray) else x
            for x in inputs
        ]
        for i in self.active:
            leaves[i].requires_grad_()
        # Recorded even where only the values count: the function may itself ask for gradients.
        with enable_grad():
            return leaves, self.floating(self.fn(*leaves, **self.kwargs))

    def floating(self, out: Any) -> list[Tensor]:
        """The floating-point ones of a function's outputs."""
        outs = out if isinstance(out, tuple | list) else (out,)
        found = [t for t in outs if isinstance(t, Tensor) and t.dtype.kind == "f"]
        if not found:
            kinds = ", ".join(
                str(t.dtype) if isinstance(t, Tensor) else type(t).__name__ for t in outs
            )
            raise TypeError(
                f"{self.name}: a gradient check needs a floating-point tensor, or a tuple with "
                f"one, as the result; the function returned {kinds or 'nothing'}"
            )
        return found

    def evaluate(self, inputs: Sequence[Any]) -> list[Array]:
        """The floating-point outputs as arrays in host memory."""
        return [to_numpy(t.data) for t in self.call(inputs)[1]]

    def weigh(self, outs: Sequence[Array]) -> float:
        """<u, outs>."""
        return float(sum((w * out).sum() for w, out in zip(self.u, outs, strict=True)))

    def value(self, v: dict[int, Array], step: float) -> float:
        """<u, f(x + step v)>."""
        moved = [np.asarray(x + step * v[i]) if i in v else x for i, x in enumerate(self.inputs)]
        with np.errstate(all="ignore"):  # the step may leave the domain: then another is taken
            return self.weigh(self.evaluate(moved))

    def gradients(self) -> dict[int, Array]:
        """What the rules say: d<u, f>/dx for every active input."""
        leaves, outs = self.call(self.inputs)
        for known, out in zip(self.outs, outs, strict=True):
            if not np.array_equal(known, to_numpy(out.data)):
                raise GradcheckError(
                    f"{self.name}: two calls with the same inputs gave different results; a "
                    f"function that draws random numbers must draw the same ones in every call "
                    f"(pass it a fixed seed)"
                )
        seeds = [Tensor(to_device(w, self.device)) for w in self.u]
        pairs = [(o, w) for o, w in zip(outs, seeds, strict=True) if o.requires_grad]
        wanted = [leaves[i] for i in self.active]
        found: list[Any] = [None] * len(wanted)
        if pairs:
            found = grad([o for o, _ in pairs], wanted, [w for _, w in pairs], allow_unused=True)
        g = {
            i: np.zeros_like(self.inputs[i]) if part is None else np.array(to_numpy(part.data))
            for i, part in zip(self.active, found, strict=True)
        }
        for i, part in g.items():
            self._expect_finite(i, part)
        return g

    def _expect_finite(self, position: int, part: Array) -> None:
        flawed = np.argwhere(~np.isfinite(part))
        if flawed.size:
            where = (position, tuple(int(k) for k in flawed[0]))
            raise GradcheckError(
                f"{self.name}: the gradient towards {self.place(where)} is {part[where[1]]}, "
                f"though the function is finite there",
                where=where,
                analytic=float(part[where[1]]),
            )

    # -- directions -------------------------------------------------------

    def direction(self, only: Sequence[int] | None = None) -> dict[int, Array]:
        """A random direction in all active inputs, or in some."""
        return {
            i: self.rng.normal(size=self.inputs[i].shape) * self.unit_length(i)
            for i in (self.active if only is None else only)
        }

    def unit_length(self, position: int) -> Array:
        """How far each element is to go: a step must be seen next to a large element."""
        return np.maximum(1.0, np.abs(self.inputs[position]))

    def along(self, position: int, elements: Array, values: Any = 1.0) -> dict[int, Array]:
        """The direction with ``values`` at some (flat) elements of an input, 0 elsewhere."""
        v = np.zeros(self.inputs[position].size)
        v[elements] = values
        return {position: v.reshape(self.inputs[position].shape)}


def _as_input(x: Any, position: int, problem: Problem) -> Any:
    if isinstance(x, Tensor):
        x = to_numpy(x.data)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.dtype != np.float64:
        raise TypeError(
            f"{problem.name}: input {position} is {x.dtype}; a gradient check needs float64, "
            f"other types have too few digits; convert it with .astype('float64')"
        )
    return x
