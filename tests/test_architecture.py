"""The map of ARCHITECTURE.md: who may import whom, what is private, and what loads when."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import minitorch

ROOT = Path(minitorch.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# Floors of the house, from the ground up. A room knows its own floor and those below it.
# The package itself (`import minitorch`) gathers what lies below it and is a floor too.
FLOORS = [
    {"backend"},
    {"autograd"},
    {"ops", "linalg"},
    {"minitorch"},
    {"parameter", "random", "init", "nonlinearities", "utils"},
    {"layers", "capture"},
    {"objectives", "regularization", "updates"},
    {"models"},
    {"data", "io", "training", "distributed", "explain", "testing"},
    {"look", "generative", "style"},
    {"cli", "__main__"},
    {"compat"},  # which stands apart: it may use everything, nothing knows it
]
FLOOR_OF = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}
# Loaded by name when first used (minitorch.__getattr__), so no import statement shows them.
HEAVY = (
    "click",
    "rich",
    "matplotlib",
    "safetensors",
    "hypothesis",
    "PIL",
    "cupy",
    "torch",
    "onnx",
    "h5py",
    "tensorboardX",
    "mpi4py",
)

TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
MODULES = {
    ".".join(("minitorch", *path.relative_to(ROOT).with_suffix("").parts)): path for path in FILES
}
MODULES = {name.removesuffix(".__init__"): path for name, path in MODULES.items()}

every_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))


def imports(nodes):
    """Every module that import statements name, and what is taken from it as if it were one."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_import(body):
    """The statements of a module that run when it is imported, those of functions left out."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from at_import([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from at_import([*node.body, *node.orelse, *node.finalbody])


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def room_imported(name):
    """The room that a dotted name leads into, None outside of the house."""
    parts = name.split(".")
    if parts[0] != "minitorch":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in FLOOR_OF else "minitorch"


# -- arrows point down ------------------------------------------------------------


@every_file
def test_imports_point_down(path):
    room = room_of(path)
    if room == "__init__":
        return
    assert room in FLOOR_OF, f"{room} has no floor: add it to FLOORS and to ARCHITECTURE.md"
    for name in imports(ast.walk(TREES[path])):
        other = room_imported(name)
        if path == ROOT / "ops" / "__init__.py" and name == "minitorch":
            continue  # __array_namespace__ answers with the package, when asked
        assert other is None or FLOOR_OF[other] <= FLOOR_OF[room], (
            f"{path.relative_to(ROOT)} imports {name}, which lies above {room}"
        )


def test_nothing_knows_compat():
    for path in FILES:
        if room_of(path) != "compat":
            named = imports(ast.walk(TREES[path]))
            assert not any(n.startswith("minitorch.compat") for n in named), path


def test_the_package_imports_no_room_above_it():
    for name in imports(at_import(TREES[ROOT / "__init__.py"].body)):
        other = room_imported(name)
        assert other is None or FLOOR_OF[other] <= FLOOR_OF["minitorch"], name


def test_no_modules_import_each_other_in_a_circle():
    graph = {}
    for name, path in MODULES.items():
        used = imports(at_import(TREES[path].body))
        graph[name] = {u if u in MODULES else u.rpartition(".")[0] for u in used} & set(MODULES)
        graph[name].discard(name)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_the_map_is_that_of_the_document():
    text = (ROOT.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for room in {room_of(path) for path in FILES} - {"__init__", "__main__"}:
        assert room in text, f"ARCHITECTURE.md does not speak of {room}"


# -- what stays in its room ----------------------------------------------------------


def test_cupy_is_imported_in_one_file():
    having = {p.relative_to(ROOT).as_posix() for p in FILES if uses(p, "cupy")}
    assert having <= {"backend/cuda.py"}


def test_mpi_is_imported_in_one_file():
    having = {p.relative_to(ROOT).as_posix() for p in FILES if uses(p, "mpi4py")}
    assert having == {"distributed/mpi.py"}


def uses(path, package):
    return any(n.split(".")[0] == package for n in imports(ast.walk(TREES[path])))


def test_autograd_knows_no_op():
    for path in (ROOT / "autograd").glob("*.py"):
        assert not any(n.startswith("minitorch.ops") for n in imports(ast.walk(TREES[path])))


def test_layers_touch_no_arrays_and_no_kernels():
    for path in [*(ROOT / "layers").glob("*.py"), *(ROOT / "models").glob("*.py")]:
        for name in imports(ast.walk(TREES[path])):
            assert not name.startswith(("minitorch.backend", "minitorch._")), f"{path}: {name}"
            if path.name != "helper.py":  # which hands out and takes parameters as NumPy arrays
                assert name.split(".")[0] != "numpy", f"{path} imports numpy"


def test_kernels_are_reached_through_the_table_alone():
    """Nobody but backend/native.py imports the compiled modules."""
    compiled = ("minitorch._cpu", "minitorch._cuda", "minitorch._emulated")
    for path in FILES:
        for name in imports(ast.walk(TREES[path])):
            assert not name.startswith(compiled), f"{path}: {name}"


# Rooms and the private names of other rooms that they may use, with the reason.
ALLOWED = {
    "testing/break_it.py": {"_Walk", "_fit", "_visit", "_finish_leaf"},  # it breaks the engine
    "updates/core.py": {"_cell"},  # whether two parameters share their memory
    "capture/trace.py": {"_cell", "_getframe"},  # to move versions on; sys's
    "data/workers.py": {"_exit"},  # os's
    "distributed/guard.py": {"_exit"},  # os's
    "ops/provenance.py": {"_slot"},  # which output of its node a tensor is
    "explain/recording.py": {"_getframe"},  # sys's, the way to a caller's line
}


@every_file
def test_private_names_stay_in_their_file_or_room(path):
    if room_of(path) == "autograd":  # whose modules are one engine
        return
    tree = TREES[path]
    own = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and own_name(node)
    }
    own |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and is_private(node.attr)
    }
    used |= {
        name.rpartition(".")[2]
        for name in imports(ast.walk(tree))
        if name.startswith("minitorch.") and is_private(name.rpartition(".")[2])
    }
    where = path.relative_to(ROOT).as_posix()
    foreign = used - own - ALLOWED.get(where, set())
    assert not foreign, f"{where} uses the private {', '.join(sorted(foreign))} of another file"


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def own_name(node):
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


# -- what loads when -------------------------------------------------------------------


def loaded(code):
    """Which of the heavy packages are loaded after some code, in a fresh process."""
    report = f"import sys; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    return out.stdout.split()


def test_import_is_light():
    assert loaded("import minitorch") == []


def test_layers_updates_and_checks_are_light_too():
    rooms = "layers, updates, objectives, init, testing, models, random"
    assert loaded(f"import minitorch\nfrom minitorch import {rooms}\nminitorch.gradcheck") == []


def test_files_are_short():
    long = {
        p.name: n for p in FILES if (n := len(p.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert not long, f"split by concept: {long}"
