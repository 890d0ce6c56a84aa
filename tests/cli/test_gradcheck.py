"""``python -m minitorch gradcheck``: its table, its JSON, its exit codes, and ops of one's own."""

import json
import sys

import pytest
from click.testing import CliRunner

import minitorch as mt
from minitorch.autograd import registry
from minitorch.cli import cli
from minitorch.cli.gradcheck import gradcheck

MY_OPS = """
from minitorch.autograd import Sample, op

@op(formula="y = x^3")
def cli_test_cube(xp, x):
    return x * x * x

@cli_test_cube.vjp("x")
def cli_test_cube_dx(g, x):
    return {rule}

@cli_test_cube.samples
def _(make):
    yield Sample.of(make(2, 3), note="a matrix")
"""


@pytest.fixture
def my_ops(tmp_path, monkeypatch):
    """``my_ops(rule)``: the name of a module that declares an op with that rule."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(registry)

    def write(rule):
        (tmp_path / "cli_test_ops.py").write_text(MY_OPS.format(rule=rule))
        return "cli_test_ops"

    yield write
    sys.modules.pop("cli_test_ops", None)
    for name in set(registry) - before:
        del registry[name]


def run(*arguments):
    return CliRunner().invoke(gradcheck, [str(a) for a in arguments])


def test_the_whole_registry_passes():
    result = run("--json")
    found = json.loads(result.output)
    assert result.exit_code == 0 and found["failed"] == []
    ours = {name for name, e in registry.items() if e.module.startswith("minitorch.")}
    assert {row["op"] for row in found["ops"]} == ours
    for row in found["ops"]:
        assert row["samples"] > 0
        if row["verdict"] == "ok":
            assert row["first"] <= 1e-6 and row["second"] <= 1e-6
        assert row["adjoint"] is None or row["adjoint"] <= 1e-12


def test_named_ops_make_a_table():
    result = run("tanh", "floor", "matmul", "tanh")
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split()[1:] for line in result.output.splitlines() if line}
    assert list(rows) == ["op", "tanh", "floor", "matmul", "3"]
    assert rows["tanh"][-1] == "ok" and rows["tanh"][-2] == "-"
    assert rows["floor"][1:] == ["-", "-", "-", "constant"]
    assert rows["matmul"][-1] == "ok" and float(rows["matmul"][-2]) < 1e-12


def test_the_seed_chooses_the_samples():
    first, again, other = (json.loads(run("exp", "--json", "--seed", s).output) for s in (1, 1, 2))
    assert first == again != other


def test_unknown_names_are_answered_with_close_ones():
    result = CliRunner().invoke(cli, ["gradcheck", "tanhh"])
    assert result.exit_code == 2
    assert "no op named 'tanhh'; did you mean tanh" in result.stderr


def test_ops_of_ones_own(my_ops):
    result = run("--module", my_ops("g * 3 * x * x"))
    assert result.exit_code == 0 and "1 ops, 0 failed" in result.output


def test_a_wrong_rule_fails_and_is_named(my_ops):
    module = my_ops("g * 2 * x * x")
    result = run("--module", module)
    assert result.exit_code == 1 and "1 ops, 1 failed" in result.output
    assert "cli_test_cube: sample 0 (a matrix): cli_test_cube: wrong first-order" in result.output
    found = json.loads(run("--module", module, "--json").output)
    assert found["failed"] == ["cli_test_cube"] and found["ops"][0]["first"] > 0.1


def test_a_rule_that_raises_is_a_failure_not_a_crash(my_ops):
    result = run("--module", my_ops("g * x[5]"), "--json")
    assert result.exit_code == 1
    row = json.loads(result.output)["ops"][0]
    assert row["first"] is None and row["verdict"] == "fail" and row["failures"]


def test_a_module_without_ops_and_one_that_is_not_there(my_ops):
    for module, words in (("json", "declares no ops"), ("no_such_module", "no_such_module")):
        result = CliRunner().invoke(cli, ["gradcheck", "--module", module])
        assert result.exit_code == 2 and words in result.stderr


def test_an_op_without_samples_fails(my_ops):
    module = my_ops("g * 3 * x * x")
    run("--module", module)
    mt.find_op("cli_test_cube").sampler = None
    result = run("cli_test_cube")
    assert result.exit_code == 1 and "no samples" in result.output


def test_on_the_emulated_device():
    chosen = ["matmul", "diff", "batch_norm", "pow", "clip"]
    result = run(*chosen, "--device", "emulated", "--json")
    assert json.loads(result.output)["failed"] == [] and mt.ones(1).device == "cpu"
