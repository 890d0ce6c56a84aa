"""One step of both players of an adversarial pair: as a captured program, and eagerly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.timing import Competitor, Measurement, interleave

__all__ = ["run"]

BATCH, WIDTH, WARMUP = 64, 32, 2
AGREE = 3  # steps whose losses must agree before anything is timed
PAIRS = ("dcgan", "wgan_gp")


def _steps(name: str, count: int, captured: bool, width: int) -> Iterator[Any]:
    """So many steps of a new trainer on images of noise."""
    from minitorch import random
    from minitorch.data import Dataset
    from minitorch.generative import GANS, GanTrainer, find_gan_recipe

    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (count * BATCH, 1, 28, 28)).astype(np.float32)
    data = Dataset(x, np.zeros(len(x), int), 1)
    recipe = find_gan_recipe(name, {"batch_size": BATCH, "discriminator_steps": 1, "width": width})
    random.seed(0)
    pair = GANS[name].build(recipe.latent, x.shape[1:], width=width)
    trainer = GanTrainer(*pair, recipe, data, captured)
    return (event for event in trainer.run() if event.kind == "step")


def run(
    rounds: int = 15, threads: int = 1, pairs: tuple[str, ...] = PAIRS, width: int = WIDTH
) -> tuple[list[Measurement], dict[str, str]]:
    """Time a step of the discriminator and one of the generator, for MNIST's shape."""
    import minitorch as mt

    mt.set_num_threads(threads)
    found = []
    for name in pairs:
        count = rounds + WARMUP + AGREE
        ways = {how: _steps(name, count, how == "captured", width) for how in ("eager", "captured")}
        losses = [[next(steps).discriminator_loss for _ in range(AGREE)] for steps in ways.values()]
        np.testing.assert_allclose(*losses, rtol=1e-3, atol=1e-4, err_msg=name)
        what = f"{name} step, 28 x 28, width {width}, batch {BATCH}"
        competitors = [Competitor(how, _next(steps)) for how, steps in ways.items()]
        found.append(interleave(what, competitors, rounds=rounds, warmup=WARMUP))
    return found, {}


def _next(steps: Iterator[Any]) -> Callable[[], Any]:
    return lambda: next(steps)
