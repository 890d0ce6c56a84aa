"""The backward in a terminal, one step after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

from minitorch.autograd.tensor import Tensor
from minitorch.explain.printing import print_lines, step_lines
from minitorch.explain.recording import Tape
from minitorch.explain.stepping import steps
from minitorch.explain.values import full
from minitorch.explain.views import StepView

__all__ = ["matches", "step_through"]

HELP = (
    "Enter  next step          s NAME  go on to an op, a number (#3) or a name\n"
    "n      go on to the first NaN or infinity      a  show all the rest\n"
    "v NAME write a saved value out (v grad, v value too)      q  stop"
)


def matches(step: StepView, wish: str | int | None) -> bool:
    """Whether a step is the one to stop at: "nan", a step's number, "#3", an op or a name."""
    if wish is None:
        return False
    if isinstance(wish, int):
        return step.index == wish
    if wish.lower() == "nan":
        return bool(step.flaw)
    return wish in (step.op, step.name, step.label, step.label.split()[0])


class _Printer:
    """Prints steps and remarks."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def show(self, step: StepView) -> None:
        print_lines([*step_lines(step), ("value", "")], self.file)

    def say(self, text: str) -> None:
        print(text, file=self.file)


def step_through(
    output: Tensor,
    grad: Any = None,
    *,
    interactive: bool | None = None,
    until: str | int | None = None,
    retain_graph: bool = True,
    tape: Tape | None = None,
    names: Mapping[str, Tensor] | None = None,
    file: TextIO | None = None,
    ask: Callable[[str], str] = input,
) -> bool:
    """Walk through ``output.backward()`` in the terminal, one op at a time.

    Each step shows the op's formula, what it saved, the gradient that came in,
    the rule's own source, and what goes out to each input.

    Parameters
    ----------
    output, grad, retain_graph, tape, names
        As in :func:`steps`.
    interactive : bool, optional
        Wait for a key between the steps; by default on a terminal only.
        Enter goes on, ``s relu`` to the next relu, ``n`` to the first NaN,
        ``v out`` writes a saved value out, ``q`` stops, ``?`` helps.
    until : str or int, optional
        Not interactive: stop after this op, name, number or at ``"nan"``.
        Interactive: go there first.
    file : text stream, optional
        Default: standard output.
    ask : callable
        Reads a line; for tests and other frontends.

    Returns
    -------
    bool
        Whether the walk reached its end, so that every ``.grad`` is filled as
        ``backward`` would. Stopping before the leaves leaves all of them as they were.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import explain
    >>> a = mt.tensor(3.0, requires_grad=True)
    >>> explain.step_through(mt.square(a), names={"a": a})  # doctest: +ELLIPSIS
    step 1 of 2: #1 square
      y = x²
      square(()) -> ()
      result  9
      saved for the rules: x
        x  3
      gradient in  1
      rule for x: dL/dx = 2 g x
        @square.vjp("x")
        def square_dx(g, x):
            ...
      to x → a: 6
    <BLANKLINE>
    step 2 of 2: a
      value   3   scalar
      gradient  6
    <BLANKLINE>
    True
    """
    stream = sys.stdout if file is None else file
    if interactive is None:
        interactive = stream.isatty() and sys.stdin.isatty()
    printer = _Printer(stream)
    walk = steps(output, grad, retain_graph=retain_graph, tape=tape, names=names)
    try:
        if not interactive:
            return _run(walk, printer, until)
        return _Dialogue(printer, ask, until).run(walk)
    finally:
        walk.close()


def _run(walk: Iterator[StepView], printer: _Printer, until: str | int | None) -> bool:
    for step in walk:
        printer.show(step)
        if matches(step, until):
            return step.index == step.total
    if until is not None:
        printer.say(f"no step matches {until!r}")
    return True


class _Dialogue:
    """Reads what the user wants between the steps."""

    def __init__(
        self, printer: _Printer, ask: Callable[[str], str], goal: str | int | None
    ) -> None:
        self.printer = printer
        self.ask = ask
        self.goal = goal  # show no prompt before this is met

    def run(self, walk: Iterator[StepView]) -> bool:
        last: StepView | None = None
        for step in walk:
            last = step
            if self.goal is not None and not matches(step, self.goal):
                if self.goal == "all":
                    self.printer.show(step)
                continue
            self.goal = None
            self.printer.show(step)
            if step.index < step.total and not self._wait(step):
                self.printer.say("stopped; the graph is kept, start again whenever you like")
                return False
        if self.goal not in (None, "all"):
            self.printer.say(f"no later step matches {self.goal!r}; this was the last:")
            if last is not None:
                self.printer.show(last)
        return True

    def _wait(self, step: StepView) -> bool:
        """Do what the user says until that is to go on (True) or to stop (False)."""
        while True:
            try:
                command, _, rest = (
                    self.ask("[Enter, s NAME, n, v NAME, a, q, ?] ").strip().partition(" ")
                )
            except (EOFError, KeyboardInterrupt):
                return False
            if command == "q":
                return False
            if command in ("", "s", "n", "a"):
                self.goal = {"": None, "s": rest.strip() or None, "n": "nan", "a": "all"}[command]
                return True
            if command == "v":
                self._write_out(step, rest.strip() or "grad")
            else:
                self.printer.say(HELP)

    def _write_out(self, step: StepView, name: str) -> None:
        values = {"grad": step.grad, "value": step.value, **step.saved}
        values.update({f"to {view.argument}": view.grad for view in step.inputs})
        if name in values:
            self.printer.say(full(values[name]))
        else:
            self.printer.say(f"no value {name!r} here; there are {', '.join(values)}")
