"""TensorBoard's event files: scalars while a run goes, its pictures at the end.

They are written by tensorboardX: its records and messages are TensorBoard's, and it needs NumPy and
protobuf, where TensorBoard's own writer brings a web server with it. Of its two ways to write
we take the plain one, ``RecordWriter``: its ``SummaryWriter`` puts events into a queue that a
thread empties, and if that thread fails, say for a full disk, training waits for it forever.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from minitorch.training.display import Display
from minitorch.training.finding import Finding
from minitorch.training.metrics_file import plain_fields
from minitorch.training.plots.figures import png_size

__all__ = ["TensorBoardLog", "log_pictures"]

_FLUSH_SECONDS = 5.0
_PLACE = ("number", "epoch")  # fields that say when, not how much


def _package() -> tuple[Any, Any, Any, Any]:
    """What is used of tensorboardX, or the advice what to install."""
    try:
        from tensorboardX import RecordWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.proto.summary_pb2 import Summary
    except ImportError:
        raise ImportError(
            "TensorBoard's files need the package 'tensorboardX'; run: pip install tensorboardX"
        ) from None
    return RecordWriter, Event, SessionLog, Summary


class _EventFile:
    """One event file: a header, then records of summaries."""

    def __init__(self, folder: Path) -> None:
        writer, self._event, self._session, self.summary = _package()
        folder.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads a folder's files in the order of their names. Two of one second must
        # not have one name, or the second would replace the first.
        now = time.time()
        name = f"events.out.tfevents.{int(now)}.{socket.gethostname()}"
        order = f"{int(now % 1 * 1e6):06d}"
        self._writer = writer(str(folder / f"{name}.{order}.{os.getpid()}-{secrets.token_hex(3)}"))
        self._flushed = time.monotonic()
        self._write(file_version="brain.Event:2")

    def _write(self, **fields: Any) -> None:
        event = self._event(wall_time=time.time(), **fields)
        self._writer.write(event.SerializeToString())

    def purge(self, step: int) -> None:
        """Have TensorBoard forget what earlier files say of this step and later ones."""
        start = self._session(status=self._session.START)
        self._write(step=step, session_log=start)

    def add(self, step: int, values: Iterable[Any]) -> None:
        """A record of some values at a step."""
        self._write(step=step, summary=self.summary(value=values))
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """To the disk."""
        self._writer.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self._writer.close()


class TensorBoardLog(Display):
    """Writes the numbers of each step and epoch for ``tensorboard --logdir FOLDER``.

    Scalars are called ``step/loss``, ``step/learning_rate``, ``epoch/test_error`` and so on,
    after the events' fields; all stand over the number of steps. Each process of a run writes
    a file of its own, and TensorBoard joins them.

    Parameters
    ----------
    folder : str or Path
        Made if need be.
    from_step : int
        How many steps were done when the run is taken up. Later ones that
        earlier files have are hidden, as they come again; 0 hides all. No file is removed.

    Raises
    ------
    ImportError
        Without tensorboardX, at once, before anything is trained; it says what to install.
    """

    def __init__(self, folder: str | Path, from_step: int = 0) -> None:
        if from_step < 0:
            raise ValueError(f"TensorBoardLog: from_step is 0 or more, not {from_step}")
        _package()
        self.folder = Path(folder)
        self._from = self._step = from_step
        self._events: _EventFile | None = None

    def __enter__(self) -> Self:
        earlier = any(self.folder.glob("events.out.tfevents.*"))
        self._events = _EventFile(self.folder)
        if earlier:
            self._events.purge(self._from + 1 if self._from else 0)
        return self

    def __exit__(self, *failure: object) -> None:
        if self._events is not None:
            self._events.close()
            self._events = None

    def show(self, event: Any) -> None:
        """Write the event's numbers."""
        if self._events is None:
            raise RuntimeError("TensorBoardLog: it is closed; show events inside of its with block")
        if isinstance(event, Finding):  # no number
            return
        if event.kind == "step":
            self._step = event.number
        value = self._events.summary.Value
        numbers = [
            value(tag=f"{event.kind}/{name}", simple_value=float(number))
            for name, number in plain_fields(event).items()
            if name not in _PLACE and isinstance(number, int | float)
        ]
        self._events.add(self._step, numbers)
        if event.kind == "epoch":
            self._events.flush()


def log_pictures(folder: str | Path, pictures: Iterable[str | Path], step: int) -> None:
    """Put PNG files among a run's events, as they are: curves, confusion matrix, sheets.

    Parameters
    ----------
    folder : str or Path
        Of the events.
    pictures : iterable of str or Path
        PNG files; each is called ``pictures/`` and its name without the ending.
    step : int
        The step that they show.

    Raises
    ------
    ImportError
        Without tensorboardX; it says what to install.
    ValueError
        For a file that is no PNG.
    """
    content = {path.stem: path.read_bytes() for path in map(Path, pictures)}
    sizes = {name: png_size(data, name) for name, data in content.items()}
    events = _EventFile(Path(folder))
    value, image = events.summary.Value, events.summary.Image
    try:
        for name, data in content.items():
            width, height = sizes[name]
            shown = image(width=width, height=height, colorspace=3, encoded_image_string=data)
            events.add(step, [value(tag=f"pictures/{name}", image=shown)])
    finally:
        events.close()
