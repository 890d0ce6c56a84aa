"""The classics, built from layers: a name, a function of settings, the output layer.

:func:`build` makes the network of a name in :data:`MODELS`. What it returns is the output layer
itself, as in Lasagne, for everything in ``minitorch.layers`` takes a layer (or a list of
layers, for networks with auxiliary heads) and walks from there; layers are found by their
names with :func:`truncate` and :func:`named_layers`.
"""

from minitorch.models.alexnet import build_alexnet
from minitorch.models.efficientnet import build_efficientnet_lite0
from minitorch.models.entry import Model
from minitorch.models.fast_style import build_fast_style
from minitorch.models.googlenet import build_googlenet, inception, inception_naive
from minitorch.models.hed import build_hed
from minitorch.models.inception_v3 import build_inception_v3
from minitorch.models.lenet import build_keras_cnn, build_lenet
from minitorch.models.lenet5 import build_lenet5
from minitorch.models.mlp import build_mlp
from minitorch.models.nin import build_nin
from minitorch.models.registry import MODELS, build
from minitorch.models.resnet import build_cifar_resnet, build_resnet
from minitorch.models.squeezenet import build_squeezenet
from minitorch.models.transfer import freeze, named_layers, replace_head, truncate, unfreeze
from minitorch.models.vgg import build_vgg, vgg_body

__all__ = [
    "MODELS",
    "Model",
    "build",
    "build_alexnet",
    "build_cifar_resnet",
    "build_efficientnet_lite0",
    "build_fast_style",
    "build_googlenet",
    "build_hed",
    "build_inception_v3",
    "build_keras_cnn",
    "build_lenet",
    "build_lenet5",
    "build_mlp",
    "build_nin",
    "build_resnet",
    "build_squeezenet",
    "build_vgg",
    "freeze",
    "inception",
    "inception_naive",
    "named_layers",
    "replace_head",
    "truncate",
    "unfreeze",
    "vgg_body",
]
