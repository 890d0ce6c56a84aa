"""Looking inside a network: what its features are, and what in an image they come from.

Each method is a function of a :class:`minitorch.training.Classifier`, which it leaves as it is, and
returns arrays; :mod:`minitorch.look.drawing` makes figures of them.
"""

from minitorch.look.adversarial import Adversarial, fgsm
from minitorch.look.ascend import Ascent, fool, maximise
from minitorch.look.backwards import (
    deconvnet,
    grad_cam,
    guided_backprop,
    image_gradient,
    saliency,
)
from minitorch.look.dream import deep_dream
from minitorch.look.evolve import Elites, evolve
from minitorch.look.features import activations, filters
from minitorch.look.occlude import Occlusion, occlusion
from minitorch.look.patches import Patches, top_patches
from minitorch.look.receptive import receptive_field
from minitorch.look.subject import Subject

__all__ = [
    "Adversarial",
    "Ascent",
    "Elites",
    "Occlusion",
    "Patches",
    "Subject",
    "activations",
    "deconvnet",
    "deep_dream",
    "evolve",
    "fgsm",
    "filters",
    "fool",
    "grad_cam",
    "guided_backprop",
    "image_gradient",
    "maximise",
    "occlusion",
    "receptive_field",
    "saliency",
    "top_patches",
]
