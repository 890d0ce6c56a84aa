"""What a training of attributes shows while it goes, in words."""

from __future__ import annotations

from typing import Any

from minitorch.training.display import Lines

__all__ = ["EditLines"]


class EditLines(Lines):
    """A line per epoch: how well images are made anew, and how well edits are.

    Parameters
    ----------
    epochs : int
        Of the whole run.
    """

    def line(self, event: Any) -> str:
        """An epoch in one line."""
        return (
            f"epoch {event.number:>3}/{self.epochs}  same {127.5 * event.reconstruction:5.2f}"
            f"  edits {event.had:.3f}  seen {100 * event.seen:3.0f}%  {event.seconds:7.1f} s"
        )

    def figures(self, event: Any) -> dict[str, float]:
        """How well the discriminator knows the attributes of real images."""
        return {"known": event.known}
