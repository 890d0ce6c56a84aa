"""``minitorch.function``: a Python function of tensors that is traced once and then replayed."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable
from typing import Any

import numpy

from minitorch.autograd.hooks import Observer, observe
from minitorch.autograd.mode import mode
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import get_default_dtype
from minitorch.capture.ir import Value
from minitorch.capture.program import Program
from minitorch.capture.trace import CaptureError, Tracer
from minitorch.parameter import Parameter

__all__ = ["Captured", "function"]

# How far a replay may be from an eager run in the check mode, relative to the largest element:
# a kernel that computes several ops at once may round less often than they do.
TOLERANCE = {"float16": 4e-3, "float32": 1e-5, "float64": 1e-12}


class _Slot:
    """Where a tensor stands in a structure of arguments or results."""

    def __init__(self, index: int) -> None:
        self.index = index


def _taken_apart(value: Any, found: list[Any]) -> Any:
    """The structure with its tensors and arrays replaced by slots, which are put into ``found``."""
    if isinstance(value, Tensor | numpy.ndarray):
        found.append(value)
        return _Slot(len(found) - 1)
    if isinstance(value, dict):
        return {k: _taken_apart(v, found) for k, v in value.items()}
    if isinstance(value, list | tuple):
        parts = [_taken_apart(v, found) for v in value]
        if hasattr(value, "_fields"):  # a named tuple
            return type(value)(*parts)
        return type(value)(parts)
    return value


def _put_together(value: Any, tensors: list[Any]) -> Any:
    if isinstance(value, _Slot):
        return tensors[value.index]
    if isinstance(value, dict):
        return {k: _put_together(v, tensors) for k, v in value.items()}
    if isinstance(value, list | tuple):
        parts = [_put_together(v, tensors) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _slots_in(value: Any) -> list[int]:
    if isinstance(value, _Slot):
        return [value.index]
    parts = value.values() if isinstance(value, dict) else value
    nested = isinstance(value, dict | list | tuple)
    return [i for part in parts for i in _slots_in(part)] if nested else []


def _names(function: Callable[..., Any], structure: Any) -> dict[int, str]:
    """What the function calls its tensor arguments, by slot."""
    args, kwargs = structure
    try:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # the call will say what is wrong
        return {}
    names = {}
    for name, value in bound.items():
        slots = _slots_in(value)
        plain = isinstance(value, _Slot)
        names.update({s: name if plain else f"{name}[{k}]" for k, s in enumerate(slots)})
    return names


def _key(value: Any, found: list[Any]) -> Hashable:
    """What tells calls apart that need programs of their own."""
    if isinstance(value, _Slot):
        x = found[value.index]
        if isinstance(x, Parameter):
            return ("parameter", id(x))
        return ("array", x.shape, str(x.dtype), isinstance(x, Tensor) and x.device)
    if isinstance(value, dict):
        return tuple((k, _key(v, found)) for k, v in value.items())
    if isinstance(value, list | tuple):
        return (type(value).__name__, *[_key(v, found) for v in value])
    try:
        hash(value)
    except TypeError:
        return ("object", id(value))
    return (type(value).__name__, value)


class _Entry:
    """A program with the inputs it reads from and the structure of what it returns."""

    def __init__(self, program: Program, inputs: list[Any], results: Any, kept: list[Any]) -> None:
        self.program = program
        self.inputs = inputs  # per tensor argument its memory, None for a parameter
        self.results = results  # a structure with slots
        self.kept = kept  # per slot a tensor that is returned as it is, or None


class Captured:
    """A function that is traced at its first call with a signature, and replayed after it.

    Attributes
    ----------
    program : Program or None
        That of the last call; ``print(step.program)`` shows it.
    programs : list of Program
        One per signature.
    """

    def __init__(self, function: Callable[..., Any], check: bool = False) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._entries: dict[Hashable, _Entry] = {}
        self.check = check
        self.program: Program | None = None

    @property
    def programs(self) -> list[Program]:
        """One per signature, in the order of their traces."""
        return [entry.program for entry in self._entries.values()]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found: list[Any] = []
        structure = _taken_apart((args, kwargs), found)
        for x in found:
            if isinstance(x, Tensor) and not isinstance(x, Parameter) and x.requires_grad:
                raise ValueError(
                    f"function: an argument {x.shape} requires a gradient, and none flows through "
                    f"a captured function; compute gradients inside of it, and give a Parameter or "
                    f"a detached tensor"
                )
        key = (_key(structure, found), mode.grad, str(get_default_dtype()))
        entry = self._entries.get(key)
        if entry is None or not entry.program.fits():
            entry, result = self._trace(structure, found)
            self._entries[key] = entry
            self.program = entry.program
            return result
        self.program = entry.program
        for memory, x in zip(entry.inputs, found, strict=True):
            if memory is not None:
                numpy.copyto(memory, x.data if isinstance(x, Tensor) else x)
        if self.check:
            return self._compare(entry, structure, found)
        return self._returned(entry, entry.program.run())

    def _returned(self, entry: _Entry, arrays: list[Any]) -> Any:
        fresh = iter(arrays)
        tensors = [Tensor(next(fresh).copy()) if k is None else k for k in entry.kept]
        return _put_together(entry.results, tensors)

    def _trace(self, structure: Any, found: list[Any]) -> tuple[_Entry, Any]:
        """Run the function once as it is, and make a program of what it did."""
        if any(isinstance(observer, Tracer) for observer in mode.observers):
            raise CaptureError(
                f"{self.__name__} is called by a function that is being captured; capture the "
                f"outer one only"
            )
        tracer = Tracer()
        inputs: list[Any] = []
        tensors: list[Any] = []
        names = _names(self._function, structure)
        for i, x in enumerate(found):
            if isinstance(x, Parameter):
                inputs.append(None)
                tensors.append(x)
                continue
            memory = numpy.array(x.data if isinstance(x, Tensor) else x, order="C")
            tracer.add(memory, "input", names.get(i, f"arg{i}"))
            inputs.append(memory)
            tensors.append(Tensor(memory))
        args, kwargs = _put_together(structure, tensors)
        with observe(tracer):
            result = self._function(*args, **kwargs)
        returned: list[Any] = []
        results = _taken_apart(result, returned)
        kept: list[Any] = []
        values: list[Value] = []
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
        shown = [
            Tensor(t.data.copy()) if k is None else k for t, k in zip(returned, kept, strict=True)
        ]
        answer = _put_together(results, shown)
        del tensors, args, kwargs, result, returned
        return _Entry(Program(tracer, values), inputs, results, kept), answer

    # -- the check mode -------------------------------------------------------------

    def _compare(self, entry: _Entry, structure: Any, found: list[Any]) -> Any:
        """An eager run, then a replay from the same start; they must agree."""
        program = entry.program
        written = program.written
        before = [a.copy() for a in written]
        given = [
            x if isinstance(x, Parameter) else Tensor(m)
            for x, m in zip(found, entry.inputs, strict=True)
        ]
        args, kwargs = _put_together(
            structure, [Tensor(g.data.copy()) if not isinstance(g, Parameter) else g for g in given]
        )
        journal = _Journal()
        with observe(journal):
            eager = self._function(*args, **kwargs)
        expected: list[Any] = []
        _taken_apart(eager, expected)
        expected = [t.data.copy() for t, k in zip(expected, entry.kept, strict=True) if k is None]
        grads = [leaf.grad.data.copy() for leaf, _ in program.leaves]
        after = [a.copy() for a in written]
        for a, old in zip(written, before, strict=True):
            a[...] = old
        if len(journal.values) != len(program.draws):
            raise CaptureError(
                f"{self.__name__}: an eager run drew {len(journal.values)} numbers, the program "
                f"draws {len(program.draws)}: the function does not do the same every time"
            )
        arrays = program.run(journal.values)
        for i, (array, wanted) in enumerate(zip(arrays, expected, strict=True)):
            _same(f"{self.__name__}: result {i}", array, wanted)
        for (leaf, _), wanted in zip(program.leaves, grads, strict=True):
            _same(
                f"{self.__name__}: the gradient of {leaf.name or 'a leaf'}", leaf.grad.data, wanted
            )
        for array, wanted in zip(written, after, strict=True):
            _same(f"{self.__name__}: memory {array.shape} that is written", array, wanted)
        return self._returned(entry, arrays)


class _Journal(Observer):
    """Notes the numbers that an eager run computes freshly."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._depth = 0

    def fresh(self, compute: Any) -> Any:
        """The number, which is noted; numbers asked for on the way are part of it."""
        if self._depth:
            return compute()
        self._depth += 1
        try:
            value = compute()
        finally:
            self._depth -= 1
        self.values.append(value)
        return value


def _same(what: str, array: Any, wanted: Any) -> None:
    """RuntimeError unless they agree up to rounding."""
    tolerance = TOLERANCE.get(str(wanted.dtype), 0.0)
    finite = (
        numpy.abs(wanted[numpy.isfinite(wanted)]) if wanted.dtype.kind == "f" else numpy.ones(1)
    )
    scale = float(finite.max()) if finite.size else 0.0
    if not numpy.allclose(array, wanted, rtol=0, atol=tolerance * scale, equal_nan=True):
        apart = float(numpy.nanmax(numpy.abs(numpy.subtract(array, wanted, dtype=float))))
        raise RuntimeError(
            f"{what} differs between the replay and an eager run: by {apart:.2g}, where the "
            f"largest element is {scale:.2g}. Something changes from call to call that the program "
            f"does not see (a Python number, another branch); what it was traced with is kept"
        )


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
    ...     y = mt.Parameter(x)
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
