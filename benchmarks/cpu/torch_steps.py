"""The training steps in PyTorch: eager, channels_last, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.cpu import torch_networks, torch_painting
from benchmarks.cpu.workloads import IMAGENET, STYLE_WEIGHT, WORKLOADS, Size, arrays_for

__all__ = ["build"]

Step = Callable[[], list[Any]]


def build(
    column: str, name: str, size: Size, threads: int, weights: list[np.ndarray]
) -> Callable[[], list[float]]:
    """A step that gives its losses, from the given weights.

    ``column`` is "torch", "torch channels_last", "torch compiled", or "torch kept": that is
    eager as well, in a process whose allocator was told to keep its memory.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    others = {"dcgan": _dcgan, "gatys": _gatys, "painting": _painting}
    make = others.get(name, _classifier)
    step = make(column, name, size, weights)
    return lambda: [float(loss.item()) for loss in step()]


def _prepared(column: str, *nets: Any, weights: list[np.ndarray]) -> list[Any]:
    """Networks with the weights, in the column's memory layout, compiled if it says so."""
    params = [
        (name, p)
        for net in nets
        for name, p in net.named_parameters()
        if "bias_hh" not in name  # Lasagne has no second bias
    ]
    with torch.no_grad():
        for (name, param), value in zip(params, weights, strict=True):
            if tuple(param.shape) != value.shape:
                raise ValueError(f"{name} has shape {tuple(param.shape)}, given {value.shape}")
            param.copy_(torch.from_numpy(value))
    if column.endswith("channels_last"):
        nets = tuple(net.to(memory_format=torch.channels_last) for net in nets)
    return [torch.compile(net) if column.endswith("compiled") else net for net in nets]


def _inputs(column: str, name: str, size: Size) -> list[Any]:
    tensors = [torch.from_numpy(a) for a in arrays_for(name, size)]
    if column.endswith("channels_last"):
        return [
            t.contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t for t in tensors
        ]
    return tensors


def _classifier(column: str, name: str, size: Size, weights: list[np.ndarray]) -> Step:
    (net,) = _prepared(column, getattr(torch_networks, name)(size), weights=weights)
    momentum = {} if name == "lstm" else {"momentum": 0.9, "nesterov": name == "lenet"}
    trained = [p for p in net.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(trained, lr=WORKLOADS[name].rate, **momentum)
    x, labels = _inputs(column, name, size)
    entropy = nn.CrossEntropyLoss()

    def step() -> list[Any]:
        optimiser.zero_grad()
        loss = entropy(net(x), labels)
        loss.backward()
        optimiser.step()
        return [loss]

    return step


def _dcgan(column: str, name: str, size: Size, weights: list[np.ndarray]) -> Step:
    plain = torch_networks.generator(size), torch_networks.discriminator(size)
    gen, disc = _prepared(column, *plain, weights=weights)
    theirs, mine = (
        torch.optim.Adam(net.parameters(), lr=WORKLOADS[name].rate, betas=(0.5, 0.999))
        for net in (disc, gen)
    )
    images, noise = _inputs(column, name, size)
    entropy = nn.BCEWithLogitsLoss()
    real, fake = torch.ones(size.batch), torch.zeros(size.batch)

    def step() -> list[Any]:
        disc.requires_grad_(True)
        theirs.zero_grad()
        made = gen(noise)
        told = entropy(disc(images), real) + entropy(disc(made.detach()), fake)
        told.backward()
        theirs.step()
        disc.requires_grad_(False)  # the generator's step needs no gradients of its weights
        mine.zero_grad()
        fooled = entropy(disc(made), real)
        fooled.backward()
        mine.step()
        return [told, fooled]

    return step


def _gatys(column: str, name: str, size: Size, weights: list[np.ndarray]) -> Step:
    (net,) = _prepared(column, torch_networks.vgg19_features(size), weights=weights)
    image, content, style = _inputs(column, name, size)
    image.requires_grad_(True)
    optimiser = torch.optim.Adam([image], lr=WORKLOADS[name].rate)

    def gram(features: Any) -> Any:
        flat = features.reshape(features.shape[1], -1)
        return flat @ flat.T / flat.numel()

    with torch.no_grad():
        grams = [gram(features) for features in net(style)[:-1]]
        target = net(content)[-1].clone()

    def step() -> list[Any]:
        optimiser.zero_grad()
        *features, depicted = net(image)
        loss = ((depicted - target) ** 2).sum() / 2
        for found, wanted in zip(features, grams, strict=True):
            loss = loss + STYLE_WEIGHT * ((gram(found) - wanted) ** 2).sum()
        loss.backward()
        optimiser.step()
        return [loss]

    return step


def _painting(column: str, name: str, size: Size, weights: list[np.ndarray]) -> Step:
    vgg = torch_painting.VGG((2, 2, 4, 4, 1), size.width, *IMAGENET)
    (net,) = _prepared(column, vgg, weights=weights)
    image, content, style = _inputs(column, name, size)
    image.requires_grad_(True)
    losses = torch_painting.losses(net, content, style)

    def step() -> list[Any]:
        total = losses(image)
        (gradient,) = torch.autograd.grad(total, [image])
        return [total, (gradient * gradient).sum()]

    return step
