"""When training goes wrong it says so: the data, the network inside, the run of losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from minitorch import layers, objectives, ops
from minitorch.training.checkup_inputs import judge_inputs, judge_labels, judge_targets
from minitorch.training.checkup_probe import is_distribution, look
from minitorch.training.checkup_verdicts import judge
from minitorch.training.checkup_watch import Watch
from minitorch.training.finding import Finding, gather

__all__ = ["Checkup", "diagnose"]

# Kinds after which a look inside is impossible, or shows nothing else.
_UNUSABLE = {"labels_out_of_range", "labels_off_by_one", "inputs_not_finite", "inputs_constant"}
# Kinds that are of the whole network, whichever layer shows them most.
_OF_ALL = {"vanishing_gradients", "exploding_gradients", "learning_rate_high", "learning_rate_low"}


class Checkup:
    """Looks after a training, and says once what is wrong with it.

    Parameters
    ----------
    network : Layer
        The output layer.
    classes : int or None
        None for a regression, which needs a ``loss``.
    loss : callable, optional
        Of (outputs, y), to a scalar. Default: the mean cross-entropy, of probabilities or of
        scores (logits), whichever the outputs are. What a loss should be at first is known for
        the default only.

    Notes
    -----
    Each kind of finding is said once, those about layers once for each layer; ``docs/checkup.md``
    lists them. None of the methods changes the network, a random state or a gradient.

    Examples
    --------
    >>> from minitorch.data import toy_digits
    >>> from minitorch.models import build_mlp
    >>> raw = toy_digits(200, size=14)
    >>> checkup = Checkup(build_mlp((16,), input_shape=(1, 14, 14)), classes=10)
    >>> [finding.kind for finding in checkup.data(raw.x, raw.y)]
    ['inputs_not_standardised']
    >>> checkup.data(raw.x, raw.y)
    []
    """

    def __init__(
        self,
        network: Any,
        classes: int | None,
        loss: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        if classes is None and loss is None:
            raise ValueError("Checkup: a regression (classes=None) needs a loss")
        if classes is not None and classes < 2:
            raise ValueError(f"Checkup: classification needs 2 or more classes, not {classes}")
        self.network, self.classes = network, classes
        self._loss = cross_entropy if loss is None else loss
        self._chance = math.log(classes) if classes is not None and loss is None else None
        self._watch = Watch(classes, self._chance)
        self._said: set[tuple[str, str]] = set()
        self._fastest = 0.0

    def data(self, x: Any, y: Any) -> list[Finding]:
        """Look at the data before the first step: all of them, or the first batch.

        Parameters
        ----------
        x : array (n, ...), or dict from input layers to arrays
        y : array (n,) of labels or (n, classes) of distributions; targets of a regression
        """
        found = [*judge_inputs(x, integers=_embeds(self.network))]
        found += judge_targets(y) if self.classes is None else judge_labels(y, self.classes)
        return self._new(found)

    def due(self, step: int, epoch: int) -> bool:
        """Whether to probe before this step: 1, 10, 100, then the first of each epoch.

        Parameters
        ----------
        step : int
            From 1.
        epoch : int
            The number of steps of an epoch. Of short ones as many count as one as have 100.
        """
        period = epoch * math.ceil(100 / epoch)
        return step in (1, 10, 100) or (step > 100 and step % period == 1 % period)

    def probe(self, x: Any, y: Any, step: int, learning_rate: float | None = None) -> list[Finding]:
        """Look inside, by a forward and backward of 64 of a batch's examples.

        Parameters
        ----------
        x, y : a batch, as for :meth:`data`
        step : int
            The number of the step that comes, from 1.
        learning_rate : float, optional
            Of a rule whose steps are the learning rate times the gradient, momentum or not; left
            out for Adam and the like.
        """
        if learning_rate is not None:
            # The largest so far: at the end of a schedule it is meant to be next to nothing.
            learning_rate = self._fastest = max(self._fastest, learning_rate)
        seen = look(self.network, self._loss, x, y)
        return self._new(judge(seen, step, self._chance, learning_rate))

    def watch(self, step: int, loss: float, predicted: Any, y: Any) -> list[Finding]:
        """Take in a step that was done.

        Parameters
        ----------
        step : int
            From 1.
        loss : float
            Of this batch.
        predicted : array (n,) of classes or (n, classes) of outputs; None for a regression
        y : array, as for :meth:`data`
        """
        return self._new(self._watch.note(step, loss, predicted, y))

    def _new(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that have not been said before, one of each kind."""
        fresh = [f for f in findings if _key(f) not in self._said]
        self._said.update(map(_key, fresh))
        # All of a layer is more than most of it.
        self._said.update(("dying_relus", f.layer) for f in fresh if f.kind == "dead_relus")
        return list(gather(fresh))

    def state(self) -> dict[str, Any]:
        """What it remembers, for JSON."""
        return {
            "said": sorted(map(list, self._said)),
            "fastest": self._fastest,
            "watch": self._watch.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` gave."""
        self._said = {(kind, layer) for kind, layer in state["said"]}
        self._fastest = float(state["fastest"])
        self._watch = Watch(**state["watch"])


def diagnose(
    network: Any,
    x: Any,
    y: Any,
    classes: int | None = None,
    loss: Callable[[Any, Any], Any] | None = None,
    step: int = 1,
    learning_rate: float | None = None,
) -> list[Finding]:
    """What is wrong with a network and its data, at this moment.

    Parameters
    ----------
    network : Layer
    x, y : arrays, as for :meth:`Checkup.data`
    classes : int, optional
        Default: as many as the network has outputs, if there is no ``loss``.
    loss : callable, optional
        Of (outputs, y), to a scalar; default: the mean cross-entropy.
    step : int
        The number of the step that comes; 1 for a network that has not been trained.
    learning_rate : float, optional
        As for :meth:`Checkup.probe`.

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> from minitorch.data import toy_digits
    >>> from minitorch.models import build_mlp
    >>> raw = toy_digits(400, size=14)
    >>> network = build_mlp((16,), input_shape=(1, 14, 14))
    >>> for finding in diagnose(network, raw.x / 255, raw.y + 1):
    ...     print(finding)
    the data: The labels run from 1 to 10; labels of 10 classes are 0 to 9. They begin at 1:
    subtract 1.
    """
    if classes is None and loss is None:
        classes = network.output_shape[1]
    checkup = Checkup(network, classes, loss)
    found = checkup.data(x, y)
    if not any(f.kind in _UNUSABLE for f in found):
        found += checkup.probe(x, y, step, learning_rate)
    return found


def _key(finding: Finding) -> tuple[str, str]:
    """By what it is said once."""
    return finding.kind, "" if finding.kind in _OF_ALL else finding.layer


def cross_entropy(outputs: Any, y: Any) -> Any:
    """The mean cross-entropy of probabilities, or of scores if rows are no distributions."""
    known = is_distribution(outputs.numpy())
    each = objectives.categorical_crossentropy if known else ops.softmax_cross_entropy
    return ops.mean(each(outputs, y))


def _embeds(network: Any) -> bool:
    """Whether integers come in, to choose rows of a table."""
    return any(isinstance(one, layers.EmbeddingLayer) for one in layers.get_all_layers(network))
