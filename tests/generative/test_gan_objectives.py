"""What the players minimise, against the definitions; the penalty's second derivative."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.generative import OBJECTIVES, discriminator_loss, generator_loss, gradient_penalty

LOGITS = np.array([[-3.0], [0.0], [0.5], [4.0]])


def tensor(values):
    return mt.tensor(np.asarray(values, dtype="float64"))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("smooth", [0.0, 0.1])
def test_discriminator_loss_is_the_cross_entropy(smooth):
    real, fake = LOGITS, LOGITS[::-1] - 1
    found = discriminator_loss(tensor(real), tensor(fake), smooth=smooth).item()
    p, q = sigmoid(real), sigmoid(fake)
    want = -((1 - smooth) * np.log(p) + smooth * np.log(1 - p)).mean() - np.log(1 - q).mean()
    assert found == pytest.approx(want, rel=1e-12)


def test_generator_losses_are_their_definitions():
    d = sigmoid(LOGITS)
    assert generator_loss(tensor(LOGITS), "saturating").item() == pytest.approx(
        np.log(1 - d).mean()
    )
    assert generator_loss(tensor(LOGITS)).item() == pytest.approx(-np.log(d).mean())
    assert generator_loss(tensor(LOGITS), "wasserstein").item() == pytest.approx(-LOGITS.mean())
    critic = discriminator_loss(tensor(LOGITS), tensor(2 * LOGITS), "wasserstein")
    assert critic.item() == pytest.approx(LOGITS.mean())


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_losses_and_gradients_are_finite_for_logits_far_out(objective):
    far = mt.tensor(np.array([[-1e4], [1e4]], "float32"), requires_grad=True)
    for loss in (generator_loss(far, objective), discriminator_loss(far, far, objective)):
        assert math.isfinite(loss.item())
        assert np.isfinite(mt.grad(loss, far).numpy()).all()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_gradients_of_the_losses(objective):
    x = tensor(LOGITS).requires_grad_()
    assert mt.gradcheck(lambda t: generator_loss(t, objective), [x]) < 1e-6
    assert mt.gradcheck(lambda t: discriminator_loss(t, 2 * t, objective, 0.1), [x]) < 1e-6


def test_unknown_objectives_are_named():
    with pytest.raises(ValueError, match="did you mean 'saturating'"):
        generator_loss(tensor(LOGITS), "saturatng")


# -- the penalty --------------------------------------------------------------


def examples(shape, seed=0):
    rng = np.random.default_rng(seed)
    real, fake = (tensor(rng.normal(size=shape)) for _ in range(2))
    return real, fake, tensor(rng.uniform(size=shape[0]))


def test_a_linear_critic_has_its_norm_as_slope():
    real, fake, share = examples((5, 3))
    w = np.array([[3.0], [0.0], [4.0]])
    assert gradient_penalty(lambda x: x @ tensor(w), real, fake, share).item() == pytest.approx(16)


def test_the_slope_is_taken_between_the_images():
    """For x ** 2 / 2 the slope is x itself."""
    real, fake, share = examples((6, 4))
    found = gradient_penalty(lambda x: (x * x).sum(axis=1, keepdims=True) / 2, real, fake, share)
    s = share.numpy()[:, None]
    between = s * real.numpy() + (1 - s) * fake.numpy()
    want = ((np.sqrt((between**2).sum(axis=1)) - 1) ** 2).mean()
    assert found.item() == pytest.approx(want, rel=1e-9)


def test_a_flat_critic_has_a_finite_gradient():
    w = mt.zeros((3, 1)).requires_grad_()
    real, fake, share = examples((2, 3))
    loss = gradient_penalty(lambda x: x @ w, real, fake, share)
    assert loss.item() == pytest.approx(1, abs=1e-5)
    assert np.isfinite(mt.grad(loss, w).numpy()).all()


def test_gradcheck_of_the_penalty_through_convolutions():
    """Its gradient towards every weight, by differences of the penalty's own values."""
    rng = np.random.default_rng(1)
    shapes = (3, 2, 4, 4), (1, 3, 1, 1), (4, 3, 3, 3), (36, 1)
    weights = [tensor(rng.normal(0, 0.4, shape)).requires_grad_() for shape in shapes]
    real, fake, share = examples((3, 2, 6, 6))

    def penalty(w1, b1, w2, w3):
        def critic(x):
            x = mt.tanh(mt.conv2d(x, w1, stride=2, pad=1) + b1)
            x = mt.leaky_relu(mt.conv2d(x, w2, pad=1), leakiness=0.2)
            return x.reshape(x.shape[0], -1) @ w3

        return gradient_penalty(critic, real, fake, share)

    assert mt.gradcheck(penalty, weights) < 1e-6
    for g in mt.grad(penalty(*weights), weights):
        assert np.abs(g.numpy()).max() > 1e-3  # it is no check of zeros
