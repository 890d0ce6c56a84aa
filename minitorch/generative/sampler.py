"""A trained generator by itself: samples of noise, ways between them, sums of what they share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch import asarray, io, layers, no_grad
from minitorch.data.batches import stream
from minitorch.generative.latent import arithmetic, between, rescaled
from minitorch.generative.score import features_of
from minitorch.io.arrays import FileFormatError
from minitorch.utils import did_you_mean

__all__ = ["Sampler", "input_layers", "one_hot", "open_sampler"]

Array = numpy.ndarray
# The streams of a seed: new samples, ways between them, those that sums are of, and round a sum.
_NEW, _WAYS, _SUMS, _AROUND = 11, 12, 13, 14
_TRIED = 1000  # samples among which those of a class are looked for
_TAKEN = 3  # of a class: the paper's number
_NEAR = 0.25  # how far from a sum its neighbours are, each way: the paper's as well


class Sampler:
    """Makes images of noise by a generator.

    Parameters
    ----------
    generator : Layer
        With an input layer ``latent`` and, if classes count, ``label``.
    class_names : sequence of str
        Of the data it has learned from; () where nobody knows.
    name : str
        Of the pair, for errors.

    Attributes
    ----------
    latent : int
        Length of its noise.
    classes : int
        Of its label; 0 if it has none.
    """

    def __init__(
        self, generator: Any, class_names: Sequence[str] = (), name: str = "this generator"
    ) -> None:
        self.generator, self.class_names, self.name = generator, tuple(class_names), name
        self._inputs = input_layers(generator)
        label = self._inputs.get("label")
        self.classes = 0 if label is None else int(label.output_shape[1])
        self.latent = int(self._inputs["latent"].output_shape[1])
        self.device = layers.get_device(generator)

    def __call__(self, z: Array, labels: Array | None = None, batch: int = 250) -> Array:
        """Images of noise, with running averages in batch normalisations.

        Parameters
        ----------
        z : numpy.ndarray, shape (n, latent)
        labels : numpy.ndarray of int, shape (n,), optional
            Classes, where they count.

        Returns
        -------
        numpy.ndarray, shape (n, channels, rows, columns)
            From -1 to 1.

        Raises
        ------
        ValueError
            Where classes count and none are given.
        """
        if self.classes and labels is None:
            raise ValueError(
                f"samples: this generator makes images of {self.classes} classes; which?"
            )
        given = [z.astype(numpy.float32, copy=False)]
        if self.classes and labels is not None:
            given.append(one_hot(labels, self.classes))
        heads = [self._inputs[name] for name in ("latent", "label")[: len(given)]]
        parts = []
        with no_grad():
            for start in range(0, len(z), batch):
                rows = [asarray(a[start : start + batch], device=self.device) for a in given]
                fed = dict(zip(heads, rows, strict=True))
                made = layers.get_output(self.generator, fed, deterministic=True)
                parts.append(made.numpy().copy())
        return numpy.concatenate(parts)

    def class_of(self, name: str) -> int:
        """The number of a class by its name, upper or lower case; ValueError with close ones."""
        names = [known.lower() for known in self.class_names]
        if name.strip().lower() in names:
            return names.index(name.strip().lower())
        raise ValueError(f"no class named {name.strip()!r}; {did_you_mean(name, self.class_names)}")

    # -- what one asks for -----------------------------------------------------

    def new(self, count: int, seed: int = 0, wanted: Sequence[str] = ()) -> Array:
        """New samples: the first ones are the same whatever the count.

        Parameters
        ----------
        count : int
        seed : int
        wanted : sequence of str
            Classes, which come in turn; all of them if none are named. Only where they count.

        Returns
        -------
        numpy.ndarray, shape (count, channels, rows, columns)
        """
        noise = stream(seed, _NEW).standard_normal((count, self.latent))
        return self(noise, self._labels(wanted, numpy.arange(count)))

    def ways(self, count: int, steps: int = 10, seed: int = 0, wanted: Sequence[str] = ()) -> Array:
        """Ways through the noise, one after another, each between two new samples of one class.

        Parameters
        ----------
        count : int
            How many ways.
        steps : int
            Images of each, at least 2.
        seed, wanted
            As for :meth:`new`; a class goes with a way.

        Returns
        -------
        numpy.ndarray, shape (count * steps, channels, rows, columns)
        """
        ends = stream(seed, _WAYS).standard_normal((2 * count, self.latent))
        ways = [between(a, b, steps) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        labels = self._labels(wanted, numpy.repeat(numpy.arange(count), steps))
        return self(numpy.concatenate(ways), labels)

    def _labels(self, wanted: Sequence[str], turns: Array) -> Array | None:
        """The label of each turn."""
        if not self.classes:
            if wanted:
                raise ValueError(
                    f"{self.name} makes images of no class that one could ask for; cgan does"
                )
            return None
        chosen = [self.class_of(name) for name in wanted] or list(range(self.classes))
        return numpy.array(chosen)[turns % len(chosen)]

    def sums(self, terms: Sequence[tuple[int, int]], judge: Any, seed: int = 0) -> list[Array]:
        """What signed means of samples of classes come to.

        Parameters
        ----------
        terms : sequence of (sign, class)
            As :meth:`terms` reads them.
        judge : Layer
            A classifier: of a class are the three samples that it is surest of, among a thousand.
        seed : int

        Returns
        -------
        list of numpy.ndarray, shape (4, channels, rows, columns)
            For each term its three samples and what their mean makes; at last the sum
            and three images of noise near it.

        Raises
        ------
        ValueError
            For a generator that is told the class, whose noise says nothing of it; for a class
            of which there are too few samples.

        Notes
        -----
        Means are shorter than noise is, and a generator knows noise of one length only; so each
        is brought to that length before it is shown.
        """
        if self.classes:
            raise ValueError(
                f"{self.name} is told the class, so its noise says nothing of it to add; "
                f"ask for classes, or take dcgan"
            )
        noise = stream(seed, _SUMS).standard_normal((_TRIED, self.latent))
        shares = features_of(judge, self(noise))[1]
        groups = [noise[self._surest(shares, label)] for _, label in terms]
        total = rescaled(
            arithmetic([(sign, g) for (sign, _), g in zip(terms, groups, strict=True)])
        )
        shown = [numpy.concatenate([g, rescaled(g.mean(axis=0))[None]]) for g in groups]
        near = stream(seed, _AROUND).uniform(-_NEAR, _NEAR, (_TAKEN, self.latent))
        return [self(rows) for rows in (*shown, numpy.concatenate([total[None], total + near]))]

    def _surest(self, shares: Array, label: int) -> Array:
        """The samples that are taken for a class with the highest probabilities."""
        of_class = numpy.flatnonzero(shares.argmax(axis=1) == label)
        if len(of_class) < _TAKEN:
            raise ValueError(
                f"among {len(shares)} samples the judge takes {len(of_class)} for "
                f"{self.class_names[label]!r}, and a mean is of {_TAKEN}; try another --seed"
            )
        order = numpy.argsort(-shares[of_class, label], kind="stable")
        return of_class[order[:_TAKEN]]

    def terms(self, text: str) -> list[tuple[int, int]]:
        """Signs and classes of a sum, such as "7 - 1 + 0".

        Parameters
        ----------
        text : str
            Names of classes with + and - between them, blanks on both sides of these, as names
            may have signs of their own.

        Returns
        -------
        list of (sign, class)

        Raises
        ------
        ValueError
            For an unknown class.
        """
        parts = re.split(r"(?:^|\s+)([+-])\s+", text.strip())
        parts = parts[1:] if len(parts) > 1 and not parts[0] else ["+", *parts]
        return [
            (1 if sign == "+" else -1, self.class_of(name))
            for sign, name in zip(parts[::2], parts[1::2], strict=True)
        ]


def open_sampler(folder: str | Path) -> Sampler:
    """The sampler of a finished run's folder.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    Sampler

    Raises
    ------
    FileFormatError
        If there is no generator, or the file is damaged or holds another network.
    """
    path = Path(folder) / "generator.safetensors"
    if not path.is_file():
        found = "not a folder" if not Path(folder).is_dir() else f"there is no {path.name}"
        raise FileFormatError(f"{folder}: {found}; train dcgan leaves one when it has ended")
    network, about = io.load_with_about(path, restore_generator=False)
    if isinstance(network, list) or "latent" not in input_layers(network):
        raise FileFormatError(f"{path}: the network in it has no input layer named 'latent'")
    name = about.get("recipe", {}).get("model", "this generator")
    return Sampler(network, about.get("class_names", ()), name)


def input_layers(network: Any) -> dict[str, Any]:
    """Input layers by their names."""
    found = layers.get_all_layers(network)
    return {str(x.name): x for x in found if isinstance(x, layers.InputLayer)}


def one_hot(labels: Array, classes: int) -> Array:
    """Rows with a 1 at the label, float32."""
    rows: Array = numpy.eye(classes, dtype=numpy.float32)[labels]
    return rows
