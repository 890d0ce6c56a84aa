"""What a trace writes down: storages, values that lie in them, and instructions.

A storage is a piece of memory, a value a window onto one (shape, strides, offset), as an
array is onto its base. So views cost nothing: they are values, no instructions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy

from minitorch.autograd.fresh import FreshFloat, FreshInt

__all__ = ["Instruction", "Storage", "Value", "is_fresh"]


@dataclass(eq=False)
class Storage:
    """A piece of memory.

    Attributes
    ----------
    kind : str
        ``"input"``, an argument of the call; ``"held"``, memory that lives outside of the program:
        parameters, and constants of the trace; ``"temp"``, the program's own.
    size : int
        Bytes.
    name : str
        Of the parameter that it is, or of the argument.
    root : ndarray or None
        The memory itself, of an input or held storage.
    """

    kind: str
    size: int
    name: str = ""
    root: Any = None


@dataclass(eq=False)
class Value:
    """A window onto a storage; strides and offset in bytes.

    ``array`` is the window itself where the memory is there before the program: of
    inputs and of what is held.
    """

    storage: Storage
    shape: tuple[int, ...]
    dtype: Any
    strides: tuple[int, ...]
    offset: int = 0
    array: Any = None

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def dense(self) -> bool:
        """Whether its elements lie in row-major order without gaps."""
        expected = int(self.dtype.itemsize)
        for length, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if length != 1 and stride != expected:
                return False
            expected *= length
        return True

    @property
    def whole(self) -> bool:
        """Whether it is all of its storage."""
        return self.dense and self.count * self.dtype.itemsize == self.storage.size

    def on(self, memory: Any) -> Any:
        """The array that it is, on the bytes of its storage."""
        if self.array is not None:
            return self.array
        if not self.count:
            return numpy.empty(self.shape, self.dtype)
        return numpy.ndarray(self.shape, self.dtype, memory, self.offset, self.strides)


def is_fresh(value: Any) -> bool:
    """Whether a static value, or one within it, is computed anew in every replay."""
    if isinstance(value, dict):
        return any(map(is_fresh, value.values()))
    if isinstance(value, list | tuple):
        return any(map(is_fresh, value))
    return isinstance(value, FreshFloat | FreshInt)


@dataclass(eq=False)
class Instruction:
    """A step of a program.

    ``op`` is an op, or None for what is none: ``name`` then says what it is, ``"write"``
    (inputs[0] into outputs[0], whose memory was there before), ``"copy"`` or ``"check"``.
    ``inputs`` are values, numbers and None; ``where`` is the line of the user that asked for it.
    ``index`` of a write says which part of outputs[0] it goes to.
    """

    name: str
    op: Any
    inputs: list[Any]
    outputs: list[Value]
    static: dict[str, Any] = field(default_factory=dict)
    where: str = ""
    index: Any = None

    @property
    def reads(self) -> Iterator[Value]:
        """The values that it reads; a write into a part of something reads the rest."""
        yield from (x for x in self.inputs if isinstance(x, Value))
        if self.name == "write" and (self.index is not None or not self.outputs[0].whole):
            yield self.outputs[0]

    @property
    def fresh(self) -> bool:
        """Whether one of its numbers is computed anew in every replay."""
        return is_fresh(self.inputs) or is_fresh(self.static)
