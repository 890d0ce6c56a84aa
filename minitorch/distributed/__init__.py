"""Training by several processes at once, each on its part of every batch, through MPI."""

from minitorch.distributed.agree import check_agreement, synchronise
from minitorch.distributed.average import GradientAverager
from minitorch.distributed.group import Group, Request, launched, world
from minitorch.distributed.guard import guarded
from minitorch.distributed.shard import Shard, in_parts
from minitorch.distributed.sums import all_sum

__all__ = [
    "GradientAverager",
    "Group",
    "Request",
    "Shard",
    "all_sum",
    "check_agreement",
    "guarded",
    "in_parts",
    "launched",
    "synchronise",
    "world",
]
