"""An editor that a run has left, for images of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch import asarray, io, layers, no_grad
from minitorch.data import DataError
from minitorch.data.attributes import Attribute, AttributeImages
from minitorch.data.image_file import open_image, read_image, to_square
from minitorch.data.resample import centre_crop, resize_short
from minitorch.generative.attributes.editor import Editor
from minitorch.generative.attributes.losses import split_values
from minitorch.generative.pixels import bytes_to_signed

__all__ = ["TrainedEditor", "open_editor"]

Array = numpy.ndarray


class TrainedEditor:
    """Edits images of one's own by what a run has left.

    Parameters
    ----------
    editor : Editor
    classifier : Layer
        From images to the logits of all attributes' values: it says what an image has.
    whole : bool
        Whether images are shown whole on white, as drawings are; else their middle is cut out.
    """

    def __init__(self, editor: Editor, classifier: Any, whole: bool) -> None:
        self.editor, self.classifier, self.whole = editor, classifier, whole

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What can be set."""
        return self.editor.attributes

    def read(self, path: str | Path) -> Array:
        """An image file as bytes of the editor's size, shape (channels, rows, columns).

        Raises
        ------
        DataError
            If it cannot be read.
        """
        size = self.editor.network.output_shape[-1]
        if self.whole:
            return to_square(open_image(path), size)
        return centre_crop(resize_short(read_image(path), size), size)

    def named(self, x: Array) -> Array:
        """What images in bytes have, by the classifier: int, shape (n, attributes)."""
        device = layers.get_device(self.classifier)
        with no_grad():
            images = asarray(bytes_to_signed(x), device=device)
            logits = layers.get_output(self.classifier, images, deterministic=True).numpy()
        parts = split_values(logits, self.attributes)
        return numpy.stack([part.argmax(axis=1) for part in parts], axis=1)

    def __call__(self, x: Array, changes: Sequence[str], has: Sequence[str] = ()) -> Array:
        """Images with attributes changed.

        Parameters
        ----------
        x : numpy.ndarray of uint8, shape (n, channels, rows, columns)
        changes : sequence of str
            Such as ``skin=dark``.
        has : sequence of str
            What the images have, where one knows better than the classifier.

        Returns
        -------
        numpy.ndarray of float32, shape of ``x``
            From -1 to 1.

        Raises
        ------
        DataError, ValueError
            As :meth:`Editor.wanted` says.
        """
        labels = self.label(x, has)
        wanted = numpy.stack([self.editor.wanted(label, changes) for label in labels])
        return self.editor(bytes_to_signed(x), wanted)

    def label(self, x: Array, has: Sequence[str] = ()) -> Array:
        """What images have: by the classifier, but for what one knows better."""
        return numpy.stack([self.editor.wanted(label, has) for label in self.named(x)])

    def images(self, x: Array, has: Sequence[str] = ()) -> AttributeImages:
        """Images with what they have, for strips."""
        return AttributeImages(x, self.label(x, has), self.attributes, name="images")


def open_editor(folder: str | Path) -> TrainedEditor:
    """What a run has left in its folder.

    Raises
    ------
    DataError
        If it is no folder of such a run, or the run is not done.
    FileFormatError
        If a file is damaged.
    """
    paths = [Path(folder) / f"{name}.safetensors" for name in ("editor", "classifier")]
    missing = next((path for path in paths if not path.is_file()), None)
    if missing is not None:
        raise DataError(
            f"{missing}: not there; a folder that `python -m minitorch train attributes` has left "
            f"holds one when the training is done"
        )
    about = io.read_about(paths[0])
    attributes = [Attribute(name, tuple(values)) for name, values in about["attributes"]]
    editor, classifier = (io.load(path, restore_generator=False) for path in paths)
    return TrainedEditor(Editor(editor, attributes), classifier, about["whole"])
