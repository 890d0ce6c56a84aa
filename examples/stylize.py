"""A photograph as a painting, in one pass through a trained network of 26 styles.

What      The network learned 26 styles at once. All have the same filters: what makes
          a style is a scale and a shift behind each convolution, so styles can be
          mixed by mixing these.
Paper     V. Dumoulin, J. Shlens, M. Kudlur, "A Learned Representation for Artistic
          Style", 2017; J. Johnson, A. Alahi, L. Fei-Fei, "Perceptual Losses for
          Real-Time Style Transfer and Super-Resolution", 2016.
Run       pip install 'minitorch[examples]'   (the weights are fetched, 3 MB)
          python examples/stylize.py PHOTOGRAPH --style 19 -o painting.png
          python examples/stylize.py PHOTOGRAPH --style 3:0.5,19:0.5    (half of each)
Expect    Style 19 is that of The Starry Night. A photograph of 512 x 512 pixels took
          0.5 s on one core.
"""

import argparse
import time

import numpy as np
from PIL import Image

import minitorch as mt
from minitorch import layers
from minitorch.io import pretrained
from minitorch.models import named_layers

STYLES = 26


def mixed(text):
    """Weights of the styles, with the sum 1: of "19", or "3:0.5,19:0.5"."""
    weights = np.zeros((1, STYLES), np.float32)
    for part in text.split(","):
        style, _, share = part.partition(":")
        if not style.strip().isdigit() or int(style) >= STYLES:
            raise ValueError(
                f"styles are 0 to {STYLES - 1}, as in 19 or 3:0.5,19:0.5, not {text!r}"
            )
        weights[0, int(style)] += float(share or 1)
    return weights / weights.sum()


def main(image, out="painting.png", style="19", largest=None, weights=None):
    """Paint, and write the picture; returns its pixels, (rows, columns, 3)."""
    photograph = Image.open(image).convert("RGB")
    if largest is not None:
        photograph.thumbnail((largest, largest), Image.Resampling.BICUBIC)
    pixels = np.asarray(photograph, np.float32) / 255
    rows, columns = pixels.shape[:2]

    # The image is halved twice and doubled twice: mirror it to multiples of 4, and cut that off
    # the painting.
    pixels = np.pad(pixels, ((0, -rows % 4), (0, -columns % 4), (0, 0)), mode="reflect")
    network = pretrained("multistyle26", weights)
    print(f"{layers.count_params(network):,} parameters, {columns} x {rows}")
    named = named_layers(network)
    data = {
        named["input"]: pixels.transpose(2, 0, 1)[None].copy(),
        named["style_weights"]: mixed(str(style)),
    }
    began = time.perf_counter()
    with mt.no_grad():
        painting = layers.get_output(network, data, deterministic=True).numpy()[0]
    print(f"{time.perf_counter() - began:.1f} s")
    painting = painting.transpose(1, 2, 0)[:rows, :columns]
    Image.fromarray(np.rint(255 * painting).astype(np.uint8)).save(out)
    print(out)
    return painting


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", help="a photograph, in any format that Pillow reads")
    parser.add_argument("-o", "--out", default="painting.png")
    parser.add_argument("--style", default="19", help="0 to 25, or a mix: 3:0.5,19:0.5")
    parser.add_argument("--largest", type=int, help="scale to so many pixels along the longer side")
    parser.add_argument("--weights", help="a folder with multistyle26.onnx")
    main(**vars(parser.parse_args()))
