"""`train dcgan`: the hook, what it leaves and prints, and one clear line for bad input."""

import json

import pytest
from click.testing import CliRunner

from minitorch.cli import cli
from minitorch.data import save_idx_folder, toy_digits


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    save_idx_folder(folder, toy_digits(60, seed=1, size=16), toy_digits(40, seed=2, size=16))
    return folder


def train(digits, out, *more):
    small = ("--width", 2, "--latent", 4, "--batch-size", 30, "--epochs", 1, "--scored", 0)
    return run("train", "dcgan", "--data-dir", digits, "--out", out, *small, *more)


def test_a_run_and_what_it_says(digits, tmp_path):
    result = train(digits, tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert "training dcgan from the start" in result.stderr
    assert "epoch   1/1  discriminator " in result.stderr
    assert "samples.webp, interpolation.png, losses.png" in result.stdout
    assert (tmp_path / "run" / "samples.webp").exists()
    again = train(digits, tmp_path / "run", "--json")
    assert again.stderr == "" and json.loads(again.stdout)["steps"] == 2


def test_settings_come_from_the_paper_the_file_and_the_flags(digits, tmp_path):
    (tmp_path / "c.toml").write_text('model = "dcgan"\nsmooth = 0.1\nseed = 3\n')
    train(digits, tmp_path / "run", "--config", tmp_path / "c.toml", "--seed", 4)
    recipe = json.loads((tmp_path / "run" / "report.json").read_text())["recipe"]
    assert (recipe["smooth"], recipe["seed"], recipe["beta1"]) == (0.1, 4, 0.5)


def test_a_file_may_name_the_pair(digits, tmp_path):
    (tmp_path / "c.toml").write_text('model = "dcgan"\nwidth = 2\nlatent = 4\nepochs = 1\n')
    more = ("--data-dir", digits, "--scored", 0)
    for number, given in enumerate(
        (["--config", tmp_path / "c.toml"], [f"--config={tmp_path / 'c.toml'}"])
    ):
        folder = tmp_path / str(number)
        result = run("train", *given, "--out", folder, *more)
        assert result.exit_code == 0, result.output
        assert json.loads((folder / "report.json").read_text())["recipe"]["width"] == 2
    result = run("train", "lenet", "--config", tmp_path / "c.toml")
    assert "a recipe has no 'width'" in result.stderr  # the name that is given counts
    (tmp_path / "c.toml").write_text("= no toml")
    result = run("train", "--config", tmp_path / "c.toml")
    assert result.exit_code == 2 and "this is no TOML" in result.stderr


def test_names_that_are_none():
    result = run("train", "dcgna")
    assert result.exit_code == 2 and "did you mean 'dcgan'" in result.stderr


def test_tensorboard_gets_steps_epochs_and_pictures(digits, tmp_path):
    pytest.importorskip("tensorboardX")
    assert train(digits, tmp_path / "run", "--tensorboard").exit_code == 0
    content = b"".join(f.read_bytes() for f in (tmp_path / "run" / "tensorboard").iterdir())
    for name in (b"step/generator_loss", b"epoch/diversity", b"pictures/samples"):
        assert name in content


def test_help_is_of_its_own_settings():
    text = run("train", "dcgan", "--help").output
    assert "--latent" in text and "--dropout" not in text
    text = run("train", "--help").output
    assert "--dropout" in text and "train dcgan --help" in " ".join(text.split())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--size", "30"], "not 30 x 30; --size scales them"),
        (["--objective", "satrating"], "did you mean 'saturating'"),
        (["--penalty", "10"], "use wgan_gp"),
        (["--epochs", "0"], "epochs is a positive number, not 0"),
        (["--resume"], "no checkpoint to resume"),
        (["--data", "mnsit"], "did you mean 'mnist'"),
    ],
)
def test_bad_input_is_one_line(digits, tmp_path, more, message):
    result = train(digits, tmp_path / "run", *more)
    assert result.exit_code == 2 and message in result.stderr
    assert result.stderr.count("\n") == 1
