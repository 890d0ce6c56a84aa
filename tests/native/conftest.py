"""Fixtures of the native kernels' tests; without the compiled module they skip, with its reason."""

import pytest

from tests.native.support import NATIVE, REASON


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
