"""``minitorch report``: the page of a run, and folders that have none."""

import json
from pathlib import Path

from click.testing import CliRunner

from minitorch.cli import cli


def run(*arguments):
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


def test_it_writes_the_page_and_says_where(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps({"error": 0.25}))
    result = run(tmp_path)
    assert result.exit_code == 0 and Path(result.output.strip()) == tmp_path / "report.html"
    assert "25.00%" in (tmp_path / "report.html").read_text()


def test_folders_without_a_run(tmp_path):
    for folder, message in (
        (tmp_path / "none", "not a folder"),
        (tmp_path, "no run has been here"),
    ):
        result = run(folder)
        assert result.exit_code == 2 and message in result.output, result.output
    assert not list(tmp_path.iterdir())
