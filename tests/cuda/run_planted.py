"""``python run_planted.py MODULE_FILE FAULT right|broken``: one fault, in its own process.

For the sanitizers, whose libraries must be loaded before Python is. Arrays have memory of their
own here: a sanitizer knows their ends. Prints ``ok`` if the result is right.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np

from tests.cuda.planted import ORACLES, N


def main(file: str, name: str, how: str) -> None:
    spec = importlib.util.spec_from_file_location(Path(file).name.partition(".")[0], file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x = np.random.default_rng(3).integers(-8, 8, N).astype(np.float32)
    y = np.zeros(N, np.float32)
    module.run_fault(name, x, y, how == "broken")
    print("ok" if np.array_equal(y, ORACLES[name](x)) else "wrong")


if __name__ == "__main__":
    main(*sys.argv[1:])
