"""Initial values of parameters: callables from a shape to an array.

Glorot's and He's rules keep the variance of activations (and gradients) from
layer to layer: Var(w) = 2 / (fan_in + fan_out), or 1 / fan_in; ``gain="relu"``
(sqrt 2) makes up for the half that a rectifier cuts off.

References
----------
X. Glorot and Y. Bengio: Understanding the difficulty of training deep feedforward neural
networks, 2010.
K. He, X. Zhang, S. Ren and J. Sun: Delving deep into rectifiers, 2015.
A. Saxe, J. McClelland and S. Ganguli: Exact solutions to the nonlinear dynamics of learning
in deep linear neural networks, 2014.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.autograd import get_default_dtype
from minitorch.random import get_rng

__all__ = [
    "Constant",
    "Glorot",
    "GlorotNormal",
    "GlorotUniform",
    "He",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "Normal",
    "Orthogonal",
    "Sparse",
    "Uniform",
]

Array = np.ndarray[Any, Any]


def _cast(values: Any) -> Array:
    return np.asarray(values, dtype=get_default_dtype())


def _gain(gain: float | str) -> float:
    if gain == "relu":
        return math.sqrt(2)
    if isinstance(gain, str):
        raise ValueError(f"gain is a number or 'relu', not {gain!r}")
    return float(gain)


class Initializer:
    """Base class: override :meth:`sample`.

    Examples
    --------
    >>> import numpy as np
    >>> from minitorch import init, layers
    >>> class Identity(init.Initializer):
    ...     def sample(self, shape):
    ...         return np.eye(*shape)
    >>> layers.DenseLayer((None, 2), 2, W=Identity()).W.get_value()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

    def __call__(self, shape: tuple[int, ...]) -> Array:
        """Values for a parameter of ``shape``, of the default dtype."""
        return _cast(self.sample(shape))

    def sample(self, shape: tuple[int, ...]) -> Array:
        """Draw the values."""
        raise NotImplementedError

    def __repr__(self) -> str:
        values = ", ".join(f"{k}={v!r}" for k, v in vars(self).items())
        return f"{type(self).__name__}({values})"


class Normal(Initializer):
    """Normally distributed with a standard deviation and a mean.

    Examples
    --------
    >>> Normal(std=0.1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, std: float = 0.01, mean: float = 0.0) -> None:
        self.std = std
        self.mean = mean

    def sample(self, shape: tuple[int, ...]) -> Array:
        """Draw the values."""
        return _cast(get_rng().normal(self.mean, self.std, size=shape))


class Uniform(Initializer):
    """Uniform in [-range, range], in a pair (low, high), or with a standard deviation.

    Parameters
    ----------
    range : float or (float, float)
    std : float, optional
        Overrides ``range``: mean ± sqrt(3) std.
    mean : float
        For ``std`` only.

    Examples
    --------
    >>> Uniform(0.5).range, Uniform((0, 1)).range
    ((-0.5, 0.5), (0, 1))
    """

    def __init__(
        self,
        range: float | tuple[float, float] = 0.01,
        std: float | None = None,
        mean: float = 0.0,
    ) -> None:
        if std is not None:
            low, high = mean - math.sqrt(3) * std, mean + math.sqrt(3) * std
        elif isinstance(range, tuple | list):
            low, high = range
        else:
            low, high = -range, range
        self.range = (low, high)

    def sample(self, shape: tuple[int, ...]) -> Array:
        """Draw the values."""
        return _cast(get_rng().uniform(*self.range, size=shape))


class Glorot(Initializer):
    """std = gain · sqrt(2 / ((n1 + n2) · receptive field)), n1 and n2 the first two lengths.

    Parameters
    ----------
    initializer : class
        ``Normal`` or ``Uniform``: whatever takes ``std``.
    gain : float or "relu"
    c01b : bool
        The shape is (channels, rows, columns, filters).

    Raises
    ------
    RuntimeError
        For a shape of fewer than two axes (from the call); with ``c01b``, of
        another number than four.

    Examples
    --------
    >>> weights = Glorot(Uniform)((100, 200))  # std 0.0816, so ± 0.1414
    >>> bool(0.141 < abs(weights).max() < 0.1415)
    True
    """

    def __init__(
        self, initializer: Callable[..., Initializer], gain: float | str = 1.0, c01b: bool = False
    ) -> None:
        self.initializer = initializer
        self.gain = _gain(gain)
        self.c01b = c01b

    def sample(self, shape: tuple[int, ...]) -> Array:
        """Draw the values."""
        if self.c01b:
            _four(shape)
            n1, n2, field = shape[0], shape[3], shape[1] * shape[2]
        else:
            _two(shape)
            n1, n2, field = shape[0], shape[1], math.prod(shape[2:])
        std = self.gain * math.sqrt(2.0 / ((n1 + n2) * field))
        return self.initializer(std=std).sample(shape)


def _two(shape: tuple[int, ...]) -> None:
    if len(shape) < 2:
        raise RuntimeError(f"this initializer only works with shapes of length >= 2, got {shape}")


def _four(shape: tuple[int, ...]) -> None:
    if len(shape) != 4:
        raise RuntimeError(f"if c01b is True, only shapes of length 4 are accepted, got {shape}")


class GlorotNormal(Glorot):
    """Glorot's rule with normally distributed values."""

    def __init__(self, gain: float | str = 1.0, c01b: bool = False) -> None:
        super().__init__(Normal, gain, c01b)


class GlorotUniform(Glorot):
    """Glorot's rule with uniformly distributed values."""

    def __init__(self, gain: float | str = 1.0, c01b: bool = False) -> None:
        super().__init__(Uniform, gain, c01b)


class He(Initializer):
    """std = gain · sqrt(1 / fan_in); fan_in is shape[0] in 2-D, else prod(shape[1:]).

    Parameters and errors are those of :class:`Glorot`.

    Examples
    --------
    >>> weights = He(Normal)((400, 300))
    >>> bool(0.049 < weights.std() < 0.051)
    True
    """

    def __init__(
        self, initializer: Callable[..., Initializer], gain: float | str = 1.0, c01b: bool = False
    ) -> None:
        self.initializer = initializer
        self.gain = _gain(gain)
        self.c01b = c01b

    def sample(self, shape: tuple[int, ...]) -> Array:
        """Draw the values."""
        if self.c01b:
            _four(shape)
            fan_in = math.prod(shape[:3])
        else:
            _two(shape)
            fan_in = shape[0] if len(shape) == 2 else math.prod(shape[1:])
        return self.initializer(std=self.gain * math.sqrt(1.0 / fan_in)).sample(shape)


class HeNormal(He):
    """He's rule with normally distributed values."""

    def __init__(self, gain: float | str = 1.0, c01b: bool = False) -> None:
        super().__init__(Normal, gain, c01b)


class HeUniform(He):
    """He's rule with uniformly distributed values."""

    def __init__(self, gain: float | str = 1.0, c01b: bool = False) -> None:
        super().__init__(Uniform, gain, c01b)


class Constant(Initializer):
    """One value everywhere.

    Examples
    --------
    >>> Constant(2.0)((2,))
    array([2., 2.], dtype=float32)
    """

    def __init__(self, val: float = 0.0) -> None:
        self.val = val

    def sample(self, shape: tuple[int, ...]) -> Array:
        """The values."""
        return _cast(np.full(shape, self.val))


class Sparse(Initializer):
    """A matrix of zeros with a share of normally distributed elements.

    Parameters
    ----------
    sparsity : float
        The share, from 0 to 1.
    std : float
        Standard deviation of these elements.

    Raises
    ------
    RuntimeError
        For a shape that is not 2-D (from the call).

    Examples
    --------
    >>> int((Sparse(0.1)((10, 20)) != 0).sum())
    20
    """

    def __init__(self, sparsity: float = 0.1, std: float = 0.01) -> None:
        self.sparsity = sparsity
        self.std = std

    def sample(self, shape: tuple[int, ...]) -> Array:
        """Draw the values."""
        if len(shape) != 2:
            raise RuntimeError(
                f"sparse initializer only works with shapes of length 2, got {shape}"
            )
        values = np.zeros(math.prod(shape))
        count = int(values.size * self.sparsity)
        places = np.argsort(get_rng().uniform(size=values.size))[:count]
        values[places] = get_rng().normal(0.0, self.std, size=count)
        return _cast(values.reshape(shape))


class Orthogonal(Initializer):
    """A matrix with orthonormal rows or columns, times a gain; by SVD of a random one.

    Longer shapes are flattened to ``(shape[0], -1)``.

    Parameters
    ----------
    gain : float or "relu"

    Raises
    ------
    RuntimeError
        For a shape of fewer than two axes (from the call).

    Examples
    --------
    >>> w = Orthogonal()((3, 5))
    >>> bool(abs(w @ w.T - np.eye(3)).max() < 1e-6)
    True
    """

    def __init__(self, gain: float | str = 1.0) -> None:
        self.gain = _gain(gain)

    def sample(self, shape: tuple[int, ...]) -> Array:
        """Draw the values."""
        _two(shape)
        flat = (shape[0], math.prod(shape[1:]))
        u, _, vt = np.linalg.svd(get_rng().normal(0.0, 1.0, size=flat), full_matrices=False)
        chosen = u if u.shape == flat else vt
        return _cast(self.gain * chosen.reshape(shape))
