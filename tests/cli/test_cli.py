"""The command line: help everywhere, one clear line for bad input, tracebacks on demand."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from minitorch.backend.cuda import cuda_status
from minitorch.backend.native import get_num_threads, set_num_threads
from minitorch.cli import COMMANDS, cli
from minitorch.data import save_idx_folder, toy_digits
from minitorch.io import load_arrays, read_about


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    save_idx_folder(folder, toy_digits(120, seed=1, size=16), toy_digits(40, seed=2, size=16))
    return folder


def train(digits, out, *more):
    plain = () if "--pictures" in more else ("--no-pictures",)
    start = ("train", "mlp64", "--data-dir", digits, "--out", out, "--batch-size", 20)
    return run(*start, *plain, *more)


def test_help_of_all_and_of_each():
    text = run("--help").output
    assert all(name in text for name in COMMANDS) and "--debug" in text
    for name in COMMANDS:
        result = run(name, "--help")
        assert result.exit_code == 0 and result.output.startswith("Usage:"), result.output


def test_the_module_runs_and_is_quick_to_help():
    done = subprocess.run(
        [sys.executable, "-m", "minitorch", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: minitorch")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "no command named 'trian'; did you mean 'train'?"),
        (["train", "resnet"], "no model named 'resnet'; did you mean 'resnet"),
        (["train", "hed"], "hed gives pictures, not classes"),
        (["train", "mlp64", "--config", "/nowhere.toml"], "'/nowhere.toml' does not exist"),
        (["train"], "which MODEL? python -m minitorch models lists them"),
        (["train", "mlp64", "--epochs", "0"], "epochs must be at least 1, not 0"),
        (["train", "mlp64", "--data", "mnsit"], "no dataset named 'mnsit'; did you mean 'mnist'"),
        (["zzz"], "there are train, report, classify, evaluate"),
        (["train", "mlp64", "--learning-rate", "-1"], "learning_rate must be positive"),
        (["train", "mlp64", "--data-dir", "/nowhere"], "/nowhere: not a folder"),
        (["train", "mlp64", "--device", "gpu"], "unknown device 'gpu'; known: 'cpu', 'cuda'"),
        (["gradcheck", "tanh", "--device", "gpu"], "unknown device 'gpu'; known: 'cpu', 'cuda'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2 and message in result.stderr and result.stdout == ""
    assert result.stderr.startswith("minitorch: ") and result.stderr.count("\n") == 1


@pytest.mark.skipif(cuda_status()[0], reason="there is a GPU")
@pytest.mark.parametrize("command", [["train", "lenet"], ["gradcheck", "tanh"]])
def test_a_device_that_is_not_there_is_one_line_with_the_reason(command):
    result = run(*command, "--device", "cuda")
    assert result.exit_code == 2
    assert result.stderr.startswith("minitorch: device 'cuda' is not available: cupy")
    assert result.stderr.count("\n") == 1


def test_debug_shows_the_error_itself():
    for arguments in (["--debug", "train", "mlp64"], ["train", "mlp64", "--debug"]):
        result = run(*arguments, "--data-dir", "/nowhere")
        assert type(result.exception).__name__ == "DataError"


def test_status_as_json_and_as_tables():
    found = json.loads(run("status", "--json").stdout)
    assert found["devices"][0] == {
        "device": "cpu", "available": True, "note": f"NumPy {found['numpy']}"
    }  # fmt: skip
    assert [row["device"] for row in found["devices"]] == ["cpu", "cuda", "emulated"]
    names = [row["module"] for row in found["modules"]]
    assert names == ["minitorch._cpu", "minitorch._cuda", "minitorch._emulated"]
    for row in [*found["devices"], *found["modules"], *found["kernels"]]:
        assert row["available"] or row["note"], row  # what is missing says why
    assert found["ops"] > 100
    text = run("status").stdout
    assert "Devices" in text and "cuda" in text and found["python"] in text


def test_training_leaves_everything_and_prints_the_confusion_matrix(digits, tmp_path):
    result = train(digits, tmp_path / "run", "--epochs", 2, "--pictures")
    assert result.exit_code == 0, result.output
    assert "Confusion matrix" in result.stdout and "test accuracy" in result.stdout
    assert result.stderr.count("test error") == 2
    names = {p.name for p in (tmp_path / "run").iterdir()}
    assert names == {
        "checkpoints", "config.toml", "model.safetensors", "history.json", "report.json",
        "metrics.jsonl", "report.html", "confusion.png",
        "learning_curve.png", "filters.png", "misclassified.png",
    }  # fmt: skip
    about = read_about(tmp_path / "run" / "model.safetensors")
    assert about["about"] == {"model": "mlp64", "data": "mnist"}
    assert about["preprocessing"]["input_shape"] == [1, 16, 16]
    assert about["class_names"] == list("0123456789")


def test_what_was_trained_is_measured_alike_afterwards(digits, tmp_path):
    report = json.loads(train(digits, tmp_path / "run", "--epochs", 1, "--json").stdout)
    done = run("evaluate", "-m", tmp_path / "run", "--data-dir", digits, "--json")
    found = json.loads(done.stdout)
    assert found["error"] == report["error"] and found["confusion"] == report["confusion"]
    assert found["loss"] == pytest.approx(report["loss"], rel=1e-5)
    run("export", "-m", tmp_path / "run", "-o", tmp_path / "m.onnx")
    again = run("evaluate", "-m", tmp_path / "m.onnx", "--data-dir", digits, "--json")
    assert json.loads(again.stdout)["error"] == report["error"]


def test_what_was_trained_on_files_is_measured_alike_afterwards(tmp_path):
    pillow = pytest.importorskip("PIL.Image", reason="image files need Pillow")
    rng = np.random.default_rng(0)
    for i in range(20):
        path = tmp_path / "photos" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (20 + i, 30, 3), np.uint8)
        pillow.fromarray(pixels // (1 + i % 2)).save(path)
    data = f"folder:{tmp_path / 'photos'}"
    out = ("--out", tmp_path / "run", "--no-pictures", "--json")
    settings = ("--size", 12, "--epochs", 2, "--batch-size", 4)
    done = run("train", "mlp64", "--data", data, *settings, *out)
    report = json.loads(done.stdout)
    found = json.loads(run("evaluate", "-m", tmp_path / "run", "--json").stdout)
    assert found["data"] == data and found["classes"] == ["a", "b"]
    assert found["error"] == report["error"]
    assert found["loss"] == pytest.approx(report["loss"], rel=1e-4)


def test_training_on_the_emulated_device_goes_as_on_the_cpu(digits, tmp_path):
    seen = []
    for device in ("cpu", "emulated"):
        result = train(digits, tmp_path / device, "--epochs", 2, "--device", device, "--json")
        assert result.exit_code == 0, result.output
        history = json.loads((tmp_path / device / "history.json").read_text())
        seen.append([epoch["train_loss"] for epoch in history])
        model = load_arrays(tmp_path / device / "model.safetensors")[0]
        seen[-1].extend(float(a.sum()) for a in model.values())
    assert seen[1] == pytest.approx(seen[0], rel=1e-4, abs=1e-5)


def test_without_matplotlib_everything_but_the_pictures_is_there(digits, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    result = train(digits, tmp_path, "--epochs", 1, "--pictures")
    assert result.exit_code == 0 and "pip install matplotlib" in result.stdout
    assert not list(tmp_path.glob("*.png")) and (tmp_path / "report.json").exists()


def test_json_is_one_object_and_nothing_else(digits, tmp_path):
    before = get_num_threads()
    result = train(digits, tmp_path, "--epochs", 1, "--json", "--seed", 3, "--threads", 1)
    set_num_threads(before)
    report = json.loads(result.stdout)
    assert result.stderr == ""
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert sum(map(sum, report["confusion"])) == report["examples"] == 40
    assert report["error"] == report["wrong"] / 40 == pytest.approx(1 - report["accuracy"])
    assert report["recipe"]["seed"] == 3 and report["parameters"] == 256 * 64 + 64 + 650


def test_threads_reach_numpys_products_too():
    """Read back in the process that --threads starts."""
    code = (
        "import os, sys; sys.argv = ['minitorch', 'status', '--json', '--threads=1']\n"
        "from minitorch import cli\n"
        "os.execve = lambda path, argv, env: print(argv[2:], env['OPENBLAS_NUM_THREADS'])\n"
        "cli._with_threads(sys.argv[1:]); os.environ['OMP_NUM_THREADS'] = '1'\n"
        "os.environ['OPENBLAS_NUM_THREADS'] = '1'; cli._with_threads(sys.argv[1:])\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "['minitorch', 'status', '--json', '--threads=1'] 1\n"


def test_without_compiled_kernels_status_says_why():
    done = subprocess.run(
        [sys.executable, "-m", "minitorch", "status", "--json"],
        capture_output=True, text=True, check=True, env=os.environ | {"MINITORCH_NATIVE": "0"},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert (
        not found["modules"][0]["available"] and "MINITORCH_NATIVE" in found["modules"][0]["note"]
    )
    assert all("MINITORCH_NATIVE" in row["note"] for row in found["kernels"])


def test_validation_holds_out_training_digits(digits, tmp_path):
    report = json.loads(train(digits, tmp_path, "--epochs", 1, "--json", "--validation", 30).stdout)
    assert report["measured_on"] == "validation" and report["examples"] == 30
    assert report["steps"] == 5  # 90 digits in batches of 20


def test_resume_fresh_and_another_configuration(digits, tmp_path):
    assert "from the start" in train(digits, tmp_path, "--epochs", 1).stderr
    again = train(digits, tmp_path, "--epochs", 1)
    assert again.exit_code == 0 and "trained already" in again.stderr
    other = train(digits, tmp_path, "--epochs", 2)
    assert (
        other.exit_code == 2 and "epochs was 1, is 2" in other.stderr and "--fresh" in other.stderr
    )
    fresh = train(digits, tmp_path, "--epochs", 2, "--fresh")
    assert fresh.exit_code == 0 and "from the start" in fresh.stderr
    nothing = train(digits, tmp_path / "elsewhere", "--resume")
    assert nothing.exit_code == 2 and "no checkpoint to resume" in nothing.stderr


def test_other_digits_are_another_configuration(digits, tmp_path):
    train(digits, tmp_path / "run", "--epochs", 1)
    save_idx_folder(tmp_path / "other", toy_digits(120, seed=9, size=16), toy_digits(40, size=16))
    result = train(tmp_path / "other", tmp_path / "run", "--epochs", 1)
    assert result.exit_code == 2 and "other training data" in result.stderr


def test_a_damaged_checkpoint_is_refused_and_left_alone(digits, tmp_path):
    train(digits, tmp_path, "--epochs", 2)
    newest = max((tmp_path / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:1000])
    result = train(digits, tmp_path, "--epochs", 2)
    assert result.exit_code == 2 and newest.name in result.stderr
    assert "move it away to resume from the one before" in result.stderr
    assert newest.stat().st_size == 1000
    newest.rename(tmp_path / "aside")
    assert train(digits, tmp_path, "--epochs", 2, "--resume").exit_code == 0


def test_a_diverging_run_ends_with_1_and_one_line(digits, tmp_path):
    result = train(digits, tmp_path, "--learning-rate", 1e30)
    assert result.exit_code == 1 and "training diverged at step" in result.stderr
    assert "Traceback" not in result.output


def test_ctrl_c_saves_and_the_same_command_goes_on(digits, tmp_path):
    command = [
        sys.executable, "-m", "minitorch", "train", "mlp64", "--data-dir", str(digits), "--out",
        str(tmp_path), "--epochs", "400", "--no-pictures",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        first = child.stderr.readline()
        assert "epoch   1/400" in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        last = child.stderr.read()
    assert "from the start" in first and "the same command goes on" in last
    assert child.returncode == 130
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        first = child.stderr.readline()
        child.terminate()
    assert "resuming mlp64 at step" in first


def test_images_that_are_too_small_for_a_model(digits):
    done = run("train", "vgg16", "--data-dir", digits)
    assert done.exit_code == 2
    assert "published for images of (3, 224, 224), and cannot take (1, 16, 16)" in done.stderr


def test_a_config_and_flags_before_its_lines(digits, tmp_path):
    first = json.loads(train(digits, tmp_path / "a", "--epochs", 2, "--json").stdout)
    command = ("--data-dir", digits, "--out", tmp_path / "b", "--json", "--epochs", 1)
    done = run("train", "--config", tmp_path / "a" / "config.toml", *command)
    second = json.loads(done.stdout)
    assert second["recipe"] == first["recipe"] | {"epochs": 1}
