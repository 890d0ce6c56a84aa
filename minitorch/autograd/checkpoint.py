"""Checkpointing: compute a part of the forward again instead of keeping it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from minitorch.autograd.engine import grad
from minitorch.autograd.mode import enable_grad, mode, no_grad
from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor

__all__ = ["checkpoint", "once"]

T = TypeVar("T")


class Journal:
    """What happened only once in a checkpointed function, in order."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.complete = False
        self._autocast = mode.autocast  # the backward computes in the types of the forward
        self._position = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Write the journal in the first run of the function, read it in the others."""
        before = mode.journal, mode.autocast
        mode.journal, mode.autocast = self, self._autocast
        self._position = 0
        try:
            yield
            self.complete = True
        finally:
            mode.journal, mode.autocast = before

    def take(self, compute: Callable[[], Any]) -> Any:
        """The next entry, computed in the first run."""
        if not self.complete:
            self.entries.append(compute())
        self._position += 1
        if self._position > len(self.entries):
            raise RuntimeError(
                "a checkpointed function did not do the same when it was computed again: it drew "
                "more random numbers, or updated more averages, than in the forward"
            )
        return self.entries[self._position - 1]


def once(compute: Callable[[], T]) -> T:
    """``compute()``, but only once where a checkpointed function is computed again.

    For what must not happen twice: drawing random numbers, updating averages.
    The recomputation gets the first run's value.
    """
    journal: Journal | None = mode.journal
    if journal is None:
        return compute()
    result: T = journal.take(compute)
    return result


def _handle(x: Any, create_graph: bool) -> Any:
    """An input cut loose, so that the inner walk stays inside; or, for higher
    derivatives, one with its history behind a node of its own."""
    if not isinstance(x, Tensor) or not x._needs:
        return x
    return x.reshape(x.shape) if create_graph else x.detach().requires_grad_()


@op(formula="y = f(inputs), computed again in the backward")
def recompute(xp: Any, *arrays: Any, function: Any, captured: Any, journal: Any) -> Any:
    """Run ``function`` on the first arrays; the rest are parameters it captured."""
    count = len(arrays) - len(captured)
    with no_grad(), journal.running():
        out = function(*[Tensor(a) for a in arrays[:count]])
    if not isinstance(out, Tensor):
        raise TypeError(f"a checkpointed function returns one tensor, not a {type(out).__name__}")
    # Its result may be one of the inputs or a view of them.
    return out.copied().data


@recompute.vjp("arrays")
def recompute_darrays(
    g: Tensor, arrays: Any, function: Any, captured: Any, journal: Any
) -> list[Any]:
    """Run the function again, recorded, and take its gradient."""
    count = len(arrays) - len(captured)
    create_graph = mode.grad
    handles = [_handle(x, create_graph) for x in arrays[:count]]
    with enable_grad(), journal.running():
        out = function(*handles)
    sources = [*handles, *captured]
    wanted = [i for i, x in enumerate(sources) if isinstance(x, Tensor) and x.requires_grad]
    results: list[Any] = [None] * len(sources)
    if not out.requires_grad:
        return results
    grads = grad(out, [sources[i] for i in wanted], g, create_graph=create_graph, allow_unused=True)
    for i, part in zip(wanted, grads, strict=True):
        results[i] = part
    return results


@recompute.samples
def _recompute_samples(make: Any) -> Any:
    yield Sample.of(
        make(3), make(3), function=lambda a, b: a * b * a, captured=(), journal=Journal()
    )


def checkpoint(function: Callable[..., Tensor], *inputs: Tensor, params: Any = ()) -> Tensor:
    """``function(*inputs)``, keeping nothing of its inside for the backward.

    The backward runs the function a second time and differentiates that. It
    saves memory for time: of a chain of n layers checkpointed one by one, only
    the n inputs are kept.

    Parameters
    ----------
    function : callable
        From tensors to one tensor. It must compute the same both times; layers
        do (they draw and update through :func:`once`), random ops of your own
        need a fixed seed and offset.
    *inputs : Tensor
    params : sequence of Tensor
        Tensors that require a gradient and that the function uses without
        taking them as arguments (the parameters of a layer).

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If the function does not return one tensor.

    References
    ----------
    Chen, Xu, Zhang, Guestrin: Training deep nets with sublinear memory cost, 2016.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.autograd.checkpoint import checkpoint
    >>> x = mt.tensor([0.5, 1.0], requires_grad=True)
    >>> checkpoint(lambda t: (t * t) * t, x).sum().backward()
    >>> x.grad
    Tensor([0.75, 3.  ])
    """
    captured = tuple(params)
    if not all(isinstance(x, Tensor) for x in (*inputs, *captured)):
        raise TypeError("checkpoint: inputs and params are tensors")
    result: Tensor = recompute(
        *inputs, *captured, function=function, captured=captured, journal=once(Journal)
    )
    return result
