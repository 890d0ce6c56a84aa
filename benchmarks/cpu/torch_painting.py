"""Gatys's losses as a PyTorch user writes them, relative to their targets as minitorch's are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

__all__ = ["VGG", "losses"]

STYLE = [f"relu{stage}_1" for stage in range(1, 6)]
CONTENT = "relu4_2"
CONTENT_WEIGHT = 0.05


class VGG(nn.Module):
    """Convolutions up to relu5_1, with average pooling, giving all rectified features by name.

    Parameters
    ----------
    depths : sequence of int
        Convolutions of each stage, (2, 2, 4, 4, 1) for VGG-19.
    width : int
        Filters of the first.
    mean, std : array_like of 3 float
        Of pixels from 0 to 255.
    bgr : bool
        Turn RGB round first.
    """

    def __init__(
        self, depths: Sequence[int], width: int, mean: Any, std: Any, bgr: bool = False
    ) -> None:
        super().__init__()
        self.bgr = bgr
        self.register_buffer("mean", torch.as_tensor(mean).reshape(3, 1, 1))
        self.register_buffer("std", torch.as_tensor(std).reshape(3, 1, 1))
        self.stages = nn.ModuleList()
        channels = 3
        for depth, factor in zip(depths, (1, 2, 4, 8, 8), strict=True):
            stage = nn.ModuleList()
            for _ in range(depth):
                stage.append(nn.Conv2d(channels, factor * width, 3, padding=1))
                channels = factor * width
            self.stages.append(stage)
        self.requires_grad_(False)

    def forward(self, x: Any) -> dict[str, Any]:
        """relu1_1 to relu5_1."""
        if self.bgr:
            x = x.flip(1)
        x = (x - self.mean) / self.std
        found = {}
        for number, stage in enumerate(self.stages, start=1):
            if number > 1:
                x = nn.functional.avg_pool2d(x, 2, ceil_mode=True)
            for place, conv in enumerate(stage, start=1):
                x = found[f"relu{number}_{place}"] = torch.relu(conv(x))
        return found


def losses(net: Any, content: Any, style: Any) -> Callable[[Any], Any]:
    """The total loss as a function of the picture."""

    def gram(features: Any) -> Any:
        flat = features.flatten(2)[0]
        return flat @ flat.T / flat.shape[1]

    with torch.no_grad():
        target = net(content)[CONTENT].clone()
        found = net(style)
        grams = {name: gram(found[name]) for name in STYLE}
        sizes = {name: (g * g).sum() for name, g in grams.items()}
        size = (target * target).sum()

    def total(image: Any) -> Any:
        found = net(image)
        loss = CONTENT_WEIGHT * ((found[CONTENT] - target) ** 2).sum() / size
        for name in STYLE:
            change = ((gram(found[name]) - grams[name]) ** 2).sum() / sizes[name]
            loss = loss + change / len(STYLE)
        return loss

    return total


def losses_with(
    depths: Sequence[int],
    mean: Any,
    std: Any,
    bgr: bool,
    weights: Sequence[Any],
    content: Any,
    style: Any,
    threads: int,
) -> Callable[[Any], Any]:
    """The same with given weights and pictures, as arrays."""
    torch.set_num_threads(threads)
    net = VGG(depths, weights[0].shape[0], mean, std, bgr)
    for param, value in zip(net.parameters(), weights, strict=True):
        param.copy_(torch.from_numpy(value))
    return losses(net, torch.from_numpy(content), torch.from_numpy(style))


def descend(total: Callable[[Any], Any], start: Any, at: Sequence[int]) -> dict[str, Any]:
    """PyTorch's L-BFGS with its strong Wolfe search and its usual history of 100.

    Returns
    -------
    dict
        ``start``, the loss of the picture; ``losses`` behind the steps ``at``, and the
        ``evaluations`` that they took, by step.
    """
    image = torch.tensor(start, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [image], history_size=100, line_search_fn="strong_wolfe", tolerance_grad=0,
        tolerance_change=0, max_eval=10**9,
    )  # fmt: skip
    evaluations = 0

    def closure() -> Any:
        nonlocal evaluations
        evaluations += 1
        optimiser.zero_grad()
        loss = total(image)
        loss.backward()
        return loss

    found: dict[str, Any] = {"start": total(image).item(), "losses": {}, "evaluations": {}}
    before = 0
    for number, step in enumerate(at):
        optimiser.param_groups[0]["max_iter"] = step - before
        optimiser.step(closure)  # it looks where it stands first, each time it is called
        before = step
        with torch.no_grad():
            found["losses"][str(step)] = total(image).item()
        found["evaluations"][str(step)] = evaluations - number
    return found
