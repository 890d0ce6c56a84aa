"""Weights of other libraries into a network, and back: every shape checked, and a report."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy

from minitorch.io.arrays import safetensors_bytes
from minitorch.io.files import atomic_write
from minitorch.io.weight_files import read_weights
from minitorch.io.weight_names import EXTRAS, SCHEMES
from minitorch.io.weight_slots import Slot, by_name, by_order

__all__ = ["Report", "WeightsError", "load_weights", "save_weights"]

_SHOWN = 20  # entries of each kind that a report lists


class WeightsError(ValueError):
    """Weights that do not fit a network; ``report`` says where. Nothing was written."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


@dataclass
class Report:
    """What became of the entries of a file of weights, and of the parameters of a network.

    Attributes
    ----------
    names : str
        Whose names the file has.
    matched : dict of str to str
        Entries that were loaded, and the parameters they went to.
    missing : dict of str to str
        Parameters without an entry, by the name that it should have.
    unexpected : dict of str to tuple
        Entries that belong nowhere, and their shapes.
    wrong : dict of str to str
        Entries that do not fit their parameter, and why.
    ignored : list of str
        Entries that a network need not have: PyTorch's counts of batches, auxiliary heads.
    """

    names: str
    matched: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    unexpected: dict[str, tuple[int, ...]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every parameter got its entry, and every entry had its place."""
        return not (self.missing or self.unexpected or self.wrong)

    def close(self, name: str) -> str:
        """The unexpected entry whose name is closest to a missing one's; empty if none is."""
        found = difflib.get_close_matches(name, self.unexpected, n=1)
        return found[0] if found else ""

    def __str__(self) -> str:
        lines = [
            f"{len(self.matched)} of {len(self.matched) + len(self.missing) + len(self.wrong)} "
            f"parameters loaded, by the names of {self.names}"
        ]
        lines += self._listed("do not fit", [f"{k}: {why}" for k, why in self.wrong.items()])
        rows = []
        for at, (key, param) in enumerate(self.missing.items()):
            near = self.close(key) if at < _SHOWN else ""
            rows.append(f"{key}, for {param}" + (f" (there is {near})" if near else ""))
        lines += self._listed("are missing", rows)
        rows = [f"{key} {shape}" for key, shape in self.unexpected.items()]
        lines += self._listed("belong nowhere", rows)
        if self.ignored:
            lines.append(f"{len(self.ignored)} were ignored (counts of batches, auxiliary heads)")
        return "\n".join(lines)

    @staticmethod
    def _listed(what: str, rows: list[str]) -> list[str]:
        if not rows:
            return []
        more = [f"    ... {len(rows) - _SHOWN} more"] if len(rows) > _SHOWN else []
        return [f"{len(rows)} {what}:", *[f"    {row}" for row in rows[:_SHOWN]], *more]


def load_weights(
    network: Any,
    source: str | Path | Mapping[str, Any] | Sequence[Any],
    names: str | None = None,
    strict: bool = True,
    flipped: bool | None = None,
) -> Report:
    """Give a network the weights of a file of another library.

    Parameters
    ----------
    network : Layer or list of Layer
    source : path, mapping of str to array, or sequence of arrays
        A file of safetensors, PyTorch's (.pth, .pt), Lasagne's (.npz, .pkl), or what was in one.
    names : "torchvision", "timm", "efficientnet_pytorch" or "lasagne", optional
        Whose names the entries have; by default those that match the most. Lasagne's files have
        no names: their arrays come in the order of ``get_all_params``.
    strict : bool
        False loads what fits, and leaves the other parameters as they are.
    flipped : bool, optional
        For Lasagne's files: whether filters were turned round there (``flip_filters=True``, the
        default of its ``Conv2DLayer``). By default they were, but for pickles of its model zoo.

    Returns
    -------
    Report

    Raises
    ------
    WeightsError
        With ``strict``, if a parameter has no entry, an entry no place, or a shape is another
        one; nothing has been written then. Its ``report`` says what and where.
    FileFormatError
        For a file that cannot be read.
    ValueError
        For unknown names, or names that this network does not have there.

    Notes
    -----
    Dense matrices are transposed; filters are turned for layers with ``flip_filters=True``; of a
    batch normalisation, the variance becomes ``inv_std`` = 1 / sqrt(variance + epsilon). Counts of
    batches are ignored, and so are auxiliary heads that the network does not have.

    Examples
    --------
    >>> import numpy as np
    >>> from minitorch.layers import DenseLayer
    >>> network = DenseLayer((None, 3), 2, name="fc")
    >>> theirs = {"fc.weight": np.arange(6.0).reshape(2, 3), "fc.bias": np.zeros(2)}
    >>> print(load_weights(network, theirs))
    2 of 2 parameters loaded, by the names of torchvision
    >>> network.W.get_value()
    array([[0., 3.],
           [1., 4.],
           [2., 5.]], dtype=float32)
    """
    arrays, zoo = read_weights(source)
    if isinstance(arrays, list):
        if names not in (None, "lasagne"):
            raise ValueError(f"load_weights: a list of arrays has no names of {names}")
        turned = (not zoo) if flipped is None else flipped
        names, slots = "lasagne", by_order(network, turned)
        found = {f"array {i}": a for i, a in enumerate(arrays)}
    else:
        found = dict(arrays)
        names = names or _guess(network, found)
        slots = by_name(network, names, flipped is not False)
    report, plan = _matched(slots, found, names)
    if strict and not report.complete:
        where = f"{source}: " if isinstance(source, str | Path) else ""
        raise WeightsError(
            f"load_weights: {where}the weights do not fit, and nothing was written "
            f"(strict=False loads what does)\n{report}",
            report,
        )
    for slot, array in plan:
        slot.param.set_value(slot.to_ours(array).astype(slot.param.dtype, copy=False))
    return report


def _guess(network: Any, found: Mapping[str, Any]) -> str:
    """The names of which the most are there; the first of those for which none are."""
    best, known = 0, {}
    for scheme in SCHEMES:
        try:
            known[scheme] = sum(slot.key in found for slot in by_name(network, scheme))
        except ValueError:
            continue
        best = max(best, known[scheme])
    return next(scheme for scheme, count in known.items() if count == best)


def _matched(
    slots: list[Slot], found: dict[str, Any], names: str
) -> tuple[Report, list[tuple[Slot, numpy.ndarray]]]:
    """Which entry goes where, by names, shapes and kinds alone."""
    report, plan, taken = Report(names), [], set()
    for slot in slots:
        if slot.key not in found:
            report.missing[slot.key] = f"{slot.label} {slot.param.shape}"
            continue
        taken.add(slot.key)
        array = numpy.asarray(found[slot.key])
        if why := slot.misfit(array):
            report.wrong[slot.key] = why
            continue
        report.matched[slot.key] = slot.label
        plan.append((slot, array))
    for key, array in found.items():
        if key in taken:
            continue
        if any(extra.fullmatch(key) for extra in EXTRAS):
            report.ignored.append(key)
        else:
            report.unexpected[key] = tuple(numpy.shape(array))
    return report, plan


def save_weights(network: Any, path: str | Path, names: str = "torchvision") -> Path:
    """Write a network's weights as another library's, in safetensors.

    Parameters
    ----------
    network : Layer or list of Layer
    path : str or Path
        Replaced in one step.
    names : "torchvision", "timm" or "efficientnet_pytorch"

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        For unknown names, names that this network does not have there, or Lasagne, whose files
        are ``numpy.savez(path, *get_all_param_values(network))``.
    OSError
        If it cannot be written.

    Notes
    -----
    In PyTorch: ``model.load_state_dict(safetensors.torch.load_file(path))``. Counts of batches,
    which are not kept here, are written as 0. A variance below about 1e-7 of a normalisation's
    epsilon does not survive the way through float32 and back.

    Examples
    --------
    >>> import tempfile
    >>> from minitorch.layers import DenseLayer
    >>> network = DenseLayer((None, 3), 2, name="fc")
    >>> path = save_weights(network, tempfile.mkdtemp() + "/weights.safetensors")
    >>> print(load_weights(DenseLayer((None, 3), 2, name="fc"), path))
    2 of 2 parameters loaded, by the names of torchvision
    """
    if names == "lasagne":
        raise ValueError(
            "save_weights: Lasagne's files have no names; write them with "
            "numpy.savez(path, *layers.get_all_param_values(network))"
        )
    arrays: dict[str, numpy.ndarray] = {}
    for slot in by_name(network, names):
        arrays[slot.key] = slot.to_theirs(slot.param.get_value())
        if slot.key.endswith(".running_var"):
            counter = slot.key.removesuffix("running_var") + "num_batches_tracked"
            arrays[counter] = numpy.zeros((), numpy.int64)
    return atomic_write(path, safetensors_bytes(arrays, {"format": "pt"}))
