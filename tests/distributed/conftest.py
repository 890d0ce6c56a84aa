"""Starting programs on several ranks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "program.py"


@pytest.fixture
def launch(tmp_path):
    """``launch(ranks, name, *args)`` runs a function of program.py; (exit code, out, err)."""
    pytest.importorskip("mpi4py", reason="several ranks need mpi4py (the extra mpi)")
    beside = Path(sys.executable).parent / "mpiexec"
    mpiexec = beside if beside.exists() else shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("there is no mpiexec, beside python or on the path (the extra mpi)")

    def run(ranks, name, *args, folder=tmp_path):
        command = [mpiexec, "-n", str(ranks), sys.executable, "-W", "error", PROGRAM]
        done = subprocess.run(
            [*map(str, command), name, str(folder), *args],
            capture_output=True,
            text=True,
            timeout=120,  # a rank that waits for a dead one would wait for ever
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        return done.returncode, done.stdout, done.stderr

    return run
