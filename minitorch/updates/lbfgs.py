"""L-BFGS: steps by the curvature that the last few gradients show."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor, enable_grad, grad, no_grad
from minitorch.parameter import Parameter
from minitorch.updates.core import apply_updates
from minitorch.updates.line_search import Point, strong_wolfe

__all__ = ["LBFGS"]


class LBFGS:
    """Minimise a function of parameters; it needs the same function at every step, not batches.

    Parameters
    ----------
    function : callable
        Without arguments: the loss, a 0-d Tensor, at the parameters' present values, or the pair of
        the loss and its gradients, a list with one for each parameter (of a captured
        function, see :func:`minitorch.function`).
    params : iterable of Parameter
    history : int
        Pairs of steps and changes of the gradient that are kept.
    c1, c2 : float
        Of the line search, see :func:`~minitorch.updates.line_search.strong_wolfe`.
    evaluations : int
        At most so many calls of ``function`` in a step.
    first : float
        The length of the first step that is tried, down the gradient; parameters whose units are
        small against what they will move want a longer one.

    Attributes
    ----------
    loss : float
        At the present values; NaN before the first step.
    evaluated : int
        Calls of ``function`` so far.
    converged : bool
        No step lowers the loss any further, or the gradient is 0.

    Raises
    ------
    ValueError
        If there are no parameters, or for settings out of their range.
    FloatingPointError
        By ``step``, if the loss or its gradient is not finite where it begins.

    Notes
    -----
    The direction is -H g with H from the last m pairs s = x' - x, y = g' - g (two-loop recursion):

        q = g;  newest to oldest: a_i = s_i·q / y_i·s_i,  q = q - a_i y_i
        r = q s·y / y·y;  oldest to newest: r = r + s_i (a_i - y_i·r / y_i·s_i)

    Strong Wolfe conditions make y·s
    positive, so that H stays positive definite.

    References
    ----------
    D. Liu and J. Nocedal: On the limited memory BFGS method for large scale optimization, 1989;
    J. Nocedal and S. Wright: Numerical optimization, 2006, algorithm 7.4.

    Examples
    --------
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([4.0, 1.0])
    >>> rule = LBFGS(lambda: ((w - 1) ** 4).sum(), [w])
    >>> for _ in range(20):
    ...     loss = rule.step()
    >>> loss < 1e-6
    True
    """

    def __init__(
        self,
        function: Callable[[], Any],
        params: Iterable[Parameter],
        history: int = 10,
        c1: float = 1e-4,
        c2: float = 0.9,
        evaluations: int = 20,
        first: float = 1.0,
    ) -> None:
        self._function, self._params = function, list(params)
        if not self._params:
            raise ValueError("LBFGS: there are no parameters")
        if not 0 < c1 < c2 < 1:
            raise ValueError(f"LBFGS: expected 0 < c1 < c2 < 1, got {c1} and {c2}")
        if history < 1 or evaluations < 1:
            raise ValueError(
                f"LBFGS: history and evaluations are at least 1, not {history} and {evaluations}"
            )
        if not 0 < first < math.inf:
            raise ValueError(f"LBFGS: the first step is longer than 0, not {first}")
        self._first = first
        self._c1, self._c2, self._most = c1, c2, evaluations
        self._pairs: deque[tuple[Tensor, Tensor, float]] = deque(maxlen=history)
        self._gradient: Tensor | None = None
        self.loss, self.evaluated, self.converged = math.nan, 0, False

    def step(self) -> float:
        """One step; returns the loss behind it.

        The parameters may not be changed by others between steps; call :meth:`reset` if they are.
        """
        if self._gradient is None:
            self.loss, self._gradient = self._evaluate()
        with no_grad():
            if not math.isfinite(self.loss) or not math.isfinite(_dot(*2 * [self._gradient])):
                raise FloatingPointError(
                    f"LBFGS: the loss is {self.loss}, or its gradient is not finite"
                )
            if not self._move() and self._pairs:
                self._pairs.clear()  # what was kept may be what misleads
                self._move()
        return self.loss

    def reset(self, forget: bool = True) -> None:
        """The function or the parameters are others now: the next step looks where it stands.

        Parameters
        ----------
        forget : bool
            The curvature too. False suits a function whose targets have moved: its curvature
            is about what it was, and steps go on at the length they had.
        """
        if forget:
            self._pairs.clear()
        self._gradient, self.loss, self.converged = None, math.nan, False

    def _move(self) -> bool:
        """Search along the present direction, and go where the loss is lower."""
        old, g = self._flat(self._params), self._gradient
        assert g is not None
        direction = self._direction(g)
        slope = _dot(g, direction)
        if not slope < 0:
            self.converged = not self._pairs
            return False
        first = 1.0 if self._pairs else self._first / math.sqrt(-slope)

        def phi(t: float) -> Point:
            self._write(old + t * direction)
            value, gradient = self._evaluate()
            return Point(t, value, _dot(gradient, direction), gradient)

        start = Point(0.0, self.loss, slope, g)
        found = strong_wolfe(phi, start, first, self._c1, self._c2, self._most)
        self._write(old + found.t * direction if found.t else old)
        self.converged = found is start and not self._pairs
        if found is not start:
            self._keep(found.t * direction, found.gradient - g)
            self.loss, self._gradient = found.value, found.gradient
        return found is not start

    def _direction(self, g: Tensor) -> Tensor:
        """-H g by the two loops."""
        q, shares = g, []
        for s, y, curvature in reversed(self._pairs):
            shares.append(_dot(s, q) / curvature)
            q = q - shares[-1] * y
        if self._pairs:
            _, y, curvature = self._pairs[-1]
            q = q * (curvature / _dot(y, y))
        for (s, y, curvature), share in zip(self._pairs, reversed(shares), strict=True):
            q = q + (share - _dot(y, q) / curvature) * s
        return -q

    def _keep(self, s: Tensor, y: Tensor) -> None:
        """A pair more, if it curves upwards beyond rounding."""
        curvature = _dot(s, y)
        if curvature > 1e-10 * _dot(y, y):
            self._pairs.append((s, y, curvature))

    def _evaluate(self) -> tuple[float, Tensor]:
        """The loss and its gradient as one vector, at the present values."""
        self.evaluated += 1
        with enable_grad():
            found = self._function()
            loss, gradients = found if isinstance(found, tuple | list) else (found, None)
            if gradients is None:
                gradients = grad(loss, self._params)
        with no_grad():
            return float(loss.item()), self._flat(gradients)

    @staticmethod
    def _flat(tensors: Sequence[Tensor]) -> Tensor:
        return ops.concat([ops.reshape(x, (-1,)) for x in tensors])

    def _write(self, values: Tensor) -> None:
        """A vector into the parameters."""
        new, at = {}, 0
        for p in self._params:
            new[p] = ops.reshape(values[at : at + p.size], p.shape)
            at += p.size
        apply_updates(new)


def _dot(a: Tensor, b: Tensor) -> float:
    """In float64: the line search tells close values apart."""
    return float((a.astype("float64") @ b.astype("float64")).item())
