"""What a picture is judged by: its content, its style, and how smooth it is."""

from __future__ import annotations

from minitorch import ops
from minitorch.autograd import Tensor

__all__ = ["content_loss", "gram", "style_loss", "total_variation"]


def gram(features: Tensor) -> Tensor:
    """How features go together, wherever in the picture: G = F Fᵀ, not divided by anything.

    Parameters
    ----------
    features : Tensor, shape (1, N, rows, columns)

    Returns
    -------
    Tensor, shape (N, N)

    Notes
    -----
    G_ij = Σ_k F_ik F_jk over the M = rows · columns places. Under any permutation of the places it
    is the same.

    References
    ----------
    L. Gatys, A. Ecker, M. Bethge: Image style transfer using convolutional neural networks, 2016,
    equation 3.

    Examples
    --------
    >>> import minitorch as mt
    >>> gram(mt.ones((1, 2, 3, 5)))
    Tensor([[15., 15.],
            [15., 15.]])
    """
    flat = ops.reshape(features, (features.shape[1], -1))
    return flat @ flat.T


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """L = 1/2 Σ (F - P)², with dL/dF = F - P (equation 1 of the paper).

    Examples
    --------
    >>> import minitorch as mt
    >>> content_loss(mt.ones((1, 2, 3, 5)), mt.zeros((1, 2, 3, 5))).item()
    15.0
    """
    return 0.5 * ops.square(features - target).sum()


def style_loss(features: Tensor, target: Tensor, places: int) -> Tensor:
    """E = 1/4 Σ (G/M - A/M')² / N², for one layer (equation 4 of the paper).

    Parameters
    ----------
    features : Tensor, shape (1, N, rows, columns)
        Of the picture, at M places.
    target : Tensor, shape (N, N)
        The Gram matrix of the style.
    places : int
        M' of the style's picture.

    Returns
    -------
    Tensor, 0-d

    Notes
    -----
    The paper has 1 / (4 N² M²) Σ (G - A)², and pictures of one size, where M' = M and both are the
    same. Here each matrix is divided by its own number of places, so a style may be of any size.

    Examples
    --------
    >>> import minitorch as mt
    >>> style_loss(mt.ones((1, 2, 3, 5)), gram(mt.ones((1, 2, 4, 4))), 16).item()
    0.0
    """
    channels, here = features.shape[1], features.shape[2] * features.shape[3]
    change = gram(features) / here - target / places
    return ops.square(change).sum() / (4 * channels**2)


def total_variation(image: Tensor, power: float = 1.25) -> Tensor:
    """How much neighbouring pixels differ: Σ ((x_{i+1,j} - x_{ij})² + (x_{i,j+1} - x_{ij})²)^power.

    Parameters
    ----------
    image : Tensor, shape (1, channels, rows, columns)
    power : float
        At least 1; half of the second paper's beta. At 1/2 edges would cost no more than slopes,
        but its gradient is infinite where nothing changes.

    Returns
    -------
    Tensor, 0-d

    Raises
    ------
    ValueError
        For a power below 1.

    References
    ----------
    A. Mahendran, A. Vedaldi: Understanding deep image representations by inverting them, 2015.

    Examples
    --------
    >>> import minitorch as mt
    >>> total_variation(mt.asarray([[[[0.0, 3.0], [4.0, 9.0]]]]), power=1).item()
    25.0
    """
    if power < 1:
        raise ValueError(f"total_variation: the power is at least 1, not {power}")
    corner = image[:, :, :-1, :-1]
    squares = ops.square(image[:, :, 1:, :-1] - corner) + ops.square(image[:, :, :-1, 1:] - corner)
    return (squares if power == 1 else squares**power).sum()
