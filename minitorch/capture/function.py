"""``minitorch.function``: a Python function of tensors that is traced once and then replayed."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable
from typing import Any

import numpy

from minitorch.autograd.create import asarray
from minitorch.autograd.hooks import observe
from minitorch.autograd.mode import mode
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import get_default_dtype
from minitorch.capture.check import run_both
from minitorch.capture.ir import Value
from minitorch.capture.program import Program
from minitorch.capture.structure import key_of, names_of, put_together, taken_apart
from minitorch.capture.trace import CaptureError, Tracer
from minitorch.parameter import Parameter

__all__ = ["Captured", "function"]


class Entry:
    """A program with the inputs it reads from and the structure of what it returns."""

    def __init__(self, program: Program, inputs: list[Any], results: Any, kept: list[Any]) -> None:
        self.program = program
        self.inputs = inputs  # per tensor argument its memory, None for a parameter
        self.results = results  # a structure with slots
        self.kept = kept  # per slot a tensor that is returned as it is, or None

    def take(self, found: list[Any]) -> None:
        """Copy the arguments to where the program reads them."""
        for memory, x in zip(self.inputs, found, strict=True):
            if memory is not None:
                numpy.copyto(memory, x.data if isinstance(x, Tensor) else x)

    def give(self, arrays: list[Any]) -> Any:
        """What the function returns, of the arrays that hold the program's results."""
        made = iter(arrays)
        tensors = [Tensor(next(made).copy()) if k is None else k for k in self.kept]
        return put_together(self.results, tensors)


class Captured:
    """A function that is traced at its first call with a signature, and replayed after it.

    Within another captured function it is a plain call.

    Attributes
    ----------
    program : Program or None
        That of the last call; ``print(step.program)`` shows it.
    programs : list of Program
        One per signature.
    """

    __name__: str

    def __init__(self, function: Callable[..., Any], check: bool = False) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._entries: dict[Hashable, Entry] = {}
        self.check = check
        self.program: Program | None = None
        self._lock = threading.RLock()

    @property
    def programs(self) -> list[Program]:
        """One per signature, in the order of their traces."""
        return [entry.program for entry in self._entries.values()]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found: list[Any] = []
        structure = taken_apart((args, kwargs), found)
        if any(isinstance(observer, Tracer) for observer in mode.observers):
            return self._call(structure, [asarray(x) for x in found])
        for x in found:
            if isinstance(x, Tensor) and not isinstance(x, Parameter) and x.requires_grad:
                raise ValueError(
                    f"{self.__name__}: an argument {x.shape} requires a gradient, and none flows "
                    f"through a captured function; compute gradients inside of it, and give a "
                    f"Parameter or a detached tensor"
                )
        with self._lock:  # a program has its memory once
            return self._replay(structure, found)

    def _replay(self, structure: Any, found: list[Any]) -> Any:
        key = (key_of(structure, found), mode.grad, mode.autocast, str(get_default_dtype()))
        entry = self._entries.get(key)
        if entry is None or not entry.program.fits():
            entry, result = self._trace(structure, found)
            self._entries[key] = entry
            self.program = entry.program
            return result
        self.program = entry.program
        entry.take(found)
        if self.check:
            arrays = run_both(
                self.__name__, entry, lambda: self._call(structure, self._copies(entry, found))
            )
            return entry.give(arrays)
        return entry.give(entry.program.run())

    def _call(self, structure: Any, tensors: list[Any]) -> Any:
        args, kwargs = put_together(structure, tensors)
        return self._function(*args, **kwargs)

    @staticmethod
    def _copies(entry: Entry, found: list[Any]) -> list[Any]:
        pairs = zip(found, entry.inputs, strict=True)
        return [x if memory is None else Tensor(memory.copy()) for x, memory in pairs]

    def _trace(self, structure: Any, found: list[Any]) -> tuple[Entry, Any]:
        """Run the function once as it is, and make a program of what it did."""
        tracer = Tracer()
        names = names_of(self._function, structure)
        inputs: list[Any] = []
        for i, x in enumerate(found):
            memory = None
            if not isinstance(x, Parameter):
                memory = numpy.array(x.data if isinstance(x, Tensor) else x, order="C")
                tracer.add(memory, "input", names.get(i, f"arg{i}"))
            inputs.append(memory)
        pairs = zip(found, inputs, strict=True)
        with observe(tracer):
            result = self._call(structure, [x if m is None else Tensor(m) for x, m in pairs])
        returned: list[Any] = []
        results = taken_apart(result, returned)
        values: list[Value] = []
        kept: list[Any] = []
        for t in returned:
            if not isinstance(t, Tensor):
                raise CaptureError(
                    f"{self.__name__} returns a NumPy array; a captured function returns tensors"
                )
            value = tracer.value_of(t.data)
            outside = value.storage.kind == "held" and id(t) in tracer.held
            kept.append(t if outside else None)
            if not outside:
                values.append(value)
        pairs = zip(returned, kept, strict=True)
        answer = put_together(
            results, [Tensor(t.data.copy()) if k is None else k for t, k in pairs]
        )
        del result, returned, pairs  # before the program asks for its own memory
        return Entry(Program(tracer, values), inputs, results, kept), answer


def function(function: Callable[..., Any] | None = None, *, check: bool = False) -> Any:
    """Capture a function of tensors: trace it once per signature, then replay it.

    The first call runs as it is and is watched. Later calls with arguments of the same shapes and
    dtypes replay what it did as a flat program: no tape, no Python per op, memory planned once.
    Forward, backward and update may all be inside::

        @minitorch.function
        def step(x, labels):
            loss = objectives.categorical_crossentropy(layers.get_output(net, x), labels).mean()
            updates.adam(loss, params).apply()
            return loss

    Parameters
    ----------
    function : callable
        Of tensors and arrays (which become tensors), and of anything hashable: other values
        make other programs. Lists, tuples and dictionaries of these may be given and returned.
    check : bool
        Run every call eagerly too and demand the same results: for finding what cannot be
        captured. Costs more than not capturing.

    Returns
    -------
    Captured
        To be called as the function; ``print(step.program)`` shows what it does.

    Raises
    ------
    CaptureError
        In the first call, if values are read by Python (``item()``, an ``if`` on a tensor) or
        an index depends on them; the message has the line.
    ValueError
        If an argument requires a gradient (Parameters may be given).
    RuntimeError
        In the check mode, if a replay differs from an eager run.

    Notes
    -----
    What a replay follows: the arguments, parameters and whatever else tensors hold, update rules'
    memory, running averages, random streams, learning rates given as a function or a 0-d tensor.
    What it keeps from the trace: Python numbers and branches. Results are copies without history.
    A parameter that gets other memory (``move_to``) makes it trace again.

    References
    ----------
    J. Bergstra et al.: Theano: a CPU and GPU math compiler in Python, 2010.
    R. Frostig, M. Johnson and C. Leary: Compiling machine learning programs via high-level
    tracing, 2018.

    Examples
    --------
    >>> import minitorch as mt
    >>> @mt.function
    ... def slope(x):
    ...     y = mt.parameter.Parameter(x)
    ...     return mt.grad((y * y).sum(), y)
    >>> slope(mt.asarray([1.0, 2.0]))
    Tensor([2., 4.])
    >>> slope(mt.asarray([3.0, 5.0]))  # a replay
    Tensor([ 6., 10.])
    >>> len(slope.programs)
    1
    """
    if function is None:
        return lambda f: Captured(f, check)
    return Captured(function, check)
