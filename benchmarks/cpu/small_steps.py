"""The MLP and LeNet in further libraries: JAX (compiled), DeZero, HIPS autograd.

Weights come in PyTorch's order and layout. The update is the same for all, written out: momentum,
for LeNet in Nesterov's form, v' = m·v + g, p' = p - rate·(v' or g + m·v').
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cpu.workloads import WORKLOADS, Size, arrays_for

__all__ = ["LIBRARIES", "build"]

MOMENTUM = 0.9
Run = Callable[[], list[float]]


def build(column: str, name: str, size: Size, threads: int, weights: list[np.ndarray]) -> Run:
    """A step that gives its loss; the environment says how many threads NumPy's BLAS has."""
    return LIBRARIES[column](name, weights, *arrays_for(name, size))


def _updated(name: str, values: Any, velocities: Any, grads: Any) -> tuple[list[Any], list[Any]]:
    """New values and velocities."""
    rate = WORKLOADS[name].rate
    fresh = [MOMENTUM * v + g for v, g in zip(velocities, grads, strict=True)]
    along = fresh
    if name == "lenet":
        along = [g + MOMENTUM * v for v, g in zip(fresh, grads, strict=True)]
    return [p - rate * d for p, d in zip(values, along, strict=True)], fresh


def _rectified(x: Any) -> Any:
    """max(x, 0) with the gradient 0 at 0, as PyTorch has it; maximum's would be a half."""
    return x * (x > 0)


def _dense(params: Any, x: Any) -> Any:
    """Dense layers with rectifiers between."""
    x = x.reshape(x.shape[0], -1)
    for i in range(0, len(params), 2):
        x = (_rectified(x) if i else x) @ params[i].T + params[i + 1]
    return x


def _jax(name: str, weights: list[np.ndarray], x: np.ndarray, labels: np.ndarray) -> Run:
    """Compiled as a whole."""
    jax = importlib.import_module("jax")
    jnp, lax = jax.numpy, jax.lax

    def scores(params: Any, x: Any) -> Any:
        if name == "lenet":
            for i in (0, 2):
                x = lax.conv(x, params[i], (1, 1), "VALID") + params[i + 1][:, None, None]
                window = (1, 1, 2, 2)
                x = lax.reduce_window(_rectified(x), -jnp.inf, lax.max, window, window, "VALID")
            params = params[4:]
        return _dense(params, x)

    def loss(params: Any, x: Any, labels: Any) -> Any:
        logs = jax.nn.log_softmax(scores(params, x))
        return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()

    @jax.jit
    def step(params: Any, velocities: Any, x: Any, labels: Any) -> Any:
        value, grads = jax.value_and_grad(loss)(params, x, labels)
        return value, *_updated(name, params, velocities, grads)

    state = [[jnp.asarray(w) for w in weights], [jnp.zeros(w.shape, w.dtype) for w in weights]]
    given = jnp.asarray(x), jnp.asarray(labels)

    def run() -> list[float]:
        value, *state[:] = step(*state, *given)
        jax.block_until_ready(state)
        return [float(value)]

    return run


def _autograd(name: str, weights: list[np.ndarray], x: np.ndarray, labels: np.ndarray) -> Run:
    """The MLP only: its convolution needs SciPy, and minutes."""
    autograd = importlib.import_module("autograd")
    anp = importlib.import_module("autograd.numpy")

    def loss(params: Any) -> Any:
        out = _dense(params, x)
        logs = out - out.max(axis=1, keepdims=True)
        logs = logs - anp.log(anp.exp(logs).sum(axis=1, keepdims=True))
        return -logs[anp.arange(len(labels)), labels].mean()

    step = autograd.value_and_grad(loss)
    state = [weights, [np.zeros_like(w) for w in weights]]

    def run() -> list[float]:
        value, grads = step(state[0])
        state[:] = _updated(name, *state, grads)
        return [float(value)]

    return run


def _dezero(name: str, weights: list[np.ndarray], x: np.ndarray, labels: np.ndarray) -> Run:
    """Eager; its matrices are transposed."""
    dezero = importlib.import_module("dezero")
    functions = importlib.import_module("dezero.functions")
    params = [dezero.Variable(w.T.copy() if w.ndim == 2 else w.copy()) for w in weights]
    state = [[p.data for p in params], [np.zeros_like(p.data) for p in params]]

    def scores(x: Any) -> Any:
        rest = params
        if name == "lenet":
            for i in (0, 2):
                x = functions.relu(functions.conv2d(x, params[i], params[i + 1]))
                x = functions.pooling(x, 2, 2)
            rest = params[4:]
        x = functions.reshape(x, (x.shape[0], -1))
        for i in range(0, len(rest), 2):
            x = functions.linear(functions.relu(x) if i else x, rest[i], rest[i + 1])
        return x

    def run() -> list[float]:
        value = functions.softmax_cross_entropy(scores(dezero.Variable(x)), labels)
        for p in params:
            p.cleargrad()
        value.backward()
        state[:] = _updated(name, *state, [p.grad.data for p in params])
        for p, new in zip(params, state[0], strict=True):
            p.data = new
        return [float(value.data)]

    return run


LIBRARIES = {"jax": _jax, "dezero": _dezero, "autograd": _autograd}
