"""Transfer learning's benchmark keeps rows as they come."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import transfer

DOCS = Path(__file__).parents[2] / "docs"


def row(method, seed, accuracy):
    return {
        "data": "drawings", "method": method, "what": f"by {method}", "seed": seed, "classes": 3,
        "accuracy": accuracy, "seconds": 9.0, "cpu_seconds": 3.4, "train": 1000, "test": 400,
        "judged_on": "test",
    }  # fmt: skip


BEGUN = (("nearest", 0.5), ("retrained", 0.7))
ROWS = [row(method, seed, share + seed / 100) for seed in (0, 1) for method, share in BEGUN]


class Example:
    """In the place of examples/transfer.py."""

    @staticmethod
    def main(seeds, tell):
        for each in ROWS:
            if each["seed"] in seeds:
                tell(each)

    @staticmethod
    def table(rows):
        return f"a table of {len(rows)}"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.setattr(transfer, "_example", Example)


@pytest.fixture
def generate(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    spec = importlib.util.spec_from_file_location("generate_readme", DOCS / "generate_readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("written", None)


def test_rows_are_kept_as_they_come(example, capsys):
    kept = []
    rows = transfer.run(2, lambda rows: kept.append(len(rows)))
    assert rows == ROWS and kept == [1, 2, 3, 4]
    assert [json.loads(line) for line in capsys.readouterr().err.splitlines()] == ROWS
    assert transfer.table(rows) == "a table of 4"


def test_the_command_writes_them(example, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    done = CliRunner().invoke(command.main, ["transfer", "--seeds", "1", "--write"])
    assert done.exit_code == 0 and "a table of 2" in done.output
    written = json.loads((tmp_path / "transfer.json").read_text())
    assert written["rows"] == ROWS[:2] and written["environment"]["cores"] >= 1


def results(folder, rows):
    where = {"processor": "a chip", "cores": 2, "python": "3", "numpy": "2"}
    (folder / "transfer.json").write_text(json.dumps({"environment": where, "rows": rows}))


def test_the_readmes_table(generate, monkeypatch, tmp_path):
    monkeypatch.setattr(generate, "RESULTS", tmp_path)
    results(tmp_path, ROWS)
    text = generate.transfer()
    assert "| by nearest | 50.5% ± 0.7 | 2 | 3 |" in text
    assert "| by retrained | 70.5% ± 0.7 | 2 | 3 |" in text
    assert "1,000 to learn from and 400 to be examined with" in text
    assert "standard error of 2.5 points at most" in text  # half of 1 / sqrt(400)


def test_a_run_that_ended_early_says_how_many_seeds(generate, monkeypatch, tmp_path):
    monkeypatch.setattr(generate, "RESULTS", tmp_path)
    results(tmp_path, ROWS[:3])
    text = generate.transfer()
    assert "| by nearest | 50.5% ± 0.7 | 2 | 3 |" in text
    assert "| by retrained | 70.0% | 1 | 3 |" in text


def test_before_there_is_a_row_it_is_unmeasured(generate, monkeypatch, tmp_path):
    monkeypatch.setattr(generate, "RESULTS", tmp_path)
    assert "**unmeasured**" in generate.transfer()
    results(tmp_path, [])
    assert generate.transfer() == generate.UNMEASURED
