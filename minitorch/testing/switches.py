"""The machinery of :mod:`minitorch.testing.break_it`: what a switch is, and a block without it."""

from __future__ import annotations

import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from minitorch.utils import did_you_mean

__all__ = ["SWITCHES", "Switch", "broken", "outcome", "show", "switch"]


class Switch:
    """An ingredient of the engine that can be switched off.

    Attributes
    ----------
    name : str
    sentence : str
        What the ingredient does.
    example : callable
        A few lines that give another result without it.
    """

    def __init__(self, name: str, sentence: str, target: Any, attribute: str, off: Any) -> None:
        self.name, self.sentence = name, sentence
        self.example: Callable[[], Any] = lambda: None
        self._place = (target, attribute, off)

    def __repr__(self) -> str:
        return f"<Switch {self.name}: {self.sentence}>"

    def demo(self, example: Callable[[], Any]) -> Callable[[], Any]:
        """Declare the example."""
        self.example = example
        return example

    def off(self) -> contextlib.AbstractContextManager[Any]:
        """A block in which the ingredient is missing."""
        return mock.patch.object(*self._place)


SWITCHES: dict[str, Switch] = {}


def switch(
    name: str, sentence: str, target: Any, attribute: str
) -> Callable[[Callable[..., Any]], Switch]:
    """Declare a switch, on the function that stands in for ``target.attribute`` when it is off."""

    def declare(off: Callable[..., Any]) -> Switch:
        made = SWITCHES[name] = Switch(name, sentence, target, attribute, off)
        return made

    return declare


def _find(name: str) -> Switch:
    if name not in SWITCHES:
        hint = did_you_mean(name, SWITCHES)
        raise ValueError(f"broken: no ingredient named {name!r}; {hint}")
    return SWITCHES[name]


@contextlib.contextmanager
def broken(*names: str) -> Iterator[None]:
    """Switch ingredients of the engine off inside a ``with`` block, or a decorated function.

    It holds for the whole process, not only for this thread; leaving the block
    repairs everything.

    Parameters
    ----------
    *names : str
        Which; ``SWITCHES`` has them all, with a sentence each.

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.testing.break_it import broken
    >>> bias = mt.zeros(3).requires_grad_()
    >>> with broken("unbroadcasting"):
    ...     (mt.ones((2, 3)) + bias).sum().backward()
    >>> bias.shape, bias.grad.shape
    ((3,), (2, 3))
    """
    chosen = [_find(name) for name in names]
    with contextlib.ExitStack() as stack:
        for one in chosen:
            stack.enter_context(one.off())
        yield


def outcome(example: Callable[[], Any]) -> str:
    """What an example gives, as text; an error is a result too."""
    try:
        return str(example())
    except (RuntimeError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def show(name: str) -> None:
    """Print what an ingredient does, and a few lines with it and without it.

    Parameters
    ----------
    name : str

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> from minitorch.testing.break_it import show
    >>> show("accumulation")
    accumulation: what a tensor gets from its several uses is added up.
        a = mt.tensor(1.0, requires_grad=True)
        b = a + a
        c = b + b
        c.backward()
        return a.grad
    with it:    Tensor(4.)
    without it: Tensor(1.)
    """
    found = _find(name)
    lines = inspect.getsource(found.example).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("def ")) + 1
    print(f"{name}: {found.sentence}")
    print(textwrap.indent(textwrap.dedent("\n".join(lines[start:])), "    "))
    print("with it:   ", outcome(found.example))
    with broken(name):
        print("without it:", outcome(found.example))
