"""What the two players minimise, from logits, and the penalty on the critic's slope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch import grad
from minitorch.ops import softplus, sqrt, square
from minitorch.utils import did_you_mean

__all__ = ["OBJECTIVES", "discriminator_loss", "generator_loss", "gradient_penalty"]

OBJECTIVES = ("non_saturating", "saturating", "wasserstein")
_TINY = 1e-12  # under the root, whose slope at 0 is infinite


def discriminator_loss(
    real: Any, fake: Any, objective: str = "non_saturating", smooth: float = 0.0
) -> Any:
    """What the discriminator minimises.

    Parameters
    ----------
    real, fake : Tensor, shape (n, 1)
        Its logits for real and for made images; for "wasserstein" the critic's values.
    objective : str
        One of :data:`OBJECTIVES`.
    smooth : float
        One-sided label smoothing: real images are to be real with the probability 1 - smooth.

    Returns
    -------
    Tensor, shape ()
        In nats; log 4 for a discriminator that says 1/2 to all.

    Raises
    ------
    ValueError
        For another objective.

    Notes
    -----
    With D = σ(logit), -log D = softplus(-logit) and -log(1 - D) = softplus(logit), which neither
    overflow nor round to log 0:

        L_D = mean softplus(-real) + mean softplus(fake)

    Smoothing s adds s · mean real, for (1-s)·softplus(-r) + s·softplus(r) = softplus(-r) + s·r.
    The critic's loss is mean fake - mean real.

    References
    ----------
    I. Goodfellow and others, "Generative adversarial nets", 2014, algorithm 1; T. Salimans and
    others, "Improved techniques for training GANs", 2016, 3.4; M. Arjovsky, S. Chintala and
    L. Bottou, "Wasserstein GAN", 2017.

    Examples
    --------
    >>> import minitorch as mt
    >>> blind = mt.zeros((4, 1))
    >>> round(discriminator_loss(blind, blind).item(), 4)
    1.3863
    """
    if _checked(objective) == "wasserstein":
        return fake.mean() - real.mean()
    loss = softplus(-real).mean() + softplus(fake).mean()
    return loss + smooth * real.mean() if smooth else loss


def generator_loss(fake: Any, objective: str = "non_saturating") -> Any:
    """What the generator minimises.

    Parameters
    ----------
    fake : Tensor, shape (n, 1)
        The discriminator's logits for what was made.
    objective : str
        One of :data:`OBJECTIVES`.

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    ValueError
        For another objective.

    Notes
    -----
    - saturating: mean log(1 - D) = -mean softplus(logit). Its slope is -D: a discriminator that
      is sure (D near 0) teaches nothing.
    - non-saturating: -mean log D = mean softplus(-logit), of slope D - 1: the same fixed
      point, and the most to learn where it loses.
    - wasserstein: -mean logit.

    References
    ----------
    I. Goodfellow and others, "Generative adversarial nets", 2014, 3.

    Examples
    --------
    >>> import minitorch as mt
    >>> lost = mt.tensor([[-8.0]], requires_grad=True)
    >>> for name in ("saturating", "non_saturating"):
    ...     print(round(mt.grad(generator_loss(lost, name), lost).item(), 4))
    -0.0003
    -0.9997
    """
    if _checked(objective) == "wasserstein":
        return -fake.mean()
    return -softplus(fake).mean() if objective == "saturating" else softplus(-fake).mean()


def gradient_penalty(critic: Callable[[Any], Any], real: Any, fake: Any, share: Any) -> Any:
    """How far the critic's slope is from 1, on lines between real and made images.

    Parameters
    ----------
    critic : callable
        From images to values of shape (n, 1), those of each image by that image alone.
    real, fake : Tensor, shape (n, ...)
    share : Tensor, shape (n,)
        How much of the real one each image between the two has, uniform from 0 to 1.

    Returns
    -------
    Tensor, shape ()
        mean (‖∂critic(x̂)/∂x̂‖ - 1)² with x̂ = share · real + (1 - share) · fake.

    Notes
    -----
    The norm is itself a gradient, so its gradient towards the critic's weights is a second
    derivative: the first is made with ``create_graph=True``. The values may be summed
    before the walk, as each depends on its own image only.

    References
    ----------
    I. Gulrajani and others, "Improved training of Wasserstein GANs", 2017, algorithm 1.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((2, 3))
    >>> steep = lambda x: 4.0 * x[:, :1]  # its slope is 4 everywhere
    >>> round(gradient_penalty(steep, x, 0.0 * x, mt.tensor([0.5, 0.25])).item(), 4)
    9.0
    """
    share = share.reshape(-1, *[1] * (real.ndim - 1))
    between = (share * real + (1 - share) * fake).detach().requires_grad_()
    slope: Any = grad(critic(between).sum(), between, create_graph=True)
    squares: Any = square(slope).reshape(slope.shape[0], -1).sum(axis=1)
    return square(sqrt(squares + _TINY) - 1).mean()


def _checked(objective: str) -> str:
    """A known one."""
    if objective not in OBJECTIVES:
        raise ValueError(f"no objective named {objective!r}; {did_you_mean(objective, OBJECTIVES)}")
    return objective
