"""The error function, of which GELU and the normal distribution are made."""

from __future__ import annotations

import functools
import math

from minitorch.autograd.op import Sample, op
from minitorch.ops.exponential import exp

__all__ = ["erf", "erfc"]

# Below |x| = 1/2: erf x = x · Σ c_n x^2n, the Taylor series, up to n = 12.
_SERIES = [
    2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(13)
]
# Above: erfc x = e^(-x²) · p(t) / (1 + 2x) with t = (x - 4.5) / (x + 3.5), which
# maps [1/2, ∞) to [-1, 1). These are the Chebyshev coefficients of p, computed
# in 50 digits; what is left out adds up to 1.2e-17.
_TAIL = [
    1.210677940694214024,
    -0.07386602138757274112,
    -0.021925817186695756822,
    0.019796225983300617075,
    -0.0083045166030878990196,
    0.0024766802688917189224,
    -5.5841951339786122705e-4,
    9.2363014062252899877e-5,
    -9.4377873049367575836e-6,
    1.5333408592790978552e-8,
    1.792362569083742307e-7,
    -2.452966154723182597e-8,
    -1.0662181478402103138e-9,
    6.8736078239337083289e-10,
    -3.4957288231407341095e-11,
    -1.5284552922511392908e-11,
    1.9426459056452241737e-12,
    3.3299272801267460322e-13,
    -7.1923244747512813505e-14,
    -7.9221705462980457762e-15,
    2.4793444826073252495e-15,
    2.2655534108799745483e-16,
    -8.5581576144241705737e-17,
]


@functools.cache
def _terms(precision):
    """Per precision (bytes): as many terms of both series as it can tell from zero.

    In powers of t the coefficients stay small (they sum to 1.5), so Horner's rule loses nothing.
    """
    from numpy.polynomial import chebyshev  # here, because not everybody needs it

    series, tail = (_SERIES[:8], _TAIL[:13]) if precision == 4 else (_SERIES, _TAIL)
    return series, chebyshev.cheb2poly(tail).tolist()


def _horner(coefficients, x):
    """Σ c_n x^n."""
    total = x * coefficients[-1] + coefficients[-2]
    for c in coefficients[-3::-1]:
        total *= x
        total += c
    return total


def _parts(xp, x):
    """``x`` in floating point, where it is small, erf there, and erfc(|x|) elsewhere."""
    x = xp.asarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"erf is defined for real numbers, not {x.dtype}")
    if x.dtype.kind != "f":
        x = x.astype(xp.float64)
    series, tail = _terms(min(x.dtype.itemsize, 8))
    size = xp.minimum(xp.abs(x), 30)  # e^(-900) is 0, and ∞ - ∞ stays out
    small = size < 0.5
    near = x * _horner(series, xp.minimum(size * size, 0.25))
    # e^(-x²) as e^(-h²) e^(-(x-h)(x+h)) with h so short that h² is exact:
    # rounding x² would cost as many digits as the exponent has.
    short = xp.floor(size * 16) / 16
    bell = xp.exp(-short * short) * xp.exp((short - size) * (short + size))
    far = bell * _horner(tail, (size - 4.5) / (size + 3.5)) / (1 + 2 * size)
    return x, small, near, far


@op(formula="y = 2/√π ∫₀ˣ e^(-t²) dt", quiet=True, upcast=True)
def erf(xp, x):
    """The error function: the chance that a normal variable lies within √2 x sigmas.

    Parameters
    ----------
    x : Tensor, real

    Returns
    -------
    Tensor of x's shape, floating-point, in [-1, 1]

    Raises
    ------
    TypeError
        For complex numbers.

    Notes
    -----
    The Taylor series below 1/2; above, e^(-x²) times a Chebyshev expansion of
    the smooth factor (1 + 2x) e^(x²) erfc(x) in a variable that maps the half
    line to an interval [1]_. The relative error is a few units in the last place.

    References
    ----------
    .. [1] M. M. Shepherd, J. G. Laframboise, "Chebyshev approximation of
       (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞", Math. Comp. 36 (1981).

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, float("inf")], requires_grad=True)
    >>> y = mt.erf(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([0., 1.], grad_fn=erf), Tensor([1.1283792, 0.       ]))
    """
    x, small, near, far = _parts(xp, x)
    return xp.where(small, near, xp.copysign(1 - far, x))


@erf.vjp("x")
def erf_dx(g, x):
    """dL/dx = g · 2/√π · e^(-x²)"""
    return g * (exp(-(x * x)) * (2 / math.sqrt(math.pi)))


@op(formula="y = 1 - erf x", quiet=True, upcast=True)
def erfc(xp, x):
    """One minus the error function, exact where that difference would vanish.

    Parameters
    ----------
    x : Tensor, real

    Returns
    -------
    Tensor of x's shape, floating-point, in [0, 2]

    Raises
    ------
    TypeError
        For complex numbers.

    Notes
    -----
    See :func:`erf`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, float("inf")], requires_grad=True)
    >>> y = mt.erfc(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([1., 0.], grad_fn=erfc), Tensor([-1.1283792, -0.       ]))
    """
    x, small, near, far = _parts(xp, x)
    return xp.where(small, 1 - near, xp.where(x < 0, 2 - far, far))


@erfc.vjp("x")
def erfc_dx(g, x):
    """dL/dx = -g · 2/√π · e^(-x²)"""
    return g * (exp(-(x * x)) * (-2 / math.sqrt(math.pi)))


@erf.samples
@erfc.samples
def _(make):
    yield Sample.of(make(3, 4, low=-3.0, high=3.0))
    yield Sample.of(make(3, low=-0.4, high=0.4), note="near zero")
