"""Images that are made: they raise what they are to raise, and stay images."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers, look
from minitorch.data import Standardiser
from minitorch.look.evolve import mutated
from minitorch.models import build_mlp
from minitorch.training import Classifier


@pytest.mark.parametrize(
    ("target", "layer"), [("digit 3", None), (5, "conv2"), (7, "dense"), (2, "output")]
)
def test_maximisation_raises_the_score(lenet, target, layer):
    found = look.maximise(lenet, target, layer, steps=200)
    assert found.x.shape == (1, 1, 20, 20) and len(found.scores) == 201
    assert found.scores[-1] > found.scores[0]
    subject = look.Subject(lenet)
    values = subject.values(found.x)
    if layer is None:
        expected = subject.logits(values).numpy()[0, 3]
        assert subject.probabilities(found.x)[0, 3] > 0.8
    else:
        expected = values[subject.layer(layer)].numpy()[0, target].mean()
    assert found.scores[-1] == pytest.approx(expected, rel=1e-5)


def test_units_that_sleep_are_woken():
    mt.random.seed(0)
    net = layers.InputLayer((None, 1, 4, 4))
    net = layers.DenseLayer(net, 3, b=init.Constant(-0.5), name="unit")
    made = Classifier(layers.DenseLayer(net, 2), (), Standardiser([128], [64]))
    assert look.activations(made, np.full((1, 4, 4), 128.0), "unit").max() == 0
    for unit in range(3):
        found = look.maximise(made, unit, "unit", steps=40)
        assert found.scores[0] < 0.1 < found.scores[-1]


def test_a_steep_spectrum_makes_a_smoother_image(lenet):
    free = look.maximise(lenet, 4, steps=30, falloff=0, zoom=(1, 1), margin=0)
    held = look.maximise(lenet, 4, steps=30, falloff=1.5, zoom=(1, 1), margin=0)
    assert min(free.scores[-1], held.scores[-1]) > 5
    rough = [np.abs(np.diff(one.x, axis=3)).mean() / one.x.std() for one in (free, held)]
    assert rough[1] < 0.7 * rough[0]


def test_moving_about_makes_an_image_that_can_be_moved(lenet):
    still = look.maximise(lenet, 4, steps=60, zoom=(1, 1), margin=0)
    moved = look.maximise(lenet, 4, steps=60, zoom=(0.7, 1.3))
    subject = look.Subject(lenet)

    def kept(x):
        every = [np.roll(x, (i, j), (2, 3)) for i in (-2, 0, 2) for j in (-2, 0, 2)]
        return np.mean([subject.logits(subject.values(one)).numpy()[0, 4] for one in every])

    assert kept(moved.x) / moved.scores[-1] > kept(still.x) / still.scores[-1]


def test_sizes_that_networks_take(lenet):
    mt.random.seed(0)
    net = layers.InputLayer((None, 3, 150, 130))
    net = layers.Conv2DLayer(net, 4, 5, stride=4, name="conv")
    made = Classifier(
        layers.DenseLayer(layers.GlobalPoolLayer(net), 3), (), Standardiser([9] * 3, [9] * 3)
    )
    assert look.maximise(made, 1, steps=1).x.shape == (1, 3, 128, 128)
    assert look.maximise(made, 1, steps=1, size=(30, 41)).x.shape == (1, 3, 30, 41)
    assert look.maximise(lenet, 1, "conv2", steps=1, size=(30, 41)).x.shape == (1, 1, 30, 41)
    with pytest.raises(ValueError, match="does not take images of 30 x 41 .*leave the size to it"):
        look.maximise(lenet, 1, steps=1, size=(30, 41))


def test_the_same_seed_gives_the_same_image(lenet):
    a, b, c = (look.maximise(lenet, 4, steps=3, seed=seed).x for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0


def test_an_image_to_begin_with(lenet, digits):
    found = look.maximise(lenet, 4, steps=0, image=digits.x[0])
    levels = lenet.prepare.standardiser.undo(found.x)[0] - digits.x[0]
    assert np.abs(levels).max() < 1  # black and white are but nearly reached


def test_fooled_from_nothing_and_from_another_digit(lenet, digits):
    nothing = look.fool(lenet, 6, confidence=0.95)
    assert nothing.scores[-1] >= 0.95 > nothing.scores[-2]
    image, label = digits.x[0], int(digits.y[0])
    other = (label + 1) % 10
    changed = look.fool(lenet, other, image, confidence=0.9)
    back = lenet.prepare.standardiser.undo(changed.x)
    p = lenet.probabilities(back)[0]
    assert p.argmax() == other and p[other] > 0.85
    assert np.abs(back[0] - image).mean() < 20  # levels of 255: to the eye it is what it was


def test_fooling_stops_when_the_steps_are_over(lenet, digits):
    found = look.fool(lenet, 6, digits.x[0], steps=2, rate=1e-3)
    assert len(found.scores) == 3 and found.scores[-1] < 0.99


def test_a_dream_has_the_photograph_s_size_and_more_of_what_is_seen(lenet):
    image = np.random.default_rng(0).integers(60, 190, (1, 45, 33), np.uint8)
    found = look.deep_dream(lenet, image, "conv2", octaves=3, steps=5)
    assert found.x.shape == (1, 1, 45, 33) and len(found.scores) == 15
    subject = look.Subject(lenet)

    def seen(x):
        return float(
            np.square(subject.values(x, subject.layer("conv2")).popitem()[1].numpy()).mean()
        )

    assert seen(found.x) > 1.5 * seen(subject.in_its_size(image))
    one = look.deep_dream(lenet, image, "conv2", 5, octaves=1, steps=3)
    assert one.scores[0] < one.scores[-1]
    few = look.deep_dream(lenet, image[:, :10, :12], octaves=9, steps=1)
    assert len(few.scores) == 1  # 10 / 1.4 would be too small


def test_a_dream_s_steps_are_smoother_with_falloff(lenet):
    image = np.full((1, 24, 30), 128, np.uint8)
    rough = []
    for falloff in (0, 1):
        x = look.deep_dream(lenet, image, "conv1", octaves=1, steps=1, falloff=falloff).x
        rough.append(np.abs(np.diff(x, axis=3)).mean() / x.std())
    assert rough[1] < rough[0]


def test_evolution_finds_images_for_every_class(lenet):
    seen = []
    found = look.evolve(lenet, generations=60, watch=lambda number, best: seen.append(number))
    assert found.pixels.shape == (10, 1, 20, 20) and found.pixels.dtype == np.uint8
    assert (np.diff(found.probabilities, axis=0) >= 0).all()
    assert np.log(found.probabilities[-1] / found.probabilities[0]).mean() > 5
    again = np.diag(lenet.probabilities(found.pixels))
    np.testing.assert_allclose(again, found.probabilities[-1], rtol=1e-4)
    assert seen == list(range(60))
    two = look.evolve(lenet, ["digit 1", 7], generations=2, offspring=3)
    assert two.targets == [1, 7] and two.probabilities.shape == (3, 2)


def test_mutations_are_few_and_gentle():
    parents = np.full((4, 1, 50, 50), 128, np.float32)
    children = mutated(parents, 0.1, np.random.default_rng(0))
    moved = children - parents
    assert 0.07 < (moved != 0).mean() < 0.13
    # E|d| of the polynomial mutation is 1 / (strength + 2).
    assert np.abs(moved[moved != 0]).mean() == pytest.approx(255 / 17, rel=0.1)
    assert abs(moved[moved != 0].mean()) < 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: look.maximise(c, 1, steps=-1), "maximise: steps, rate, falloff"),
        (lambda c: look.maximise(c, 1, size=(0, 9)), "the size is .rows, columns., each at least"),
        (lambda c: look.maximise(c, 1, zoom=(2, 1)), "zoom goes from a number above 0"),
        (lambda c: look.maximise(c, 48, "dense"), "'dense' has 48 channels, from 0; there is no"),
        (lambda c: look.fool(c, 1, confidence=1.0), "a probability below 1, not 1.0"),
        (lambda c: look.fool(c, "nothing"), "no class is called 'nothing'"),
        (lambda c: look.evolve(c, []), "there are no classes"),
        (lambda c: look.evolve(c, rate=0), "the rate is above 0"),
        (
            lambda c: look.evolve(c, encoding="neat"),
            "the encoding is .direct. or .cppn., not .neat.",
        ),
        (lambda c: look.deep_dream(c, np.zeros((1, 7, 9))), "an image of 7 x 9 is too small"),
        (lambda c: look.deep_dream(c, np.zeros((1, 9, 9)), scale=1), "the scale is above 1"),
        (lambda c: look.deep_dream(c, np.zeros((1, 9, 9)), "dense"), "expected maps"),
        (lambda c: look.deep_dream(c, np.zeros((1, 9, 9)), "conv1", 8), "has 8 channels"),
    ],
)
def test_bad_input(lenet, call, message):
    with pytest.raises(ValueError, match=message):
        call(lenet)


def test_dreams_need_a_mean_that_has_no_place():
    per_pixel = Standardiser(np.full((1, 9, 9), 100), np.full((1, 9, 9), 50))
    made = Classifier(build_mlp((4,), input_shape=(1, 9, 9)), (), per_pixel)
    assert look.fool(made, 1, steps=2).x.shape == (1, 1, 9, 9)
    with pytest.raises(ValueError, match="no layer of the network gives maps"):
        look.deep_dream(made, np.zeros((1, 9, 9)))
    with pytest.raises(ValueError, match="the mean is one per pixel"):
        look.Subject(made).in_its_size(np.zeros((1, 9, 9)))
