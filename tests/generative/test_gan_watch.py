"""What is said of two players, by made-up events; the distance between images by loops."""

import numpy as np
import pytest

from minitorch.generative import GanEpoch, GanStep, Watch, spread


def step(number, real=0.5, fake=0.5, generator=1.0):
    return GanStep(number, 1, 1.0, real, fake, generator, 1.0)


def epoch(diversity=1.0, moved=0.1):
    return GanEpoch(1, 1.0, 1.0, diversity, moved, 0.0)


@pytest.mark.parametrize("labels", [None, np.array([0, 1, 0, 1, 0])])
def test_spread_is_the_mean_distance_of_pairs(labels):
    images = np.random.default_rng(0).normal(5, 1, (5, 1, 3, 2)).astype("float32")
    pairs = [
        np.linalg.norm(images[i].astype("float64") - images[j])
        for i in range(5)
        for j in range(i)
        if labels is None or labels[i] == labels[j]
    ]
    assert spread(images, labels) == pytest.approx(np.mean(pairs), rel=1e-9)


def test_spread_of_one_image_or_of_equal_ones():
    assert spread(np.ones((1, 4))) == 0
    assert spread(np.ones((3, 4))) == 0


def test_a_discriminator_that_has_won_is_said_once():
    watch = Watch()
    found = [f for n in range(1, 501) for f in watch.step(step(n, 1.0, 0.0))]
    assert [f.kind for f in found] == ["discriminator_won"]
    assert 300 < found[0].step < 500  # it takes a while to be sure
    assert "wgan_gp" in found[0].message
    assert not [f for n in range(500) for f in watch.step(step(n))]
    assert [f for n in range(500) for f in watch.step(step(n, 1.0, 0.0))]  # and anew


def test_a_mean_that_sways_about_the_bound_is_said_once():
    watch = Watch()
    swaying = [0.995 if n // 50 % 2 else 0.97 for n in range(600)]
    means = [1.0] * 600 + swaying
    found = [f for n, p in enumerate(means) for f in watch.step(step(n, p, 1 - p))]
    assert len(found) == 1


def test_no_victory_of_critics_and_of_those_that_are_fooled():
    critic = Watch(critic=True)
    assert not [f for n in range(500) for f in critic.step(step(n, 9.0, -9.0))]
    watch = Watch()
    assert not [f for n in range(500) for f in watch.step(step(n, 0.9, 0.1))]


def test_samples_that_are_alike_or_stand_still():
    watch = Watch()
    assert watch.epoch(epoch(0.0, 0.0), 1) == []  # it has hardly begun
    for n in range(400):
        watch.step(step(n, generator=1.0 if n % 2 else None))
    assert watch.epoch(epoch(), 400) == []
    assert [f.kind for f in watch.epoch(epoch(diversity=0.1), 400)] == ["mode_collapse"]
    assert [f.kind for f in watch.epoch(epoch(0.1, 0.0), 800)] == ["stopped_learning"]


def test_samples_that_have_never_differed_get_more_time():
    """Few images take many epochs to be learned; none of 999 steps is a collapse."""
    watch, found = Watch(), []
    for n in range(1, 1201):
        watch.step(step(n))
        found += watch.epoch(epoch(diversity=0.1), n) if n % 100 == 0 else []
    assert [(f.kind, f.step) for f in found] == [("mode_collapse", 1000)]


def test_figures_that_sway_about_a_bound_are_said_once():
    watch = Watch()
    for n in range(300):
        watch.step(step(n))
    swaying = [(0.24, 0.9e-3), (0.3, 1.5e-3)] * 5
    said = [f.kind for values in swaying for f in watch.epoch(epoch(*values), 300)]
    assert sorted(said) == ["mode_collapse", "stopped_learning"]
    assert watch.epoch(epoch(0.4, 0.1), 300) == []
    assert len(watch.epoch(epoch(0.2, 0.0), 300)) == 2  # they had been gone


def test_what_was_said_is_remembered():
    watch = Watch()
    for n in range(500):
        watch.step(step(n, 1.0, 0.0))
    again = Watch()
    again.restore(watch.state())
    assert again.state() == watch.state() and again.step(step(501, 1.0, 0.0)) == []
