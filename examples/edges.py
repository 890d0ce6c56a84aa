"""The edges of the things in a photograph, by HED with its trained weights.

What      A photograph goes in, and for every pixel the probability comes out that
          it lies on an edge: bright lines on black. The network is VGG-16 without
          its dense layers. It is asked at five depths, from fine textures to whole
          things, and the five answers are weighed.
Paper     S. Xie, Z. Tu, "Holistically-Nested Edge Detection", 2015.
Run       pip install 'minitorch[examples]'   (the weights are fetched, 55 MB)
          python examples/edges.py PHOTOGRAPH -o edges.png
          python examples/edges.py PHOTOGRAPH -o edges.png --sides   (the five, too)
Expect    Outlines of things, thick and smooth; less of textures than a filter for
          edges draws. A photograph of 512 x 512 pixels took 2.5 s on
          one core.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

import minitorch as mt
from minitorch import layers
from minitorch.io import pretrained
from minitorch.models import named_layers
from minitorch.nonlinearities import sigmoid

MEAN_BGR = (104.00699, 116.66877, 122.67892)  # of ImageNet's photographs, from 0 to 255


def read(path, largest=None):
    """The photograph as the network takes it: blue, green, red, each less its mean."""
    image = Image.open(path).convert("RGB")
    if largest is not None:
        image.thumbnail((largest, largest), Image.Resampling.BICUBIC)
    pixels = np.asarray(image, np.float32)[:, :, ::-1] - np.float32(MEAN_BGR)
    return pixels.transpose(2, 0, 1)[None].copy()


def save(path, probabilities):
    """A map of probabilities as a grey picture."""
    Image.fromarray(np.rint(255 * probabilities).astype(np.uint8)).save(path)
    print(path)


def main(image, out="edges.png", largest=None, sides=False, weights=None):
    """Find the edges, and write them; returns the probabilities, (rows, columns)."""
    pixels = read(image, largest)

    # The weights' package is found, not imported; its file is compared with a checksum.
    network = pretrained("hed", weights)
    print(f"{layers.count_params(network):,} parameters, {pixels.shape[3]} x {pixels.shape[2]}")

    # The maps of the five depths, as logits, and their weighed sum, which is the answer.
    named = named_layers(network)
    maps = [named[name] for name in ("dsn1", "upscore2", "upscore3", "upscore4", "upscore5")]
    began = time.perf_counter()
    with mt.no_grad():
        edges, *found = layers.get_output([network, *maps], pixels, deterministic=True)
    print(f"{time.perf_counter() - began:.1f} s")

    save(out, edges.numpy()[0, 0])
    for number, logits in enumerate(found if sides else [], start=1):
        path = Path(out)
        save(path.with_stem(f"{path.stem}-side{number}"), sigmoid(logits).numpy()[0, 0])
    return edges.numpy()[0, 0]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", help="a photograph, in any format that Pillow reads")
    parser.add_argument("-o", "--out", default="edges.png")
    parser.add_argument("--largest", type=int, help="scale to so many pixels along the longer side")
    parser.add_argument("--sides", action="store_true", help="write the five side outputs as well")
    parser.add_argument("--weights", help="a folder with hed_bsds500.weights.h5")
    main(**vars(parser.parse_args()))
