"""Expressions: a function and its arguments, noted now and applied when values are there.

Nothing here differentiates or knows an op. An expression is a node of a graph without
values; ``plan.py`` walks such a graph, and the tape of ``minitorch.autograd`` is made anew by
every walk.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from minitorch.autograd import Tensor, asarray
from minitorch.compat.theano import functions
from minitorch.parameter import Parameter
from minitorch.utils import did_you_mean

__all__ = [
    "Expression",
    "Symbolic",
    "deferred",
    "is_running",
    "item",
    "items_of",
    "parts",
    "resolve",
    "running",
]

_running: ContextVar[bool] = ContextVar("minitorch.compat.running", default=False)
_OWN = str(Path(__file__).parent.parent)


@contextmanager
def running(now: bool = True) -> Iterator[None]:
    """Inside, functions compute at once: an expression is being evaluated.

    With ``now=False`` they record, as they do outside.
    """
    token = _running.set(now)
    try:
        yield
    finally:
        _running.reset(token)


def is_running() -> bool:
    """Whether an expression is being evaluated."""
    return _running.get()


def _inside(value: Any) -> Any:
    """What a container of arguments holds; nothing for anything else."""
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, Mapping):
        return value.values()
    return (value.start, value.stop, value.step) if isinstance(value, slice) else ()


def parts(value: Any) -> Iterator[Expression]:
    """The expressions in an argument: itself, or those in lists, dictionaries and slices."""
    if isinstance(value, Expression):
        yield value
    for inner in _inside(value):
        yield from parts(inner)


def resolve(value: Any, values: Mapping[Expression, Any]) -> Any:
    """An argument with values in the place of expressions."""
    if isinstance(value, Expression):
        return values[value]
    if next(parts(value), None) is None:
        return value
    if isinstance(value, Mapping):
        return {key: resolve(inner, values) for key, inner in value.items()}
    resolved = [resolve(inner, values) for inner in _inside(value)]
    return slice(*resolved) if isinstance(value, slice) else type(value)(resolved)


def holds_values(value: Any) -> bool:
    """Whether there are computed tensors in an argument, and not only shared variables."""
    if isinstance(value, Tensor):
        return not isinstance(value, Parameter)
    return any(holds_values(inner) for inner in _inside(value))


def deferred(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that records a call, or makes it if values are there already.

    Parameters
    ----------
    function : callable
        Of tensors; what it returns is one node.

    Returns
    -------
    callable
        Gives an Expression. While an expression is evaluated, or for computed tensors,
        it gives what ``function`` gives.

    Examples
    --------
    >>> from minitorch import ops
    >>> from minitorch.compat.theano import tensor as T
    >>> twice = deferred(lambda x: x * 2)
    >>> x = T.vector("x")
    >>> twice(x).eval({x: [1.0, 2.0]})
    array([2., 4.], dtype=float32)
    """

    @functools.wraps(function, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        if is_running() or holds_values(args) or holds_values(kwargs):
            return function(*args, **kwargs)
        return Expression(function, args, kwargs)

    return call


def _site() -> str:
    """The line outside of this room that made an expression."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


class Symbolic:
    """What expressions and shared variables have in common: operators that record.

    The operators and methods are bound by the tables at the end of this file.
    """

    __slots__ = ()
    # NumPy's operators give way to ours: np.float32(2) * x is an expression.
    __array_ufunc__ = None


class Expression(Symbolic):
    """A function applied to arguments that have no values yet.

    Parameters
    ----------
    function : callable
    args, kwargs : tuple, dict
        With expressions in them, also within lists, tuples, dictionaries and slices.
    name : str, optional

    Raises
    ------
    TypeError
        When a value is asked for: ``if x``, ``float(x)``, ``np.asarray(x)``, ``len(x)``.

    Notes
    -----
    As in Theano ``==`` compares identities; ``T.eq`` compares elements.

    Examples
    --------
    >>> from minitorch.compat.theano import tensor as T
    >>> x = T.vector("x")
    >>> y = (x ** 2).sum()
    >>> y
    <Expression sum>
    >>> y.eval({x: [1.0, 2.0]})
    array(5., dtype=float32)
    """

    __slots__ = ("__weakref__", "args", "function", "kwargs", "name", "site")

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = dict(kwargs or {})
        self.name = name
        self.site = _site()

    @property
    def inputs(self) -> list[Expression]:
        """The expressions that it is made of."""
        return [*parts(self.args), *parts(self.kwargs)]

    def compute(self, values: Mapping[Expression, Any], **settings: Any) -> Any:
        """The value, from those of its inputs."""
        kwargs = resolve(self.kwargs, values)
        return self.function(*resolve(self.args, values), **kwargs, **settings)

    def eval(self, inputs_to_values: Mapping[Any, Any] | None = None) -> Any:
        """The value as a NumPy array, for given values of placeholders."""
        from minitorch.compat.theano.compile import function

        given = dict(inputs_to_values or {})
        return function(list(given), self)(*given.values())

    @property
    def shape(self) -> Any:
        """Lengths of the axes, to be known with the values."""
        return Expression(functions.shape, (self,))

    @property
    def ndim(self) -> Any:
        """Number of axes, to be known with the values."""
        return Expression(_ndim, (self,))

    @property
    def dtype(self) -> Any:
        """Element type, to be known with the values."""
        return Expression(_dtype, (self,))

    def label(self) -> str:
        """Its name, or that of its function."""
        return self.name or getattr(self.function, "__name__", type(self.function).__name__)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.label()}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"{self!r} has no attribute {name!r}; {did_you_mean(name, sorted(_NAMES))}"
        )

    def _no_value(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            f"{self!r} has no value yet: it is an expression. Get one with "
            f"theano.function([inputs], expression)(values) or expression.eval({{input: value}}); "
            f"within an expression use T.switch for a choice, and x.shape[i] for a length"
        )

    __bool__ = __float__ = __int__ = __index__ = __complex__ = _no_value
    __array__ = __len__ = __iter__ = __contains__ = _no_value


def _ndim(x: Any) -> int:
    return asarray(x).ndim


def _dtype(x: Any) -> np.dtype[Any]:
    return asarray(x).dtype


def item(value: Any, place: Any) -> Any:
    """What an index, or a key of what an update rule returned, selects."""
    return value[place]


def _transposed(x: Any) -> Tensor:
    return functions.FUNCTIONS["transpose"](x)


def items_of(node: Expression, count: int) -> list[Expression]:
    """The elements of a node whose value is a sequence."""
    return [Expression(item, (node, i)) for i in range(count)]


# -- the tables: what symbolic things can do ------------------------------------------

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
_PYTHON = {"and": "and_", "or": "or_"}
_COMPARISONS = ("lt", "le", "gt", "ge")
_UNARY = {"neg": operator.neg, "pos": operator.pos, "invert": operator.invert}


def _record(name: str, function: Callable[..., Any], reflected: bool = False) -> Any:
    """A method that records; with values at hand it leaves the work to the next class."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self, Expression):
            if is_running():
                self._no_value()
        elif is_running() or holds_values(args):
            own = getattr(Parameter, name, None)
            return (own or function)(self, *args, **kwargs)
        return Expression(function, (*args, self) if reflected else (self, *args), kwargs)

    method.__name__ = name
    method.__doc__ = getattr(function, "__doc__", None)
    return method


def _bind() -> None:
    for name in _BINARY:
        function = getattr(operator, _PYTHON.get(name, name))
        setattr(Symbolic, f"__{name}__", _record(f"__{name}__", function))
        setattr(Symbolic, f"__r{name}__", _record(f"__r{name}__", function, reflected=True))
    for name in _COMPARISONS:
        method = _record(f"__{name}__", functions.FUNCTIONS[name])
        setattr(Symbolic, f"__{name}__", method)
    for name, function in _UNARY.items():
        setattr(Symbolic, f"__{name}__", _record(f"__{name}__", function))
    for name, function in functions.METHODS.items():
        setattr(Symbolic, name, _record(name, function))
    setattr(Symbolic, "__abs__", _record("__abs__", abs))  # noqa: B010 (as those above)
    setattr(Symbolic, "__getitem__", _record("__getitem__", item))  # noqa: B010
    setattr(Expression, "T", property(_record("T", _transposed)))  # noqa: B010


_bind()
_NAMES = {*functions.METHODS, "T", "dtype", "eval", "name", "ndim", "shape"}
