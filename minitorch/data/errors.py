"""The errors of data files, and of pipelines."""

from __future__ import annotations

__all__ = ["DataError", "PipelineError"]


class DataError(ValueError):
    """A data file that is missing, damaged or not what it should be.

    The message names the file, what was expected and what was found. Nothing
    has been written or removed when it is raised.
    """


class PipelineError(RuntimeError):
    """A batch that could not be made: its example or its worker is named.

    The pipeline has ended its workers when it is raised; it stands before that batch,
    and iterating again tries it again.
    """
