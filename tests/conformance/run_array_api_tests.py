"""Run the public array-api-tests suite against minitorch.

    python tests/conformance/run_array_api_tests.py CHECKOUT [pytest arguments]

CHECKOUT is a clone (with submodules) of data-apis/array-api-tests, whose own
requirements must be installed. What is left out, and why, stands in
left_out.txt beside this file; everything else has to pass.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LEFT_OUT = HERE / "left_out.txt"


def left_out() -> list[str]:
    """The node ids of the tests that are left out."""
    lines = LEFT_OUT.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def main(arguments: list[str]) -> int:
    """Run the suite; the exit status is pytest's."""
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    checkout = Path(arguments[0]).resolve()
    if not (checkout / "array_api_tests").is_dir():
        print(f"{checkout} is no checkout of array-api-tests", file=sys.stderr)
        return 2
    deselected = [f"--deselect={prefix}" for prefix in left_out()]
    command = [sys.executable, "-m", "pytest", "array_api_tests", "-q", "-p", "no:cacheprovider"]
    environment = {
        **os.environ,
        "ARRAY_API_TESTS_MODULE": "minitorch",
        "ARRAY_API_TESTS_VERSION": "2024.12",
        "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run([*command, *deselected, *arguments[1:]], cwd=checkout, env=environment)
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
