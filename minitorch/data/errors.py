"""The one error that data files raise."""

from __future__ import annotations

__all__ = ["DataError"]


class DataError(ValueError):
    """A data file that is missing, damaged or not what it should be.

    The message names the file, what was expected and what was found. Nothing
    has been written or removed when it is raised.
    """
