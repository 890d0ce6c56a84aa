"""Fixtures of the kernel tests: a device, and every schedule that is asked for by --schedules."""

from __future__ import annotations

import pytest

from tests.cuda.device import ALL, FEW, Device


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
