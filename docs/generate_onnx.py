"""Write docs/onnx.md: ONNX in and out, and the operators, from their registry.

    python docs/generate_onnx.py [--check]

``--check`` writes nothing and fails if the page is not up to date.
"""

from __future__ import annotations

from pathlib import Path

from written import settle

from minitorch.io.onnx import OPERATORS

PAGE = Path(__file__).parent / "onnx.md"

HEADER = """# ONNX

Written by `python docs/generate_onnx.py` from `minitorch/io/onnx`. Files are read with the package
`onnx` (`pip install 'minitorch[onnx]'`).

    from minitorch import io, updates
    network = io.load_onnx("model.onnx")
    network.inputs                          # {'x': (None, 3, 224, 224)}
    y = network(images)                     # by place, or network(x=images); with gradients
    network.params["conv1.weight"]          # parameters by their names in the file
    updates.adam(loss, network.get_params(trainable=True)).apply()

Constants that arrive where an operator has weights, also by way of a reshape or a transpose, are
parameters: those in the column "weights" are trained, averages are kept (`trainable=False`), and
single numbers stay as they are. `network(x, training=True)` lets dropout drop and normalisations go
by the batch, which they take into their averages; without it a network computes what its file says.
What depends on constants alone is computed once, when the file is loaded. Functions that a file
defines are written out. All operators run as minitorch's ops, so gradients of any order are there.

A file with operators that are not there is refused when it is loaded, with all their names.
One of your own is a function:

    from minitorch.io.onnx import operator

    @operator("Twice", domain="own")
    def twice(node, x):                     # node.get("name", default) gives an attribute
        return 2 * x

`io.load_onnx("model.onnx", outputs=["pool5"])` gives an inner value instead, without what lies
behind it: the start of another head.

Tensors hold what NumPy holds: no bfloat16, float8, or integers below 8 bits. There are no
sequences, texts, products of quantised numbers, or control flow (`If`, `Loop`, `Scan`).

## Export

    io.save_onnx(network, "model.onnx")                     # layers, or an imported network
    io.save_onnx(network, "model.onnx", (1, 3, 224, 224))   # lengths that the layers leave open
    io.save_onnx(network, "model.onnx", metadata={"by": "me"})   # read as network.metadata

A network of layers is written as it is at the end of training, in operator set 17: dropout and
noise are left out, normalisations go by their averages. Names of inputs, outputs and parameters
stay. All networks of [models.md](models.md) can be written; layers that cannot (masks, spatial
transformers, expressions, cropping) are named at once. An imported network is written with the
parameters that it has now. A layer of one's own:

    from minitorch.io.onnx import exporter

    @exporter(Twice)
    def twice(writer, layer, x):            # names in, a name out
        return writer.add("Mul", x, writer.constant(2.0, dtype="float32"))

## Operators

"Sets" are the operator sets that a function is for, where there are several for one operator.

| operator | sets | what | weights |
|---|---|---|---|"""


def rows() -> list[str]:
    """A line for each function."""
    found = []
    for (domain, name), known in sorted(OPERATORS.items()):
        for one in sorted(known, key=lambda one: one.since):
            first = " ".join((one.function.__doc__ or "").strip().split("\n\n")[0].split())
            until = f"{one.since} to {one.until - 1}" if one.until < 1000 else f"from {one.since}"
            cells = [
                f"`{domain + '.' if domain else ''}{name}`",
                until if len(known) > 1 else "",
                first.replace("|", "\\|"),
                ", ".join(map(str, one.weights))
                + (f"; averages {', '.join(map(str, one.averages))}" if one.averages else ""),
            ]
            found.append("| " + " | ".join(cells) + " |")
    return found


if __name__ == "__main__":
    raise SystemExit(settle(PAGE, "\n".join([HEADER, *rows()]) + "\n"))
