"""The network that a run begins with: drawn anew, or trained before and given a new head."""

from __future__ import annotations

from typing import Any

from minitorch import layers
from minitorch.io.onnx import OnnxNetwork
from minitorch.models import MODELS, build, freeze, replace_head, unfreeze
from minitorch.parameter import without_values
from minitorch.training.classifier import Classifier
from minitorch.training.recipes import Recipe
from minitorch.training.sources import open_classifier

__all__ = ["new_network", "open_start", "trained_network"]


def new_network(recipe: Recipe, classes: int, shape: tuple[int, ...]) -> Any:
    """The recipe's model for images of that shape and so many classes, its weights drawn.

    Raises
    ------
    ValueError
        If the model cannot take such images; the message says what it was published for.
    """
    settings: dict[str, Any] = {"num_classes": classes, "input_shape": shape}
    if recipe.dropout:
        settings["dropout"] = recipe.dropout
    try:
        return build(recipe.model, **settings)
    except ValueError as error:
        usual = MODELS[recipe.model].input_shape
        raise ValueError(
            f"{recipe.model} was published for images of {usual}, and cannot take {shape}: try "
            f"--size {usual[-1]}, or what fits ({str(error).splitlines()[0]})"
        ) from None


def open_start(recipe: Recipe) -> Classifier | None:
    """The classifier that the recipe's weights are, for images of the recipe's size.

    Raises
    ------
    ValueError
        If there is none, it is of another model, or cannot be trained on.
    """
    if not recipe.weights:
        return None
    found = open_classifier(recipe.weights)
    if isinstance(found.network, OnnxNetwork):
        raise ValueError(
            f"{recipe.weights}: a run cannot begin with an ONNX file, which has no layers; "
            f"docs/onnx.md says how it is fine-tuned"
        )
    model = found.about.get("model", recipe.model)
    if model != recipe.model:
        raise ValueError(f"{recipe.weights}: these are weights of {model}, not of {recipe.model}")
    if found.prepare.order != "RGB":
        raise ValueError(
            f"{recipe.weights}: its images are {found.prepare.order}; runs make RGB ones only"
        )
    channels, rows, columns = found.prepare.input_shape
    if recipe.size not in (0, rows) or rows != columns:
        found = _resized(found, (channels, recipe.size or rows, recipe.size or rows))
    return found


def _resized(found: Classifier, shape: tuple[int, int, int]) -> Classifier:
    """The same weights in a network for images of another size: what has no weights may differ."""
    model = found.about["model"]
    with without_values():
        twin = build(model, num_classes=found.num_classes, input_shape=shape)
    old, new = (layers.get_all_params(net) for net in (found.network, twin))
    for p, q in zip(old, new, strict=True):
        if p.shape != q.shape:
            raise ValueError(
                f"{model} has other weights for images of {shape}: {q.name} is {q.shape}, not "
                f"{p.shape}; leave out size"
            )
        q.set_value(p.get_value())
    return Classifier(twin, found.class_names, found.prepare.standardiser, shape, about=found.about)


def trained_network(start: Classifier, recipe: Recipe, class_names: tuple[str, ...]) -> Any:
    """The network of a classifier, with a new head if its classes are others.

    With ``trained="head"`` all layers before the head are frozen: their weights stay, and batch
    normalisation there keeps to its averages.
    """
    network = start.network
    unfreeze(layers.get_all_layers(network))  # what an earlier run froze
    body = layers.get_all_layers(network)
    if tuple(start.class_names) != class_names:
        network = replace_head(network, len(class_names))
    else:
        weighted = [layer for layer in body if layer.params]
        body = body[: body.index(weighted[-1])]
    if recipe.trained == "head":
        kept = set(map(id, layers.get_all_layers(network)))
        freeze([layer for layer in body if id(layer) in kept])
    return network
