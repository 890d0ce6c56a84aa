"""Sums, messages, shares and agreement: of one rank, of several, of GPUs that NCCL joins."""

from types import SimpleNamespace

import numpy as np
import pytest

from minitorch import layers
from minitorch.data import Batches, Pipeline, toy_digits
from minitorch.distributed import Group, Shard, all_sum, check_agreement, in_parts, synchronise
from minitorch.distributed.nccl import NCCLSums
from minitorch.layers import BatchPart
from minitorch.testing import SampleMaker, check_op


@pytest.mark.parametrize("ranks", [2, 3])
def test_what_ranks_say_to_each_other(launch, ranks):
    """The assertions stand in program.py, on every rank."""
    code, out, errors = launch(ranks, "talk")
    assert code == 0, errors
    assert sorted(out.split()) == sorted(f"talked{rank}" for rank in range(ranks))


def test_the_sum_over_ranks_is_its_own_adjoint():
    report = check_op(all_sum, SampleMaker(0))
    assert report.verdict == "ok" and report.adjoint < 1e-12, report


def test_alone():
    group = Group()
    assert group.gather(5) == [5] and group.share("x") == "x" and group.any(1) is True
    assert group.twin() is group and group.together(0.0) and group.start_sum(None).test()
    group.barrier()
    with pytest.raises(SystemExit):
        group.abort(3)
    assert "rank 0 of 1 on " in repr(group)
    assert group.broadcast_(np.ones(2)).tolist() == [1, 1]
    network = layers.DropoutLayer(layers.DenseLayer((None, 3), 2))
    synchronise(network, group)
    check_agreement(network, group)


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("kind", ["batches", "pipeline"])
def test_shards_make_up_the_batches(kind, size):
    source = toy_digits(13, size=14)

    def make():
        if kind == "batches":
            return Batches(source.x, source.y, 6, seed=4)
        return Pipeline(source, batch_size=6, seed=4)

    whole = make()
    shards = [Shard(make(), Group(rank, size)) for rank in range(size)]
    for epoch in range(2):
        for (x, y), *pieces in zip(whole, *shards, strict=True):
            assert sum(shard.weight for shard in shards) == pytest.approx(1)
            for (mine_x, mine_y), shard in zip(pieces, shards, strict=True):
                part = shard.part or BatchPart(0, len(x), len(x), None)
                assert (shard.part is None) == (size == 1) and part.total == len(x)
                np.testing.assert_array_equal(mine_x, part.rows(x))
                np.testing.assert_array_equal(mine_y, part.rows(y))
        assert all(shard.state() == whole.state() for shard in shards)
        assert all(shard.epoch == epoch + 1 and shard.position == 0 for shard in shards)
    assert (len(shards[0]), shards[0].count, shards[0].batch_size) == (3, 13, 6)
    shards[0].restore({**whole.state(), "position": 2})
    assert len(list(shards[0])) == 1


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("rows", [0, 1, 7, 12])
def test_rows_computed_in_parts(rows, size):
    """Whole units of 4 rows on each rank, some without any."""
    x = np.arange(rows * 2.0).reshape(rows, 2)
    seen = []

    class Pretend(Group):
        def gather(self, value):
            seen.append(value)
            return [value]

    for rank in range(size):
        in_parts(lambda part: part + 1, x, Pretend(rank, size), unit=4)
    parts = [part for part in seen if part is not None]
    assert all(len(part) % 4 == 0 for part in parts[:-1])
    np.testing.assert_array_equal(np.concatenate([x[:0], *parts]), x + 1)


def test_nccl_is_called_on_a_stream_of_its_own():
    """A stand-in for CuPy: what is asked of it, in which order."""
    said = []

    class Event:
        done = False

        def __init__(self, disable_timing):
            assert disable_timing

        def record(self, stream):
            said.append(("record", stream.ptr))

    class Stream:
        def __init__(self, ptr=9, non_blocking=True):
            self.ptr = ptr

        def wait_event(self, event):
            said.append(("wait", self.ptr))

    class Communicator:
        def __init__(self, size, key, rank):
            said.append((size, key, rank))

        def allReduce(self, *arguments):  # noqa: N802 (NCCL's name)
            said.append(arguments)

    cuda = SimpleNamespace(Event=Event, Stream=Stream, get_current_stream=lambda: Stream(1))
    nccl = SimpleNamespace(
        get_unique_id=lambda: "key", NcclCommunicator=Communicator, NCCL_SUM=0, NCCL_FLOAT32=7
    )
    backend = SimpleNamespace(xp=SimpleNamespace(cuda=cuda), nccl=lambda: nccl)
    sums = NCCLSums(Group(), backend)
    array = SimpleNamespace(dtype=np.dtype("float32"), size=5, data=SimpleNamespace(ptr=77))
    request = sums.start(array)
    assert said == [
        (1, "key", 0), ("record", 1), ("wait", 9), (77, 77, 5, 7, 0, 9), ("record", 9)
    ]  # fmt: skip
    assert not request.test()
    request.wait()
    assert said[-1] == ("wait", 1)
    array.dtype = np.dtype("complex64")
    with pytest.raises(TypeError, match="the array is complex64"):
        sums.start(array)
