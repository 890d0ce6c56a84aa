"""The benchmark of adversarial pairs: rows from reports, steps that agree, the page's table."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import dcgan, generative

DOCS = Path(__file__).parents[2] / "docs"


def report_of(model, *arguments):
    """In the place of a training."""
    score = {"fid": 12.345, "inception": 8.0, "covered": 9, "shares": [0.1] * 10}
    kinds = ("trained", "untrained", "real")
    data = arguments[arguments.index("--data") + 1] if "--data" in arguments else "mnist"
    return {
        "recipe": {"model": model, "data": data},
        "scores": {"count": 2000, "judge_error": 0.0123, **dict.fromkeys(kinds, score)},
        "steps": 400, "seconds": 612.3, "findings": [],
    }  # fmt: skip


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """Results of made-up runs in a folder of their own."""
    monkeypatch.setattr(generative, "report_of", report_of)
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    done = CliRunner().invoke(command.main, ["generative", "--write"])
    assert done.exit_code == 0, done.output
    return tmp_path


@pytest.fixture
def generate(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    spec = importlib.util.spec_from_file_location("generate_g", DOCS / "generate_generative.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("written", None)


def test_rows_are_kept_and_tabled(trained, generate, monkeypatch):
    rows = json.loads((trained / "generative.json").read_text())["rows"]
    assert [row["model"] for row in rows] == ["dcgan", "cgan", "wgan_gp", "dcgan"]
    assert set(rows[0]["fid"]) == {"trained", "untrained", "real"}
    assert rows[3]["data"] == "fashion" and rows[3]["judge_error"] == 1.23
    monkeypatch.setattr(generate, "RESULTS", trained)
    text = generate.scores()
    assert "| `python -m minitorch train cgan --width 32 --epochs 6` | 10 | **12.3** |" in text
    assert "1.23% on mnist, 1.23% on fashion" in text and "2,000 samples each, 1 thread (" in text
    assert "9 of 10" in text and "unmeasured" in generate.speed()


def test_steps_agree_and_are_told(generate, monkeypatch, tmp_path):
    found, missing = dcgan.run(rounds=2, pairs=("dcgan",), width=2)
    assert missing == {} and [*found[0].seconds] == ["eager", "captured"]
    assert all(len(seconds) == 2 for seconds in found[0].seconds.values())
    rows = command.timed_rows(found)
    command.save(tmp_path / "dcgan.json", rows)
    monkeypatch.setattr(generate, "RESULTS", tmp_path)
    assert f"{rows[1]['speed_relative_to_eager']:.2f} times as fast" in generate.speed()
    assert "unmeasured" in generate.scores()
