"""Li and Wand's style: each patch of features like one of the style's, found by a convolution.

A picture's features are a Markov random field: what is at a place depends on its neighbours. So
the style is no statistics of the whole picture, but its patches of 3 x 3 places, and a picture has
the style if each of its patches looks like one of those. Strokes and shapes stay whole, where Gram
matrices mix them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy

from minitorch import ops
from minitorch.autograd import Tensor, asarray, no_grad
from minitorch.data.resample import resize, warp

__all__ = ["PatchBank", "PatchStyle", "Quilt", "variants"]

Array = numpy.ndarray
SIDE = 3
_ELEMENTS = 1 << 22  # of scores, or of filters, that are made at a time: 16 MB


class PatchBank:
    """The patches of features that styles have at one layer.

    Parameters
    ----------
    maps : sequence of Tensor, shape (1, N, rows, columns)
        Features of the styles, each of its own size.
    layer : str
        What an error calls it.

    Raises
    ------
    ValueError
        If a map is smaller than a patch.

    Notes
    -----
    Patches are never stored: they are nine times the features. A bank keeps where each begins.

    References
    ----------
    C. Li, M. Wand: Combining Markov random fields and convolutional neural networks for image
    synthesis, 2016.

    Examples
    --------
    >>> import minitorch as mt
    >>> bank = PatchBank([mt.asarray(numpy.random.default_rng(0).random((1, 2, 4, 5)))])
    >>> len(bank), bank.filters(numpy.arange(2)).shape
    (6, (2, 2, 3, 3))
    """

    def __init__(self, maps: Sequence[Tensor], layer: str = "a layer") -> None:
        channels, begin, places = maps[0].shape[1], 0, []
        for found in maps:
            rows, columns = _large_enough(found, layer)
            at = begin + numpy.arange(rows * columns).reshape(rows, columns)
            inside = numpy.lib.stride_tricks.sliding_window_view(at, (SIDE, SIDE))
            places.append(inside.reshape(-1, SIDE * SIDE))
            begin += rows * columns
        self._layer = layer
        # A patch's places: its rows in `_flat`, which has the features of all maps.
        self._places = numpy.concatenate(places)
        self._flat = ops.concat([ops.reshape(x, (channels, -1)).T for x in maps])

    @property
    def relative(self) -> float:
        """1 over the mean square of the features, by which energies lose their units."""
        return 1 / value if (value := ops.square(self._flat).mean().item()) else 1.0

    def __len__(self) -> int:
        return len(self._places)

    def filters(self, chosen: Array) -> Tensor:
        """Some patches, shape (count, N, 3, 3)."""
        rows = self._taken(self._places[chosen])
        return ops.reshape(
            ops.permute_dims(rows, (0, 2, 1)), (len(chosen), self._flat.shape[1], SIDE, SIDE)
        )

    def _taken(self, places: Array) -> Tensor:
        return ops.take(self._flat, asarray(places, device=self._flat.device), axis=0)

    @no_grad()
    def matches(self, features: Tensor) -> Array:
        """The patch that is most like each patch of a picture, by its number.

        Parameters
        ----------
        features : Tensor, shape (1, N, rows, columns)

        Returns
        -------
        numpy.ndarray of int, shape (rows - 2, columns - 2)

        Notes
        -----
        The largest normalised cross-correlation, <a, b> / |a| |b|. The norm of the picture's patch
        a is the same for all b, so the scores of all b are one convolution, whose filters are
        the b / |b|. Filters go in blocks, so that neither they nor the scores take much memory.
        """
        rows, columns = _large_enough(features, self._layer)
        here = (rows - SIDE + 1) * (columns - SIDE + 1)
        step = max(1, _ELEMENTS // max(here, features.shape[1] * SIDE * SIDE))
        best, winner = numpy.full(here, -numpy.inf), numpy.zeros(here, numpy.intp)
        for begin in range(0, len(self), step):
            b = self.filters(numpy.arange(begin, min(begin + step, len(self))))
            norms = ops.sqrt(ops.square(b).sum(axis=(1, 2, 3), keepdims=True))
            scores = ops.conv2d(features, b / ops.maximum(norms, 1e-12))
            scores = ops.reshape(scores, (len(b), here))
            highest, which = scores.max(axis=0).numpy(), ops.argmax(scores, axis=0).numpy()
            better = highest > best
            best[better], winner[better] = highest[better], begin + which[better]
        return winner.reshape(rows - SIDE + 1, columns - SIDE + 1)

    @no_grad()
    def quilt(self, matches: Array) -> Quilt:
        """The matched patches, laid over each other where the picture's patches are."""
        rows, columns = (n + SIDE - 1 for n in matches.shape)
        channels, dtype = self._flat.shape[1], self._flat.dtype
        mean = numpy.zeros((rows, columns, channels), dtype)
        covers = numpy.zeros((rows, columns, 1), dtype)
        windows = [
            (slice(down, down + matches.shape[0]), slice(right, right + matches.shape[1]))
            for down in range(SIDE)
            for right in range(SIDE)
        ]
        for tap, window in enumerate(windows):
            mean[window] += self._taken(self._places[matches, tap]).numpy()
            covers[window] += 1
        mean /= covers
        apart = 0.0
        for tap, window in enumerate(windows):
            change = self._taken(self._places[matches, tap]).numpy() - mean[window]
            apart += float(numpy.square(change, dtype=numpy.float64).sum())
        as_image = (asarray(x.transpose(2, 0, 1)[None].copy()) for x in (mean, covers))
        return Quilt(*(x.to(self._flat.device) for x in as_image), apart)


class Quilt:
    """What fixed matches ask of a picture's features.

    Parameters
    ----------
    mean : Tensor, shape (1, N, rows, columns)
        At each place, the mean of the matched patches that lie over it.
    covers : Tensor, shape (1, 1, rows, columns)
        How many do.
    apart : float
        The sum of the squared distances of the matched patches from ``mean``.
    """

    def __init__(self, mean: Tensor, covers: Tensor, apart: float) -> None:
        self.mean, self.covers = mean, covers
        self.apart = asarray(numpy.asarray(apart, mean.dtype)).to(mean.device)

    @no_grad()
    def change_to(self, other: Quilt) -> None:
        """Take another's values, in the same memory: a captured loss reads them there."""
        self.mean[...] = other.mean
        self.apart[...] = other.apart

    def energy(self, features: Tensor) -> Tensor:
        """The squared distance of the picture's patches from their matches, a mean over numbers.

        Parameters
        ----------
        features : Tensor, shape (1, N, rows, columns)

        Returns
        -------
        Tensor, 0-d

        Notes
        -----
        E = Σ_i |a_i - b_m(i)|² over the patches i. Patches overlap: at a place p lie c_p of them,
        so E = Σ_p Σ_k |f_p - b_k|², where the b_k are what the c_p matches have for that
        place. With their mean m_p it is

            E = Σ_p c_p |f_p - m_p|² + Σ_p Σ_k |b_k - m_p|²

        and the second sum does not depend on the picture. So an evaluation costs as much as a
        content loss, and is exact. It is divided by the 9 N numbers of each patch.
        """
        channels, rows, columns = features.shape[1:]
        numbers = (rows - SIDE + 1) * (columns - SIDE + 1) * SIDE**2 * channels
        return ((self.covers * ops.square(features - self.mean)).sum() + self.apart) / numbers


class PatchStyle:
    """The style's part of a loss, by patches: S = Σ_l w_l E_l / |E_l|.

    E is the energy of :meth:`Quilt.energy`, |E| the mean square of the styles' features.

    Parameters
    ----------
    seen : mapping of str to sequence of Tensor
        What each layer sees of the styles (and of their variants).
    weights : mapping of str to float
        Of the layers.

    Raises
    ------
    RuntimeError
        When it is called before :meth:`match`.
    """

    def __init__(self, seen: Mapping[str, Sequence[Tensor]], weights: Mapping[str, float]) -> None:
        self._banks = {name: PatchBank(maps, name) for name, maps in seen.items()}
        self._weights = {name: w * self._banks[name].relative for name, w in weights.items()}
        self._quilts: dict[str, Quilt] = {}

    def match(self, found: Mapping[str, Tensor]) -> None:
        """Find the matches of a picture's patches anew. Until the next call they stay, so that
        L-BFGS sees one function."""
        for name, bank in self._banks.items():
            new = bank.quilt(bank.matches(found[name]))
            if name in self._quilts:
                self._quilts[name].change_to(new)
            else:
                self._quilts[name] = new

    def __call__(self, found: Mapping[str, Tensor]) -> Tensor:
        """The weighted energies of the layers."""
        if not self._quilts:
            raise RuntimeError("PatchStyle: no patch has a match yet; call match first")
        each = [self._weights[n] * q.energy(found[n]) for n, q in self._quilts.items()]
        return sum(each[1:], each[0])


def _large_enough(features: Tensor, layer: str) -> tuple[int, int]:
    rows, columns = features.shape[2:]
    if min(rows, columns) < SIDE:
        raise ValueError(
            f"{layer} sees {columns} x {rows} places of a picture, and patches have "
            f"{SIDE} x {SIDE}; give a larger size, or fewer scales"
        )
    return rows, columns


def variants(image: Array, scales: Sequence[float], turns: Sequence[float]) -> list[Array]:
    """A style at several sizes and turned, so that more patches are there to choose from.

    Parameters
    ----------
    image : numpy.ndarray of float, shape (1, 3, rows, columns)
    scales : sequence of float
    turns : sequence of float
        In degrees.

    Returns
    -------
    list of numpy.ndarray
        One for each pair. Of a turned picture the middle, of the same proportions, without what
        would lie outside.

    Examples
    --------
    >>> [x.shape[2:] for x in variants(numpy.ones((1, 3, 60, 80)), [1, 0.5], [0, 15])]
    [(60, 80), (44, 60), (30, 40), (22, 30)]
    """
    found = []
    for scale in scales:
        shape = tuple(max(1, round(scale * n)) for n in image.shape[2:])
        scaled = image if scale == 1 else resize(image, shape)
        found += [_turned(scaled, math.radians(angle)) if angle else scaled for angle in turns]
    return found


def _turned(image: Array, angle: float) -> Array:
    """The part of a turned picture that has no border."""
    c, s = math.cos(angle), math.sin(angle)
    rows, columns = image.shape[2:]
    high, wide = (abs(c) * a + abs(s) * b for a, b in ((rows, columns), (columns, rows)))
    share = min(rows / high, columns / wide)
    turned = warp(image, ((c, s), (-s, c)))
    top, left = (max(0, math.ceil(n * (1 - share) / 2 - 1e-6)) for n in (rows, columns))
    return turned[:, :, top : rows - top, left : columns - left]
