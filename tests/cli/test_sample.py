"""`sample RUN`: a sheet of each kind, the same by seed, and one clear line for bad input."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from minitorch import io, random
from minitorch.cli import cli
from minitorch.generative.networks import build_conv_generator
from minitorch.models import build


def run(*arguments):
    return CliRunner().invoke(cli, ["sample", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run's folder with an untrained generator and judge of 16 x 16 pixels."""
    random.seed(0)
    folder = tmp_path_factory.mktemp("run")
    about = {"recipe": {"model": "dcgan"}, "class_names": ["a", "b"]}
    shape = (1, 16, 16)
    generator = build_conv_generator(8, shape, width=2)
    io.save(generator, folder / "generator.safetensors", about)
    io.save(build("lenet", num_classes=2, input_shape=shape), folder / "judge.safetensors")
    return folder


def size(path):
    with Image.open(path) as found:
        return found.size


def test_samples_and_ways(folder, tmp_path):
    assert run(folder).stdout.strip() == str(folder / "new_samples.png")
    assert size(folder / "new_samples.png") == (10 * 66 + 2, 10 * 66 + 2)
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        run(folder, "--count", 6, "--columns", 3, "--seed", seed, "--out", path)
    assert size(paths[0]) == (3 * 66 + 2, 2 * 66 + 2)
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()
    assert run(folder, "--interpolate", "--columns", 4).exit_code == 0
    assert size(folder / "ways.png") == (4 * 66 + 2, 8 * 66 + 2)
    run(folder, "--interpolate", "--columns", 4, "--count", 2, "--out", paths[0])
    assert size(paths[0]) == (4 * 66 + 2, 2 * 66 + 2)
    head = np.asarray(Image.open(folder / "ways.png"))[: 2 * 66]
    np.testing.assert_array_equal(np.asarray(Image.open(paths[0]))[: 2 * 66], head)


def test_a_sum(folder):
    classes = [name for name in "ab" if run(folder, "--arithmetic", name).exit_code == 0]
    assert classes  # an untrained generator may make one of the two only
    text = f"{classes[0]} - {classes[-1]} + {classes[0]}"
    result = run(folder, "--arithmetic", text)
    assert f"{text} is taken for " in result.stderr
    assert size(folder / "arithmetic.png") == (4 * 66 + 2, 4 * 66 + 2)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--class", "a"], "dcgan makes images of no class"),
        (["--arithmetic", "a - c"], "no class named 'c'; there are a, b"),
        (["--arithmetic", "a", "--interpolate"], "goes with neither --interpolate nor --class"),
        (["--interpolate", "--columns", "1"], "--columns 2 or more"),
        (["--out", "x.jpg"], "the picture is a PNG; call it x.png"),
        (["--count", "0"], "0 is not in the range"),
    ],
)
def test_bad_input_is_one_line(folder, more, message):
    result = run(folder, *more)
    assert result.exit_code == 2 and message in result.stderr, result.stderr
    assert result.stderr.count("\n") == 1


def test_folders_of_other_runs(tmp_path):
    for path, message in ((tmp_path / "x", "not a folder"), (tmp_path, "no generator.safetensors")):
        result = run(path)
        assert result.exit_code == 2 and message in result.stderr and result.stderr.count("\n") == 1
