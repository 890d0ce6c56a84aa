"""Temporaries that live at one time never share memory, and little is wasted."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minitorch.capture.ir import Instruction, Storage, Value
from minitorch.capture.layout import LINE, lay_out


def value(size):
    return Value(Storage("temp", size), (size,), np.dtype("uint8"), (1,))


@st.composite
def programs(draw):
    """Instructions that each make a temporary from some of those before it."""
    made, steps = [], []
    for size in draw(st.lists(st.integers(0, 1000), min_size=1, max_size=25)):
        reads = [made[i] for i in draw(st.sets(st.integers(0, max(0, len(made) - 1)), max_size=3))
                 if made]  # fmt: skip
        made.append(value(size))
        steps.append(Instruction("step", None, reads, [made[-1]]))
    wanted = [v for v in made if draw(st.booleans())]
    return steps, wanted


@given(programs())
def test_no_two_that_live_at_one_time_overlap(program):
    steps, wanted = program
    layout = lay_out(steps, wanted)
    sizes = {id(v.storage): v.storage.size for s in steps for v in s.outputs}
    places = [(layout.begins[k], layout.begins[k] + sizes[k], *layout.lives[k]) for k in sizes]
    for i, (begin, end, first, last) in enumerate(places):
        assert begin % LINE == 0 and end <= layout.size
        for other, its_end, born, dies in places[:i]:
            if first <= dies and born <= last:
                assert end <= other or its_end <= begin or begin == end or other == its_end
    assert layout.least <= layout.size


def test_a_chain_needs_two_places():
    steps, last = [], value(64)
    steps.append(Instruction("start", None, [], [last]))
    for _ in range(10):
        out = value(64)
        steps.append(Instruction("step", None, [last], [out]))
        last = out
    assert lay_out(steps, [last]).size == 128
