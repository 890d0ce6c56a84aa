"""Small steps in the worst direction."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import look


def test_the_gradient_s_sign_does_more_than_noise_of_the_same_size(lenet, digits):
    images, labels = digits.x[:60], digits.y[:60]
    found = look.fgsm(lenet, images, labels, epsilon=25)
    sign = np.random.default_rng(0).choice([-25, 25], images.shape)
    noisy = lenet.probabilities((images + sign).clip(0, 255).astype(np.float32))
    by_noise = (noisy.argmax(1) != found.before.argmax(1)).mean()
    assert found.flipped.mean() > 0.3 and found.flipped.mean() > 3 * by_noise
    loss = [-np.log(p[np.arange(60), labels]).mean() for p in (found.before, found.after)]
    assert loss[1] > loss[0]


def test_no_pixel_moves_further_or_leaves_the_range(lenet, digits):
    found = look.fgsm(lenet, digits.x[:4], epsilon=3)
    back = lenet.prepare.standardiser.undo(found.x)
    assert np.abs(back - digits.x[:4]).max() < 3.001
    assert back.min() > -0.01 and back.max() < 255.01
    np.testing.assert_array_equal(found.labels, found.before.argmax(1))
    np.testing.assert_allclose(look.fgsm(lenet, digits.x[:4], epsilon=0).after, found.before)


def test_several_steps_find_more_within_the_same_bounds(lenet, digits):
    images, labels = digits.x[:60], digits.y[:60]
    one = look.fgsm(lenet, images, labels, epsilon=20)
    ten = look.fgsm(lenet, images, labels, epsilon=20, steps=10)
    other = look.fgsm(lenet, images, labels, epsilon=20, steps=10, seed=1)
    loss = [-np.log(found.after[np.arange(60), labels]).mean() for found in (one, ten, other)]
    assert loss[1] > loss[0] and loss[2] > loss[0]
    for found in (ten, other):
        back = lenet.prepare.standardiser.undo(found.x)
        assert np.abs(back - images).max() < 20.001
        assert back.min() > -0.01 and back.max() < 255.01
    again = look.fgsm(lenet, images, labels, epsilon=20, steps=10, seed=1)
    np.testing.assert_array_equal(other.x, again.x)
    assert np.abs(other.x - ten.x).max() > 0


def test_several_steps_by_a_loop(lenet, digits):
    subject = look.Subject(lenet)
    x = subject.prepared(digits.x[0])
    level = (subject.highest - subject.lowest) / 255
    slow = x.copy()
    for _ in range(3):
        toward = subject.gradient(slow, lambda v: mt.log_softmax(subject.logits(v), axis=1)[0, 7])
        slow = slow + 2 * level * np.sign(toward[0])
        slow = slow.clip(x - 5 * level, x + 5 * level).clip(subject.lowest, subject.highest)
    found = look.fgsm(lenet, digits.x[:1], epsilon=5, steps=3, rate=2, toward=[7])
    assert np.isclose(found.x, slow, atol=1e-5).mean() > 0.99  # signs of next to nothing may differ


def test_toward_a_class(lenet, digits):
    images = digits.x[:20]
    toward = [(int(label) + 1) % 10 for label in digits.y[:20]]
    found = look.fgsm(lenet, images, epsilon=40, steps=20, toward=toward)
    rows = np.arange(20)
    assert (found.after[rows, toward] > found.before[rows, toward]).all()
    assert (found.after.argmax(1) == toward).mean() > 0.4
    np.testing.assert_array_equal(found.labels, found.before.argmax(1))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"epsilon": -1}, "at least 0, and steps at least 1, not -1, None and 1"),
        ({"steps": 0}, "steps at least 1, not 4.0, None and 0"),
        ({"rate": -1}, "not 4.0, -1 and 1"),
        ({"toward": [1]}, r"2 images have labels of shape \(1,\)"),
        ({"toward": [1, 12]}, "there is no class 12"),
        ({"labels": [1]}, r"2 images have labels of shape \(1,\)"),
        ({"labels": [1, 10]}, "there is no class 10"),
    ],
)
def test_bad_input(lenet, digits, how, message):
    with pytest.raises(ValueError, match=message):
        look.fgsm(lenet, digits.x[:2], **how)
    with pytest.raises(ValueError, match="there are no images"):
        look.fgsm(lenet, [])
