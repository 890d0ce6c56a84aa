"""What an adversarial run shows while it goes, in words."""

from __future__ import annotations

from typing import Any

from minitorch.training.display import Lines

__all__ = ["GanLines"]


class GanLines(Lines):
    """A line per epoch: both losses, and how much samples differ.

    Parameters
    ----------
    epochs : int
        Of the whole run.
    """

    def line(self, event: Any) -> str:
        """An epoch in one line."""
        return (
            f"epoch {event.number:>3}/{self.epochs}  discriminator "
            f"{event.discriminator_loss:.4f}  generator {event.generator_loss:.4f}  "
            f"diversity {event.diversity:.2f}  {event.seconds:6.1f} s"
        )

    def figures(self, event: Any) -> dict[str, float]:
        """What the discriminator answers: for real images, and for made ones."""
        return {"real": event.real, "fake": event.fake}
