"""A classifier keeps its network, preprocessing and names, in files of its own and in ONNX's."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import io, layers, updates
from minitorch.data import Dataset, ImageFiles, Preprocessing, Standardiser
from minitorch.data.transforms import MultiScale, TenCrop
from minitorch.io import FileFormatError
from minitorch.models import build, build_mlp
from minitorch.nonlinearities import softmax
from minitorch.training import Classifier, open_classifier, predict
from minitorch.training.labels import numbers_of

RNG = np.random.default_rng(0)
NAMES = ("cat", "dog", "owl")


@pytest.fixture(autouse=True)
def _seed():
    mt.random.seed(0)


def image(channels=3, rows=9, columns=12, rng=RNG):
    return rng.integers(0, 256, (channels, rows, columns), np.uint8)


def small(shape=(3, 6, 6), nonlinearity=softmax):
    net = layers.InputLayer((None, *shape))
    net = layers.batch_norm(layers.Conv2DLayer(net, 4, 3))
    return layers.DenseLayer(net, 3, nonlinearity=nonlinearity, name="fc")


def classifier(**how):
    settings = {"short": 8, "order": "BGR", "filter": "cubic", "about": {"model": "small"}, **how}
    return Classifier(small(), NAMES, Standardiser([100, 110, 120], [50, 60, 70]), **settings)


def by_steps(made, x):
    """What the network says of one image."""
    return predict(made.network, made.prepare(x)[None])[0]


def test_images_of_any_size_one_by_one_or_together():
    made = classifier()
    images = [image(), image(3, 20, 7), image(1, 8, 8), image(3, 8, 30)]
    p = made.probabilities(images, batch_size=3)
    assert p.shape == (4, 3)
    for row, x in zip(p, images, strict=True):
        np.testing.assert_allclose(row, by_steps(made, x), rtol=1e-5)
    stack = np.stack([image() for _ in range(5)])
    whole = made.probabilities(stack, batch_size=2)
    np.testing.assert_allclose(whole, made.probabilities(list(stack)), rtol=1e-5)
    data = Dataset(stack, [0, 1, 2, 0, 1], 3)
    np.testing.assert_array_equal(made.probabilities(data, batch_size=2), whole)
    assert made.probabilities([]).shape == (0, 3)
    with pytest.raises(ValueError, match="expected a stack or a list of images, found an array"):
        made.probabilities(image())


def test_images_are_read_when_asked(tmp_path):
    pillow = pytest.importorskip("PIL.Image", reason="image files need Pillow")
    images = [image(), image(3, 10, 10)]
    for i, x in enumerate(images):
        pillow.fromarray(x.transpose(1, 2, 0)).save(tmp_path / f"{i}.png")
    files = ImageFiles(tuple(tmp_path / f"{i}.png" for i in range(2)), np.array([2, 0]), 3)
    made = classifier()
    p = made.probabilities(files)
    np.testing.assert_allclose(p, made.probabilities(images), rtol=1e-6)
    assert made.evaluate(files).predicted.tolist() == p.argmax(axis=1).tolist()


def test_the_best_guesses():
    made = classifier()
    p = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]])
    first, second = made.top(p, 2)
    assert first == [(1, "dog", 0.5), (2, "owl", 0.3)]
    assert [guess.name for guess in second] == ["cat", "owl"]  # of equals the first
    assert len(made.top(p)[0]) == 3
    assert Classifier(small()).top(p, 1)[0][0].name == "class 1"


def test_views_are_averaged():
    made = classifier()
    images = [image(), image(3, 11, 8)]
    ten = made.probabilities(images, views="ten")
    multi = made.probabilities(images, views=MultiScale((7, 9), 6))
    for x, a, b in zip(images, ten, multi, strict=True):
        views = made.prepare.standardise(TenCrop(6)(made.prepare.scaled(x)))
        expected = np.mean([predict(made.network, v[None])[0] for v in views], axis=0)
        np.testing.assert_allclose(a, expected, rtol=1e-5)
        views = made.prepare.standardise(MultiScale((7, 9), 6)(x[::-1]))
        np.testing.assert_allclose(b, predict(made.network, views).mean(axis=0), rtol=1e-5)
    with pytest.raises(ValueError, match=r'views are "ten" or a function, not \'five\''):
        made.probabilities(images, views="five")
    with pytest.raises(ValueError, match="networks that take a square out of an image"):
        classifier(short=None).probabilities(images, views="ten")


def test_a_file_has_all_of_it(tmp_path):
    made = classifier()
    images = [image(), image(3, 20, 7)]
    loss = layers.get_output(made.network, mt.asarray(np.ones((2, 3, 6, 6), np.float32))).sum()
    updates.adam(loss, layers.get_all_params(made.network, trainable=True)).apply()
    path = made.save(tmp_path / "model.safetensors")
    state = mt.random.get_state()
    again = Classifier.load(path)
    assert mt.random.get_state() == state
    assert again.class_names == NAMES and again.about == {"model": "small"}
    assert again.prepare.as_dict() == made.prepare.as_dict()
    np.testing.assert_array_equal(again.probabilities(images), made.probabilities(images))
    assert not updates.get_state(layers.get_all_params(again.network))
    assert str(again) == "Classifier(small: 3 x 6 x 6 -> 3 classes)"


@pytest.mark.dev
@pytest.mark.parametrize("logits", [False, True])
def test_onnx_has_all_of_it(tmp_path, logits):
    pytest.importorskip("onnx", reason="the package onnx is not here")
    made = classifier()
    if logits:
        made = Classifier(small(nonlinearity=None), NAMES, logits=True)
    images = [image(), image(3, 20, 7)]
    p = made.probabilities(images)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    io.save_onnx(made.network, tmp_path / "plain.onnx")
    plain = Classifier.from_onnx(tmp_path / "plain.onnx", made.prepare)
    assert plain.logits == logits and plain.class_names == () and plain.num_classes == 3
    np.testing.assert_allclose(plain.probabilities(images), p, rtol=1e-4, atol=1e-6)
    io.save_onnx(made.network, tmp_path / "two.onnx", (2, 3, 6, 6))
    fixed = Classifier.from_onnx(tmp_path / "two.onnx", made.prepare)
    expected = made.probabilities(images * 2 + images[:1])
    found = fixed.probabilities(images * 2 + images[:1])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    io.save_onnx(made.network, tmp_path / "odd.onnx", metadata={"minitorch.classifier": "{"})
    with pytest.raises(FileFormatError, match=r"odd\.onnx: its minitorch\.classifier is no JSON"):
        Classifier.from_onnx(tmp_path / "odd.onnx")
    with pytest.raises(TypeError, match="is written as .onnx"):
        plain.save(tmp_path / "x")
    with pytest.raises(ValueError, match="runs on the CPU, not on 'emulated'"):
        plain.to_device("emulated")


def test_another_device():
    made = classifier()
    images = [image(), image()]
    p = made.probabilities(images)
    moved = made.to_device("emulated")
    assert moved is made and layers.get_device(made.network) == "emulated"
    np.testing.assert_allclose(made.probabilities(images), p, rtol=1e-4)


def test_heads_beside_the_first_are_left_out():
    net = small()
    assert Classifier([net, small()]).network is net


def test_vectors_are_classified_too():
    made = Classifier(build_mlp((5,), num_classes=3, input_shape=(4,)), NAMES)
    x = RNG.normal(size=(7, 4))
    np.testing.assert_allclose(made.probabilities(x), predict(made.network, x.astype("f4")))


def test_evaluation_goes_by_names():
    made = classifier()
    stack = np.stack([image() for _ in range(6)])
    best = made.probabilities(stack).argmax(axis=1)
    names = ("owl", "cat")
    data = Dataset(stack, [0, 1, 0, 1, 0, 1], 2, "data", names)
    result = made.evaluate(data)
    assert result.y.tolist() == [2, 0] * 3
    assert result.error == np.mean(best != result.y)


@pytest.mark.parametrize(
    ("names", "count", "own", "classes", "expected"),
    [
        (("b", "a"), 2, ("a", "b"), 2, [1, 0]),
        (("b",), 1, ("a", "b", "c"), 3, [1]),
        (("7", "2"), 2, ("a",) * 10, 10, [7, 2]),
        (("7", "2"), 2, (), 10, [7, 2]),
        ((), 3, ("a", "b", "c"), 3, [0, 1, 2]),
        (("x", "y"), 2, (), 2, [0, 1]),
        (("1", "0"), 2, ("0", "1"), 2, [1, 0]),
    ],
)
def test_labels(names, count, own, classes, expected):
    assert numbers_of(names, count, own, classes).tolist() == expected


@pytest.mark.parametrize(
    ("names", "count", "own", "classes", "message"),
    [
        (("cta",), 1, NAMES, 3, "the data have a class 'cta', .* did you mean 'cat'?"),
        (("zebra",), 1, NAMES, 3, "its classes are cat, dog, owl"),
        (("zebra",), 1, tuple("abcdefghijk"), 11, r"its classes are a, b, c, d, e, f, g, h \.\.\."),
        (("crane",), 1, ("crane", "crane"), 2, "2 classes called 'crane'; label with the numbers"),
        ((), 2, NAMES, 3, "the data have 2 classes, the classifier 3"),
        (("9",), 1, (), 9, "the data have 1 classes, the classifier 9"),
    ],
)
def test_labels_that_do_not_fit(names, count, own, classes, message):
    with pytest.raises(ValueError, match=message):
        numbers_of(names, count, own, classes)


def test_what_does_not_fit_a_network(tmp_path):
    with pytest.raises(ValueError, match="the network has 3 classes, and there are 2 names"):
        Classifier(small(), NAMES[:2])
    with pytest.raises(ValueError, match=r"the network takes \(3, 6, 6\), not \(3, 6\)"):
        Classifier(small(), input_shape=(3, 6))
    open_ended = layers.DenseLayer(
        layers.GlobalPoolLayer(layers.InputLayer((None, 3, None, None))), 3, nonlinearity=softmax
    )
    with pytest.raises(ValueError, match=r"takes \(3, None, None\); give input_shape"):
        Classifier(open_ended)
    assert Classifier(open_ended, input_shape=(3, 5, 7)).probabilities([image()]).shape == (1, 3)
    with pytest.raises(ValueError, match="the network has 0 inputs, expected one"):
        Classifier(layers.DenseLayer((None, 3), 3))
    path = io.save(small(), tmp_path / "bare.safetensors")
    with pytest.raises(FileFormatError, match="nothing on its preprocessing and classes"):
        Classifier.load(path)
    io.save(small(), path, {"preprocessing": {}})
    with pytest.raises(FileFormatError, match="no classifier: Preprocessing: no entry"):
        Classifier.load(path)


def test_sources_by_name(tmp_path):
    made = classifier()
    made.save(tmp_path / "run" / "model.safetensors")
    for source in (tmp_path / "run", str(tmp_path / "run" / "model.safetensors")):
        assert open_classifier(source).class_names == NAMES
    weights = tmp_path / "vgg.pth"
    weights.touch()
    found = open_classifier(tmp_path / "run", prepare="unit")
    assert found.prepare.as_dict() == Preprocessing.named("unit", (3, 6, 6)).as_dict()
    for source, message in [
        ("efficientnet_lite", "no network of this name; did you mean 'efficientnet_lite0'"),
        ("none.safetensors", "none.safetensors: there is no such file"),
        (str(tmp_path), r"model\.safetensors: there is no such file"),
        ("none.onnx", "none.onnx: there is no such file"),
        ("lenet:x.pth", "only networks of ILSVRC 2012's 1000 classes"),
        ("vgg91:x.pth", "there is no such file"),
        (str(weights), "these are weights alone; say whose, as in vgg19:"),
    ]:
        with pytest.raises(ValueError, match=message):
            open_classifier(source)


def test_weights_of_other_libraries(tmp_path):
    """A real network of the registry, of few classes' worth of work: SqueezeNet."""
    theirs = build("squeezenet1_1")
    path = io.save_weights(theirs, tmp_path / "squeezenet.safetensors", "torchvision")
    made = open_classifier(f"squeezenet1_1:{path}")
    assert made.prepare.short == 256 and made.prepare.input_shape == (3, 224, 224)
    ours, again = layers.get_all_params(theirs), layers.get_all_params(made.network)
    for a, b in zip(ours, again, strict=True):
        np.testing.assert_array_equal(a.get_value(), b.get_value())


def test_features_are_no_classes():
    with pytest.raises(ValueError, match="vgg16_edges finds features, not classes; there are eff"):
        Classifier.pretrained("vgg16_edges")
