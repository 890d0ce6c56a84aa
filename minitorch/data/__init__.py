"""Data: MNIST from a package registry or a folder, checked, standardised, in batches."""

from minitorch.backend.cache import cache_folder
from minitorch.data.batches import Batches, shift_images, stream
from minitorch.data.dataset import Dataset, Standardiser, check_inputs, check_labels
from minitorch.data.errors import DataError
from minitorch.data.fetch import Package, fetch
from minitorch.data.idx import parse_idx, read_idx, write_idx
from minitorch.data.mnist import (
    DIGITS,
    FASHION,
    fashion_mnist,
    load_idx_folder,
    mnist,
    save_idx_folder,
)
from minitorch.data.toy import toy_digits

__all__ = [
    "DIGITS",
    "FASHION",
    "Batches",
    "DataError",
    "Dataset",
    "Package",
    "Standardiser",
    "cache_folder",
    "check_inputs",
    "check_labels",
    "fashion_mnist",
    "fetch",
    "load_idx_folder",
    "mnist",
    "parse_idx",
    "read_idx",
    "save_idx_folder",
    "shift_images",
    "stream",
    "toy_digits",
    "write_idx",
]
