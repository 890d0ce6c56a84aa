"""Shapes at which device kernels go wrong: one, one less, just and one more than a tile or warp."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minitorch.autograd.op import Sample
from minitorch.ops.conv_shape import conv_output_length
from minitorch.ops.pool_shape import pool_output_length

__all__ = ["EDGES", "WORKLOADS"]

EDGES: dict[str, Callable[[Any], Iterator[Sample]]] = {}  # op -> more samples of it
WORKLOADS: dict[str, Callable[[Any], Sample]] = {}  # op -> one that is large


def _edges(name: str) -> Callable[[Any], Any]:
    return lambda fn: EDGES.setdefault(name, fn)


def _last(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy with its channels last in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1)


# -- convolution: x, w, stride, pad, dilation, groups --------------------------------

CONVOLUTIONS = [
    ((1, 1, 1, 1), (1, 1, 1, 1), 1, 0, 1, 1),
    ((0, 2, 4, 4), (3, 2, 3, 3), 1, 1, 1, 1),
    ((1, 32, 1, 128), (64, 32, 1, 1), 1, 0, 1, 1),
    ((1, 17, 3, 43), (65, 17, 3, 3), 1, 1, 1, 1),
    ((2, 8, 9, 15), (33, 8, 3, 3), 1, 1, 1, 1),
    ((2, 3, 13, 11), (8, 3, 5, 5), 2, 2, 1, 1),
    ((1, 8, 12, 9), (16, 8, 3, 2), 3, 1, 2, 1),
    ((2, 33, 6, 7), (33, 1, 3, 3), 1, 1, 1, 33),
    ((1, 8, 5, 6), (16, 4, 3, 3), 1, 1, 1, 2),
    ((3, 8, 21), (16, 8, 4), 2, 1, 1, 1),
    ((1, 8, 3, 4, 5), (8, 8, 2, 3, 2), 1, 1, 1, 1),
]


def _convolutions(make: Any, direction: str) -> Iterator[Sample]:
    for x, w, stride, pad, dilation, groups in CONVOLUTIONS:
        axes = len(x) - 2
        static = {"stride": (stride,) * axes, "pad": ((pad, pad),) * axes,
                  "dilation": (dilation,) * axes}  # fmt: skip
        rows = zip(x[2:], w[2:], *static.values(), strict=True)
        y = (x[0], w[0], *[conv_output_length(*row) for row in rows])
        first, second = {"fwd": (x, w), "dgrad": (y, w), "wgrad": (x, y)}[direction]
        size = {"fwd": {}, "dgrad": {"size": x[2:]}, "wgrad": {"size": w[2:]}}[direction]
        arrays, settings = [make(*first), make(*second)], {**size, **static, "groups": groups}
        yield Sample.of(*arrays, **settings)
        arrays[0] = _last(arrays[0])
        if direction == "wgrad":
            arrays[1] = _last(arrays[1])
        yield Sample.of(*arrays, **settings, note="channels last")


for _direction in ("fwd", "dgrad", "wgrad"):
    EDGES[f"conv_{_direction}"] = lambda make, _d=_direction: _convolutions(make, _d)

WORKLOADS["conv_fwd"] = lambda make: Sample.of(
    make(1, 32, 14, 14), make(64, 32, 3, 3), stride=(1, 1), pad=((1, 1), (1, 1)),
    dilation=(1, 1), groups=1,
)  # fmt: skip

# -- pooling: x, window, stride, pad ---------------------------------------------------

POOLS = [
    ((1, 1, 1, 1), 1, 1, 0),
    ((2, 3, 33, 31), 2, 2, 0),
    ((1, 5, 17, 13), 3, 2, 1),
    ((1, 2, 19, 35), 5, 1, 2),
    ((1, 1, 37, 40), 17, 3, 0),
    ((2, 3, 65), 3, 2, 1),
    ((1, 2, 5, 6, 7), 2, 2, 0),
]


def _pools(make: Any, pass_: str, ties: bool = False, **more: Any) -> Iterator[Sample]:
    for x, window, stride, pad in POOLS:
        axes = len(x) - 2
        static = {"window": (window,) * axes, "stride": (stride,) * axes,
                  "pad": ((pad, pad),) * axes}  # fmt: skip
        rows = zip(x[2:], *static.values(), strict=True)
        y = (*x[:2], *[pool_output_length(*row, True) for row in rows])
        settings = {**static, "ignore_border": True, **more}
        index = np.zeros(y, np.uint8 if window**axes <= 255 else np.int32)
        index[...] = window**axes // 2  # the window's middle, which is never padding
        if pass_ == "pool":
            yield Sample.of(make.distinct(*x) if ties else make(*x), **settings)
        elif pass_ == "at":
            yield Sample.of(make(*x), index, **settings)
        else:
            arrays = (make(*y), index) if pass_ == "unmax" else (make(*y),)
            yield Sample.of(*arrays, size=x[2:], **settings)


for _name, _pass, _more in (
    ("max_pool", "pool", {"ties": True}), ("max_unpool", "unmax", {}), ("max_pool_at", "at", {}),
    ("sum_pool", "pool", {}), ("sum_unpool", "unsum", {}),
    ("avg_pool", "pool", {"count_padding": False}),
    ("avg_unpool", "unsum", {"count_padding": False}),
):  # fmt: skip
    EDGES[_name] = lambda make, _p=_pass, _m=_more: _pools(make, _p, **_m)

WORKLOADS["max_pool"] = lambda make: Sample.of(
    make(4, 16, 32, 32), window=(2, 2), stride=(2, 2), pad=((0, 0), (0, 0)), ignore_border=True
)

# -- normalisation, losses, random numbers, updates ------------------------------------

PLANES = [((5, 33, 7), (0, 2)), ((300, 2), (0,)), ((1, 1, 1, 1025), (0, 2, 3)), ((3, 257), (0,))]


@_edges("batch_norm")
def _batch_norm(make: Any) -> Iterator[Sample]:
    for shape, axes in PLANES:
        yield Sample.of(make(*shape), make(shape[1]), make(shape[1]), axes=axes, epsilon=1e-3)


@_edges("batch_norm_back")
def _batch_norm_back(make: Any) -> Iterator[Sample]:
    for shape, axes in PLANES:
        narrow = [make(shape[1]) for _ in range(3)]
        yield Sample.of(make(*shape), *narrow[:2], make(*shape), narrow[2],
                        make.positive(shape[1]), make(shape[1]), axes=axes)  # fmt: skip


@_edges("batch_norm_back_gamma")
def _batch_norm_back_gamma(make: Any) -> Iterator[Sample]:
    for shape, axes in PLANES:
        # Means of gradients, so that their sums stay near 1 in every type.
        g = make(*shape) / (np.prod(shape) / shape[1])
        yield Sample.of(g, make(*shape), make(shape[1]), make.positive(shape[1]), axes=axes)


WORKLOADS["batch_norm"] = lambda make: Sample.of(
    make(8, 16, 16, 16), make(16), make(16), axes=(0, 2, 3)
)

SCORES = [((3, 1), -1), ((5, 33), -1), ((2, 1025), -1), ((0, 4), -1), ((3, 7, 5), 1)]


def _rows(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return tuple(np.delete(shape, axis).tolist())


def _softmax(make: Any) -> Iterator[Sample]:
    for shape, axis in SCORES:
        yield Sample.of(make(*shape, low=-4.0, high=4.0), axis=axis)


EDGES["softmax"] = EDGES["log_softmax"] = _softmax


@_edges("softmax_cross_entropy")
def _entropy(make: Any) -> Iterator[Sample]:
    for shape, axis in SCORES:
        labels = make.ints(*_rows(shape, axis), high=shape[axis])
        yield Sample.of(make(*shape, low=-4.0, high=4.0), labels, axis=axis)


@_edges("softmax_cross_entropy_dx")
def _entropy_dx(make: Any) -> Iterator[Sample]:
    for shape, axis in SCORES:
        rows = _rows(shape, axis)
        labels = make.ints(*rows, high=shape[axis])
        yield Sample.of(make(*rows), make(*shape, low=-4.0, high=4.0), labels, axis=axis)


WORKLOADS["softmax_cross_entropy"] = lambda make: Sample.of(
    make(256, 100), make.ints(256, high=100)
)

SIZES = [(1,), (33, 31), (1025,), (4, 8193)]


@_edges("dropout")
def _dropout(make: Any) -> Iterator[Sample]:
    for shape in SIZES:
        yield Sample.of(make(*shape), p=0.3, seed=7, offset=5)


@_edges("gaussian_noise")
def _noise(make: Any) -> Iterator[Sample]:
    for shape in SIZES:
        yield Sample.of(make(*shape), sigma=0.5, seed=7)


WORKLOADS["dropout"] = lambda make: Sample.of(make(64, 1024), p=0.5, seed=1)

STEPS = {
    "sgd": (0, {"rate": 0.1}),
    "momentum": (1, {"rate": 0.1, "momentum": 0.9}),
    "nesterov_momentum": (1, {"rate": 0.1, "momentum": 0.9}),
    "adam": (2, {"rate": 0.01, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}),
}


def _steps(make: Any, rule: str) -> Iterator[Sample]:
    memory, numbers = STEPS[rule]
    for shape in SIZES:
        slots = [make(*shape), make.positive(*shape)][:memory]
        yield Sample.of(make(*shape), make(*shape), *slots, **numbers)


for _rule in STEPS:
    EDGES[f"{_rule}_step"] = lambda make, _r=_rule: _steps(make, _r)

WORKLOADS["sgd_step"] = lambda make: Sample.of(make(64, 1024), make(64, 1024), rate=0.1)

STACKS = [(1, 1), (2, 16, 4), (1, 17, 33), (2, 37, 5)]


@_edges("local_response_norm")
def _response(make: Any) -> Iterator[Sample]:
    for shape in STACKS:
        for n in (5, 9):
            yield Sample.of(make(*shape), alpha=0.3, n=n)


@_edges("local_response_norm_back")
def _response_back(make: Any) -> Iterator[Sample]:
    for shape in STACKS:
        yield Sample.of(make(*shape), make(*shape), alpha=0.3, k=2.0, beta=0.75, n=5)


WORKLOADS["local_response_norm"] = lambda make: Sample.of(make(4, 32, 14, 14))
