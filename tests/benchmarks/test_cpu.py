"""The CPU benchmark's harness: small sizes, losses that agree, rows that are complete."""

import importlib
import importlib.util

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import cpu_line, main
from benchmarks.cpu import entrants, parts, steps, workloads
from benchmarks.cpu import layers as single
from minitorch import layers

cpu = importlib.import_module("benchmarks.cpu")
networks = importlib.import_module("benchmarks.cpu.networks")
large = importlib.import_module("benchmarks.cpu.networks_large")
ours = importlib.import_module("benchmarks.cpu.ours")
OTHERS = ("torch kept", "torch channels_last", "torch compiled", *steps.SMALL_PEERS)


def has_torch():
    return importlib.util.find_spec("torch") is not None


@pytest.fixture(scope="module")
def measured():
    """One run of everything, small."""
    told = []
    rows, about = cpu.run(rounds=1, quick=True, threads=1, skip=OTHERS, tell=told.append)
    assert told == rows
    return rows, about


def competitors(rows, workload):
    return {row["competitor"]: row for row in rows if row["workload"] == workload}


def test_every_step_agrees_and_is_timed(measured):
    rows, about = measured
    took_part = {*ours.COLUMNS, *(["torch"] if has_torch() else [])}
    for workload in workloads.WORKLOADS.values():
        found = competitors(rows, workload.title)
        assert set(found) == took_part
        for row in found.values():
            assert row["ms"] > 0 and row["peak_mb"] > 0 and row["rounds"] == 1
            assert row["batch"] == workload.quick.batch
            assert ("speed_relative_to_torch" in row) == has_torch()
    absent = [] if has_torch() else workloads.WORKLOADS
    assert set(about["missing"]) == {f"torch, {name}" for name in absent}
    assert all(ceiling > 0 for ceiling in about["ceilings"].values())
    assert all(row["workload"] in cpu_line(row) for row in rows)


@pytest.mark.parametrize(
    ("peer", "name"), [(peer, name) for peer, can in steps.SMALL_PEERS.items() for name in can]
)
def test_small_peers_agree(peer, name):
    pytest.importorskip(peer, reason=f"{peer} is not installed")
    rows, missing = steps.rows_of(
        name, ["minitorch", peer], {}, rounds=1, threads=1, quick=True
    )  # fmt: skip
    assert not missing and [row["competitor"] for row in rows] == ["minitorch", peer]


def test_every_layer_agrees_and_is_timed(measured):
    took_part = {"minitorch", *(["torch"] if has_torch() else [])}
    for part in parts.PARTS:
        for direction in part.directions:
            found = competitors(measured[0], f"{part.op} {part.title}, {direction}")
            assert set(found) == took_part | ({"numpy"} if part.op == "matmul" else set())
            assert all(row["ms"] > 0 for row in found.values())


def test_imports_are_timed(measured):
    found = competitors(measured[0], "import")
    assert set(found) == {"numpy", "minitorch", *(["torch"] if has_torch() else [])}
    assert all(row["ms"] > 0 and row["peak_mb"] > 0 for row in found.values())


def test_the_work_of_a_layer():
    by_title = {part.title: part for part in parts.PARTS}
    # 224 x 224 places, 64 filters of 64 x 3 x 3, a product and a sum each, 16 images
    assert by_title["VGG conv1_2"].flops == 16 * 224**2 * 64 * 64 * 9 * 2
    assert by_title["AlexNet conv1 11x11/4"].flops == 16 * 55**2 * 96 * 3 * 121 * 2
    assert by_title["512 x 512 by 512 x 512"].flops == 2 * 512**3


def test_a_wrong_layer_is_not_timed(monkeypatch):
    def seat(column, pythons, threads, quick):
        entrant = entrants.Here()
        entrant.ask = lambda do, **what: {"sample": [1.0, 2.0 + 0.1 * (column == "torch")]}
        return entrant

    monkeypatch.setattr(single, "seat", seat)
    with pytest.raises(RuntimeError, match="LeNet conv1, forward: torch computes"):
        list(single.rows({}, rounds=1, threads=1, quick=True, wanted=lambda name: True))


def test_losses_that_differ_are_not_timed(monkeypatch):
    def seat(column, pythons, threads, quick):
        entrant = entrants.Here()
        losses = [[2.0], [1.9], [1.8 if column == "minitorch" else 1.81]]
        entrant.ask = lambda do, **what: {"losses": losses, "seconds": 1.0, "peak": 1}
        return entrant

    monkeypatch.setattr(steps, "seat", seat)
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
        here = entrants.Here().ask(
            "build", column="minitorch", name="mlp", size=size, threads=1, weights=weights
        )
        assert built == here and len(built["losses"]) == 3
        assert worker.ask("round", fill=0.01)["seconds"] > 0
        assert worker.ask("memory")["peak"] > 1 << 20
        assert worker.ask("nothing")["error"].startswith("AttributeError")
        worker.process.kill()
        assert worker.ask("round", fill=0)["error"] == "the worker ended (status -9)"
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
