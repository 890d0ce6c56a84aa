"""Scores against closed forms, and a scorer that tells digits from noise and from one digit."""

import numpy as np
import pytest

from minitorch import io, random
from minitorch.data import toy_digits
from minitorch.generative import (
    frechet_distance,
    inception_score,
    open_scorer,
    pixels_to_signed,
    train_judge,
)
from minitorch.training import evaluate


def covariance(rng, d, rank=None):
    a = rng.normal(size=(d, rank or d))
    return a @ a.T


def test_distance_of_independent_coordinates():
    """In one dimension it is (m1 - m2)² + (s1 - s2)²; independent coordinates add."""
    rng = np.random.default_rng(0)
    m1, m2 = rng.normal(size=(2, 7))
    s1, s2 = rng.uniform(0.1, 3, (2, 7))
    want = ((m1 - m2) ** 2 + (s1 - s2) ** 2).sum()
    assert frechet_distance(m1, np.diag(s1**2), m2, np.diag(s2**2)) == pytest.approx(want)


@pytest.mark.parametrize("seed", range(4))
def test_distance_in_two_dimensions(seed):
    """tr √M = √(tr M + 2 √det M) for 2 x 2 matrices, whose covariances need not commute."""
    rng = np.random.default_rng(seed)
    a, b = covariance(rng, 2), covariance(rng, 2)
    m = a @ b
    root = np.sqrt(np.trace(m) + 2 * np.sqrt(np.linalg.det(m)))
    want = 25 + np.trace(a) + np.trace(b) - 2 * root
    found = frechet_distance(np.zeros(2), a, np.array([3.0, 4.0]), b)
    assert found == pytest.approx(want, rel=1e-9)
    assert found == pytest.approx(frechet_distance(np.array([3.0, 4.0]), b, np.zeros(2), a))


def test_distance_from_itself_is_none_even_if_singular():
    rng = np.random.default_rng(1)
    for c in (covariance(rng, 6), covariance(rng, 6, rank=2), np.zeros((6, 6))):
        assert frechet_distance(np.ones(6), c, np.ones(6), c) == pytest.approx(0, abs=1e-5)


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"found \(2,\), \(2, 2\), \(3,\), \(3, 3\)"):
        frechet_distance(np.zeros(2), np.eye(2), np.zeros(3), np.eye(3))


def test_inception_score_by_loops():
    p = np.random.default_rng(2).dirichlet(np.ones(4), 9)
    mean = p.sum(axis=0) / 9
    total = sum(p[i, k] * np.log(p[i, k] / mean[k]) for i in range(9) for k in range(4))
    assert inception_score(p) == pytest.approx(np.exp(total / 9))
    assert inception_score(np.eye(3)[[0, 0, 0]]) == 1  # a class that never comes has mean 0


@pytest.fixture(scope="module")
def data():
    return [
        pixels_to_signed(toy_digits(n, seed, size=16, noise=10)) for n, seed in ((400, 0), (300, 1))
    ]


def test_the_scorer_ranks_real_noisy_collapsed_and_noise(data, tmp_path):
    train, test = data
    scorer = open_scorer(tmp_path / "judge.safetensors", train, test, "toy", 150, steps=120)
    real = scorer(test.x[1::2])
    assert real.covered == 10 and real.inception > 3
    rng = np.random.default_rng(0)
    blurred = (test.x[1::2] + rng.normal(0, 1, test.x[1::2].shape)).clip(-1, 1).astype("float32")
    one = test.x[1::2][test.y[1::2] == 3]
    collapsed = scorer(np.repeat(one[:1], 150, axis=0))
    assert real.fid < scorer(blurred).fid
    assert real.fid < collapsed.fid
    assert collapsed.covered == 1 and collapsed.inception == pytest.approx(1, abs=1e-6)
    assert str(collapsed).endswith("1 of 10 classes")
    with pytest.raises(ValueError, match="at least 2 images, not 1"):
        scorer(one[:1])


def test_a_judge_is_trained_once_and_leaves_randomness_alone(data, tmp_path):
    train, test = data
    path = tmp_path / "judge.safetensors"
    random.seed(7)
    before = random.get_state()
    first = open_scorer(path, train, test, "toy", 50, steps=4)
    written = path.read_bytes()
    again = open_scorer(path, train, test, "toy", 50, steps=4)
    assert random.get_state() == before
    assert path.read_bytes() == written and first(test.x) == again(test.x)
    open_scorer(path, test, train, "other", 50, steps=4)
    assert io.read_about(path)["data"] == "other"


def test_a_judge_says_its_error(data):
    judge, error = train_judge(*data, steps=4)
    assert error == evaluate(judge, data[1]).error
