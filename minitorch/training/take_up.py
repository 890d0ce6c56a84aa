"""Taking up a run where its last checkpoint was, or starting one anew."""

from __future__ import annotations

from typing import Any

from minitorch.io.arrays import FileFormatError
from minitorch.io.checkpoints import Checkpoints

__all__ = ["take_up"]


def take_up(trainer: Any, checkpoints: Checkpoints, fingerprint: str, how: str = "auto") -> str:
    """Bring a new trainer to where its run was left, if it was begun.

    Parameters
    ----------
    trainer : Trainer
        Or another training with its ``recipe``, ``group``, ``restore``, ``step`` and ``finished``.
    checkpoints : Checkpoints
        Those of the run's folder. Of several ranks the first one's disk counts.
    fingerprint : str
        Of the data, which the checkpoints name.
    how : {"auto", "resume", "fresh"}
        "auto" resumes if there is a checkpoint; "resume" demands one; "fresh" deletes
        those there are.

    Returns
    -------
    str
        One line that says what was done.

    Raises
    ------
    FileFormatError
        For a damaged checkpoint, or none where one is demanded.
    ValueError
        For a checkpoint of another recipe or other data, naming what differs.
    """
    group, model, folder = trainer.group, trainer.recipe.model, checkpoints.folder
    if how == "fresh" and group.first:
        checkpoints.clear()
    if not group.share(bool(checkpoints.paths())):
        if how == "resume":
            raise FileFormatError(f"{folder}: there is no checkpoint to resume")
        return f"training {model} from the start"
    arrays, metadata = group.share(checkpoints.load() if group.first else None)
    remedy = "use --fresh to start over or --out for another folder"
    if metadata.get("data") != fingerprint:
        raise ValueError(
            f"{folder}: the checkpoint is of other training data ({metadata.get('data')}, not "
            f"{fingerprint}); {remedy}"
        )
    try:
        trainer.restore(arrays, metadata)
    except (ValueError, KeyError) as error:  # KeyError: of another kind of training
        raise ValueError(f"{folder}: {error}; {remedy}") from None
    if trainer.finished:
        return f"{folder.parent}: trained already; --fresh would start over"
    return f"resuming {model} at step {trainer.step}"
