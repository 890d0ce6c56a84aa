"""Fooling images by evolution: no gradient, only what the classifier says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy

from minitorch.data.batches import stream
from minitorch.look.cppn import changed_pattern, drawn, first_pattern
from minitorch.look.passes import Answers
from minitorch.look.subject import Subject

__all__ = ["Elites", "evolve", "mutated"]

Array = numpy.ndarray
_STRENGTH = 15.0  # of the mutations; large is gentle
_HALVED_AFTER = 1000  # generations


class Elites(NamedTuple):
    """The best image for each class.

    Attributes
    ----------
    targets : list of int
        The classes.
    pixels : numpy.ndarray of uint8, shape (targets, channels, rows, columns)
        In the order of the network's channels.
    probabilities : numpy.ndarray, shape (generations + 1, targets)
        Of each one's class, in the first generation and after each.
    genomes : list
        What the images are made of: themselves, or :class:`minitorch.look.cppn.Pattern`, which
        ``minitorch.look.cppn.drawn`` draws in any size.
    """

    targets: list[int]
    pixels: Array
    probabilities: Array
    genomes: list[Any]


class _Pixels:
    """Direct encoding: the genome is the image."""

    def __init__(self, shape: tuple[int, ...], rate: float) -> None:
        self._shape, self._rate = shape, rate

    def first(self, count: int, rng: numpy.random.Generator) -> list[Any]:
        return [*rng.integers(0, 256, (count, *self._shape)).astype(numpy.float32)]

    def children(self, parents: list[Any], age: int, rng: numpy.random.Generator) -> list[Any]:
        return [*mutated(numpy.stack(parents), self._rate * 0.5 ** (age // _HALVED_AFTER), rng)]

    def images(self, genomes: list[Any]) -> Array:
        return numpy.stack(genomes)


class _Patterns:
    """Indirect encoding: the genome is a small network that draws the image."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def first(self, count: int, rng: numpy.random.Generator) -> list[Any]:
        return [first_pattern(self._shape[0], rng) for _ in range(count)]

    def children(self, parents: list[Any], age: int, rng: numpy.random.Generator) -> list[Any]:
        return [changed_pattern(parent, rng) for parent in parents]

    def images(self, genomes: list[Any]) -> Array:
        return numpy.stack([drawn(one, (self._shape[1], self._shape[2])) for one in genomes])


def evolve(
    classifier: Any,
    targets: Sequence[int | str] | None = None,
    *,
    generations: int = 200,
    offspring: int = 32,
    rate: float = 0.1,
    encoding: str = "direct",
    seed: int = 0,
    watch: Callable[[int, Array], Any] | None = None,
) -> Elites:
    """Images that mean nothing and the classifier is ever surer of, one per class, all at once.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    targets : sequence of int or str, optional
        The classes, by default all: of a network of ILSVRC 2012 these are 600 MB.
    generations : int
    offspring : int
        How many images are tried per generation.
    rate : float
        The share of pixels that a mutation changes, halved every 1000 generations; of the direct
        encoding.
    encoding : "direct" or "cppn"
        What evolves: pixels, and the images are noise; or networks that make patterns, and the
        images are regular.
    seed : int
    watch : callable, optional
        Called with each generation's number and the probabilities.

    Returns
    -------
    Elites

    Raises
    ------
    ValueError
        For an unknown class, settings out of range.

    Notes
    -----
    MAP-Elites: each generation takes images at random from the elites and
    mutates them; one takes the place of the elite of any class for which it is more probable,
    whatever class its parent stood for. That is what makes it quick: a way to one class leads past
    others. Pixels begin uniform from 0 to 255; patterns with no hidden nodes, see
    :mod:`minitorch.look.cppn`.

    References
    ----------
    A. Nguyen, J. Yosinski, J. Clune: Deep neural networks are easily fooled, 2014. J.-B. Mouret,
    J. Clune: Illuminating search spaces by mapping elites, 2015.
    """
    if generations < 0 or offspring < 1 or not 0 < rate <= 1:
        raise ValueError(
            "evolve: generations are at least 0, offspring at least 1, the rate is above 0 and at "
            "most 1"
        )
    subject, rng = Subject(classifier), stream(seed)
    chosen = range(classifier.num_classes) if targets is None else targets
    numbers = [subject.class_of(one) for one in chosen]
    if not numbers:
        raise ValueError("evolve: there are no classes to evolve images for")
    shape = subject.prepare.input_shape
    known: dict[str, Any] = {"direct": _Pixels(shape, rate), "cppn": _Patterns(shape)}
    if encoding not in known:
        raise ValueError(f"evolve: the encoding is 'direct' or 'cppn', not {encoding!r}")
    way, answers = known[encoding], Answers(subject, offspring)
    elites, best = way.first(len(numbers), rng), numpy.zeros(len(numbers))

    def compete(new: list[Any]) -> None:
        """Let new images take the places of elites that are less probable."""
        pixels = numpy.rint(way.images(new))
        p = answers(subject.prepare.standardise(pixels))[:, numbers]
        for i, winner in enumerate(p.argmax(axis=0)):
            if p[winner, i] > best[i]:
                elites[i], best[i] = new[winner], p[winner, i]

    compete([*elites])
    history = [best.copy()]
    for generation in range(generations):
        parents = [elites[i] for i in rng.integers(0, len(elites), offspring)]
        compete(way.children(parents, generation, rng))
        history.append(best.copy())
        if watch is not None:
            watch(generation, best)
    pixels = numpy.rint(way.images(elites)).astype(numpy.uint8)
    return Elites(numbers, pixels, numpy.stack(history), elites)


def mutated(parents: Array, rate: float, rng: numpy.random.Generator) -> Array:
    """Children of images 0 to 255, by Deb's polynomial mutation of some of their pixels.

    Parameters
    ----------
    parents : numpy.ndarray of float32
    rate : float
        How probable it is for a pixel to change.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of float32

    Notes
    -----
    A pixel moves by 255 d, with d = (2u)^(1/16) - 1 for u < 1/2 and 1 - (2 - 2u)^(1/16) above, u
    uniform from 0 to 1.
    """
    u = rng.random(parents.shape, numpy.float32)
    power = 1 / (_STRENGTH + 1)
    less, more = (2 * u.clip(0, 0.5)) ** power - 1, 1 - (2 - 2 * u.clip(0.5, 1)) ** power
    moved = parents + 255 * numpy.where(u < 0.5, less, more)
    chosen = rng.random(parents.shape, numpy.float32) < rate
    out: Array = numpy.where(chosen, moved, parents).clip(0, 255).astype(numpy.float32)
    return out
