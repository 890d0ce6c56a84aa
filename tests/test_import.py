"""`import minitorch` is quick: what not everybody needs is loaded when it is first used."""

import json
import subprocess
import sys

# Optional libraries; the slower of the standard library's rooms; our own that are named by need.
LATER = """
click matplotlib safetensors PIL scipy rich cupy torch networkx
json tempfile shutil lzma random email http asyncio multiprocessing sqlite3 unittest
numpy.polynomial numpy.testing numpy.f2py
minitorch.cli minitorch.compat minitorch.data minitorch.explain minitorch.io minitorch.layers
minitorch.models minitorch.testing minitorch.training minitorch.updates
"""
PROGRAM = """
import sys
import numpy
before = set(sys.modules)
import minitorch
after = set(sys.modules) - before
import json
print(json.dumps(sorted(after)))
"""


def test_what_is_not_loaded():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout)
    assert "minitorch.ops" in loaded
    assert sorted(set(LATER.split()) & set(loaded)) == []
