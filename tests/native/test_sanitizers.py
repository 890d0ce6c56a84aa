"""The CPU kernels, their bindings and the thread pool under the compiler's sanitizers.

AddressSanitizer and UndefinedBehaviorSanitizer in one build, ThreadSanitizer in another.
"""

import pytest

from tests import sanitizers
from tests.sanitizers import LIBRARIES, ROOT, module

PLANTED = ROOT / "tests" / "native" / "run_planted.py"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=LIBRARIES)
def kind(request):
    """A sanitizer, with the module built."""
    return sanitizers.build(request.param, "_cpu")


FOUND = {
    "address": ("past_the_end", "heap-buffer-overflow"),
    "thread": ("two_writers", "data race"),
}


def test_planted_faults_are_found(kind):
    fault, called = FOUND[kind]
    file = str(module(kind, "_cpu"))
    right = sanitizers.run(kind, str(PLANTED), file, "none")
    assert right.returncode == 0 and right.stdout == "ok\n", right.stderr
    broken = sanitizers.run(kind, str(PLANTED), file, fault)
    assert broken.returncode != 0 and called in broken.stderr, broken.stderr


# The build's own tests start compilers, the absent module's have none to watch.
LEFT_OUT = ("test_build.py", "test_absent.py", "test_sanitizers.py")
FILES = sorted(
    path.name for path in (ROOT / "tests" / "native").glob("test_*.py") if path.name not in LEFT_OUT
)


@pytest.mark.parametrize("name", FILES)
def test_kernels_pass(kind, name):
    done = sanitizers.run(
        kind, "-m", "pytest", "-q", "-x", "-s", "-n0", "-p", "no:cacheprovider",
        f"tests/native/{name}",
        MINITORCH_TEST_CPU=str(module(kind, "_cpu")), OMP_NUM_THREADS="2",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert " passed" in done.stdout
