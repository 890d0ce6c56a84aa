"""Engine overhead: microseconds per op for forward, recording and backward.

Two workloads on arrays so small that only the engine counts: a chain of
products of 4 elements, and an expression graph of scalars with shared parts.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.timing import Competitor, Measurement, interleave

__all__ = ["run"]

LENGTH = 500
SCALARS = 100  # rounds of the scalar expression; 5 ops each

Workload = Callable[[], np.ndarray]


def _expression(x: Any, y: Any) -> Any:
    """Scalars with sharing: 5 ops a round."""
    total = x
    for _ in range(SCALARS):
        product = total * y
        total = product + x * y - total * 0.5
    return total


def _chain(x: Any, c: Any) -> Any:
    for _ in range(LENGTH):
        x = x * c
    return x


def _minitorch() -> dict[str, Workload]:
    import minitorch as mt

    c = mt.tensor(np.full(4, 1.001))
    seed = mt.tensor(np.ones(4))

    def chain() -> np.ndarray:
        x = mt.tensor(np.ones(4), requires_grad=True)
        _chain(x, c).backward(seed)
        return x.grad.numpy()

    def scalars() -> np.ndarray:
        x, y = (mt.tensor(np.array(v), requires_grad=True) for v in (0.7, 0.9))
        _expression(x, y).backward()
        return np.array([x.grad.item(), y.grad.item()])

    return {"chain": chain, "scalars": scalars}


def _torch() -> dict[str, Workload]:
    torch = importlib.import_module("torch")
    c = torch.full((4,), 1.001, dtype=torch.float64)
    seed = torch.ones(4, dtype=torch.float64)

    def chain() -> np.ndarray:
        x = torch.ones(4, dtype=torch.float64, requires_grad=True)
        _chain(x, c).backward(seed)
        return x.grad.numpy()

    def scalars() -> np.ndarray:
        x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.7, 0.9))
        _expression(x, y).backward()
        return np.array([x.grad.item(), y.grad.item()])

    return {"chain": chain, "scalars": scalars}


def _autograd() -> dict[str, Workload]:
    autograd = importlib.import_module("autograd")
    c = np.full(4, 1.001)
    seed = np.ones(4)
    scalars = autograd.grad(lambda v: _expression(*v))

    def chain() -> np.ndarray:
        pullback, _ = autograd.core.make_vjp(lambda x: _chain(x, c), np.ones(4))
        return np.asarray(pullback(seed))

    return {"chain": chain, "scalars": lambda: np.array(scalars((0.7, 0.9)))}


def _numpy_forward() -> dict[str, Workload]:
    c = np.full(4, 1.001)
    return {"chain": lambda: _chain(np.ones(4), c)}


PEERS = {
    "minitorch": _minitorch,
    "torch": _torch,
    "autograd": _autograd,
    "numpy, forward only": _numpy_forward,
}


def _available() -> dict[str, dict[str, Workload]]:
    found = {}
    for name, build in PEERS.items():
        try:
            found[name] = build()
        except ImportError:
            continue
    return found


def run(rounds: int = 15) -> tuple[list[Measurement], dict[str, str]]:
    """Time both workloads with whatever peers are installed; results are checked first."""
    peers = _available()
    missing = {name: "not installed" for name in PEERS if name not in peers}
    results = []
    for workload, units in (("chain", LENGTH), ("scalars", SCALARS * 5)):
        entrants = {n: w[workload] for n, w in peers.items() if workload in w}
        truth = entrants["minitorch"]()
        for name, work in entrants.items():
            if not name.startswith("numpy"):
                np.testing.assert_allclose(work(), truth, rtol=1e-9, err_msg=name)
        competitors = [Competitor(n, w) for n, w in entrants.items()]
        results.append(interleave(workload, competitors, units=units, rounds=rounds))
    return results, missing
