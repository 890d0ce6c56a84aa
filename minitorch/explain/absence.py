"""Why there is no gradient: what a tensor is, and where its way to the loss is cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.autograd.tensor import RetainGrad, Tensor
from minitorch.explain.explanation import Explanation, at
from minitorch.explain.recording import Call, Detachment, Tape

__all__ = ["is_retained", "reaches", "why_off_the_path", "why_without_gradient"]

Name = Callable[[Tensor], str]


def why_without_gradient(t: Tensor, tape: Tape | None, name: Name) -> Explanation | None:
    """The reason that lies in the tensor itself, None if gradients do reach its kind."""
    if t.dtype.kind != "f":
        made = None if tape is None else tape.call_of(t)
        origin = [] if made is None else [f"it was made by {made.op.name}{at(made.origin)}"]
        return Explanation(
            "integer",
            f"{name(t)} has dtype {t.dtype}: only floating-point tensors have gradients",
            [
                *origin,
                "indices, labels and masks choose what is computed; they cannot be moved a little",
            ],
        )
    if t.requires_grad:
        return None
    cut = None if tape is None else _cut_before(t, tape)
    if cut is not None:
        return _explain_cut(cut, f"{name(t)} does not require a gradient", name)
    return Explanation(
        "no_requires_grad",
        f"{name(t)} does not require a gradient: it was made without requires_grad=True",
        [
            "a parameter: make it with requires_grad=True, or call requires_grad_() before its use",
            "a result: none of what it was computed from required one, or it was made under "
            "no_grad or by detach(); compute it inside explain.record() to see which",
        ],
    )


def is_retained(t: Tensor) -> bool:
    """Whether ``retain_grad`` was called on a computed tensor."""
    node = t.grad_fn
    rows = {} if node is None or node.hooks is None else node.hooks
    return any(isinstance(h, RetainGrad) and h.target is t for row in rows.values() for h in row)


def why_off_the_path(loss: Tensor, t: Tensor, tape: Tape | None, name: Name) -> Explanation:
    """Why the loss does not depend on ``t``: the cut, as far as the tape knows it."""
    head = f"{name(t)} is not on the path from {name(loss)}"
    if tape is None or not tape.calls:
        return Explanation(
            "not_on_path",
            head,
            [
                "it may have been detached, used under no_grad, passed through an op without a "
                "derivative, replaced by a new tensor of the same name, or not used at all",
                "run the forward inside explain.record() and ask again to see which, and where",
            ],
        )
    cuts, used = _cuts_after(t, tape)
    reaching = [cut for cut in cuts if reaches(_outs(cut), loss, tape)]
    if reaching:
        return _explain_cut(reaching[0], head, name)
    if not used:
        return Explanation("unused", f"{head}: nothing was computed from it while the tape ran")
    last = used[-1]
    return Explanation(
        "unused",
        f"{head}: what was computed from it does not reach the loss",
        [f"its last use is {last.op.name}{at(last.origin)}"],
        last.node,
    )


# A place where values go on and gradients do not: a detachment, or a call with
# the input whose gradient ends there.
Cut = Detachment | tuple[Call, Tensor]


def _outs(cut: Cut) -> tuple[Tensor, ...]:
    return (cut.out,) if isinstance(cut, Detachment) else cut[0].outs


def _blocks(call: Call, x: Tensor) -> bool:
    """Whether no gradient of what this call made goes back to ``x``."""
    if call.node is None:
        return True
    return all(
        edge is None for value, edge in zip(call.inputs, call.node.edges, strict=True) if value is x
    )


def _cut_before(t: Tensor, tape: Tape) -> Cut | None:
    """Going back from a tensor without a gradient: where the gradient was lost."""
    stack, seen = [t], set()
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        cut = tape.detachment_of(x)
        call = tape.call_of(x)
        if cut is not None:
            return cut
        if call is None:
            source = tape.memory_of(x)
            if source is not None:
                return tape.note_sharing(source, x)
            continue
        inputs = [value for value in call.inputs if isinstance(value, Tensor)]
        source = next((value for value in inputs if value.requires_grad), None)
        if source is not None:
            return call, source
        stack += [value for value in inputs if tape.is_connected(value)]
    return None


def _cuts_after(t: Tensor, tape: Tape) -> tuple[list[Cut], list[Call]]:
    """Going on from ``t`` as far as gradients would come back: the cuts, and the uses."""
    cuts: list[Cut] = []
    used: list[Call] = []
    queue, seen = [t], set()
    while queue:
        x = queue.pop(0)
        if id(x) in seen:
            continue
        seen.add(id(x))
        cuts += tape.detachments_from(x)
        for call in tape.users_of(x):
            used.append(call)
            if _blocks(call, x):
                cuts.append((call, x))
            else:
                queue += call.outs
    return cuts, used


def reaches(starts: tuple[Tensor, ...], goal: Tensor, tape: Tape) -> bool:
    """Whether values (not gradients) go from one of ``starts`` to ``goal``."""
    stack, seen = list(starts), set()
    while stack:
        x = stack.pop()
        if x is goal:
            return True
        if id(x) in seen:
            continue
        seen.add(id(x))
        stack += [cut.out for cut in tape.detachments_from(x)]
        stack += [out for call in tape.users_of(x) for out in call.outs]
    return False


def _explain_cut(cut: Cut, head: str, name: Name) -> Explanation:
    if isinstance(cut, Detachment):
        return Explanation(
            "detached",
            f"{head}: {name(cut.source)} was {cut.how}{at(cut.origin)}",
            ["what is computed from a detached tensor sends no gradient back"],
        )
    call, source = cut
    if not call.grad_mode:
        return Explanation(
            "no_grad",
            f"{head}: {call.op.name} took {name(source)} under no_grad{at(call.origin)}",
            ["nothing is recorded there; move the computation out of the no_grad block"],
        )
    return Explanation(
        "no_derivative",
        f"{head}: {call.op.name} has no derivative towards {name(source)}{at(call.origin)}",
        [_why_no_derivative(call.op)],
        call.node,
    )


def _why_no_derivative(op: Any) -> str:
    if op.rules:
        return f"{', '.join(sorted(op.constant)) or 'that input'} of {op.name} is declared constant"
    return f"{op.name} ({op.formula}) is constant almost everywhere: its gradient is nowhere useful"
