"""Squares and crosses, red or blue, at random places: images with two attributes."""

import numpy as np

from minitorch.data import Attribute, AttributeImages

COLOUR, SHAPE = Attribute("colour", ("red", "blue")), Attribute("cross")


def shapes(count=60, size=16, seed=0):
    """Four images of each of so many drawings, one for each pair of values; uint8."""
    rng = np.random.default_rng(seed)
    images, labels, drawings = [], [], []
    for number in range(count):
        top, left = rng.integers(1, size - 8, 2)
        for colour in range(2):
            for cross in range(2):
                mask = np.zeros((size, size), bool)
                mask[top : top + 7, left : left + 7] = not cross
                if cross:
                    mask[top + 2 : top + 5, left : left + 7] = True
                    mask[top : top + 7, left + 2 : left + 5] = True
                image = np.full((3, size, size), 255, np.uint8)
                image[:, mask] = np.array([[200, 30, 30], [30, 30, 200]])[colour][:, None]
                images.append(image)
                labels.append([colour, cross])
                drawings.append(str(number))
    return AttributeImages(np.stack(images), labels, (COLOUR, SHAPE), drawings, "shapes")
