"""What layers and classes are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from minitorch.utils import did_you_mean

__all__ = ["class_number", "layers_by_name"]


def layers_by_name(order: Sequence[Any]) -> dict[str, Any]:
    """Layers by their names; one without, or with another's too, by its class and place."""
    counts = Counter(one.name for one in order)
    return {
        one.name if one.name and counts[one.name] == 1 else f"{type(one).__name__}[{place}]": one
        for place, one in enumerate(order)
    }


def class_number(target: int | str, names: Sequence[str], count: int) -> int:
    """A class's number, by that, by its name, or by a part of the name between commas.

    Parameters
    ----------
    target : int or str
    names : sequence of str
        Of the classes; may be empty.
    count : int
        How many classes there are.

    Raises
    ------
    ValueError
        For a number or a name that no class has, or a name that several have.

    Examples
    --------
    >>> class_number("tabby", ["goldfinch", "tabby, tabby cat"], 2)
    1
    """
    if isinstance(target, str):
        found = [i for i, name in enumerate(names) if name == target] or [
            i
            for i, name in enumerate(names)
            if target.strip().lower() in [part.strip().lower() for part in name.split(",")]
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(f"look: {target!r} is the name of classes {found}; give a number")
        if not target.strip().isdecimal():
            parts = [part.strip() for name in names for part in name.split(",")]
            few = parts if len(parts) <= 20 else [f"numbers 0 to {count - 1}"]
            close = did_you_mean(target, parts)
            hint = close if close.startswith("did") else f"there are {', '.join(few)}"
            raise ValueError(f"look: no class is called {target!r}; {hint}")
    number = int(target)
    if not 0 <= number < count:
        raise ValueError(f"look: there is no class {number}; the network has {count}, from 0")
    return number
