"""Gradients averaged over all ranks, in buckets that travel while the backward still runs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from minitorch.autograd import Tensor
from minitorch.autograd.engine import backward_steps
from minitorch.autograd.node import Node
from minitorch.backend.arrays import backend_of, device_of
from minitorch.distributed.group import Group, Request

__all__ = ["GradientAverager"]


class _Bucket:
    """Some parameters' gradients, one behind the other in one array."""

    def __init__(self, params: Sequence[Any]) -> None:
        self.params = list(params)
        first = self.params[0].data
        backend, place = backend_of(first), device_of(first)
        count = sum(prod(p.shape) for p in self.params)
        make = backend.xp.zeros
        self.flat = backend.make("GradientAverager", place, make, count, dtype=first.dtype)
        self.views: list[Any] = []
        start = 0
        for p in self.params:
            stop = start + prod(p.shape)
            self.views.append(self.flat[start:stop].reshape(p.shape))
            start = stop
        self.missing = len(self.params)
        self.request: Request | None = None


def _fill(params: Sequence[Any], bucket_bytes: int) -> list[_Bucket]:
    """Buckets of parameters, the last parameter first; one dtype and device in each."""
    rows: list[list[Any]] = []
    kind, size = None, 0
    for p in reversed(params):
        this, nbytes = (str(p.dtype), device_of(p.data)), prod(p.shape) * p.dtype.itemsize
        if this != kind or size + nbytes > bucket_bytes:
            rows.append([])
            kind, size = this, 0
        rows[-1].append(p)
        size += nbytes
    return [_Bucket(row) for row in rows]


class GradientAverager:
    """Gradients of a mean over a batch whose rows are spread over ranks.

    Each rank walks back through its own loss. What a step of the walk sends to a parameter goes
    into a bucket at once; when a parameter has got all that will come, and so have all others of
    the bucket, the bucket's sum over the ranks starts, and goes on while the walk does.

    Parameters
    ----------
    params : sequence of Parameter
        In the order of their use, as ``layers.get_all_params`` gives them; the same on all ranks.
    group : Group
    bucket_bytes : int
        How large a bucket may be; a parameter that is larger has one of its own. Small buckets
        start early, large ones cost fewer messages.

    Raises
    ------
    ValueError
        Without parameters, or for buckets below 1 byte.

    Notes
    -----
    With n of N rows, a rank's loss L (a mean over its rows, and a penalty that all have) counts
    n / N: the walk starts with that weight instead of 1, so sums over the ranks are the gradients
    of the mean over all N rows, whatever the shares.

    A gradient that comes in several parts (tied weights, a penalty, recurrent layers) is added up
    in the engine's order. Buckets start in one order on all ranks, also if their walks differ:
    the next one waits for the one before. So sums are the same in every run. MPI moves messages on
    when it is called, so each step of the walk asks after the oldest sum.

    A hook on a parameter is not called: it would see a rank's own gradient. The engine holds its
    gradients until the walk ends, so buckets are memory on top, as much as the parameters take.

    References
    ----------
    S. Li et al.: PyTorch Distributed: experiences on accelerating data parallel training, 2020.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.distributed import Group
    >>> w = mt.tensor([1.0, 2.0], requires_grad=True)
    >>> average = GradientAverager([w], Group())
    >>> average((w * w).sum(), weight=0.5)
    [Tensor([1., 2.])]
    """

    def __init__(self, params: Sequence[Any], group: Group, bucket_bytes: int = 1 << 22) -> None:
        if not params or bucket_bytes < 1:
            raise ValueError(
                f"GradientAverager: needs parameters and bucket_bytes >= 1, got {len(params)} and "
                f"{bucket_bytes}"
            )
        self.params, self.group = list(params), group
        self.buckets = _fill(self.params, bucket_bytes)
        self._home = {
            id(p): (bucket, view)
            for bucket in self.buckets
            for p, view in zip(bucket.params, bucket.views, strict=True)
        }
        self._waiting: dict[int, int] = {}  # id -> contributions that are still to come
        self._begun: set[int] = set()  # ids that have got one
        self._next = 0  # which bucket starts next
        self._oldest = 0  # which was started and is not known to be done

    def __call__(self, loss: Any, weight: float = 1.0, allow_unused: bool = False) -> list[Tensor]:
        """:meth:`backward`, then :meth:`finish`."""
        self.backward(loss, weight, allow_unused)
        return self.finish()

    def backward(self, loss: Any, weight: float = 1.0, allow_unused: bool = False) -> None:
        """Walk back through this rank's loss, starting sums on the way.

        Parameters
        ----------
        loss : Tensor of one element
        weight : float
            This rank's share of the rows.
        allow_unused : bool
            Take 0 for a parameter that no step reaches, instead of raising.

        Raises
        ------
        RuntimeError
            If the loss does not depend on a parameter.
        """
        self._waiting = _uses(loss, self._home)
        self._begun.clear()
        self._next = self._oldest = 0
        for bucket in self.buckets:
            bucket.missing, bucket.request = len(bucket.params), None
        backend = backend_of(loss.data)
        seed = backend.run("backward", (loss.data,), backend.xp.full_like, loss.data, weight)
        for step in backward_steps([loss], [Tensor(seed)], inputs=self.params):
            if isinstance(step.node, Node):
                self._take(step.node, step.input_grads)
                self._move_on()
            del step  # or it would keep its gradients alive through the next step
        self._end_walk(allow_unused)

    def _take(self, node: Node, input_grads: Sequence[Any]) -> None:
        """Put what a step sends to parameters into their buckets."""
        for edge, part in zip(node.edges, input_grads, strict=True):
            key = None if edge is None else id(edge[0])
            if key not in self._waiting:
                continue
            if part is not None:
                self._add(key, part.data)
            self._waiting[key] -= 1
            if self._waiting[key] == 0 and key in self._begun:
                self._home[key][0].missing -= 1

    def _add(self, key: int, part: Any) -> None:
        _, view = self._home[key]
        backend = backend_of(view)
        if key in self._begun:
            backend.run("GradientAverager", (view,), backend.xp.add, view, part, view)
        else:
            backend.run("GradientAverager", (view,), backend.xp.copyto, view, part)
            self._begun.add(key)

    def _move_on(self) -> None:
        """Start the buckets whose turn it is, and let MPI work on those that were started."""
        while self._next < len(self.buckets) and self.buckets[self._next].missing == 0:
            bucket = self.buckets[self._next]
            bucket.request = self.group.start_sum(bucket.flat)
            self._next += 1
        while self._oldest < self._next:
            request = self.buckets[self._oldest].request
            if request is not None and not request.test():
                return
            self._oldest += 1

    def _end_walk(self, allow_unused: bool) -> None:
        """Parameters that no step reached are 0; then everything starts that has not."""
        for place, p in enumerate(self.params):
            if id(p) in self._begun:
                continue
            if not allow_unused:
                raise RuntimeError(
                    f"GradientAverager: the loss does not depend on parameter {place} "
                    f"({getattr(p, 'name', None) or 'unnamed'}, {p.shape}); allow_unused=True "
                    f"takes 0 for its gradient"
                )
            self._home[id(p)][1][...] = 0
        for bucket in self.buckets:
            bucket.missing = 0
        self._move_on()

    def finish(self) -> list[Tensor]:
        """Wait for all sums.

        Returns
        -------
        list of Tensor
            The gradients in the order of the parameters: views of the buckets, which the next
            :meth:`backward` writes over.

        Raises
        ------
        RuntimeError
            If no backward has come before.
        """
        for bucket in self.buckets:
            if bucket.request is None:
                raise RuntimeError("GradientAverager: finish() comes after backward()")
            bucket.request.wait()
        return [Tensor(self._home[id(p)][1]) for p in self.params]


def _uses(loss: Any, wanted: Any) -> dict[int, int]:
    """How many edges of a loss's graph lead to each of the wanted tensors."""
    found: dict[int, int] = {}
    seen: set[int] = set()
    stack = [loss.grad_fn] if loss.grad_fn is not None else []
    while stack:
        node = stack.pop()
        if node.seq in seen:
            continue
        seen.add(node.seq)
        for target in node.parents:
            if isinstance(target, Node):
                stack.append(target)
            elif target is not None and id(target) in wanted:
                found[id(target)] = found.get(id(target), 0) + 1
    return found
