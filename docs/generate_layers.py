"""Write docs/layers.md and docs/layers/*.md: every layer, its parameters, shapes by running it.

    python docs/generate_layers.py [--check]

``--check`` writes nothing and fails if a page is not up to date. A layer without an example
below is an error: the tables are what the layers do, so every layer has to be run.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

import minitorch as mt
from minitorch import init, layers, nonlinearities
from minitorch.layers import cuda_convnet, dnn

DOCS = Path(__file__).parent
MODULES = (
    "input", "dense", "conv", "local", "pool", "recurrent", "embedding", "normalization", "noise",
    "merge", "shape", "special", "base", "helper", "report", "dnn", "corrmm", "cuda_convnet",
)  # fmt: skip
TAGS = ("trainable", "regularizable", "batch_norm_stat")
BATCH, OPEN = 2, 6  # what a None among an example's lengths is, first and elsewhere

NAMES = {**vars(layers), **vars(dnn), **vars(cuda_convnet), "mt": mt, "init": init, "np": np,
         **vars(nonlinearities)}  # fmt: skip

_IMAGE, _SEQUENCE = (None, 3, 8, 8), (None, None, 4)
_CONV2 = [(_IMAGE, "16, 3"), (_IMAGE, "16, 3, stride=2, pad='same'"),
          (_IMAGE, "6, 3, num_groups=3")]  # fmt: skip
_POOL2 = [(_IMAGE, "2"), ((None, 3, 9, 9), "3, stride=2, pad=1"),
          (_IMAGE, "3, stride=2, ignore_border=False")]  # fmt: skip
_WALK = [(_SEQUENCE, "5"), (_SEQUENCE, "5, only_return_final=True, learn_init=True")]
_SAME = [(_IMAGE, "")]
_NETWORKS = "DenseLayer(InputLayer((None, 4)), 5), DenseLayer(InputLayer((None, 5)), 5, b=None)"
_PLACES = "DenseLayer(InputLayer((None, 3, 8, 8)), {}, nonlinearity=None)"

# Per layer: the input's shape (a list for several) and the other arguments, as they are written.
EXAMPLES: dict[str, list[tuple[Any, str]]] = {
    "DenseLayer": [((None, 3, 4), "5"), ((None, 3, 4), "5, num_leading_axes=2"),
                   ((None, 7), "5, b=None")],
    "NINLayer": [(_IMAGE, "5"), (_IMAGE, "5, untie_biases=True"), ((None, 7), "5")],
    "Conv1DLayer": [((None, 3, 20), "8, 5"), ((None, 3, None), "8, 5, stride=2, pad=2")],
    "Conv2DLayer": [*_CONV2, (_IMAGE, "16, (3, 1), pad='full'"),
                    (_IMAGE, "4, 3, untie_biases=True"), ((None, 3, None, None), "16, 3")],
    "Conv3DLayer": [((None, 1, 4, 8, 8), "2, 3, pad=1")],
    "TransposedConv2DLayer": [(_IMAGE, "16, 3, stride=2"), (_IMAGE, "16, 3, stride=2, crop=1"),
                              (_IMAGE, "16, 3, stride=2, crop=1, output_size=16")],
    "TransposedConv3DLayer": [((None, 3, 4, 4, 4), "2, 2, stride=2")],
    "DilatedConv2DLayer": [(_IMAGE, "16, 3, dilation=2")],
    "LocallyConnected2DLayer": [(_IMAGE, "4, 3"), (_IMAGE, "3, 3, channelwise=True")],
    "Pool1DLayer": [((None, 3, 20), "3, mode='average_exc_pad'")],
    "Pool2DLayer": [(shape, f"{rest}, mode='sum'") for shape, rest in _POOL2],
    "Pool3DLayer": [((None, 1, 4, 8, 8), "2, mode='average_inc_pad'")],
    "MaxPool1DLayer": [((None, 3, 20), "3")],
    "MaxPool2DLayer": _POOL2,
    "MaxPool3DLayer": [((None, 1, 4, 8, 8), "2")],
    "Upscale1DLayer": [((None, 3, 5), "2")],
    "Upscale2DLayer": [(_IMAGE, "2"), (_IMAGE, "(1, 3), mode='dilate'")],
    "Upscale3DLayer": [((None, 1, 2, 4, 4), "2")],
    "ResizeLayer": [((None, 3, 4, 4), "InputLayer((None, 1, 7, 9))")],
    "FeaturePoolLayer": [((None, 6, 8, 8), "2"), ((None, 6), "3, pool_function=mt.mean")],
    "FeatureWTALayer": [((None, 6, 8, 8), "2")],
    "GlobalPoolLayer": [(_IMAGE, ""), ((None, 3, None, None), "pool_function=mt.max")],
    "SpatialPyramidPoolingLayer": [(_IMAGE, ""), ((None, 3, None, None), "pool_dims=[2, 1]")],
    "CustomRecurrentLayer": [(_SEQUENCE, _NETWORKS)],
    "RecurrentLayer": _WALK,
    "LSTMLayer": [*_WALK, (_SEQUENCE, "5, peepholes=False")],
    "GRULayer": _WALK,
    "EmbeddingLayer": [((None,), "10, 4"), ((None, 7), "10, 4")],
    "LocalResponseNormalization2DLayer": _SAME,
    "BatchNormLayer": [(_IMAGE, ""), ((None, 5), "beta=None"), ((None, 3, 4), "axes=0")],
    "StandardizationLayer": [(_IMAGE, ""), (_IMAGE, "axes='features'")],
    "ConditionalInstanceNormLayer": [(_IMAGE, "InputLayer((None, 26))")],
    "DropoutLayer": [(_IMAGE, "p=0.5")],
    "GaussianNoiseLayer": [(_IMAGE, "sigma=0.1")],
    "ConcatLayer": [([(None, 3, 8, 8), (None, 5, 8, 8)], ""),
                    ([(None, 3, 8, 8), (None, 5, 6, 6)],
                     "cropping=[None, None, 'center', 'center']")],
    "ElemwiseMergeLayer": [([(None, 4), (None, 4)], "mt.maximum")],
    "ElemwiseSumLayer": [([(None, 4), (None, 4)], "coeffs=[1, -1]")],
    "FlattenLayer": [(_IMAGE, ""), (_IMAGE, "outdim=3")],
    "ReshapeLayer": [(_IMAGE, "([0], -1)"), (_IMAGE, "([0], 3, 64)")],
    "DimshuffleLayer": [((None, 1, 8), "(0, 2)"), ((None, 5), "(0, 'x', 1)")],
    "PadLayer": [(_IMAGE, "2"), (_IMAGE, "[(1, 2), 0]"), (_IMAGE, "4, mode='reflect'")],
    "SliceLayer": [(_SEQUENCE, "-1, axis=1"), (_IMAGE, "slice(0, 8, 2), axis=2")],
    "BiasLayer": [(_IMAGE, ""), (_IMAGE, "shared_axes=0")],
    "ScaleLayer": [(_IMAGE, "")],
    "NonlinearityLayer": [(_IMAGE, "nonlinearity=tanh")],
    "ExpressionLayer": [((None, 4), "lambda x: x**2"),
                        ((None, 4), "lambda x: mt.concat([x, x], axis=1), output_shape='auto'")],
    "InverseLayer": [((None, 5), "DenseLayer(InputLayer((None, 7)), 5)")],
    "TransformerLayer": [(_IMAGE, _PLACES.format(6)),
                         (_IMAGE, f"{_PLACES.format(6)}, downsample_factor=2")],
    "TPSTransformerLayer": [(_IMAGE, f"{_PLACES.format(32)}, downsample_factor=2")],
    "ParametricRectifierLayer": [(_IMAGE, ""), (_IMAGE, "shared_axes='all'")],
    "RandomizedRectifierLayer": _SAME,
    "Conv2DDNNLayer": _CONV2,
    "Conv3DDNNLayer": [((None, 1, 4, 8, 8), "2, 3, pad=1")],
    "Conv2DMMLayer": _CONV2[:2],
    "Conv2DCCLayer": _CONV2[:2],
    "MaxPool2DCCLayer": [(_IMAGE, "3, stride=2")],
    "NINLayer_c01b": [((3, 8, 8, 2), "5")],
    "ShuffleBC01ToC01BLayer": _SAME,
    "ShuffleC01BToBC01Layer": [((3, 8, 8, None), "")],
}  # fmt: skip
ABSTRACT = {"Layer", "MergeLayer", "BaseConvLayer"}  # what the others are made from

INDEX = """# The layers

Written by `python docs/generate_layers.py`: a page per module of `minitorch/layers`, with every
layer's parameters and the shapes that came out when it was run. In signatures, `**kwargs` go on
to the base class and hold at least `name`. A `None` in a shape is a length that is only known
with the data. [from_lasagne.md](from_lasagne.md) and [from_pytorch.md](from_pytorch.md) say what
differs from what you know.

| module | what | names |
|---|---|---|"""
HEADER = "Written by `python docs/generate_layers.py` from `minitorch/layers/{}.py`."


def cell(text: Any) -> str:
    """Text that stays in its cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def first_line(entry: Any) -> str:
    """What a docstring begins with."""
    return cell((inspect.getdoc(entry) or "").split("\n\n")[0])


def default(value: Any) -> str:
    """A default as a call would write it."""
    if inspect.isfunction(value):
        return value.__name__
    if value in mt.registry.values():
        return f"minitorch.{value.name}"
    kind = type(value)
    usual = isinstance(value, init.Glorot) and repr(value) == repr(kind())
    return f"{kind.__name__}()" if usual else repr(value)


def signature(name: str, entry: Any) -> str:
    """How it is called, without types."""
    parts = []
    for p in inspect.signature(entry).parameters.values():
        star = {p.VAR_KEYWORD: "**", p.VAR_POSITIONAL: "*"}.get(p.kind, "")
        parts.append(star + p.name + ("" if p.default is p.empty else f"={default(p.default)}"))
    return f"{name}({', '.join(parts)})"


def made(kind: type[Any], shapes: Any, rest: str) -> tuple[Any, dict[Any, Any]]:
    """An example's layer on input layers, and data for these."""
    several = isinstance(shapes, list)
    inputs = [layers.InputLayer(shape) for shape in (shapes if several else [shapes])]
    incoming = inputs if several else inputs[0]
    layer = eval(f"kind(incoming, {rest})", {**NAMES, "kind": kind, "incoming": incoming})
    data = {}
    for entry in layers.get_all_layers(layer):
        if isinstance(entry, layers.InputLayer):
            shape = [(OPEN if i else BATCH) if n is None else n for i, n in enumerate(entry.shape)]
            integers = isinstance(layer, layers.EmbeddingLayer)
            data[entry] = np.ones(shape, np.int64 if integers else np.float32)
    return layer, data


def parameters(layer: Any) -> list[str]:
    """A layer's parameters with their shapes and tags, as the rows of a table."""
    tagged = {tag: layer.get_params(**{tag: True}) for tag in TAGS}
    rows = []
    for p in layer.get_params():
        own = [tag for tag, having in tagged.items() if any(p is q for q in having)]
        rows.append(f"| `{p.name}` | {p.shape} | {', '.join(own)} |")
    return rows


def run(name: str, kind: type[Any], shapes: Any, rest: str) -> tuple[Any, str]:
    """An example's layer, and its row: what it says its shape is, and what came out."""
    mt.random.seed(0)
    layer, data = made(kind, shapes, rest)
    out = layers.get_output(layer, data)
    given = shapes if isinstance(shapes, list) else [shapes]
    ran = ", ".join(str(data[i].shape) for i in list(data)[: len(given)])
    shown = cell(", ".join(map(str, given)))
    call = f"{name}({'incomings' if isinstance(shapes, list) else 'incoming'}"
    call += f", {rest})" if rest else ")"
    return layer, f"| {shown} | `{cell(call)}` | {layer.output_shape} | {ran} | {out.shape} |"


def layer_section(name: str, kind: type[Any]) -> list[str]:
    """What there is to say about a layer."""
    lines = [f"## {name}", "", f"    {signature(name, kind)}", "", first_line(kind)]
    if name in ABSTRACT or kind is layers.InputLayer:
        return lines
    if name not in EXAMPLES:
        raise SystemExit(f"docs/generate_layers.py: {name} has no example in EXAMPLES")
    rule = first_line(kind.get_output_shape_for).rstrip(".")
    if kind.get_output_shape_for is layers.Layer.get_output_shape_for:
        rule = "the input's shape"
    ran = [run(name, kind, *example) for example in EXAMPLES[name]]
    rows = parameters(ran[0][0])
    if rows:
        lines += ["", "Parameters of the first example, in their order:", "",
                  f"| {name} | shape | tags |", "|---|---|---|", *rows]  # fmt: skip
    lines += ["", f"Output: {rule}.", "",
              "| input | layer | `output_shape` | data | came out |",
              "|---|---|---|---|---|", *(row for _, row in ran)]  # fmt: skip
    return lines


def section(name: str, entry: Any, module: Any) -> list[str]:
    """A name of a module's: a layer, another name for one, or a function."""
    own = getattr(entry, "__name__", name)
    if own != name:
        return [f"## {name}", "", f"Another name for `{own}`."]
    if inspect.isclass(entry) and issubclass(entry, layers.Layer):
        return layer_section(name, entry)
    return [f"## {name}", "", f"    {signature(name, entry)}", "", first_line(entry)]


def public(module: Any) -> dict[str, Any]:
    """A module's names with what can be called; type aliases are left out."""
    found = {name: getattr(module, name) for name in module.__all__}
    return {n: v for n, v in found.items() if inspect.isclass(v) or inspect.isfunction(v)}


def pages() -> dict[Path, str]:
    """All pages by their paths."""
    index = [INDEX]
    found = {}
    for name in MODULES:
        module = importlib.import_module(f"minitorch.layers.{name}")
        entries = public(module)
        lines = [f"# layers/{name}.py", "", HEADER.format(name), "",
                 re.sub(r":\w+:(?=`)", "", inspect.getdoc(module) or "")]  # fmt: skip
        for key, entry in entries.items():
            lines += ["", *section(key, entry, module)]
        found[DOCS / "layers" / f"{name}.md"] = "\n".join(lines) + "\n"
        named = ", ".join(f"[{key}](layers/{name}.md#{key.lower()})" for key in entries)
        index.append(f"| [{name}](layers/{name}.md) | {first_line(module)} | {named} |")
    found[DOCS / "layers.md"] = "\n".join(index) + "\n"
    return found


def main() -> int:
    """Write or check the pages."""
    current = pages()
    known = {*(DOCS / "layers").glob("*.md"), DOCS / "layers.md"}
    if "--check" in sys.argv[1:]:
        late = [p for p, text in current.items() if not p.exists() or p.read_text("utf-8") != text]
        late += sorted(known - set(current))
        for path in late:
            print(f"{path.relative_to(DOCS.parent)} is out of date: run python "
                  f"docs/generate_layers.py", file=sys.stderr)  # fmt: skip
        return int(bool(late))
    for path in known - set(current):
        path.unlink()
    for path, text in current.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
