"""The map of ARCHITECTURE.md: who may import whom, and what loads when."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import minitorch

ROOT = Path(minitorch.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# Floors of the house, from the ground up. A room knows its own floor and those below it.
FLOORS = [
    {"backend"},
    {"autograd"},
    {"ops", "linalg"},
    {"parameter", "random", "init", "nonlinearities", "utils"},
    {"layers"},
    {"objectives", "regularization", "updates"},
    {"models"},
    {"data", "io", "training", "explain", "testing"},
    {"cli", "__main__"},
]
FLOOR_OF = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}


def imports(path):
    """Every module that a file names in an import, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path):
    room = room_of(path)
    if room == "__init__":
        return
    assert room in FLOOR_OF, f"{room} has no floor: add it to FLOORS and to ARCHITECTURE.md"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "minitorch" or len(parts) < 2 or parts[1] not in FLOOR_OF:
            continue
        assert FLOOR_OF[parts[1]] <= FLOOR_OF[room], f"{path.name} imports {name} from above"


def test_cupy_is_imported_in_one_file():
    having = {p.name for p in FILES if any(n.split(".")[0] == "cupy" for n in imports(p))}
    assert having <= {"arrays.py"}


def test_layers_touch_no_arrays_and_no_kernels():
    for path in (ROOT / "layers").glob("*.py"):
        for name in imports(path):
            assert not name.startswith("minitorch.backend"), f"{path.name} imports {name}"
            if path.name != "helper.py":  # which hands out and takes NumPy values
                assert name.split(".")[0] != "numpy", f"{path.name} imports numpy"


def test_autograd_knows_no_op():
    for path in (ROOT / "autograd").glob("*.py"):
        assert not any(n.startswith("minitorch.ops") for n in imports(path)), path.name


def test_import_is_light():
    code = (
        "import sys, minitorch; heavy = {'click', 'rich', 'matplotlib', 'safetensors', "
        "'hypothesis', 'PIL', 'cupy', 'torch'}; print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_files_are_short():
    long = {
        p.name: n for p in FILES if (n := len(p.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert not long, f"split by concept: {long}"
