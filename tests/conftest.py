"""What all tests share: Hypothesis draws the same examples in every run, at any speed.

MINITORCH_TEST_CPU in the environment puts another build in minitorch._cpu's place, a file such as
``build/address/_cpu.*.so``.
"""

import importlib.util
import os
import sys

from hypothesis import settings

os.environ.setdefault("MINITORCH_OFFLINE", "1")  # a test fetches nothing: what it needs is there

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


def _replace_the_module(file):
    """Before minitorch is imported: its ops take their kernels from the module then."""
    assert "minitorch" not in sys.modules, "minitorch has its kernels already"
    spec = importlib.util.spec_from_file_location("minitorch._cpu", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["minitorch._cpu"] = module


if os.environ.get("MINITORCH_TEST_CPU"):
    _replace_the_module(os.environ["MINITORCH_TEST_CPU"])

# Imports PyTorch, which need not be there; test_torch_crosscheck.py loads it if it is.
collect_ignore = ["crosscheck"]


def pytest_addoption(parser):
    parser.addoption(
        "--schedules",
        choices=("few", "all"),
        default="few",
        help="of the emulated device: three that differ in everything, or all 27",
    )
