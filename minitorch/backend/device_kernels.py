"""The kernels of csrc/cuda: how an op gets them, and which one runs for a case.

They stand in two compiled modules, one per backend: ``_cuda`` (by nvcc, on GPUs) and
``_emulated`` (by g++, on the emulated device). Neither is loaded before a tensor of
its backend is computed with. What may run is a choice of the user:

- :func:`set_float32_matmul_precision` admits kernels that round float32 operands to TF32;
- :func:`set_autotune` lets the first use of a shape time all kernels that can do it
  (:mod:`minitorch.backend.tune`); without, the order of the table decides;
- :func:`use_deterministic_algorithms` asks for results that are the same bit for bit
  in every run. Every kernel here is deterministic, but the rungs round differently,
  so what is given up is the tuning.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy

from minitorch.backend.arrays import backend_of
from minitorch.backend.native import Kernel, always, load_extension
from minitorch.backend.tune import Tuner

__all__ = [
    "ATTACHED",
    "DEVICE_FLOATS",
    "MODULES",
    "Attached",
    "are_deterministic_algorithms_enabled",
    "as_bits",
    "attach_device",
    "device_module",
    "get_float32_matmul_precision",
    "set_autotune",
    "set_float32_matmul_precision",
    "use_deterministic_algorithms",
    "workspace",
]

MODULES = {"cuda": "_cuda", "emulated": "_emulated"}  # backend -> its compiled module
DEVICE_FLOATS = tuple(numpy.dtype(name) for name in ("float16", "float32", "float64"))
PRECISIONS = ("highest", "high")


class Attached(NamedTuple):
    """How an op calls the rungs of a family; see :func:`attach_device`."""

    op: Any
    call: Callable[..., Any]
    supports: Callable[..., bool | str]
    rungs: Callable[[str], bool]


ATTACHED: dict[str, list[Attached]] = {}  # family -> the ops that it computes


class _Settings:
    """What the user has chosen; a change makes every choice of a kernel anew."""

    def __init__(self) -> None:
        self.precision = "highest"
        self.deterministic = False
        self.tuner = Tuner()
        self.chosen: dict[Hashable, Kernel | None] = {}


_settings = _Settings()


def device_module(backend: str) -> Any:
    """The compiled module of a backend, or None."""
    return load_extension(MODULES[backend])[0]


def workspace(xp: Any, count: int) -> Any:
    """Memory for ``count`` bytes that a kernel works in, or None for 0."""
    return xp.empty(count, dtype=xp.uint8) if count else None


def as_bits(a: Any) -> Any:
    """An array as the compiled modules take it: bfloat16, which no buffer knows, in uint16."""
    return a.view("uint16") if a.dtype.kind == "V" else a


def no_order(*arrays: Any, **static: Any) -> Sequence[str]:
    """The table's own."""
    return ()


def attach_device(
    op: Any,
    family: str,
    call: Callable[..., Any],
    *,
    supports: Callable[..., bool | str] = always,
    rungs: Callable[[str], bool] = always,
    order: Callable[..., Sequence[str]] = no_order,
    free: Sequence[str] = (),
) -> None:
    """Give ``op`` the rungs that csrc/cuda has for it on each device, the last one first.

    Parameters
    ----------
    op : Op
    family : str
        Folder in csrc/cuda, e.g. ``"matmul"``.
    call : callable
        ``call(module, rung, *arrays, stream, **static)`` makes the outputs and has the
        compiled ``module`` fill them by the rung of that name, on that stream.
    supports : callable
        ``supports(module, rung, *arrays, **static)``: True, or a sentence why not.
    rungs : callable
        ``rungs(name)``: whether the family's rung of this name does this op at all.
    order : callable
        ``order(*arrays, **static)``: names of rungs, the one to choose first where
        nothing is timed; beginnings of names will do. The rest follow, the last one first.
    free : sequence of str
        Static arguments that the choice does not depend on, such as a seed: it is made
        once for all their values.
    """
    ATTACHED.setdefault(family, []).append(Attached(op, call, supports, rungs))
    for backend in MODULES:
        op.kernels.add_later(
            backend,
            functools.partial(_rows, op, backend, family, call, supports, rungs),
            functools.partial(choose, order=order, free=free),
        )


def _rows(
    op: Any,
    backend: str,
    family: str,
    call: Callable[..., Any],
    supports: Callable[..., bool | str],
    wanted: Callable[[str], bool],
) -> list[Kernel]:
    module, missing = load_extension(MODULES[backend])
    if module is None:
        op.kernels.missing = op.kernels.missing or missing
        return []
    rows = []
    for name, idea, _, precision in reversed(module.rungs[family]):
        if not wanted(name):
            continue

        def fn(xp: Any, *arrays: Any, _name: str = name, **static: Any) -> Any:
            stream = backend_of(arrays[0]).stream(arrays[0])
            return call(module, _name, *arrays, stream=stream, **static)

        can = functools.partial(supports, module, name) if supports is not always else always
        rows.append(Kernel(name, fn, can, idea=idea, precision=precision))
    return rows


# -- the choice -----------------------------------------------------------------


def case_of(arrays: tuple[Any, ...], static: dict[str, Any]) -> tuple[Any, ...]:
    """What a choice depends on: types, shapes, strides, alignment, and the static arguments."""
    seen: list[Any] = []
    for a in arrays:
        if hasattr(a, "dtype"):
            pointer = getattr(as_bits(a).data, "ptr", None)  # CuPy's, or NumPy's
            if pointer is None:
                pointer = a.__array_interface__["data"][0]
            seen.append((a.dtype.str, a.shape, a.strides, pointer % 16))
        else:
            seen.append(type(a).__name__)
    return (*seen, *sorted(static.items()))


def choose(
    op_name: str,
    backend: str,
    rows: list[Kernel],
    arrays: tuple[Any, ...],
    static: dict[str, Any],
    order: Callable[..., Sequence[str]] = no_order,
    free: Sequence[str] = (),
) -> Kernel | None:
    """The kernel for a case: the fastest one if it is tuned, else the first in ``order``."""
    fixed = {name: value for name, value in static.items() if name not in free}
    case = (op_name, backend, *case_of(arrays, fixed))
    if _settings.precision == "high":
        case = (*case, ("precision", "high"))
    try:
        return _settings.chosen[case]
    except (KeyError, TypeError):  # not met before, or a static argument that has no hash
        pass
    able = [
        row
        for row in rows
        if not row.missing
        and (row.precision == "full" or _settings.precision == "high")
        and row.supports(*arrays, **static) is True
    ]
    names = order(*arrays, **static) if able else ()  # arrays that fit no row may fit no rule
    first = [row for name in names for row in able if row.name.startswith(name)]
    kernel = next(iter([*first, *able]), None)
    if len(able) > 1 and not _settings.deterministic:
        xp = backend_of(arrays[0]).xp
        runs = {row.name: functools.partial(row.fn, xp, *arrays, **static) for row in able}
        name = _settings.tuner.fastest(backend, case, runs)
        kernel = next((row for row in able if row.name == name), kernel)
    with contextlib.suppress(TypeError):
        _settings.chosen[case] = kernel
    return kernel


def set_float32_matmul_precision(precision: str) -> None:
    """How exactly matrix products and convolutions of float32 tensors are computed on a GPU.

    Parameters
    ----------
    precision : {"highest", "high"}
        ``"highest"``: as float32. ``"high"``: kernels may round the operands to TF32
        (10 bits of mantissa, relative error up to 2⁻¹¹) and use the tensor cores;
        sums stay in float32.

    Raises
    ------
    ValueError
        For anything else.

    Notes
    -----
    Kernels that split each operand into two TF32 numbers (3xTF32) are as accurate as
    float32 and take part in ``"highest"``.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.set_float32_matmul_precision("high")
    >>> mt.get_float32_matmul_precision()
    'high'
    >>> mt.set_float32_matmul_precision("highest")
    """
    if precision not in PRECISIONS:
        raise ValueError(
            f"set_float32_matmul_precision: precision is one of {', '.join(PRECISIONS)}, "
            f"got {precision!r}"
        )
    _settings.precision = precision
    _settings.chosen.clear()


def get_float32_matmul_precision() -> str:
    """What :func:`set_float32_matmul_precision` has set."""
    return _settings.precision


def use_deterministic_algorithms(mode: bool = True) -> None:
    """Whether results on a device must be the same bit for bit in every run.

    Kernels are then not chosen by timing (:func:`set_autotune`), which may end
    differently in every run, but by their table's order.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.use_deterministic_algorithms(True)
    >>> mt.are_deterministic_algorithms_enabled()
    True
    >>> mt.use_deterministic_algorithms(False)
    """
    _settings.deterministic = bool(mode)
    _settings.chosen.clear()


def are_deterministic_algorithms_enabled() -> bool:
    """What :func:`use_deterministic_algorithms` has set."""
    return _settings.deterministic


def set_autotune(enabled: bool) -> None:
    """Whether the first use of a shape on a GPU times the kernels that can do it.

    The winners are kept in a JSON file in the cache folder, by the GPU's name, so a
    shape is timed once per machine. On by default; ``MINITORCH_AUTOTUNE=0`` in the
    environment turns it off. The emulated device is never timed: its speed says
    nothing about a GPU's.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.set_autotune(False)
    >>> mt.set_autotune(True)
    """
    _settings.tuner.enabled = bool(enabled)
    _settings.chosen.clear()
