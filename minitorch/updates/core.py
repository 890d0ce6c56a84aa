"""What all update rules share: gradients, memory, and assigning all values together."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, ItemsView, Iterable, Mapping, Sequence, ValuesView
from typing import Any

import numpy as np

from minitorch import ops
from minitorch.autograd import Tensor, asarray, grad, no_grad
from minitorch.autograd.fresh import fresh
from minitorch.autograd.inplace import write
from minitorch.backend.native import planned_outputs
from minitorch.parameter import Parameter

__all__ = ["Hyper", "Slot", "Updates", "apply_updates", "get_or_compute_grads"]

# A number, a 0-d tensor, or a function that gives one: for values that change.
Hyper = Any


class Slot(Parameter):
    """What an update rule remembers about a parameter: a value that is updated, not trained."""

    __slots__ = ()

    def __init__(self, value: Any, name: str | None = None, trainable: bool = False) -> None:
        super().__init__(value, name, trainable)


class Later:
    """New values that are computed together, when one of them is asked for or they are applied."""

    __slots__ = ("compute", "keys")

    def __init__(self, keys: tuple[Parameter, ...], compute: Callable[[], tuple[Any, ...]]) -> None:
        self.keys = keys
        self.compute = compute


class Updates(OrderedDict[Parameter, Tensor]):
    """New values by parameter; nothing is assigned before :meth:`apply`.

    The step of a rule is computed when its value is read, or by :meth:`apply` right before it is
    assigned: so the new values of a large network need not all be there at one time.
    """

    def later(self, keys: tuple[Parameter, ...], compute: Callable[[], tuple[Any, ...]]) -> None:
        """Add the values of ``keys``, which ``compute()`` gives from their old ones alone."""
        group = Later(keys, compute)
        for key in keys:
            self[key] = group  # type: ignore[assignment]

    def pending(self, key: Parameter) -> Later | None:
        """What will compute a value, None if that is known already."""
        value: Any = super().__getitem__(key)
        return value if isinstance(value, Later) else None

    def __getitem__(self, key: Parameter) -> Tensor:
        if (group := self.pending(key)) is not None:
            with no_grad():
                values = group.compute()
            for one, value in zip(group.keys, values, strict=True):
                if one in self and self.pending(one) is group:  # nobody has replaced it
                    self[one] = value
        return super().__getitem__(key)

    # What a dictionary reads past __getitem__.

    def values(self) -> Any:
        """The values, computed as they are read."""
        return ValuesView(self)

    def items(self) -> Any:
        """Parameters and values, computed as they are read."""
        return ItemsView(self)

    def get(self, key: Parameter, default: Any = None) -> Any:
        """The value of ``key``, or the default."""
        if key not in self:
            return default
        return self[key]

    def pop(self, key: Parameter, *default: Any) -> Any:
        """Take a value out."""
        if key in self:
            value = self[key]
            del self[key]
            return value
        return super().pop(key, *default)

    def apply(self) -> None:
        """Assign all values together: each was computed from the old ones.

        Raises
        ------
        ValueError
            If a value does not have its parameter's shape (nothing is assigned then).
        TypeError
            If a key is no parameter, or a value cannot become its parameter's
            dtype (nothing is assigned then).
        """
        apply_updates(self)


@no_grad()
def apply_updates(updates: Mapping[Parameter, Any]) -> None:
    """Assign ``{parameter: new value}``, all or none; see :meth:`Updates.apply`.

    Examples
    --------
    >>> from minitorch.parameter import Parameter
    >>> a, b = Parameter([1.0]), Parameter([2.0])
    >>> apply_updates({a: b, b: a})
    >>> a.get_value(), b.get_value()
    (array([2.], dtype=float32), array([1.], dtype=float32))
    """
    cells = {id(p._cell) for p in updates if isinstance(p, Parameter)}
    steps = _whole_steps(updates)
    waiting = {id(p) for step in steps for p in step.keys}
    ready: list[tuple[Parameter, Tensor]] = []
    for p in updates:
        if not isinstance(p, Parameter):
            raise TypeError(f"updates are for parameters, found a {type(p).__name__}")
        if id(p) in waiting:
            continue
        new = asarray(updates[p])
        if new.shape != p.shape:
            raise ValueError(
                f"update of {p!r} has shape {new.shape}; a parameter never changes its shape"
            )
        if new.dtype != p.dtype and not np.can_cast(new.dtype, p.dtype, "same_kind"):
            raise TypeError(f"update of {p!r} is {new.dtype}")
        # A value that lies in a parameter's memory would change under way.
        ready.append((p, new.copied() if id(new._cell) in cells else new))
    for p, new in ready:
        write(p, new)
    steps.reverse()
    while steps:
        step = steps.pop()
        with planned_outputs([p.data for p in step.keys], []):  # a kernel writes right there
            values = step.compute()
        for p, new in zip(step.keys, values, strict=True):
            if new.data is p.data:
                p.touch()
            else:
                write(p, new)
            updates[p] = p  # type: ignore[index]  # its gradient may go now


def _whole_steps(updates: Mapping[Parameter, Any]) -> list[Later]:
    """The steps of which no value has been asked for or replaced, and that share no memory."""
    if not isinstance(updates, Updates):
        return []
    groups = {id(g): g for p in updates if (g := updates.pending(p)) is not None}
    users = Counter(id(p._cell) for p in updates)

    def alone(group: Later) -> bool:
        return all(
            p in updates and updates.pending(p) is group and users[id(p._cell)] == 1
            for p in group.keys
        )

    return [group for group in groups.values() if alone(group)]


def get_or_compute_grads(
    loss_or_grads: Tensor | Sequence[Tensor], params: Iterable[Parameter]
) -> list[Tensor]:
    """The gradients themselves, or those of a loss towards the parameters.

    Parameters
    ----------
    loss_or_grads : Tensor of one element, or sequence of Tensor
    params : iterable of Parameter

    Returns
    -------
    list of Tensor
        One per parameter, of its shape.

    Raises
    ------
    ValueError
        If something in ``params`` is no Parameter, or does not require a
        gradient; if the loss has several elements; if the gradients are not one
        per parameter, of its shape.
    RuntimeError
        If the loss does not depend on a parameter; the message names it.

    Examples
    --------
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([1.0, 2.0])
    >>> get_or_compute_grads((w * w).sum(), [w])
    [Tensor([2., 4.])]
    """
    listed = list(params)
    for p in listed:
        if not isinstance(p, Parameter):
            raise ValueError(
                f"params must contain parameters only, found a {type(p).__name__}; make one with "
                f"minitorch.parameter.Parameter(value)"
            )
    if isinstance(loss_or_grads, Tensor):
        return _compute_grads(loss_or_grads, listed)
    grads = list(loss_or_grads)
    if len(grads) != len(listed):
        raise ValueError(f"got {len(grads)} gradient expressions for {len(listed)} parameters")
    for p, g in zip(listed, grads, strict=True):
        if getattr(g, "shape", None) != p.shape:
            found = "None" if g is None else f"of shape {getattr(g, 'shape', ())}"
            raise ValueError(f"the gradient of {p!r} is {found}; it must have the same shape")
    return [asarray(g) for g in grads]


def _compute_grads(loss: Tensor, params: list[Parameter]) -> list[Tensor]:
    """The gradient of a loss of one element towards each parameter."""
    if loss.size != 1:
        raise ValueError(
            f"a loss has one element, this one has shape {loss.shape}; take its mean()"
        )
    fixed = next((p for p in params if not p.requires_grad), None)
    if fixed is not None:
        raise ValueError(
            f"{fixed!r} does not require a gradient, so it cannot be trained; take "
            f"get_all_params(network, trainable=True), or set its requires_grad"
        )
    if not params:
        return []
    if not loss.requires_grad:
        raise RuntimeError(
            "the loss depends on no parameter; was it computed under no_grad, or from values?"
        )
    grads: list[Any] = grad(loss, params, allow_unused=True)
    lost = [f"{i} ({p!r})" for i, p in enumerate(params) if grads[i] is None]
    if lost:
        raise RuntimeError(f"the loss does not depend on parameter {', '.join(lost)}")
    return grads


# -- for the rules: all of it runs under no_grad ----------------------------


def now(hyper: Hyper) -> float:
    """The current value of a hyper-parameter, asked for once in a step."""
    if not callable(hyper) and not isinstance(hyper, Tensor):
        return float(hyper)

    def ask() -> float:
        value = hyper() if callable(hyper) else hyper
        return float(value.item() if isinstance(value, Tensor) else value)

    asked: float = fresh(ask)  # a schedule's next value, in a captured step
    return asked


def _wide(dtype: Any) -> Any:
    """The dtype to compute updates in: at least float32."""
    return np.result_type(dtype, np.float32) if dtype.itemsize < 4 else dtype


def pairs(loss_or_grads: Any, params: Iterable[Parameter]) -> list[tuple[Parameter, Tensor]]:
    """Each parameter with its gradient, that in float32 if it is half precision."""
    listed = list(params)
    grads = get_or_compute_grads(loss_or_grads, listed)
    return [
        (p, g.astype(_wide(p.dtype)) if g.dtype.itemsize < 4 else g)
        for p, g in zip(listed, grads, strict=True)
    ]


def slot(p: Parameter, name: str, taken: Mapping[Any, Any] | None = None) -> Slot:
    """What a rule remembers about p under a name; zeros at first.

    A slot in ``taken``, the updates so far, has a new value already, of the same rule
    earlier in the chain: then a numbered one is used.
    """
    label, number = name, 1
    while taken and p.slots.get(label) in taken:
        number += 1
        label = f"{name}.{number}"
    found = p.slots.get(label)
    if found is None:
        zeros = ops.zeros(p.shape, dtype=_wide(p.dtype), device=p.device)
        found = p.slots[label] = Slot(zeros, name=f"{p.name or 'parameter'}.{label}")
    return found  # type: ignore[return-value]


def count(p: Parameter, rule: str, new: Updates) -> int:
    """This step's number, from 1; the slot's update is added to ``new``."""
    found = p.slots.get(f"{rule}.t")
    if found is None:
        label = f"{rule}.t"
        zero = ops.zeros((), dtype=np.int64, device="cpu")  # read at every step
        found = p.slots[label] = Slot(zero, f"{p.name or 'parameter'}.{label}")
    new[found] = found + 1
    t: int = fresh(lambda: int(found.item()) + 1)
    return t


def trained(
    updates: Mapping[Parameter, Any], params: Iterable[Parameter] | None
) -> list[Parameter]:
    """The parameters to add momentum to: those given, or all that are no slots."""
    if params is None:
        return [p for p in updates if not isinstance(p, Slot)]
    chosen = list(params)
    for p in chosen:
        if p not in updates:
            raise ValueError(f"there is no update of {p!r} to add momentum to")
    return chosen
