"""Data: sets by name from packages or folders, checked, augmented, standardised, in batches."""

from minitorch.backend.cache import cache_folder
from minitorch.data.attributes import Attribute, AttributeImages
from minitorch.data.batches import Batches, shift_images, stream
from minitorch.data.dataset import Dataset, check_inputs, check_labels
from minitorch.data.errors import DataError, PipelineError
from minitorch.data.faces import attribute_folder
from minitorch.data.fetch import Package, fetch
from minitorch.data.idx import parse_idx, read_idx, write_idx
from minitorch.data.image_file import read_image
from minitorch.data.images import ImageFiles, image_csv, image_folder
from minitorch.data.mnist import (
    DIGITS,
    FASHION,
    fashion_mnist,
    load_idx_folder,
    mnist,
    save_idx_folder,
)
from minitorch.data.people import emoji_people
from minitorch.data.pipeline import Pipeline
from minitorch.data.preprocessing import PREPROCESSINGS, Preprocessing
from minitorch.data.registry import DATASETS, load
from minitorch.data.standardise import Standardiser
from minitorch.data.toy import toy_digits

__all__ = [
    "DATASETS",
    "DIGITS",
    "FASHION",
    "PREPROCESSINGS",
    "Attribute",
    "AttributeImages",
    "Batches",
    "DataError",
    "Dataset",
    "ImageFiles",
    "Package",
    "Pipeline",
    "PipelineError",
    "Preprocessing",
    "Standardiser",
    "attribute_folder",
    "cache_folder",
    "check_inputs",
    "check_labels",
    "emoji_people",
    "fashion_mnist",
    "fetch",
    "image_csv",
    "image_folder",
    "load",
    "load_idx_folder",
    "mnist",
    "parse_idx",
    "read_idx",
    "read_image",
    "save_idx_folder",
    "shift_images",
    "stream",
    "toy_digits",
    "write_idx",
]
