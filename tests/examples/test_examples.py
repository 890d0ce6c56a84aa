"""The examples run from end to end on a few drawn digits, and learn."""

import importlib.util
from pathlib import Path

import pytest

from minitorch.data import save_idx_folder, toy_digits

pytest.importorskip("matplotlib", reason="the examples draw with matplotlib")

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
