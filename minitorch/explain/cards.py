"""An op's derivative card: formula, rules, conventions and kernels, from the registry."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass, field
from typing import Any

from minitorch.autograd.op import Composite, find_op
from minitorch.explain.stepping import source_of

__all__ = ["Card", "card"]

# Sentences of a docstring that tell which gradient was chosen where there are several.
_CONVENTION = re.compile(r"gradient|\bties?\b|\bkinks?\b|derivative|subgradient", re.IGNORECASE)
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)


@dataclass(slots=True, eq=False)
class Card:
    """What the registry knows of an op.

    Attributes
    ----------
    name, formula, signature, module, doc : str
    kind : "op" or "composite"
        A composite is made of other ops and needs no rules.
    rules : list of dict
        ``inputs``, ``name``, ``formula``, ``needs`` (what is saved for it), ``source``.
    constant, linear : list of str
        Inputs without a derivative; inputs in which it is linear.
    conventions : list of str
        Sentences of the docs on kinks, ties and special points.
    kernels : list of dict
        ``backend``, ``name``, ``missing`` (why it cannot run here, or "").
    source : str
        The body: the reference implementation.
    """

    name: str
    kind: str
    formula: str
    signature: str
    module: str
    doc: str
    rules: list[dict[str, Any]] = field(default_factory=list)
    constant: list[str] = field(default_factory=list)
    linear: list[str] = field(default_factory=list)
    conventions: list[str] = field(default_factory=list)
    kernels: list[dict[str, str]] = field(default_factory=list)
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def text(self) -> str:
        """The card as plain text."""
        return "\n".join(text for _, text in self.lines())

    def lines(self) -> list[tuple[str, str]]:
        """(kind, text): kinds are those of :func:`step_lines`."""
        lines = [("title", f"{self.name}{self.signature}"), ("formula", f"  {self.formula}")]
        lines.append(("soft", f"  {self.kind} of {self.module}"))
        summary = self.doc.split("\n\n")[0]
        lines += [("value", f"  {line}") for line in summary.splitlines()]
        for rule in self.rules:
            lines += [
                ("value", ""),
                ("out", f"rule for {', '.join(rule['inputs'])}: {rule['formula']}"),
            ]
            lines.append(("soft", f"  saves {', '.join(rule['needs']) or 'nothing'}"))
            lines += [("code", f"  {line}") for line in rule["source"].splitlines()]
        lines += [("value", ""), *self._facts(), ("value", ""), ("out", "forward")]
        lines += [("code", f"  {line}") for line in self.source.splitlines()]
        return lines

    def _facts(self) -> list[tuple[str, str]]:
        facts = []
        if not self.rules and self.kind == "op":
            facts.append(("note", "no gradient rules: constant in every input"))
        elif not self.rules:
            facts.append(("note", "made of other ops, whose rules give its gradients"))
        if self.constant:
            facts.append(("note", f"constant (no derivative): {', '.join(self.constant)}"))
        if self.linear:
            facts.append(("note", f"linear in: {', '.join(self.linear)}; the rule is the adjoint"))
        facts += [("note", f"convention: {sentence}") for sentence in self.conventions]
        for row in self.kernels:
            state = f"missing: {row['missing']}" if row["missing"] else "available"
            facts.append(("note", f"kernel {row['name']} on {row['backend']}: {state}"))
        return facts or [("note", "no kernels: the body runs on every device")]

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def card(op: Any) -> Card:
    """The derivative card of an op.

    Parameters
    ----------
    op : str, Op or Composite

    Returns
    -------
    Card

    Raises
    ------
    ValueError
        If there is no op of that name; the message suggests close ones.

    Examples
    --------
    >>> from minitorch import explain
    >>> relu = explain.card("relu")
    >>> relu.formula, [rule["formula"] for rule in relu.rules], relu.conventions
    ('y = max(x, 0)', ['dL/dx = g where y > 0, else 0'], ['The gradient at 0 is 0 (Theano: 1/2).'])
    """
    found = find_op(op) if isinstance(op, str) else op
    doc = inspect.getdoc(found.source) or ""
    return Card(
        found.name,
        "composite" if isinstance(found, Composite) else "op",
        found.formula,
        _signature(found),
        found.module,
        doc,
        _rules(found),
        [] if isinstance(found, Composite) else sorted(found.constant),
        list(found.linear),
        _conventions(doc),
        [
            {"backend": backend, "name": kernel.name, "missing": kernel.missing}
            for backend, kernel in found.kernels
        ],
        _without_doc(found.source),
    )


def _signature(op: Any) -> str:
    """The call, without types: every op takes tensors."""
    signature: inspect.Signature = op.__signature__
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


def _without_doc(function: Any) -> str:
    """A function's source without its docstring, which the card shows elsewhere."""
    source = source_of(function)
    try:
        body = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    except (SyntaxError, IndexError, AttributeError):
        return source
    first = body[0]
    if (
        len(body) < 2
        or not isinstance(first, ast.Expr)
        or not isinstance(first.value, ast.Constant)
    ):
        return source
    lines = source.splitlines()
    return "\n".join(lines[: first.lineno - 1] + lines[first.end_lineno :])


def _rules(op: Any) -> list[dict[str, Any]]:
    """The rules, each once with all inputs that it serves."""
    served: dict[int, dict[str, Any]] = {}
    for name in op.arrays:
        rule = op.rules.get(name)
        if rule is None:
            continue
        row = served.setdefault(
            id(rule.fn),
            {
                "inputs": [],
                "name": rule.name,
                "formula": inspect.getdoc(rule.fn) or "",
                "needs": list(rule.wanted),
                "source": source_of(rule.fn),
            },
        )
        row["inputs"].append(name)
    return list(served.values())


def _conventions(doc: str) -> list[str]:
    """The sentences of the notes that speak of gradients, ties and kinks."""
    pieces = _SECTION.split(doc)
    sections = {"": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=False))}
    text = " ".join(f"{sections['']} {sections.get('Notes', '')}".split())
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z0-9])", text)
    return [s for s in sentences if _CONVENTION.search(s)]
