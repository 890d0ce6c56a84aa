"""What an op saves for its rules, worked out once per pattern of needed gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minitorch.autograd.declaration import Declaration

__all__ = ["Plan", "Rule", "make_plan"]


@dataclass(frozen=True)
class Rule:
    """The gradient towards one input: ``fn(g, *wanted values)``."""

    fn: Callable[..., Any]
    wanted: tuple[str, ...]

    @property
    def name(self) -> str:
        """The rule's function name, ``<op>_d<input>``."""
        return self.fn.__name__


@dataclass(frozen=True)
class Plan:
    """For one pattern of inputs that need a gradient: what to save, which rules to run."""

    # Positions of the inputs that a gradient goes to.
    wanted: tuple[int, ...]
    # Names of the saved values, and what each is: (kind, key) for _save.
    save_names: tuple[str, ...]
    saves: tuple[tuple[str, Any], ...]
    # (input position, or -1 - position of the first for a variadic one; rule
    # function; what picks its arguments out of `saved`)
    calls: tuple[tuple[int, Callable[..., Any], Callable[[list[Any]], Any]], ...]
    # (position in `saved`, output slot) of saved outputs.
    out_positions: tuple[tuple[int, int], ...]


def _picker(where: tuple[Any, ...]) -> Callable[[list[Any]], Any]:
    """A function from the saved values to a rule's arguments (in C where it can be)."""
    if not all(isinstance(at, int) for at in where):
        return lambda saved: [
            saved[at] if isinstance(at, int) else tuple(saved[i] for i in at) for at in where
        ]
    if len(where) > 1:
        return itemgetter(*where)
    start = where[0] if where else 0
    return itemgetter(slice(start, start + len(where)))  # a list of one, or of none


def make_plan(op: Declaration, pattern: int) -> Plan:
    """The plan for one pattern: a bit per input that needs a gradient, one on top to count them."""
    fixed = op.arity
    count = pattern.bit_length() - 1
    needs = [bool(pattern >> i & 1) for i in range(count)]
    positions = [i for i in range(fixed) if needs[i]]
    if any(needs[fixed:]):
        positions.append(fixed)
    order: dict[str, int] = {}
    saves: list[tuple[str, Any]] = []

    def place(name: str, kind: str, key: Any) -> int:
        if name not in order:
            order[name] = len(order)
            saves.append((kind, key))
        return order[name]

    calls: list[tuple[int, Callable[..., Any], Callable[[list[Any]], Any]]] = []
    wanted: list[int] = []
    for position in positions:
        rule = op.rules.get(op.arrays[position])
        if rule is None:
            continue
        many = op.variadic is not None and position == fixed
        where = tuple(_place(op, name, count, place) for name in rule.wanted)
        calls.append((-1 - fixed if many else position, rule.fn, _picker(where)))
        wanted += [i for i in range(fixed, count) if needs[i]] if many else [position]
    outs = tuple((at, key) for at, (kind, key) in enumerate(saves) if kind == "out")
    return Plan(tuple(wanted), tuple(order), tuple(saves), tuple(calls), outs)


def _place(op: Declaration, wanted: str, count: int, place: Callable[[str, str, Any], int]) -> Any:
    """The position(s) in ``saved`` of one name on a rule's parameter list."""
    if wanted in op.outputs:
        return place(wanted, "out", op.outputs.index(wanted))
    if wanted in op.aux:
        return place(wanted, "aux", op.aux.index(wanted))
    kind, name = "input", wanted
    if wanted not in op.arrays:
        if wanted in op.statics:
            return place(wanted, "static", wanted)
        kind, name = "shape", wanted.removesuffix("_shape")
    if name == op.variadic:
        return tuple(place(f"{wanted}[{i - op.arity}]", kind, i) for i in range(op.arity, count))
    return place(wanted, kind, op.arrays.index(name))
