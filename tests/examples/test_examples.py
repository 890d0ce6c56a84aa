"""The examples run from end to end on a few drawn digits, and learn."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.data import save_idx_folder, toy_digits
from minitorch.io import load_npz
from minitorch.models import build_fast_style, build_hed, vgg_body

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    save_idx_folder(folder, toy_digits(400, seed=1, noise=5), toy_digits(60, seed=2, noise=5))
    return folder


@pytest.mark.parametrize(
    ("name", "options"),
    [("lenet", {"epochs": 8}), ("mlp", {"epochs": 2, "hidden": (20, 10), "digits": 200})],
)
def test_an_example_runs_and_tells(name, options, digits, tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="these examples draw with matplotlib")
    error = load(name).main(data_dir=digits, out=tmp_path, **options)
    assert error < (0.6 if name == "lenet" else 1.0)
    assert (tmp_path / "filters.png").stat().st_size > 1000
    out = capsys.readouterr().out
    assert out.count("test error") == options["epochs"] and f"{100 * error:.2f}%" in out


@pytest.mark.parametrize("name", sorted(p.stem for p in EXAMPLES.glob("[!_]*.py")))
def test_an_example_has_its_header(name):
    text = (EXAMPLES / f"{name}.py").read_text()
    for heading in ("What ", "Paper ", "Run ", "Expect "):
        assert f"\n{heading}" in text
    assert "@" not in text.split('"""')[1]


@pytest.mark.parametrize("model", ["mlp", "custom_mlp:1,50,0,0.1", "cnn"])
def test_lasagnes_mnist_learns(model, digits, tmp_path, capsys):
    example = load("mnist")
    path = tmp_path / "model.npz"
    accuracy = example.main(model, 3, batchsize=10, data_dir=digits, save=path)
    out = capsys.readouterr().out
    first, _, last = map(float, re.findall(r"training loss:\s+(\S+)", out))
    assert last < 0.98 * first
    assert out.count("validation accuracy") == 3 and f"{100 * accuracy:.2f} %" in out
    # The file is the one that Lasagne's users write and read.
    twin = example.build_network(model)
    layers.set_all_param_values(twin, load_npz(path))
    *_, x, y = example.load_dataset(data_dir=digits)
    answers = layers.get_output(twin, x, deterministic=True).numpy().argmax(1)
    assert (answers == y).mean() == pytest.approx(accuracy)


def test_minibatches_are_all_examples_once():
    batches = load("mnist").iterate_minibatches
    x = np.arange(10)
    assert [b.tolist() for b, _ in batches(x, x, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    shuffled = list(batches(x, -x, 5, shuffle=True))
    assert sorted(np.concatenate([b for b, _ in shuffled])) == list(range(10))
    assert all((b == -t).all() for b, t in shuffled)
    with pytest.raises(ValueError, match="10 examples do not fill a batch of 11"):
        next(batches(x, x, 11))


def test_toy_digits_need_no_files():
    sizes = [len(part) for part in load("mnist").load_dataset(toy=True)]
    assert sizes == [2500, 2500, 500, 500, 500, 500]


@pytest.mark.parametrize("call", [lambda e: e("mnist").build_network("resnet"),
                                  lambda e: e("recurrent").main("gru", 1)])  # fmt: skip
def test_names_that_are_not_there(call):
    with pytest.raises(ValueError, match=r"there is no .*; it is"):
        call(load)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_recurrent_layers_learn_to_add(cell, capsys):
    error = load("recurrent").main(
        cell, 2, epoch_size=20, min_length=6, max_length=8, num_units=10, learning_rate=0.03
    )
    assert error < 0.13  # that of the mean is 1/6
    assert capsys.readouterr().out.count("validation cost") == 2


def test_the_adding_problem_is_what_it_says():
    X, y, mask = load("recurrent").gen_data(np.random.default_rng(0), 8, 11, 200)
    assert X.shape == (200, 11, 2) and mask.shape == (200, 11)
    lengths = mask.sum(axis=1).astype(int)
    assert set(lengths) == {8, 9, 10, 11}
    for x, answer, length in zip(X, y, lengths, strict=True):
        marks = x[:length, 1]
        assert marks[0] == marks[-1] == -1 and (marks == 1).sum() == 2 and not x[length:, 1].any()
        assert answer == pytest.approx(x[x[:, 1] == 1, 0].sum())


def test_what_the_mask_hides_does_not_matter():
    example = load("recurrent")
    for cell in ("rnn", "lstm"):
        l_in, l_mask, l_out = example.build_network(cell, 10, 4)
        X, _, mask = example.gen_data(np.random.default_rng(1), 6, 10, 20)
        assert (mask == 0).any()
        other = X.copy()
        other[mask == 0] = 7
        first, second = (layers.get_output(l_out, {l_in: x, l_mask: mask}) for x in (X, other))
        np.testing.assert_array_equal(first.numpy(), second.numpy())


@pytest.fixture
def photograph(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="these examples read photographs with pillow")
    pixels = np.random.default_rng(0).integers(0, 256, (18, 23, 3), np.uint8)
    image.fromarray(pixels).save(tmp_path / "photograph.png")
    return tmp_path / "photograph.png"


def test_edges_are_written(photograph, tmp_path, monkeypatch, capsys):
    example = load("edges")
    network = build_hed((3, None, None), width=1)
    monkeypatch.setattr(example, "pretrained", lambda name, folder: network)
    found = example.main(photograph, tmp_path / "out.png", sides=True)
    assert found.shape == (18, 23) and (found == 0.5).all()  # untrained, it has no opinion
    assert "23 x 18" in capsys.readouterr().out
    sides = [f"out-side{i}.png" for i in range(1, 6)]
    assert sorted(p.name for p in tmp_path.glob("out*")) == sorted([*sides, "out.png"])
    assert example.main(photograph, tmp_path / "out.png", largest=12).shape == (9, 12)
    with example.Image.open(tmp_path / "out.png") as image:
        assert image.size == (12, 9) and image.mode == "L"
    pixel = example.read(photograph)[0, :, 0, 0] + example.MEAN_BGR
    with example.Image.open(photograph) as image:
        np.testing.assert_allclose(pixel[::-1], image.getpixel((0, 0)), atol=1e-4)


def test_a_photograph_is_painted(photograph, tmp_path, monkeypatch):
    example = load("stylize")
    network = build_fast_style(26, (3, None, None), (2, 2, 2), 1, (2, 2))
    monkeypatch.setattr(example, "pretrained", lambda name, folder: network)
    painting = example.main(photograph, tmp_path / "out.png", "3:0.5,19:1.5")
    assert painting.shape == (18, 23, 3)
    with example.Image.open(tmp_path / "out.png") as image:
        assert image.size == (23, 18)
    np.testing.assert_allclose(example.mixed("3:0.5,19:1.5")[0, [3, 19]], [0.25, 0.75])
    for text in ("26", "x", "3:0.5,", "-1"):
        with pytest.raises(ValueError, match="styles are 0 to 25, as in 19 or 3:0.5,19:0.5"):
            example.mixed(text)


@pytest.mark.parametrize(("k", "saturating"), [(1, False), (2, True)])
def test_two_players_play(k, saturating, digits, tmp_path, capsys):
    pytest.importorskip("PIL.Image", reason="sheets of samples are written by pillow")
    example = load("gan")
    samples = example.main(2, k, saturating, digits=300, data_dir=digits, out=tmp_path)
    assert samples.shape == (100, 1, 28, 28) and abs(samples).max() <= 1
    assert capsys.readouterr().out.count("log 4 is 1.3863") == 2
    assert (tmp_path / "epoch-002.png").stat().st_size > 1000
    again = example.main(2, k, saturating, digits=300, data_dir=digits, out=tmp_path)
    np.testing.assert_array_equal(again, samples)


def test_each_player_gets_better_against_the_other():
    example = load("gan")
    mt.random.seed(0)
    pair = example.build_generator(), example.build_discriminator()
    rng = np.random.default_rng(0)
    x = rng.choice([-1.0, 1.0], (20, 1, 28, 28)).astype("f4")
    z = rng.standard_normal((20, example.LATENT), np.float32)
    judged = [example.discriminator_step(*pair, x, z) for _ in range(20)]
    assert judged[-1] < 0.5 * judged[0]
    before = [p.get_value() for p in layers.get_all_params(pair[1])]
    made = [example.generator_step(*pair, z, saturating=False) for _ in range(20)]
    assert made[-1] < made[0]
    for old, param in zip(before, layers.get_all_params(pair[1]), strict=True):
        np.testing.assert_array_equal(old, param.get_value())  # that step was not its own


def test_a_picture_takes_on_a_style(photograph, tmp_path, monkeypatch):
    example = load("gatys")
    mt.random.seed(0)
    network = vgg_body("D", width=4)
    monkeypatch.setattr(example, "pretrained", lambda name, folder: network)
    painting = tmp_path / "painting.png"
    pixels = np.random.default_rng(1).integers(0, (256, 128, 64), (40, 32, 3)).astype(np.uint8)
    example.Image.fromarray(pixels).save(painting)
    out = tmp_path / "out.png"
    losses = example.main(photograph, painting, out, size=128, steps=8)
    assert len(losses) == 24 and all(losses[n + 7] < 0.9 * losses[n] for n in (0, 8, 16))
    with example.Image.open(out) as image:
        assert image.size == (128, 100)
    # Without a step the picture is the photograph, to the byte.
    same = example.write(out, example.sized(example.read(photograph), 23))
    with example.Image.open(photograph) as image:
        np.testing.assert_array_equal(same, np.asarray(image).transpose(2, 0, 1))


def test_gram_matrices_are_sums_over_places():
    example = load("gatys")
    features = np.random.default_rng(0).standard_normal((1, 3, 4, 5))
    slow = np.zeros((3, 3))
    for row, column in np.ndindex(4, 5):
        for i, j in np.ndindex(3, 3):
            slow[i, j] += features[0, i, row, column] * features[0, j, row, column] / 20
    np.testing.assert_allclose(example.gram(mt.asarray(features)).numpy(), slow, rtol=1e-12)


def test_a_network_in_reverse_learns_to_draw(tmp_path, monkeypatch):
    pytest.importorskip("PIL.Image", reason="chairs are drawn by pillow")
    example = load("chairs")
    monkeypatch.setattr(example, "KINDS", {k: example.KINDS[k] for k in list(example.KINDS)[:7]})
    monkeypatch.setattr(example, "COLOURS", example.COLOURS[:4])
    found = example.main(20, tmp_path, views=6)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["invented.png", "unseen.png"]
    white = np.abs(1 - example.questions([1, 4])[1]).mean() * 127.5
    assert found["the network"] < 0.7 * white


def test_chairs_turn_and_are_painted():
    pytest.importorskip("PIL.Image", reason="chairs are drawn by pillow")
    example = load("chairs")
    front, side = (example.draw("sofa", d, example.COLOURS[2]) for d in (0, 90))
    assert front.shape == (3, 48, 48) and front.dtype == np.uint8
    ink = [(255 - image.astype(int)).sum(axis=0) > 30 for image in (front, side)]
    widths = [np.ptp(np.flatnonzero(mask.any(axis=0))) for mask in ink]
    assert widths[0] > 1.5 * widths[1]  # a sofa is wide
    assert front[2][ink[0]].mean() > front[0][ink[0]].mean()  # and this one is blue
    np.testing.assert_array_equal(example.draw("sofa", 360, example.COLOURS[2]), front)
    told, truth = example.questions([0, 9])
    assert [a.shape for a in told] == [(96, 8), (96, 4), (96, 3)] and truth.shape == (96, 3, 48, 48)
    np.testing.assert_array_equal(
        truth[0] * 127.5 + 127.5, example.draw("kitchen", 0, example.COLOURS[0])
    )
