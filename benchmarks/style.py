"""Painted pictures beside PyTorch's: the time of an iteration, and how far L-BFGS gets.

An iteration is a workload of :mod:`benchmarks.cpu`: Gatys's losses of a picture with VGG-19 and
their gradient, in processes that take turns. A descent is 200 steps of ``minitorch.style.paint``
and of PyTorch's L-BFGS, from the same picture, with the same weights and the same losses, which
are compared at the start; no time is taken there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import minitorch as mt
from benchmarks.cpu import machine, steps
from benchmarks.cpu.ours import COLUMNS, exported
from benchmarks.cpu.workloads import IMAGENET, TOLERANCE
from minitorch.models import vgg_body
from minitorch.models.parts import HE
from minitorch.style import Judge, LossNetwork, Settings, paint
from minitorch.style.pictures import sized

__all__ = ["CHECKPOINTS", "NETWORKS", "descent_rows", "drawn", "joined", "run"]

CHECKPOINTS = (1, 10, 50, 100, 200)
Row = dict[str, Any]


def drawn(width: int = 64) -> LossNetwork:
    """VGG-19 with weights as they are drawn."""
    mt.random.seed(0)
    return LossNetwork(vgg_body("E", width=width, W=HE), *IMAGENET)


# Name -> the network, the convolutions of its stages up to relu5_1, and the picture's size.
NETWORKS: dict[str, tuple[Callable[[], LossNetwork], tuple[int, ...], int]] = {
    "VGG-16, tuned on to edges": (LossNetwork.open, (2, 2, 3, 3, 1), 256),
    "VGG-19, drawn": (drawn, (2, 2, 4, 4, 1), 128),
}
QUICK = {"VGG-19, narrow": (lambda: drawn(2), (2, 2, 4, 4, 1), 48)}


def run(
    rounds: int = 15,
    *,
    only: str = "",
    quick: bool = False,
    threads: int = 2,
    pythons: Mapping[str, str] | None = None,
    tell: Callable[[Row], Any] = bool,
) -> tuple[list[Row], dict[str, Any]]:
    """Rows of both kinds, and why some are missing.

    Parameters
    ----------
    rounds : int
        Of the timing.
    only : {"", "iteration", "descent"}
    quick : bool
        A narrow network and few steps, to see that it works.
    threads : int
    pythons : mapping of str to str, optional
        PyTorch's interpreter, for the timing.
    tell : callable
        Gets each row as soon as it is there.
    """
    rows: list[Row] = []
    missing: dict[str, str] = {}
    if "iteration".startswith(only):
        load = machine.load()
        found, missing = steps.rows_of(
            "painting", [*COLUMNS, "torch", "torch kept"], pythons or {},
            rounds=rounds, threads=threads, quick=quick,
        )  # fmt: skip
        rows += [{**row, "kind": "iteration", "threads": threads, "load": load} for row in found]
        for row in rows:
            tell(row)
    networks, at = (QUICK, CHECKPOINTS[:2]) if quick else (NETWORKS, CHECKPOINTS)
    for name, case in networks.items() if "descent".startswith(only) else ():
        try:
            found = descent_rows(name, *case, at, threads)
        except (ImportError, ValueError) as error:  # no PyTorch, or none of the packages
            missing[f"descent, {name}"] = str(error)
            continue
        for row in found:
            tell(row)
        rows += found
    return rows, missing


def descent_rows(
    name: str,
    make: Callable[[], LossNetwork],
    depths: Sequence[int],
    size: int,
    at: Sequence[int] = CHECKPOINTS,
    threads: int = 2,
) -> list[Row]:
    """A network's two descents: losses and evaluations at the steps ``at``.

    Raises
    ------
    ImportError
        Without PyTorch.
    ValueError
        Without the package that has the weights or the pictures, or if the losses of the
        picture that both begin with differ.
    """
    from benchmarks.cpu import torch_painting

    settings = Settings(size=size, steps=at[-1])
    mt.set_num_threads(threads)
    network = make()
    content, style = _pictures()
    start, painting = (sized(x, settings.size, "a picture") for x in (content, style))
    loss = torch_painting.losses_with(
        depths, network.mean, network.std, network.order == "BGR",
        exported(network.layers["relu5_1"]), start, painting, threads,
    )  # fmt: skip
    theirs = torch_painting.descend(loss, start, at)
    ours = _descend(network, content, style, settings, at)
    ours["start"] = Judge(network, start, [painting], [1.0], settings)(mt.asarray(start))[0].item()
    if not np.isclose(ours["start"], theirs["start"], rtol=TOLERANCE):
        raise ValueError(f"the losses at the start are {ours['start']} and {theirs['start']}")
    shape = f"{start.shape[3]} x {start.shape[2]}"
    about = {"kind": "descent", "workload": name, "size": shape}
    return [
        {**about, "competitor": who, **found}
        for who, found in (("minitorch", ours), ("torch", theirs))
    ]


def joined(old: list[Row], new: list[Row]) -> list[Row]:
    """New rows, and the old ones of the kind that was left out."""
    kinds = {row["kind"] for row in new}
    rows = [*(row for row in old if row["kind"] not in kinds), *new]
    return sorted(rows, key=lambda row: row["kind"] == "descent")


def _pictures() -> list[np.ndarray]:
    """A temple and a flower, as bytes of shape (3, rows, columns)."""
    try:
        from sklearn.datasets import load_sample_image
    except ImportError:
        raise ValueError("the pictures are scikit-learn's; pip install scikit-learn") from None
    return [load_sample_image(f"{n}.jpg").transpose(2, 0, 1) for n in ("china", "flower")]


def _descend(
    network: LossNetwork, content: Any, style: Any, settings: Settings, at: Sequence[int]
) -> Row:
    """Ours: as the command does it."""
    found = {step.number: step for step in paint(network, content, [style], settings)}
    reached = [found[min(n, max(found))] for n in at]
    return {
        "losses": {str(n): step.loss for n, step in zip(at, reached, strict=True)},
        "evaluations": {str(n): step.evaluations for n, step in zip(at, reached, strict=True)},
    }
