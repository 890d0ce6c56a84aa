"""Fixtures of the native kernels' tests; without the compiled module they skip, with its reason.

MINITORCH_TEST_CPU in the environment puts another build in minitorch._cpu's place, a file such as
``build/address/_cpu.*.so``.
"""

import importlib.util
import os
import sys

import pytest


def _replace_the_module(file):
    """Before minitorch is imported: its ops take their kernels from the module then."""
    assert "minitorch" not in sys.modules, "minitorch has its kernels already"
    spec = importlib.util.spec_from_file_location("minitorch._cpu", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["minitorch._cpu"] = module


if os.environ.get("MINITORCH_TEST_CPU"):
    _replace_the_module(os.environ["MINITORCH_TEST_CPU"])

from tests.native.support import NATIVE, REASON  # noqa: E402


@pytest.fixture
def native():
    """The compiled module; threads and instruction set are put back afterwards."""
    if NATIVE is None:
        pytest.skip(REASON)
    threads, isa = NATIVE.num_threads(), NATIVE.isa()
    yield NATIVE
    NATIVE.set_num_threads(threads)
    NATIVE.use_isa(isa)


@pytest.fixture(params=NATIVE.isas() if NATIVE else ["none"])
def isa(request, native):
    """Every variant of the kernels that this CPU can run."""
    native.use_isa(request.param)
    return request.param
