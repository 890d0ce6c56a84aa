"""The CPU benchmark's harness: small sizes, losses that agree, rows that are complete."""

import importlib

from click.testing import CliRunner

from benchmarks.__main__ import cpu_line, main
from benchmarks.cpu import entrants, steps, workloads
from minitorch import layers

cpu = importlib.import_module("benchmarks.cpu")
networks = importlib.import_module("benchmarks.cpu.networks")
large = importlib.import_module("benchmarks.cpu.networks_large")
ours = importlib.import_module("benchmarks.cpu.ours")
OTHERS = ("torch kept", "torch channels_last", "torch compiled")


def has_torch():
    return importlib.util.find_spec("torch") is not None


def test_every_step_agrees_and_is_timed():
    rows, about = cpu.run(rounds=1, quick=True, threads=1, skip=OTHERS)
    took_part = {*ours.COLUMNS, *(["torch"] if has_torch() else [])}
    for workload in workloads.WORKLOADS.values():
        found = {row["competitor"]: row for row in rows if row["workload"] == workload.title}
        assert set(found) == took_part
        for row in found.values():
            assert row["ms"] > 0 and row["peak_mb"] > 0 and row["rounds"] == 1
            assert row["batch"] == workload.quick.batch
            assert ("speed_relative_to_torch" in row) == has_torch()
            assert row["workload"] in cpu_line(row)
    absent = [] if has_torch() else workloads.WORKLOADS
    assert set(about["missing"]) == {f"torch, {name}" for name in absent}


def test_losses_that_differ_are_not_timed(monkeypatch):
    def seat(column, python=None):
        entrant = entrants.Here(column)
        losses = [[2.0], [1.9], [1.8 if column == "minitorch" else 1.81]]
        entrant.ask = lambda do, **what: {"losses": losses, "seconds": 1.0, "peak": 1}
        return entrant

    monkeypatch.setattr(steps, "Here", seat)
    rows, missing = steps.rows_of(
        "mlp", ["minitorch", "torch"], {}, rounds=1, threads=1, quick=True
    )  # fmt: skip
    assert [row["competitor"] for row in rows] == ["minitorch"]
    assert missing["torch"].startswith("its losses are [[2.0], [1.9], [1.81]], those of minitorch")


def test_a_worker_is_a_process_of_its_own(tmp_path):
    worker = entrants.Worker("minitorch")
    size = [2, 28, 4, 10]
    weights = str(tmp_path / "weights.npz")
    try:
        built = worker.ask(
            "build", column="minitorch", name="mlp", size=size, threads=1, weights=weights
        )
        here = entrants.Here("minitorch").ask(
            "build", column="minitorch", name="mlp", size=size, threads=1, weights=weights
        )
        assert built == here and len(built["losses"]) == 3
        assert worker.ask("round")["seconds"] > 0
        assert worker.ask("memory")["peak"] > 1 << 20
        assert worker.ask("nothing")["error"].startswith("AttributeError")
        worker.process.kill()
        assert worker.ask("round")["error"] == "the worker ended (status -9)"
    finally:
        worker.close()


def test_the_networks_are_the_papers():
    def full(name):
        return workloads.WORKLOADS[name].full

    def count(net):
        return layers.count_params(net, trainable=True)

    assert count(networks.resnet20(full("resnet20"))) == 269_722
    assert count(large.resnet50(full("resnet50"))) == 25_557_032
    assert count(networks.generator(full("dcgan"))) == 3_576_704
    assert count(networks.discriminator(full("dcgan"))) == 2_765_568


def test_the_command_line():
    run = CliRunner().invoke
    refused = run(main, ["cpu", "--quick", "--write"])
    assert refused.exit_code == 2 and "a whole run" in refused.output
    refused = run(main, ["cpu", "--peer", "torch"])
    assert refused.exit_code == 2 and "NAME=PYTHON" in refused.output
