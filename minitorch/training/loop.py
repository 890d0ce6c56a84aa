"""Driving a trainer: what it shows, when it saves, how it is stopped."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any, Self

from minitorch.io.checkpoints import Checkpoints
from minitorch.training.display import Display, Silent
from minitorch.training.finding import Finding

__all__ = ["Interruption", "fit"]


class Interruption:
    """Turns Ctrl-C and SIGTERM into a wish that the loop grants after its step.

    A context manager; true once the wish was uttered. A second Ctrl-C stops at
    once. Outside of the main thread it does nothing, as signals arrive there.
    """

    def __init__(self) -> None:
        self._wished = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *failure: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._wished:
            raise KeyboardInterrupt
        self._wished = True

    def __bool__(self) -> bool:
        return self._wished


def fit(
    trainer: Any,
    display: Display | None = None,
    checkpoints: Checkpoints | None = None,
    every: int = 100,
    extra: Mapping[str, Any] | None = None,
    stop: Callable[[], object] = lambda: False,
    listeners: Sequence[Display] = (),
) -> bool:
    """Train to the end, showing progress and saving checkpoints on the way.

    Parameters
    ----------
    trainer : Trainer
        New, or restored; or another training with its ``run``, ``state``, ``step``, ``group`` and
        ``finished``.
    display : Display, optional
        Default: nothing is shown.
    checkpoints : Checkpoints, optional
        Where to save; default: nowhere.
    every : int
        Steps between checkpoints; there is one after every epoch as well.
    extra : mapping, optional
        More metadata for each checkpoint.
    stop : callable
        Asked after each step; when it answers with something true, a
        checkpoint is saved and the training left.
    listeners : sequence of Display
        What else is shown every event: files that note them.

    Returns
    -------
    bool
        Whether the training is complete.

    Raises
    ------
    TrainingDiverged
        When a loss or gradient is not finite; the last checkpoint stays.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from minitorch.data import Dataset, toy_digits
    >>> from minitorch.models import build_mlp
    >>> from minitorch.training import Recipe, Trainer
    >>> raw = toy_digits(100, size=14)
    >>> data = Dataset(raw.x / np.float32(255), raw.y, classes=10)
    >>> network = build_mlp((16,), input_shape=(1, 14, 14))
    >>> trainer = Trainer(network, Recipe("mlp", epochs=2), data, data)
    >>> kept = Checkpoints(tempfile.mkdtemp())
    >>> fit(trainer, checkpoints=kept), [path.name for path in kept.paths()]
    (True, ['step-00000001.safetensors', 'step-00000002.safetensors'])
    """
    if every < 1:
        raise ValueError(f"fit: saves every 1 or more steps, not {every}")

    def save() -> None:
        if checkpoints is not None and trainer.group.first:
            arrays, metadata = trainer.state()
            checkpoints.save(trainer.step, arrays, {**metadata, **(extra or {})})

    with contextlib.ExitStack() as stack:
        wanted = (display or Silent(), *listeners) if trainer.group.first else ()
        shown = [stack.enter_context(one) for one in wanted]
        for event in trainer.run():
            for one in shown:
                one.show(event)
            if isinstance(event, Finding):  # a step's, which is not done for all to see
                continue
            if event.kind == "epoch" or trainer.step % every == 0:
                save()
            if trainer.group.any(stop()):  # all ranks leave after the same step
                save()
                break
    return bool(trainer.finished)
