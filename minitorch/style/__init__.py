"""Pictures painted in the style of others: the loss network, and what is optimised with it."""

from minitorch.style.loss_network import POOLINGS, LossNetwork

__all__ = ["POOLINGS", "LossNetwork"]
