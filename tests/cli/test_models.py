"""``minitorch models``: the list, one network, JSON, and a name that is not there."""

import json

from click.testing import CliRunner

from minitorch import layers
from minitorch.cli import cli
from minitorch.generative import GANS
from minitorch.models import MODELS


def run(*arguments):
    return CliRunner().invoke(cli, ["models", *arguments])


def test_the_list_has_every_network():
    found = json.loads(run("--json").output)["models"]
    assert [row["name"] for row in found] == list(MODELS)
    by_name = {row["name"]: row for row in found}
    assert by_name["resnet50"]["parameters"] == 25_557_032
    assert by_name["resnet50"]["multiply_adds"] == 4_089_184_256
    assert by_name["resnet50"]["input_shape"] == [3, 224, 224]
    assert "torchvision" in by_name["vgg19"]["weights"]
    text = run().output
    for name in MODELS:
        assert any(line.startswith(name + " ") for line in text.splitlines()), name
    assert "25,557,032" in text and "4.09 G" in text and "50.82 k" in text


def test_one_network_layer_by_layer():
    text = run("vgg19").output
    assert text.startswith("K. Simonyan, A. Zisserman") and "weights: torchvision vgg19" in text
    assert "weights: -" in run("lenet").output
    for part in ("conv1_1", "1,792", "fc6", "102,764,544", "143,667,240", "19,632,062,464"):
        assert part in text
    lines = json.loads(run("lenet", "--json").output)["layers"]
    assert [line["name"] for line in lines][-1] == "output"
    assert sum(line["parameters"] for line in lines) == 233_196


def test_a_name_that_is_not_there():
    result = run("vgg91")
    assert result.exit_code == 2 and "no model named 'vgg91'; did you mean 'vgg" in result.output


def test_adversarial_pairs_are_listed_and_shown():
    rows = json.loads(run("--json").output)["adversarial"]
    assert [row["name"] for row in rows] == list(GANS)
    dcgan = {row["name"]: row for row in rows}["dcgan"]
    pair = GANS["dcgan"].build(100, (1, 28, 28))
    assert [dcgan["generator"], dcgan["discriminator"]] == [layers.count_params(n) for n in pair]
    text = run().output
    assert any(line.split() == ["dcgan", "760,065", "138,945"] for line in text.splitlines())
    text = run("cgan").output
    assert text.startswith("M. Mirza") and "latent.label" in text and "plane.map" in text
    found = json.loads(run("wgan_gp", "--json").output)
    assert [line["name"] for line in found["discriminator"]][-1] == "logit"
    result = run("dcgna")
    assert result.exit_code == 2 and "did you mean 'dcgan'" in result.output
