"""Which kernel is fastest for a shape: timed at its first use, remembered in a file.

The file is JSON, by the device's name and a line that describes the case::

    {"NVIDIA H200": {"matmul f4(4096,4096) f4(4096,4096)": {"kernel": "k08_multistage",
                                                             "us": {"k08_multistage": 1.0, ...}}}}

It stands in the cache folder as ``kernels.json``. A table of the same form, measured on
an H200, comes with the package (``tuned_h200.json``); the cache goes first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from minitorch.backend.cache import cache_folder

if TYPE_CHECKING:  # `import minitorch` is quicker without it
    from pathlib import Path

__all__ = ["TIMERS", "Tuner", "describe_case"]

# backend -> (what the device is called, a function that times a call in microseconds).
# backend/cuda.py adds its own; the emulated device has none.
TIMERS: dict[str, tuple[Callable[[], str], Callable[[Callable[[], Any]], float]]] = {}

SHIPPED = os.path.join(os.path.dirname(__file__), "tuned_h200.json")


def describe_case(case: tuple[Any, ...]) -> str:
    """A case as the one line that the file knows it by.

    Examples
    --------
    >>> describe_case(("matmul", "cuda", ("<f4", (2, 3), (12, 4), 0), ("groups", 1)))
    'matmul f4(2,3) groups=1'
    >>> describe_case(("matmul", "cuda", ("<f4", (2, 3), (4, 8), 4)))
    'matmul f4(2,3)/(4,8)@4'
    """
    name, _, *rest = case
    words = [name]
    for part in rest:
        if isinstance(part, str):
            words.append("-" if part == "NoneType" else part)
        elif len(part) == 4:
            words.append(_describe_array(*part))
        else:
            words.append(f"{part[0]}={str(part[1]).replace(' ', '')}")
    return " ".join(words)


def _describe_array(dtype: str, shape: Any, strides: Any, offset: int) -> str:
    """f4(2,3), with the strides where it is not contiguous and what is beyond 16 bytes."""
    dense, step = True, int(dtype[2:])
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        dense = dense and (n == 1 or stride == step)
        step *= n
    show = ",".join
    text = f"{dtype[1:]}({show(map(str, shape))})"
    return text + ("" if dense else f"/({show(map(str, strides))})") + (f"@{offset}" * bool(offset))


class Tuner:
    """Times kernels, keeps the winners, and reads them again."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.enabled = os.environ.get("MINITORCH_AUTOTUNE") != "0"
        self._known: dict[str, dict[str, Any]] | None = None

    def fastest(
        self, backend: str, case: tuple[Any, ...], runs: Mapping[str, Callable[[], Any]]
    ) -> str | None:
        """The name of the fastest of ``runs`` for this case; None if nothing tells.

        A kernel that fails while it is timed is left out, with its error in the file.
        """
        if backend not in TIMERS or not self.enabled:
            return None
        device, time = TIMERS[backend][0](), TIMERS[backend][1]
        line = describe_case(case)
        found = self._read().get(device, {}).get(line, {})
        if found.get("kernel") in runs:
            return str(found["kernel"])
        took: dict[str, float] = {}
        failed: dict[str, str] = {}
        for name, run in runs.items():
            try:
                took[name] = round(time(run), 2)
            except RuntimeError as error:
                failed[name] = str(error)
        if not took:
            return None
        best = min(took, key=took.__getitem__)
        entry: dict[str, Any] = {"kernel": best, "us": took}
        if failed:
            entry["failed"] = failed
        self._write(device, line, entry)
        return best

    def _file(self) -> Path:
        return self.path or cache_folder() / "kernels.json"

    def _read(self) -> dict[str, dict[str, Any]]:
        if self._known is None:
            self._known = {}
            for file in (SHIPPED, self._file()):
                for device, cases in _load(file).items():
                    self._known.setdefault(device, {}).update(cases)
        return self._known

    def _write(self, device: str, line: str, entry: dict[str, Any]) -> None:
        """Add an entry to the file, keeping what others have written since it was read."""
        import json
        import tempfile  # both here: `import minitorch` is quicker without them

        self._read().setdefault(device, {})[line] = entry
        file = self._file()
        table = _load(file)
        table.setdefault(device, {})[line] = entry
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, side = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
            with os.fdopen(handle, "w") as out:
                json.dump(table, out, indent=1, sort_keys=True)
            os.replace(side, file)
        except OSError:
            return  # a cache that cannot be written costs time, not results


def _load(file: str | Path) -> dict[str, dict[str, Any]]:
    """A file's tables; nothing from one that is not there or is no such file."""
    import json

    try:
        with open(file, encoding="utf-8") as text:
            table = json.load(text)
    except (OSError, ValueError):
        return {}
    if not isinstance(table, dict):
        return {}
    return {name: cases for name, cases in table.items() if isinstance(cases, dict)}
