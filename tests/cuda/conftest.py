"""Fixtures of the kernel tests: a device, and every schedule that is asked for by --schedules.

MINITORCH_TEST_DEVICE in the environment puts another build in minitorch._emulated's place, a module
of the package (``_emulated_watched``) or a file (``build/address/_emulated.*.so``).
"""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest

import minitorch


def _replace_the_device(named):
    if "/" in named:
        spec = importlib.util.spec_from_file_location("minitorch._emulated", named)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(f"minitorch.{named}")
    sys.modules["minitorch._emulated"] = minitorch._emulated = module


if os.environ.get("MINITORCH_TEST_DEVICE"):
    _replace_the_device(os.environ["MINITORCH_TEST_DEVICE"])

from tests.cuda.device import ALL, FEW, Device  # noqa: E402


def pytest_generate_tests(metafunc):
    """A test that takes ``device`` runs on each device; ``schedule`` on the emulated one only."""
    if "schedule" in metafunc.fixturenames:
        chosen = ALL if metafunc.config.getoption("--schedules") == "all" else FEW
        ids = ["-".join(map(str, s.values())) for s in chosen]
        metafunc.parametrize("schedule", chosen, ids=ids)
    if "device" in metafunc.fixturenames:
        names = [name for name in ("emulated", "cuda") if not Device(name).missing]
        metafunc.parametrize("device", names, indirect=True)


@pytest.fixture
def device(request):
    found = Device(request.param)
    wanted = request.node.callspec.params.get("schedule")
    if request.param == "cuda":
        if wanted and wanted is not FEW[0]:
            pytest.skip("a GPU has its own schedule")
        yield found
        return
    before = found.module.get_schedule()
    found.module.set_schedule(**(wanted or before))
    yield found
    found.module.set_schedule(**before)
