"""The check mode: every call eagerly and as a replay, from one start, with one result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy

from minitorch.autograd.hooks import Observer, observe
from minitorch.capture.structure import taken_apart
from minitorch.capture.trace import CaptureError

if TYPE_CHECKING:
    from minitorch.capture.function import Entry

__all__ = ["run_both"]

# How far a replay may be from an eager run, relative to the largest element: a kernel may round
# otherwise than the NumPy body that an eager run takes for a small array.
TOLERANCE = {"float16": 4e-3, "float32": 1e-5, "float64": 1e-12}


def run_both(name: str, entry: Entry, eagerly: Callable[[], Any]) -> list[Any]:
    """The arrays of a replay's results, after an eager run from the same start; both must agree.

    Raises
    ------
    RuntimeError
        If a result, a gradient or memory that is written differs.
    CaptureError
        If the eager run draws more numbers, or fewer, than the program.
    """
    program = entry.program
    written = program.written
    before = [a.copy() for a in written]
    journal = _Journal()
    with observe(journal):
        result = eagerly()
    returned: list[Any] = []
    taken_apart(result, returned)
    pairs = zip(returned, entry.kept, strict=True)
    expected = [(f"result {i}", t.data.copy()) for i, (t, k) in enumerate(pairs) if k is None]
    grads = [(f"the gradient of {t.name or 'a leaf'}", t.grad.data.copy()) for t in program.trained]
    after = [(f"memory {a.shape} that is written", a.copy()) for a in written]
    for a, old in zip(written, before, strict=True):
        a[...] = old
    if len(journal.values) != len(program.draws):
        raise CaptureError(
            f"{name}: an eager run drew {len(journal.values)} numbers, the program draws "
            f"{len(program.draws)}: the function does not do the same every time"
        )
    arrays = program.run(journal.values)
    found = [*arrays, *[t.grad.data for t in program.trained], *written]
    for (what, wanted), array in zip([*expected, *grads, *after], found, strict=True):
        _same(f"{name}: {what}", array, wanted)
    return arrays


class _Journal(Observer):
    """Notes the numbers that an eager run computes freshly."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._depth = 0

    def fresh(self, compute: Any) -> Any:
        """The number, which is noted; numbers asked for on the way are part of it."""
        if self._depth:
            return compute()
        self._depth += 1
        try:
            value = compute()
        finally:
            self._depth -= 1
        self.values.append(value)
        return value


def _same(what: str, array: Any, wanted: Any) -> None:
    """RuntimeError unless they agree up to rounding."""
    tolerance = TOLERANCE.get(str(wanted.dtype), 0.0)
    finite = (
        numpy.abs(wanted[numpy.isfinite(wanted)]) if wanted.dtype.kind == "f" else numpy.ones(1)
    )
    scale = float(finite.max()) if finite.size else 0.0
    if not numpy.allclose(array, wanted, rtol=0, atol=tolerance * scale, equal_nan=True):
        apart = float(numpy.nanmax(numpy.abs(numpy.subtract(array, wanted, dtype=float))))
        raise RuntimeError(
            f"{what} differs between the replay and an eager run: by {apart:.2g}, where the "
            f"largest element is {scale:.2g}. Something changes from call to call that the program "
            f"does not see (a Python number, another branch); what it was traced with is kept"
        )
