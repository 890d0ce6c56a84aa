"""Random ops that can be repeated exactly: dropout, Gaussian noise, and their numbers.

Nothing here has hidden state. Every op takes a ``seed`` and an ``offset`` and is a
function of them: the same call gives the same result on every device, in every
dtype, in a backward that computes the forward again, and after a restart. A
:class:`CounterRNG` hands out offsets that do not overlap.

The recipe, for kernels that are to give the same numbers
---------------------------------------------------------
Random bits come from Philox4x64 with 10 rounds (as of Random123 and NumPy). Its key
is (seed, 0) as two 64-bit words, its 256-bit counter is offset + 1 + b for block b =
0, 1, ...; each block gives four 64-bit words, each word two 32-bit *lanes*, the low
half first. So a block has 8 lanes, and element i of an array, in row-major order, takes
lane i: half i % 2 of word (i // 2) % 4 of block i // 8. An array of n elements uses
⌈n / 8⌉ blocks, by which the offset then moves on.

- Dropout keeps an element if its lane is at least ⌊p · 2³² + 1/2⌋.
- Uniform: u = (lane + 1/2) · 2⁻³², never 0 or 1, in double precision.
- Normal, by Box and Muller: of the lanes 2j and 2j + 1, made uniform as above to u and
  v, element 2j gets √(-2 ln u) cos(2πv) and element 2j + 1 gets √(-2 ln u) sin(2πv), in
  double precision. An odd array ends with the cosine of one more pair.

References
----------
Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011.
Box, Muller: A note on the generation of random normal deviates, 1958.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy

from minitorch.autograd.checkpoint import once
from minitorch.autograd.fresh import fresh
from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import as_array, get_default_dtype
from minitorch.backend.device_kernels import attach_device
from minitorch.backend.native import attach
from minitorch.ops.counter import check_counter
from minitorch.ops.random_device import (
    dropout_device,
    dropout_supports,
    noise_device,
    noise_supports,
)
from minitorch.ops.random_native import (
    dropout_native,
    noise_native,
    supports_dropout,
    supports_noise,
)

__all__ = ["CounterRNG", "dropout", "gaussian_noise", "random_normal", "random_uniform"]

LANES = 8  # 32-bit numbers of one Philox block
RANGE = 1 << 32


def _lanes(seed: int, offset: int, count: int) -> Any:
    """``count`` 32-bit numbers, in host memory: the same on every machine."""
    bits = numpy.random.Philox(key=seed, counter=offset).random_raw(-(-count // 2))
    return bits.astype("<u8", copy=False).view("<u4")[:count]


def _uniform(seed: int, offset: int, shape: Any) -> Any:
    """Numbers in (0, 1), float64."""
    return ((_lanes(seed, offset, prod(shape)) + 0.5) / RANGE).reshape(shape)


def _normal(seed: int, offset: int, shape: Any) -> Any:
    """Standard normal numbers, float64."""
    count = prod(shape)
    u = _uniform(seed, offset, (-(-count // 2), 2))
    radius, angle = numpy.sqrt(-2 * numpy.log(u[:, 0])), 2 * numpy.pi * u[:, 1]
    pairs = numpy.stack([radius * numpy.cos(angle), radius * numpy.sin(angle)], axis=1)
    return pairs.reshape(-1)[:count].reshape(shape)


class CounterRNG:
    """A stream of random numbers, known by its seed and how far it has been used.

    Parameters
    ----------
    seed : int
        From 0 to 2⁶⁴ - 1; each is a stream of its own.
    offset : int
        Blocks already used.

    Raises
    ------
    TypeError, ValueError
        If these are no such integers.

    Examples
    --------
    >>> import minitorch as mt
    >>> rng = mt.CounterRNG(7)
    >>> x = mt.ones((4, 100))
    >>> y = mt.dropout(x, p=0.5, **rng.take(x.size))
    >>> rng.get_state()
    {'seed': 7, 'offset': 50}
    """

    def __init__(self, seed: int, offset: int = 0) -> None:
        self.set_state({"seed": seed, "offset": offset})

    def __repr__(self) -> str:
        return f"CounterRNG(seed={self.seed}, offset={self.offset})"

    def take(self, count: int) -> dict[str, int]:
        """The ``seed`` and ``offset`` for the next ``count`` numbers, which are then used up."""
        if count < 0:
            raise ValueError(f"CounterRNG.take: count must not be negative, got {count}")

        def draw() -> dict[str, int]:
            taken = self.get_state()
            self.offset += -(-count // LANES)
            return taken

        # The same mask when a checkpointed layer is computed again, the next one in a replay.
        return once(lambda: fresh(draw))

    def get_state(self) -> dict[str, int]:
        """Two integers from which :meth:`set_state` resumes exactly here."""
        return {"seed": self.seed, "offset": self.offset}

    def set_state(self, state: dict[str, int]) -> None:
        """Go to where a stream was when it gave this state.

        Raises
        ------
        ValueError
            If it is no such state.
        TypeError
            If an entry is no integer.
        """
        if set(state) != {"seed", "offset"}:
            raise ValueError(f"CounterRNG: a state has seed and offset, got {sorted(state)}")
        check_counter("CounterRNG", state["seed"], state["offset"])
        self.seed, self.offset = int(state["seed"]), int(state["offset"])


def _shared(shape: tuple[int, ...], shared_axes: Any) -> tuple[int, ...]:
    """The shape of a mask that is the same along some axes."""
    axes = (shared_axes,) if isinstance(shared_axes, int) else tuple(shared_axes)
    if any(not -len(shape) <= a < len(shape) for a in axes):
        raise ValueError(f"dropout: x {shape} does not have all of shared_axes={shared_axes}")
    shared = {a % len(shape) for a in axes}
    return tuple([1 if i in shared else n for i, n in enumerate(shape)])


@op(formula="y = x · mask / (1 - p), P(mask = 0) = p", linear=("x",))
def dropout(
    xp: Any,
    x: Any,
    *,
    p: float = 0.5,
    seed: int,
    offset: int = 0,
    rescale: bool = True,
    shared_axes: Any = (),
) -> Any:
    """Set elements to 0 at random, each with probability p.

    Parameters
    ----------
    x : Tensor
    p : float
        Probability of dropping an element, at least 0 and less than 1.
    seed, offset : int
        Which random numbers: the same pair gives the same mask. The mask uses
        ⌈elements / 8⌉ blocks of the stream; see :class:`CounterRNG`.
    rescale : bool
        Divide what is kept by 1 - p, so that the expected value stays.
    shared_axes : int or tuple of int
        Along these axes all elements share their fate: (2, 3) drops whole
        channels of images.

    Returns
    -------
    Tensor, as x

    Raises
    ------
    ValueError
        If p is not in [0, 1), or an axis is not there.
    TypeError
        If seed or offset are no integers.

    Notes
    -----
    The gradient is dropped by the same mask, which is computed again from seed
    and offset, so nothing is saved.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout: a simple way
    to prevent neural networks from overfitting, 2014.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((6,)).requires_grad_()
    >>> y = mt.dropout(x, p=0.5, seed=1, offset=0)
    >>> y.detach()
    Tensor([0., 0., 2., 2., 0., 0.])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([0., 0., 2., 2., 0., 0.])
    """
    if not 0 <= p < 1:
        raise ValueError(f"dropout: p must be in [0, 1), got {p}")
    check_counter("dropout", seed, offset)
    shape = _shared(x.shape, shared_axes)
    lanes = _lanes(seed, offset, prod(shape)).reshape(shape)
    keep = xp.asarray(lanes >= int(p * RANGE + 0.5))
    return (x / (1 - p) if rescale else x) * keep


@dropout.vjp("x")
def dropout_dx(g: Tensor, p: float, seed: int, offset: int, rescale: bool, shared_axes: Any) -> Any:
    """dL/dx = g · mask / (1 - p), with the same mask"""
    return dropout(g, p=p, seed=seed, offset=offset, rescale=rescale, shared_axes=shared_axes)


@op(formula="y = x + sigma · n, n standard normal", linear=("x",))
def gaussian_noise(xp: Any, x: Any, *, sigma: float = 0.1, seed: int, offset: int = 0) -> Any:
    """Add normally distributed noise.

    Parameters
    ----------
    x : floating-point Tensor
    sigma : float
        Standard deviation of the noise.
    seed, offset : int
        Which random numbers; the noise uses ⌈elements / 8⌉ blocks of the stream,
        those of one more element if their number is odd.

    Returns
    -------
    Tensor, as x

    Raises
    ------
    ValueError
        If sigma is negative.
    TypeError
        If x holds no floating-point numbers, or seed or offset are no integers.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.zeros((3,)).requires_grad_()
    >>> y = mt.gaussian_noise(x, sigma=1.0, seed=1)
    >>> y.shape
    (3,)
    >>> y.sum().backward()
    >>> x.grad
    Tensor([1., 1., 1.])
    """
    if x.dtype.kind != "f":
        raise TypeError(f"gaussian_noise: x must be floating-point, got {x.dtype}")
    if not sigma >= 0:
        raise ValueError(f"gaussian_noise: sigma must not be negative, got {sigma}")
    check_counter("gaussian_noise", seed, offset)
    return x + xp.asarray((sigma * _normal(seed, offset, x.shape)).astype(x.dtype))


@gaussian_noise.vjp("x")
def gaussian_noise_dx(g: Tensor) -> Tensor:
    """dL/dx = g"""
    return g


attach(dropout, "random", dropout_native, supports=supports_dropout)
attach(gaussian_noise, "random", noise_native, supports=supports_noise)
FREE = ("seed", "offset")  # they change at every call and say nothing of what is fastest
attach_device(dropout, "random", dropout_device, supports=dropout_supports, free=FREE)
attach_device(gaussian_noise, "random", noise_device, supports=noise_supports, free=FREE)


def random_uniform(
    shape: tuple[int, ...],
    *,
    low: float = 0.0,
    high: float = 1.0,
    seed: int,
    offset: int = 0,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Numbers drawn evenly between low and high.

    Parameters
    ----------
    shape : tuple of int
    low, high : float
    seed, offset : int
        Which random numbers; they use ⌈elements / 8⌉ blocks of the stream.
    dtype : floating-point dtype, optional
        Default: the default dtype.
    device : str, optional
        The numbers are the same on every device.

    Returns
    -------
    Tensor, ``shape``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.random_uniform((2, 3), seed=1).shape
    (2, 3)
    """
    check_counter("random_uniform", seed, offset)
    return _tensor(low + (high - low) * _uniform(seed, offset, shape), dtype, device)


def random_normal(
    shape: tuple[int, ...],
    *,
    mean: float = 0.0,
    sigma: float = 1.0,
    seed: int,
    offset: int = 0,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Normally distributed numbers.

    Parameters
    ----------
    shape : tuple of int
    mean, sigma : float
        Mean and standard deviation.
    seed, offset : int
        Which random numbers; they use ⌈elements / 8⌉ blocks of the stream, those of
        one more element if their number is odd.
    dtype : floating-point dtype, optional
        Default: the default dtype.
    device : str, optional
        The numbers are the same on every device.

    Returns
    -------
    Tensor, ``shape``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.random_normal((2, 3), seed=1).shape
    (2, 3)
    """
    check_counter("random_normal", seed, offset)
    return _tensor(mean + sigma * _normal(seed, offset, shape), dtype, device)


def _tensor(values: Any, dtype: Any, device: Any) -> Tensor:
    chosen = get_default_dtype() if dtype is None else dtype
    return Tensor(as_array(values.astype(chosen), device=device))


@dropout.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 5), p=0.4, seed=3, offset=2)
    yield Sample.of(make(2, 3, 4), seed=1, rescale=False, shared_axes=(0, -1), note="shared")


@gaussian_noise.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 5), sigma=0.5, seed=3)
