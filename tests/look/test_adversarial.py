"""Small steps in the worst direction."""

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"epsilon": -1}, "at least 0, not -1"),
        ({"labels": [1]}, r"2 images have labels of shape \(1,\)"),
        ({"labels": [1, 10]}, "there is no class 10"),
    ],
)
def test_bad_input(lenet, digits, how, message):
    with pytest.raises(ValueError, match=message):
        look.fgsm(lenet, digits.x[:2], **how)
    with pytest.raises(ValueError, match="there are no images"):
        look.fgsm(lenet, [])
