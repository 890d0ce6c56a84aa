"""``explain_grad``: why a gradient is None, zero, NaN or huge."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from minitorch.autograd.tensor import Tensor
from minitorch.explain.absence import is_retained, reaches, why_off_the_path, why_without_gradient
from minitorch.explain.explanation import Explanation
from minitorch.explain.flow import Flow, follow, nodes_between
from minitorch.explain.recording import Tape, latest_tape
from minitorch.explain.values import as_numpy, norm, number, show
from minitorch.explain.verdicts import (
    classify,
    explain_not_finite,
    explain_size,
    explain_zero,
    forward_flaw,
    off_units,
)
from minitorch.explain.walking import Namer, check_tensor, nodes_behind

__all__ = ["explain_grad"]

_FREED = (
    "the graph's saved values are freed, so where it began cannot be seen: compute the loss again "
    "and ask before backward(), or after backward(retain_graph=True)"
)
_NO_LOSS = (
    "to see where it began: explain_grad(loss, t), or compute the loss inside explain.record()"
)


def explain_grad(
    *tensors: Tensor,
    grad: Any = None,
    tape: Tape | None = None,
    names: Mapping[str, Tensor] | None = None,
    huge: float = 1e4,
    tiny: float = 1e-8,
) -> Explanation:
    """Why the gradient of a tensor is None, zero, NaN, infinite, huge or vanishing.

    Called as ``explain_grad(t)`` or ``explain_grad(loss, t)``. With the loss, the
    gradient is followed from there: every ``.grad`` stays what it was and the
    graph is kept. Without it, the loss is taken from the tape if there is one.

    Parameters
    ----------
    *tensors : Tensor
        ``t``, or ``loss, t``.
    grad : Tensor, optional
        The gradient to start from; ones by default.
    tape : Tape, optional
        What :func:`record` kept of the forward: then the answer names lines.
        Default: the latest of this thread that is alive.
    names : mapping of str to Tensor, optional
        What to call tensors.
    huge, tiny : float
        Bounds of the largest element, beyond which a gradient is called so.

    Returns
    -------
    Explanation
        ``reason`` is a key of :data:`REASONS`; it prints as text.

    Raises
    ------
    TypeError
        For anything but one or two tensors.
    RuntimeError
        If the walk itself fails, say because a saved value was written in place.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import explain
    >>> x = mt.tensor([0.0, 4.0], requires_grad=True)
    >>> loss = mt.sqrt(x).sum()
    >>> why = explain.explain_grad(loss, x, names={"x": x})
    >>> why.reason, why.node.op.name
    ('inf', 'sqrt')
    >>> print(why)
    the gradient of x is infinite: the first infinity appears at #1 sqrt, towards its input x
      at [0]: gradient in = 1, out = 0 → inf (1 of 2 elements)
      its rule: dL/dx = g / (2 y)
      the slope 1/(2√x) has no bound at 0: sqrt(x + eps)
      its .grad is None all the same: no backward has run since it was made or cleared
    """
    if len(tensors) not in (1, 2):
        raise TypeError(f"explain_grad takes t, or loss and t; found {len(tensors)} arguments")
    for t in tensors:
        check_tensor(t, "explain_grad")
    tape = latest_tape() if tape is None else tape
    question = _Question(tensors[-1], tensors[0] if len(tensors) == 2 else None, tape, names)
    return question.answer(grad, huge, tiny)


class _Question:
    """One call of :func:`explain_grad`."""

    def __init__(
        self, t: Tensor, loss: Tensor | None, tape: Tape | None, names: Mapping[str, Tensor] | None
    ) -> None:
        self.t = t
        self.tape = tape
        self.given = {id(value): name for name, value in (names or {}).items()}
        self.names = names
        self.loss = self._find_loss() if loss is None else loss

    def name(self, t: Tensor) -> str:
        known = self.given.get(id(t)) or (self.tape.name_of(t) if self.tape else t.name)
        return known or ("the loss" if t is self.loss else f"the tensor {t.shape}")

    def _find_loss(self) -> Tensor | None:
        """The tape's last scalar that ``t`` sends gradients to, or values, or else its last."""
        tape, t = self.tape, self.t
        if tape is None:
            return None
        outs = [out for call in tape.calls for out in call.outs if out is not t]
        scalars = [out for out in reversed(outs) if out.size == 1 and out.dtype.kind == "f"]
        by_gradient = (out for out in scalars if nodes_between(out, t) is not None)
        by_value = (out for out in scalars if reaches((t,), out, tape))
        return next(chain(by_gradient, by_value, scalars), None)

    def answer(self, grad: Any, huge: float, tiny: float) -> Explanation:
        t, loss = self.t, self.loss
        missing = why_without_gradient(t, self.tape, self.name)
        if missing is not None:
            return missing
        if loss is None:
            return self._without_loss(huge, tiny)
        if not loss.requires_grad:
            why = why_without_gradient(loss, self.tape, self.name)
            assert why is not None
            why.summary = f"no gradient comes from {self.name(loss)} at all: {why.summary}"
            return why
        between = nodes_between(loss, t)
        if between is None:
            return why_off_the_path(loss, t, self.tape, self.name)
        flow = follow(loss, t, between, grad)
        if flow is None:
            return self._without_loss(huge, tiny, _FREED)
        return self._with_flow(flow, huge, tiny)

    def _without_loss(self, huge: float, tiny: float, hint: str = _NO_LOSS) -> Explanation:
        t, who = self.t, self.name(self.t)
        if t.grad is None:
            return self._not_kept([])
        reason = classify(t.grad, huge, tiny)
        words = {"nan": "NaN", "inf": "infinite", "zero": "exactly zero", "tiny": "vanishing"}
        head = f"the gradient of {who} is {words.get(reason, reason)}: {show(t.grad)}"
        return Explanation(reason, head, [] if reason == "fine" else [hint])

    def _not_kept(self, details: list[str]) -> Explanation:
        """``.grad`` is None although nothing is wrong with the path."""
        who = self.name(self.t)
        if not self.t.is_leaf and not is_retained(self.t):
            remedy = "call retain_grad() on it before backward(), or use minitorch.grad(loss, t)"
            return Explanation(
                "not_retained",
                f"{who}.grad is None because {who} is computed: only leaves keep their gradient",
                [remedy, *details],
                self.t.grad_fn,
            )
        return Explanation(
            "no_backward",
            f"{who}.grad is None: no backward has run since it was made or cleared",
            details or ["if one has, it started from a tensor that does not depend on this one"],
        )

    def _with_flow(self, flow: Flow, huge: float, tiny: float) -> Explanation:
        t, loss = self.t, self.loss
        assert loss is not None
        namer = Namer(nodes_behind(loss), loss, self.tape, self.names)
        reason, who = classify(flow.grad, huge, tiny), self.name(t)
        state = self._state()
        off = off_units(flow, namer)
        if reason == "zero":
            why = explain_zero(flow, namer, who)
            why.details += off
        elif reason in ("nan", "inf"):
            why = explain_not_finite(flow, namer, who, reason)
        elif reason in ("huge", "tiny"):
            why = explain_size(flow, namer, who, reason)
        else:
            why = self._looks_fine(flow, off, huge, tiny)
            state = []
        flaw = forward_flaw(loss, namer)
        why.details += [flaw, *state] if flaw else state
        return why

    def _state(self) -> list[str]:
        """What ``.grad`` itself says, where that is not what was followed."""
        if self.t.grad is not None:
            return []
        if not self.t.is_leaf and not is_retained(self.t):
            return ["its .grad is None all the same: it is computed, and only leaves keep theirs"]
        return ["its .grad is None all the same: no backward has run since it was made or cleared"]

    def _looks_fine(self, flow: Flow, off: list[str], huge: float, tiny: float) -> Explanation:
        """The gradient of this loss is healthy; ``.grad`` may hold something else."""
        t, who = self.t, self.name(self.t)
        facts = [f"from the loss it is {show(flow.grad)}, norm {number(norm(flow.grad))}"]
        facts += off
        if t.grad is None:
            return self._not_kept(facts)
        times = _multiple(t.grad, flow.grad)
        if times > 1:
            return Explanation(
                "accumulated",
                f"{who}.grad is {times} times the gradient of this loss: {times} backward calls "
                f"have added up",
                ["clear it in between: zero_grad(), or set .grad to None", *facts],
            )
        reason = classify(t.grad, huge, tiny)
        if reason != "fine":
            head = f"{who}.grad is {show(t.grad)}, but not because of this loss"
            return Explanation(
                reason, head, ["an earlier backward added it; clear it first", *facts]
            )
        return Explanation("fine", f"nothing is wrong with the gradient of {who}", facts)


def _multiple(total: Any, part: Any) -> int:
    """How often ``part`` is contained in ``total``; 0 if it is no whole number of times."""
    a, b = as_numpy(total), as_numpy(part)
    if a is None or b is None or a.shape != b.shape:
        return 0
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    if not (np.isfinite(a).all() and np.isfinite(b).all() and np.any(b)):
        return 0
    times = round(float(a @ b) / float(b @ b))
    return times if np.allclose(a, times * b, rtol=1e-4, atol=1e-4 * np.abs(b).max()) else 0
