"""Runs that begin with a trained network: its head, its images, what is frozen."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.data import Standardiser, save_idx_folder, toy_digits
from minitorch.io import save_onnx
from minitorch.models import build
from minitorch.training import Classifier, Recipe, Run

TRAIN, TEST = toy_digits(60, seed=1, size=16), toy_digits(20, seed=2, size=16)
DIGITS = tuple("0123456789")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("digits")
    save_idx_folder(place, TRAIN, TEST)
    return place


def trained(path, names=DIGITS, shape=(1, 16, 16), model="resnet20"):
    """A file of a network, and its values."""
    mt.random.seed(7)
    network = build(model, num_classes=len(names), input_shape=shape)
    standardiser = Standardiser([100.0] * shape[0], [50.0] * shape[0])
    Classifier(network, names, standardiser, shape, about={"model": model}).save(path)
    return layers.get_all_param_values(network)


def run(path, data, out, **settings):
    settings = {"epochs": 1, "batch_size": 20, "learning_rate": 0.01} | settings
    return Run(Recipe("resnet20", weights=str(path), **settings), out, data)


def test_other_classes_get_a_new_head_and_images_are_prepared_as_before(folder, tmp_path):
    path = tmp_path / "start.safetensors"
    before = trained(path, ("cat", "dog", "owl"))
    made = run(path, folder, tmp_path / "run")
    values = layers.get_all_param_values(made.network)
    assert made.network.output_shape == (None, 10)
    # The head is the last weights and biases; batch normalisation's averages come before.
    assert all((a == b).all() for a, b in zip(values[:-2], before[:-2], strict=True))
    np.testing.assert_allclose(made.data.test.x, (TEST.x.astype(np.float32) - 100) / 50, rtol=1e-6)


def test_the_same_classes_keep_the_head(folder, tmp_path):
    path = tmp_path / "start.safetensors"
    before = trained(path)
    values = layers.get_all_param_values(run(path, folder, tmp_path / "run").network)
    assert all((a == b).all() for a, b in zip(values, before, strict=True))


@pytest.mark.parametrize("names", [DIGITS, ("cat", "dog", "owl")])
def test_a_frozen_body_keeps_its_bits_and_its_averages(folder, tmp_path, names):
    path = tmp_path / "start.safetensors"
    before = trained(path, names)
    made = run(path, folder, tmp_path / "run", trained="head")
    head = [p.get_value() for p in made.trainer.params]
    assert len(head) == 2 and made.train()
    values = layers.get_all_param_values(made.network)
    assert all((a == b).all() for a, b in zip(values[:-2], before[:-2], strict=True))
    assert not (head[0] == made.trainer.params[0].numpy()).all()
    made.finish(pictures=False)
    # And then all of it is trained on.
    again = run(tmp_path / "run", folder, tmp_path / "second")
    assert len(again.trainer.params) > 2 and again.train()


def test_a_run_is_killed_and_taken_up(folder, tmp_path):
    path = tmp_path / "start.safetensors"
    trained(path)
    whole, first = (run(path, folder, tmp_path / name, trained="head") for name in "ab")
    whole.train()
    assert not first.train(stop=lambda: first.trainer.step == 2)
    second = run(path, folder, tmp_path / "b", trained="head")
    assert "resuming resnet20 at step 2" in second.begin() and second.train()
    for a, b in zip(
        *(layers.get_all_param_values(r.network) for r in (whole, second)), strict=True
    ):
        assert (a == b).all()


def test_images_get_the_networks_channels_and_another_size(folder, tmp_path):
    path = tmp_path / "start.safetensors"
    before = trained(path, shape=(3, 8, 8))
    assert run(path, folder, tmp_path / "a").data.shape == (3, 8, 8)
    made = run(path, folder, tmp_path / "b", size=16)
    assert made.data.shape == (3, 16, 16)
    values = layers.get_all_param_values(made.network)
    assert all((a == b).all() for a, b in zip(values, before, strict=True))


def test_what_a_run_cannot_begin_with(folder, tmp_path):
    path = tmp_path / "start.safetensors"
    trained(path, model="lenet", shape=(1, 16, 16))
    with pytest.raises(ValueError, match="these are weights of lenet, not of resnet20"):
        run(path, folder, tmp_path)
    with pytest.raises(ValueError, match=r"lenet has other weights for images of \(1, 20, 20\)"):
        Run(Recipe("lenet", weights=str(path), size=20), tmp_path, folder)
    save_onnx(build("mlp64", input_shape=(1, 4, 4)), tmp_path / "net.onnx")
    with pytest.raises(ValueError, match="cannot begin with an ONNX file"):
        run(tmp_path / "net.onnx", folder, tmp_path)
    with pytest.raises(ValueError, match="trained is 'all', or with weights 'head'"):
        Recipe("lenet", trained="head")
