"""Every public name of Lasagne's is here, in its module, with its parameters and defaults."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from minitorch import init, layers, nonlinearities

LIST = Path(__file__).with_name("lasagne_names.txt")


def entries():
    """(module, name, parameters or None) of each line of the list."""
    module = ""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            module = line.strip("[]")
        elif line and not line.startswith("#"):
            call = ast.parse(line, mode="eval").body
            if isinstance(call, ast.Name):
                yield module, call.id, None
            else:
                required = [(argument.id, inspect.Parameter.empty) for argument in call.args]
                optional = [(k.arg, ast.unparse(k.value)) for k in call.keywords]
                yield module, call.func.id, required + optional


ENTRIES = list(entries())


class Named:
    """A function that is only compared by its name."""

    def __init__(self, name):
        self.__name__ = name


# What the defaults in the list are written with.
SPACE = {
    name: getattr(module, name) for module in (init, nonlinearities) for name in module.__all__
}
SPACE |= {"Gate": layers.Gate, "max": Named("max"), "mean": Named("mean")}


def same(ours, theirs):
    """Whether two defaults mean the same."""
    if hasattr(theirs, "__name__"):
        return getattr(ours, "__name__", None) == theirs.__name__
    if isinstance(theirs, init.Initializer | layers.Gate):
        a, b = vars(ours), vars(theirs)
        return (
            type(ours) is type(theirs)
            and a.keys() == b.keys()
            and all(map(same, a.values(), b.values()))
        )
    if isinstance(theirs, tuple) and theirs and not isinstance(ours, tuple):
        return all(same(ours, each) for each in theirs)
    if isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


@pytest.mark.parametrize(
    ("module", "name", "parameters"), ENTRIES, ids=[f"{m}.{n}" for m, n, _ in ENTRIES]
)
def test_it_is_there_with_its_signature(module, name, parameters):
    home = importlib.import_module(f"minitorch.{module}")
    found = getattr(home, name)
    assert name in home.__all__
    if module.startswith("layers."):
        assert getattr(layers, name) is found
    if parameters is None:
        return
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    ours = [p for p in inspect.signature(found).parameters.values() if p.kind not in variable]
    # `name` reaches the base class through **kwargs, as all keywords of layers do.
    assert [p.name for p in ours][: len(parameters)] == [n for n, _ in parameters]
    for p, (_, default) in zip(ours, parameters, strict=False):
        if default is inspect.Parameter.empty:
            assert p.default is default, f"{p.name} has the default {p.default!r}"
        else:
            theirs = eval(default, {}, SPACE)
            assert same(p.default, theirs), f"{p.name} is {p.default!r}, in Lasagne {default}"
    for p in ours[len(parameters) :]:
        assert p.default is not p.empty, f"{p.name} would have to be given"


def test_the_list_has_every_module_and_no_name_twice():
    names = [(module, name) for module, name, _ in ENTRIES]
    assert len(set(names)) == len(names)
    assert {module.partition(".")[0] for module, _ in names} == {
        "layers", "init", "nonlinearities", "objectives", "regularization", "updates", "random",
        "utils",
    }  # fmt: skip
