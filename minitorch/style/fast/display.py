"""What the training of a style shows while it goes, in words."""

from __future__ import annotations

from typing import Any

from minitorch.training.display import Lines

__all__ = ["StyleLines"]


class StyleLines(Lines):
    """A line per epoch: the losses of held-out photographs' paintings.

    Parameters
    ----------
    epochs : int
        Of the whole run.
    """

    def line(self, event: Any) -> str:
        """An epoch in one line."""
        return (
            f"epoch {event.number:>3}/{self.epochs}  training loss {event.train_loss:.4f}  "
            f"held-out loss {event.loss:.4f} (content {event.content:.4f}, style "
            f"{event.style:.4f})  {event.seconds:6.1f} s"
        )
