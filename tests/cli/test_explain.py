"""``python -m minitorch explain``, alone and in the group."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner

import minitorch as mt
from minitorch.cli import cli
from minitorch.cli.explain import explain

MODEL = """
import minitorch as mt
from helper_of_model import scale

def loss():
    w = mt.tensor([0.0, 2.0], requires_grad=True)
    frozen = w.detach()
    h = mt.sqrt(w) * frozen
    total = (h * scale).sum()
    return total

def vector():
    return mt.tensor([1.0, 2.0], requires_grad=True) * 2

def nothing():
    return 3

def constant():
    return mt.ones(1)

def broken():
    raise ValueError("broken on purpose")
"""


@pytest.fixture
def model(tmp_path):
    (tmp_path / "helper_of_model.py").write_text("scale = 3.0\n")
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return path


def run(*arguments):
    return CliRunner().invoke(cli, ["explain", *map(str, arguments)])


def test_the_command_works_alone():
    result = CliRunner().invoke(explain, ["relu"])
    assert result.exit_code == 0 and "y = max(x, 0)" in result.output
    assert "The gradient at 0 is 0" in result.output and "def relu_dx(g" in result.output


def test_the_demo_steps_through():
    result = run("--demo")
    assert result.exit_code == 0, result.output
    for line in ("#3 relu (hidden)", "second contribution to #4 subtract (error)", "demo.py:",
                 "summed from (2, 2) to (2,)", "step 8 of 8: w"):  # fmt: skip
        assert line in result.output, line


def test_until_and_table():
    result = run("--demo", "--until", "relu")
    assert "step 4 of 8" in result.output and "step 5 of 8" not in result.output
    table = run("--demo", "--table").output
    assert "#5 multiply" in table and "error, error" in table


def test_interactive_reads_commands():
    result = CliRunner().invoke(cli, ["explain", "--demo", "--interactive"], input="\nq\n")
    assert result.exit_code == 0 and "step 2 of 8" in result.output and "stopped" in result.output


def test_a_users_function(model, tmp_path):
    svg, page, dot = (tmp_path / f"out/loss.{kind}" for kind in ("svg", "html", "dot"))
    result = run("--file", f"{model}:loss", "--svg", svg, "--html", page, "--dot", dot)
    assert result.exit_code == 0, result.output
    assert "frozen" in "".join(ET.parse(svg).getroot().itertext())
    assert "model.py:8" in page.read_text() and dot.read_text().startswith("digraph")
    assert result.stdout == "" and result.stderr.count("wrote ") == 3


def test_why(model):
    result = run("--file", f"{model}:loss", "--why", "w")
    assert result.exit_code == 0 and "the gradient of w is NaN" in result.output
    assert "h = mt.sqrt(w) * frozen" in result.output
    as_json = json.loads(run("--file", f"{model}:loss", "--why", "frozen", "--json").stdout)
    assert as_json["reason"] == "detached"
    result = run("--file", f"{model}:loss", "--why", "frozne")
    assert result.exit_code == 2 and "did you mean 'frozen'" in result.stderr


def test_json():
    steps = json.loads(run("--demo", "--json").stdout)
    assert [step["index"] for step in steps] == list(range(1, 9)) and steps[3]["op"] == "relu"
    card = json.loads(run("softmax", "--json").stdout)
    assert card["name"] == "softmax" and card["rules"][0]["source"]
    rows = json.loads(run("--list", "--json").stdout)
    assert [row["name"] for row in rows] == sorted(mt.registry)


def test_list():
    lines = run("--list").output.splitlines()
    assert len(lines) == len(mt.registry) and any(line.endswith("y = max(x, 0)") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give one of OP, --list, --demo and --file; found none"),
        (["relu", "--demo"], "found OP and --demo"),
        (["relu", "--svg", "x.svg"], "--svg need a graph"),
        (["rleu"], "no op named 'rleu'; did you mean relu"),
        (["--file", "model.py"], "give FILE:FUNCTION"),
        (["--file", "/nowhere/model.py:loss"], "there is no file /nowhere/model.py"),
        (["--file", "MODEL:lss"], "has no function 'lss'; did you mean 'loss'?"),
        (["--file", "MODEL:vector"], "must return one element, not shape (2,)"),
        (["--file", "MODEL:nothing"], "must return a tensor, it returned int"),
        (["--file", "MODEL:constant"], "there is no backward to show"),
        (["--file", "MODEL:broken"], "broken on purpose"),
    ],
)
def test_bad_input_is_one_clear_message(model, arguments, message):
    result = run(*(str(a).replace("MODEL", str(model)) for a in arguments))
    assert result.exit_code == 2 and message in result.stderr and result.stdout == ""


def test_a_reader_that_leaves_is_no_error():
    command = f"{sys.executable} -m minitorch explain --list | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("abs") and done.stderr == ""


def test_the_picture_of_the_guide_is_that_of_the_demo(tmp_path):
    shown = ET.parse(Path(__file__).parents[2] / "docs" / "pictures" / "explain-demo.svg")
    run("--demo", "--svg", tmp_path / "now.svg")
    now = ET.parse(tmp_path / "now.svg")
    assert "".join(shown.getroot().itertext()) == "".join(now.getroot().itertext())
