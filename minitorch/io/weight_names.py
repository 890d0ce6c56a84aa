"""What other libraries call the layers of the networks in ``minitorch.models``: data.

A network belongs to the first family whose mark, the name of a layer, it has. Each family says
per scheme how a layer's name here becomes the name there; layers that no rule names are called
the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from minitorch.models.efficientnet import BLOCKS
from minitorch.utils import did_you_mean

__all__ = ["EXTRAS", "FAMILIES", "SCHEMES", "Naming", "naming_of"]

# In the order in which a guess prefers them.
SCHEMES = ("torchvision", "timm", "efficientnet_pytorch", "lasagne")

# Entries of files that a network need not have: PyTorch's counts of batches, auxiliary heads.
EXTRAS = (
    re.compile(r".*\.num_batches_tracked"),
    re.compile(r"(aux\d?|aux_classifier|AuxLogits)\..*"),
)


@dataclass(frozen=True)
class Naming:
    """How one scheme calls the layers of one family.

    Parameters
    ----------
    rules : sequence of (str, str)
        A pattern that is to match the whole name, and what it becomes. The first counts.
    places : mapping of str to int
        Layers that lie in a row called ``features``, by the beginning of their names, and how
        many places each takes there (a convolution and its rectifier: two). A name's part behind
        the first dot stays.
    as_conv : str
        Dense layers that are convolutions there: a pattern.
    """

    rules: tuple[tuple[str, str], ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)
    as_conv: str = ""

    def names(self, layers: Iterable[str]) -> dict[str, str]:
        """Their names for these layers of ours, which come in the network's order."""
        found, rows, at = {}, {}, 0
        for name in layers:
            rule = next((r for r in self.rules if re.fullmatch(r[0], name)), None)
            if rule is not None:
                found[name] = re.sub(*rule, name)
                continue
            unit, dot, rest = name.partition(".")
            kind = re.match(r"[a-z]*", unit)
            size = self.places.get(kind[0] if kind else "")
            if size is None:
                found[name] = name
                continue
            if unit not in rows:
                rows[unit], at = at, at + size
            found[name] = f"features.{rows[unit]}{dot}{rest}"
        return found


_ROW = {"conv": 2, "pool": 1, "fire": 1}


def _efficientnet_timm() -> tuple[tuple[str, str], ...]:
    """timm counts blocks by stages, and calls their parts by their order."""
    rules = [("bn0", "bn1"), ("bn1", "bn2"), ("fc", "classifier")]
    parts = {
        "expand_conv": "conv_pw", "bn0": "bn1", "depthwise_conv": "conv_dw", "bn1": "bn2",
        "project_conv": "conv_pwl", "bn2": "bn3",
    }  # fmt: skip
    narrow = {"depthwise_conv": "conv_dw", "bn1": "bn1", "project_conv": "conv_pw", "bn2": "bn2"}
    number = 0
    for stage, (repeats, _, _, expansion, _) in enumerate(BLOCKS):
        for repeat in range(repeats):
            for ours, theirs in (parts if expansion > 1 else narrow).items():
                rules.append((rf"blocks\.{number}\.{ours}", f"blocks.{stage}.{repeat}.{theirs}"))
            number += 1
    return tuple(rules)


FAMILIES: dict[str, dict[str, Naming]] = {
    # mark: scheme: naming
    "conv5_1": {  # VGG
        "torchvision": Naming(
            (("fc6", "classifier.0"), ("fc7", "classifier.3"), ("fc8", "classifier.6")), _ROW
        ),
        "timm": Naming(
            (("fc6", "pre_logits.fc1"), ("fc7", "pre_logits.fc2"), ("fc8", "head.fc")),
            _ROW,
            as_conv="fc[67]",
        ),
    },
    "fire2.squeeze": {  # SqueezeNet
        "torchvision": Naming((("conv10", "classifier.1"),), _ROW),
    },
    "blocks.0.depthwise_conv": {  # EfficientNet-lite0
        "efficientnet_pytorch": Naming(
            ((r"blocks\.(\d+)\.(\w+)", r"_blocks.\1._\2"), (r"(\w+)", r"_\1"))
        ),
        # Of tf_efficientnet_lite0; efficientnet_lite0 has the same names and another padding.
        "timm": Naming(_efficientnet_timm()),
    },
}
# GoogLeNet, Inception-v3, residual networks: the same names.
_SAME = {"torchvision": Naming(), "timm": Naming()}


def naming_of(layers: Iterable[str], scheme: str) -> Naming:
    """How ``scheme`` calls the layers of the network that has these.

    Raises
    ------
    ValueError
        For an unknown scheme, or one that does not have this family.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"no names {scheme!r}; {did_you_mean(scheme, SCHEMES)}")
    names = set(layers)
    known = next((known for mark, known in FAMILIES.items() if mark in names), _SAME)
    if scheme not in known:
        raise ValueError(
            f"{scheme} has no such network; names of it are known from {', '.join(known)}"
        )
    return known[scheme]
