"""The walk: every gradient is computed by the steps of one generator.

``backward_steps`` visits the nodes of a graph from the last recorded to the
first, in the order of their sequence numbers: when a node's turn comes, all
that used its outputs has run, so its gradient is whole. ``backward`` and
``grad`` exhaust the generator; the teaching stepper iterates it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from heapq import heappop, heappush
from typing import Any, NamedTuple

from minitorch.autograd.mode import mode
from minitorch.autograd.node import Node
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_of, same_backend

__all__ = ["Step", "backward", "backward_steps", "grad"]


class Step(NamedTuple):
    """One step of a backward walk.

    Attributes
    ----------
    node : Node or Tensor
        The node whose rules ran; for the last steps, a leaf that got its gradient.
    grad : Tensor, or tuple of (Tensor or None)
        The gradient that came in (a tuple for a node of several outputs).
    input_grads : list of (Tensor or None)
        What went out to each input; empty for a leaf.
    """

    node: Node | Tensor
    grad: Any
    input_grads: list[Tensor | None]


def _make_step(node: Node | Tensor, g: Any, input_grads: list[Tensor | None]) -> Step:
    return tuple.__new__(Step, (node, g, input_grads))  # half the price of Step(...)


class _Walk:
    """The gradients that are under way, by the node or leaf they belong to."""

    def __init__(self, inputs: Sequence[Tensor] | None) -> None:
        self.heap: list[int] = []  # -seq of the nodes that have a gradient waiting
        self.waiting: dict[int, tuple[Node, Any]] = {}  # seq -> node, gradient (list: by slot)
        self.leaves: dict[int, tuple[Tensor, Tensor]] = {}  # id -> leaf, gradient
        self.captures: dict[int, list[tuple[int, int]]] = {}  # seq -> (slot, index in inputs)
        self.results: list[Tensor | None] = [None] * len(inputs or ())
        # What the walk is restricted to; None: everything.
        self.wanted_leaves: set[int] | None = None
        self.needed: set[int] | None = None

    def send(self, target: Node | Tensor, slot: int, g: Tensor) -> None:
        """Add a contribution to the gradient of a node's output or of a leaf."""
        if isinstance(target, Tensor):
            known = self.leaves.get(id(target))
            self.leaves[id(target)] = (target, g if known is None else known[1] + g)
            return
        seq = target.seq
        entry = self.waiting.get(seq)
        if entry is None:
            heappush(self.heap, -seq)
        if len(target.outs) > 1:
            parts: list[Any] = [None] * len(target.outs) if entry is None else entry[1]
            parts[slot] = g if parts[slot] is None else parts[slot] + g
            self.waiting[seq] = (target, parts)
        else:
            self.waiting[seq] = (target, g if entry is None else entry[1] + g)

    def aim_at(self, inputs: Sequence[Tensor], roots: list[Node]) -> None:
        """Restrict the walk to the nodes that lead to ``inputs``."""
        self.wanted_leaves = {id(t) for t in inputs if t.grad_fn is None}
        for index, t in enumerate(inputs):
            if t._node is not None:
                self.captures.setdefault(t._node.seq, []).append((t._slot, index))
        found: dict[int, Node] = {}
        stack = roots
        while stack:
            node = stack.pop()
            if node.seq in found:
                continue
            found[node.seq] = node
            stack.extend(parent for parent in node.parents if isinstance(parent, Node))
        self.needed = set()
        for seq in sorted(found):  # parents come before their users
            if seq in self.captures or any(map(self.wants, found[seq].parents)):
                self.needed.add(seq)

    def wants(self, target: Node | Tensor | None) -> bool:
        if isinstance(target, Node):
            return self.needed is None or target.seq in self.needed
        if target is None:
            return False
        return self.wanted_leaves is None or id(target) in self.wanted_leaves

    def has_work(self, node: Node) -> bool:
        """Whether the gradient has to go on beyond this node."""
        return self.needed is None or any(map(self.wants, node.parents))


def _seed(output: Tensor, g: Any, index: int) -> Tensor:
    """The gradient that a walk starts with: 1 for a scalar, or what was given."""
    if not isinstance(output, Tensor):
        raise TypeError(
            f"backward starts from tensors, output {index} is a {type(output).__name__}"
        )
    if not output.requires_grad:
        raise RuntimeError(
            f"output {index} {output.shape} does not require a gradient: none of what it was "
            f"computed from does, or it was made under no_grad or detached"
        )
    if g is None:
        if output.size != 1:
            raise RuntimeError(
                f"a gradient is needed to start from output {index} of shape {output.shape}; only "
                f"for one element it is 1 by itself. Reduce it first (sum, mean), or pass one"
            )
        return Tensor(_made_by("ones_like", output.data, output.data))
    if not isinstance(g, Tensor):
        g = Tensor(_made_by("asarray", output.data, g, output.dtype))
    same_backend("backward", (output.data, g.data))
    if g.shape != output.shape:
        raise ValueError(
            f"the gradient given for output {index} is {g.shape}, the output {output.shape}"
        )
    result: Tensor = g if g.dtype == output.dtype else g.astype(output.dtype)
    return result


def _apply_hooks(hooks: list[Any], g: Tensor) -> Tensor:
    for hook in list(hooks):
        replaced: Tensor | None = hook(g)
        if replaced is not None:
            if not isinstance(replaced, Tensor) or replaced.shape != g.shape:
                raise RuntimeError(f"a hook must return None or a tensor of shape {g.shape}")
            g = replaced
    return g


def _fit(node: Node, rule: Any, g: Any, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """A rule's result, reduced to its input's shape and cast to its dtype."""
    if not isinstance(g, Tensor):
        raise TypeError(
            f"{rule.__name__} of {node.op.name} returned a {type(g).__name__}, not a tensor"
        )
    if g.data.shape != shape:
        try:
            g = g.sum_to(shape=shape)
        except ValueError:
            raise RuntimeError(
                f"{rule.__name__} of {node.describe()} returned shape {g.shape} for an input of "
                f"{shape}"
            ) from None
    fitted: Tensor = g if g.data.dtype == dtype else g.astype(dtype)
    return fitted


def _made_by(function: str, there: Any, *args: Any) -> Any:
    """An array that a function of the array module makes, on the device of ``there``."""
    backend = backend_of(there)
    return backend.run("backward", (there,), getattr(backend.xp, function), *args)


def _run_rules(node: Node, g: Any, create_graph: bool) -> list[Tensor | None]:
    """The gradient towards each input of one node."""
    saved = node.unpack(create_graph)
    if len(node.outs) > 1:
        there = next(t for t in g if t is not None).data
        g = tuple(
            Tensor(_made_by("zeros", there, *meta)) if part is None else part
            for part, meta in zip(g, node.outs, strict=True)
        )
    edges = node.edges
    out: list[Tensor | None] = [None] * len(edges)
    for position, rule, pick in node.plan.calls:
        result = rule(g, *pick(saved))
        if position < 0:
            _fit_variadic(node, rule, result, -1 - position, out)
            continue
        if result is not None:
            _, _, shape, dtype = edges[position]  # type: ignore[misc]
            if (
                isinstance(result, Tensor)
                and result.data.shape == shape
                and result.data.dtype == dtype
            ):
                out[position] = result
            else:
                out[position] = _fit(node, rule, result, shape, dtype)
    return out


def _fit_variadic(
    node: Node, rule: Any, results: Any, first: int, out: list[Tensor | None]
) -> None:
    """The gradients of a variadic op's inputs, which one rule gives all at once."""
    for i, part in enumerate(results, start=first):
        edge = node.edges[i]
        if part is not None and edge is not None:
            out[i] = _fit(node, rule, part, edge[2], edge[3])


def _explain(error: Exception, node: Node) -> None:
    """Say at which op a rule failed, and where its forward ran if that is known."""
    error.add_note(f"in the backward of {node.describe()}")
    if node.origin is not None:
        error.add_note(str(node.origin))


def backward_steps(
    outputs: Sequence[Tensor],
    grad_outputs: Sequence[Any] | None = None,
    *,
    inputs: Sequence[Tensor] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> Generator[Step, None, list[Tensor | None]]:
    """The steps of a backward pass, one node at a time; the engine itself.

    Parameters
    ----------
    outputs : sequence of Tensor
        Where the walk starts.
    grad_outputs : sequence of (Tensor or None), optional
        Gradients towards them; None is 1 for a tensor of one element.
    inputs : sequence of Tensor, optional
        Only walk what leads to these and leave ``.grad`` alone; the generator
        then returns their gradients. Default: all leaves, into ``.grad``.
    retain_graph : bool, optional
        Keep saved values (default: ``create_graph``).
    create_graph : bool
        Record the rules' own ops, for higher derivatives.

    Yields
    ------
    Step
        First the nodes, from the last recorded to the first, then the leaves.
        The next step runs when the next item is asked for. Grad mode is that
        of the caller between the steps.
    """
    walk = _Walk(inputs)
    keep = create_graph if retain_graph is None else retain_graph
    given = [None] * len(outputs) if grad_outputs is None else grad_outputs
    if len(given) != len(outputs):
        raise ValueError(f"{len(outputs)} outputs but {len(given)} grad_outputs")
    seeds = [_seed(output, g, i) for i, (output, g) in enumerate(zip(outputs, given, strict=True))]
    if inputs is not None:
        walk.aim_at(inputs, [o._node for o in outputs if o._node is not None])
    for output, g in zip(outputs, seeds, strict=True):
        walk.send(output._node or output, output._slot, g)
    heap = walk.heap
    while heap:
        node, g = walk.waiting.pop(-heappop(heap))
        before, mode.grad = mode.grad, create_graph
        cast = mode.autocast
        if cast is not None:
            mode.autocast = None  # rules compute in the types of the forward
        try:
            step = _visit(walk, node, g, create_graph, keep)
        except Exception as error:
            _explain(error, node)
            raise
        finally:
            mode.grad = before
            if cast is not None:
                mode.autocast = cast
        if step is not None:
            yield step
            del step  # or it would keep its gradients alive through the next step
        del g
    for key in list(walk.leaves):
        leaf, g = walk.leaves[key]
        before, mode.grad = mode.grad, create_graph
        try:
            g = _finish_leaf(leaf, g, inputs is None, create_graph)
        finally:
            mode.grad = before
        if inputs is None:  # .grad has a copy: all gradients together are not to be there twice
            del walk.leaves[key]
        else:
            walk.leaves[key] = (leaf, g)
        yield Step(leaf, g, [])
        del g
    for index, t in enumerate(inputs or ()):
        if t._node is None and id(t) in walk.leaves:
            walk.results[index] = walk.leaves[id(t)][1]
    return walk.results


def _visit(walk: _Walk, node: Node, g: Any, create_graph: bool, keep: bool) -> Step | None:
    """Run one node: hooks, rules, and the contributions to what lies before it."""
    if node.hooks is not None:
        if len(node.outs) == 1:
            g = _apply_hooks(node.hooks.get(0, []), g)
        else:
            g = [
                part if part is None else _apply_hooks(node.hooks.get(slot, []), part)
                for slot, part in enumerate(g)
            ]
    restricted = walk.needed is not None
    if restricted:
        for slot, index in walk.captures.get(node.seq, ()):
            walk.results[index] = g if len(node.outs) == 1 else g[slot]
        if not walk.has_work(node):
            return None
    observers = mode.observers
    for observer in observers:
        observer.before_rules(node, g)
    input_grads = _run_rules(node, g, create_graph)
    step = _make_step(node, g, input_grads)
    for observer in observers:
        observer.after_rules(step)
    for part, edge in zip(input_grads, node.edges):  # noqa: B905 (equal, and strict costs time)
        if part is None or edge is None or (restricted and not walk.wants(edge[0])):
            continue
        walk.send(edge[0], edge[1], part)
    if not keep:
        node.saved = None
    return step


def _finish_leaf(leaf: Tensor, g: Tensor, accumulate: bool, create_graph: bool) -> Tensor:
    """Hooks of a leaf, then its ``.grad`` (always memory of its own)."""
    if leaf._hooks:
        g = _apply_hooks(leaf._hooks, g)
    if accumulate:
        if leaf.grad is not None:
            leaf.grad = leaf.grad + g
        else:
            leaf.grad = g if create_graph else Tensor(g.data.copy())
        for observer in mode.observers:
            observer.after_leaf(leaf, g.data)
    return g


def backward(
    outputs: Sequence[Tensor],
    grad_outputs: Sequence[Any] | None = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Add the gradients of ``outputs`` into the leaves' ``.grad``; see :meth:`Tensor.backward`."""
    for _ in backward_steps(
        outputs, grad_outputs, retain_graph=retain_graph, create_graph=create_graph
    ):
        pass


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    *,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> Any:
    """Gradients of ``outputs`` towards ``inputs``, leaving every ``.grad`` alone.

    Parameters
    ----------
    outputs, inputs : Tensor or sequence of Tensor
        Inputs may be leaves or computed tensors.
    grad_outputs : Tensor or sequence, optional
        Gradients towards the outputs; 1 for a tensor of one element.
    retain_graph : bool, optional
        Keep what was saved, for another walk. Default: ``create_graph``.
    create_graph : bool
        Make the result differentiable.
    allow_unused : bool
        Give None for an input that no output depends on, instead of raising.

    Returns
    -------
    Tensor or list of Tensor
        One for one input, a list for a sequence.

    Raises
    ------
    RuntimeError
        If an input does not require a gradient, or no output depends on it.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor(3.0, requires_grad=True)
    >>> dy = mt.grad(x * x * x, x, create_graph=True)
    >>> dy, mt.grad(dy, x)
    (Tensor(27., grad_fn=add), Tensor(18.))
    """
    single = isinstance(inputs, Tensor)
    wanted: list[Tensor] = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if isinstance(outputs, Tensor):
        outputs = [outputs]
        grad_outputs = None if grad_outputs is None else [grad_outputs]
        if grad_outputs is not None and isinstance(grad_outputs[0], list | tuple):
            grad_outputs = list(grad_outputs[0])
    for index, t in enumerate(wanted):
        if not isinstance(t, Tensor):
            raise TypeError(f"input {index} is a {type(t).__name__}, not a tensor")
        if not t.requires_grad:
            raise RuntimeError(f"input {index} {t.shape} does not require a gradient")
    steps = backward_steps(
        outputs, grad_outputs, inputs=wanted, retain_graph=retain_graph, create_graph=create_graph
    )
    results: list[Tensor | None] = _exhaust(steps)
    for index, g in enumerate(results):
        if g is None and not allow_unused:
            raise RuntimeError(
                f"input {index} {wanted[index].shape} was not used to compute the outputs; "
                f"allow_unused=True gives None for it. A loss goes from probabilities straight to "
                f"their logits, a gated layer from embedded words to the table, unless "
                f"retain_grad() was called on them before"
            )
    return results[0] if single else results


def _exhaust(steps: Generator[Step, None, list[Tensor | None]]) -> list[Tensor | None]:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            results: list[Tensor | None] = stop.value
            return results
