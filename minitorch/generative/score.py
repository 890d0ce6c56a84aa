"""How good samples are, by numbers: distances between features, and which classes there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from minitorch import layers, no_grad, tensor

__all__ = ["Score", "Scorer", "features_of", "frechet_distance", "inception_score"]

Array = numpy.ndarray


def frechet_distance(mean1: Array, cov1: Array, mean2: Array, cov2: Array) -> float:
    """The Fréchet distance (2-Wasserstein, squared) between two normal distributions.

    Parameters
    ----------
    mean1, mean2 : numpy.ndarray, shape (d,)
    cov1, cov2 : numpy.ndarray, shape (d, d)
        Symmetric, positive semi-definite; they may be singular.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For shapes that do not fit.

    Notes
    -----
    d² = ‖μ₁ - μ₂‖² + tr(C₁ + C₂ - 2 (C₁C₂)^½). C₁C₂ is not symmetric, but S C₂ S with S = C₁^½ is,
    and has the same eigenvalues; so two symmetric eigenproblems give the trace, also where the
    covariances are singular. All in float64.

    References
    ----------
    D. Dowson and B. Landau, "The Fréchet distance between multivariate normal distributions", 1982;
    M. Heusel and others, "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", 2017, for images' features.

    Examples
    --------
    >>> frechet_distance(numpy.zeros(2), numpy.eye(2), numpy.array([3.0, 4.0]), 4 * numpy.eye(2))
    27.0
    """
    wide = [numpy.asarray(a, numpy.float64) for a in (mean1, cov1, mean2, cov2)]
    mean1, cov1, mean2, cov2 = wide
    d = len(mean1)
    if mean1.shape != mean2.shape or cov1.shape != (d, d) or cov2.shape != (d, d):
        raise ValueError(
            f"frechet_distance: expected means (d,) and covariances (d, d), found "
            f"{', '.join(str(a.shape) for a in wide)}"
        )
    values, vectors = numpy.linalg.eigh(cov1)
    root = (vectors * numpy.sqrt(values.clip(0))) @ vectors.T
    between = root @ cov2 @ root
    overlap = numpy.sqrt(numpy.linalg.eigvalsh((between + between.T) / 2).clip(0)).sum()
    moved = numpy.square(mean1 - mean2).sum()
    # Rounding can take equal distributions a little below zero.
    return max(0.0, float(moved + numpy.trace(cov1) + numpy.trace(cov2) - 2 * overlap))


def inception_score(probabilities: Array) -> float:
    """exp of the mean divergence of each image's classes from those of all images.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (n, classes)
        A classifier's, for n samples.

    Returns
    -------
    float
        From 1 (all samples get the same answer) to the number of classes (each answer is sure,
        and all classes come as often).

    Notes
    -----
    exp(mean Σ p log(p / p̄)) with p̄ the mean of the rows; 0 log 0 is 0. It does not see real
    images: one perfect picture of each class has the best score.

    References
    ----------
    T. Salimans and others, "Improved techniques for training GANs", 2016, 4.

    Examples
    --------
    >>> round(inception_score(numpy.eye(10)), 6), round(inception_score(numpy.ones((4, 2)) / 2), 6)
    (10.0, 1.0)
    """
    p = numpy.asarray(probabilities, numpy.float64)
    mean = p.mean(axis=0)
    ratio = numpy.divide(p, mean, out=numpy.ones_like(p), where=p > 0)
    return float(numpy.exp((p * numpy.log(ratio)).sum(axis=1).mean()))


@dataclass(frozen=True, slots=True)
class Score:
    """What a classifier says of samples.

    Attributes
    ----------
    fid : float
        Fréchet distance of its features for the samples from those for real images.
    inception : float
        See :func:`inception_score`.
    shares : tuple of float
        Of the samples, by the class that they are taken for.
    """

    fid: float
    inception: float
    shares: tuple[float, ...]

    @property
    def covered(self) -> int:
        """Classes that come at least a tenth as often as they would if all came alike."""
        least = 0.1 / len(self.shares)
        return sum(share >= least for share in self.shares)

    def __str__(self) -> str:
        return (
            f"FID-like {self.fid:.2f}, inception-like {self.inception:.2f}, "
            f"{self.covered} of {len(self.shares)} classes"
        )


class Scorer:
    """Scores samples by a classifier of the same kind of images.

    Parameters
    ----------
    network : Layer
        Trained, ending in a softmax; its features are the inputs of the last layer.
    real : numpy.ndarray, shape (n, channels, rows, columns)
        Images that the network was not trained on, from -1 to 1 as samples are.

    Raises
    ------
    ValueError
        For fewer than 2 images.

    Notes
    -----
    FID is of 2048 features of Inception; these are of a small network, and of as many samples as
    one gives, so figures compare with others of the same network and number only.
    """

    def __init__(self, network: Any, real: Array) -> None:
        self.network = network
        self._real = _moments(self.features(real)[0])

    def features(self, images: Array, batch: int = 500) -> tuple[Array, Array]:
        """Features, shape (n, d), and probabilities, shape (n, classes)."""
        return features_of(self.network, images, batch)

    def __call__(self, images: Array) -> Score:
        """The score of samples; ValueError for fewer than 2."""
        features, probabilities = self.features(images)
        counts = numpy.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
        return Score(
            frechet_distance(*self._real, *_moments(features)),
            inception_score(probabilities),
            tuple((counts / len(images)).tolist()),
        )


def features_of(network: Any, images: Array, batch: int = 500) -> tuple[Array, Array]:
    """What a classifier's last layer is given, shape (n, d), and probabilities, (n, classes)."""
    heads, found = [network.input_layer, network], []
    with no_grad():
        for start in range(0, len(images), batch):
            x = tensor(images[start : start + batch])
            outputs = layers.get_output(heads, x, deterministic=True)
            found.append([numpy.array(out.numpy()) for out in outputs])
    features, probabilities = (numpy.concatenate(parts) for parts in zip(*found, strict=True))
    return features.reshape(len(features), -1), probabilities


def _moments(features: Array) -> tuple[Array, Array]:
    """Mean and covariance, in float64."""
    if len(features) < 2:
        raise ValueError(f"Scorer: a covariance needs at least 2 images, not {len(features)}")
    wide = features.astype(numpy.float64)
    return wide.mean(axis=0), numpy.atleast_2d(numpy.cov(wide, rowvar=False))
