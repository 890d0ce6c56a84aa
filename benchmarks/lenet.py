"""One training step of the lecture's LeNet at batch 128, against PyTorch.

Same network, same weights, same batch, Nesterov momentum on both sides; the
losses of the first steps must agree before anything is timed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.timing import Competitor, Measurement, interleave

__all__ = ["run"]

BATCH = 128
RATE, MOMENTUM = 0.01, 0.9


def _data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, 1, 28, 28)).astype(np.float32)
    return x, rng.integers(0, 10, BATCH)


def _minitorch(threads: int) -> tuple[Callable[[], float], list[np.ndarray]]:
    import minitorch as mt
    from minitorch import layers, objectives, updates
    from minitorch.models.lenet import build_lenet

    mt.random.seed(0)
    net = build_lenet()
    params = layers.get_all_params(net, trainable=True)
    x, labels = (mt.asarray(a) for a in _data())

    def step() -> float:
        prediction = layers.get_output(net, x)
        loss = objectives.categorical_crossentropy(prediction, labels).mean()
        updates.nesterov_momentum(loss, params, learning_rate=RATE, momentum=MOMENTUM).apply()
        return float(loss.item())

    return step, [np.array(v) for v in layers.get_all_param_values(net)]


def _torch(threads: int, weights: list[np.ndarray]) -> Callable[[], float]:
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10),
    )  # fmt: skip
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), weights, strict=True):
            if value.ndim == 4:  # Lasagne's layers convolve, PyTorch's correlate
                value = value[:, :, ::-1, ::-1].copy()
            parameter.copy_(torch.from_numpy(value.T.copy() if value.ndim == 2 else value))
    optimiser = torch.optim.SGD(net.parameters(), lr=RATE, momentum=MOMENTUM, nesterov=True)
    x, labels = (torch.from_numpy(a) for a in _data())
    entropy = nn.CrossEntropyLoss()

    def step() -> float:
        optimiser.zero_grad()
        loss = entropy(net(x), labels)
        loss.backward()
        optimiser.step()
        return float(loss.item())

    return step


def run(rounds: int = 15, threads: int = 2) -> tuple[list[Measurement], dict[str, str]]:
    """Time the step; PyTorch takes part where it is installed."""
    import minitorch as mt

    mt.set_num_threads(threads)
    ours, weights = _minitorch(threads)
    steps: dict[str, Any] = {"minitorch": ours}
    missing = {}
    try:
        steps["torch"] = _torch(threads, weights)
    except ImportError:
        missing["torch"] = "not installed"
    first = {name: [step() for _ in range(3)] for name, step in steps.items()}
    for name, losses in first.items():
        np.testing.assert_allclose(losses, first["minitorch"], rtol=1e-4, err_msg=name)
    competitors = [Competitor(name, step) for name, step in steps.items()]
    return [interleave("LeNet training step, batch 128", competitors, rounds=rounds)], missing
