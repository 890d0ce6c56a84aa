"""Looking inside a network: what its features are, and what in an image they come from.

Each method is a function of a :class:`minitorch.training.Classifier`, which it leaves as it is, and
returns arrays; :mod:`minitorch.look.drawing` makes figures of them.
"""

from minitorch.look.backwards import (
    deconvnet,
    grad_cam,
    guided_backprop,
    image_gradient,
    saliency,
)
from minitorch.look.subject import Subject

__all__ = [
    "Subject",
    "deconvnet",
    "grad_cam",
    "guided_backprop",
    "image_gradient",
    "saliency",
]
