"""That all ranks have the same network: made so at the start, and checked."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from minitorch import layers
from minitorch.distributed.group import Group

__all__ = ["check_agreement", "synchronise"]


def _shapes(network: Any) -> list[str]:
    """A network's parameters and streams in words."""
    params = layers.get_all_params(network)
    words = [f"{p.name or 'param'} {tuple(p.shape)} {p.dtype}" for p in params]
    return words + [f"stream {key}" for key in layers.get_all_random_states(network)]


def _digest(network: Any) -> str:
    """All that ranks have in common: parameters, what update rules keep, streams."""
    content = hashlib.sha256()
    for p in layers.get_all_params(network):
        for value in (p, *(p.slots[name] for name in sorted(p.slots))):
            content.update(value.get_value().tobytes())
    content.update(repr(layers.get_all_random_states(network)).encode())
    return content.hexdigest()


def synchronise(network: Any, group: Group) -> None:
    """Give all ranks rank 0's parameters and random streams.

    Parameters
    ----------
    network : Layer
        The output layer of the same architecture on all ranks.
    group : Group

    Raises
    ------
    RuntimeError
        If a rank's network has other parameters; the first that differs is named, on all ranks.
    """
    everyone = group.gather(_shapes(network))
    for rank, theirs in enumerate(everyone):
        if theirs != everyone[0]:
            pairs = zip([*everyone[0], "nothing"], [*theirs, "nothing"], strict=False)
            ours, other = next(pair for pair in pairs if pair[0] != pair[1])
            raise RuntimeError(
                f"the ranks do not have one network: rank 0 has {ours} where rank {rank} has "
                f"{other}; all must build it from the same settings"
            )
    for p in layers.get_all_params(network):
        p.set_value(group.share(p.get_value()))
    layers.set_all_random_states(network, group.share(layers.get_all_random_states(network)))


def check_agreement(network: Any, group: Group) -> None:
    """Whether parameters, update rules' memories and streams have the same bits on all ranks.

    Raises
    ------
    RuntimeError
        If not; the ranks that differ from most are named, on all ranks.
    """
    everyone = group.gather(_digest(network))
    usual = Counter(everyone).most_common(1)[0][0]
    others = [str(rank) for rank, digest in enumerate(everyone) if digest != usual]
    if others:
        raise RuntimeError(
            f"the networks of the ranks are not the same any more: rank {', '.join(others)} of "
            f"{group.size} differ{'s' if len(others) == 1 else ''} from the others"
        )
