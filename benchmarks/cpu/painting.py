"""An iteration of ``minitorch.style``: Gatys's losses of a picture, and their gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.cpu.workloads import IMAGENET, Size, arrays_for
from minitorch.autograd import grad
from minitorch.models import vgg_body
from minitorch.models.parts import HE
from minitorch.parameter import Parameter
from minitorch.style import Judge, LossNetwork, Settings

__all__ = ["painting"]


def painting(name: str, size: Size) -> tuple[Callable[[], list[Any]], list[Any], list[Any]]:
    """What ``paint`` asks for at each evaluation, with VGG-19 as it is drawn."""
    network = LossNetwork(vgg_body("E", width=size.width, W=HE), *IMAGENET)
    start, content, style = arrays_for(name, size)
    judge = Judge(network, content, [style], [1.0], Settings())
    pixels = Parameter(start, name="picture")

    def step() -> list[Any]:
        total, _ = judge(pixels)
        (gradient,) = grad(total, [pixels])
        return [total, (gradient * gradient).sum()]

    return step, [network.layers["relu5_1"]], []
