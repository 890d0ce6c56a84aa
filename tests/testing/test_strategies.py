"""The Hypothesis strategies: what they draw is what they promise, and varied enough."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import minitorch as mt
from minitorch.testing import strategies as some

FEW = settings(max_examples=30, deadline=None)


def can_draw(strategy, condition):
    try:
        find(strategy, condition, settings=settings(max_examples=2000, deadline=None))
    except NoSuchExample:
        return False
    return True


@FEW
@given(some.shapes(1, 3, 0, 2))
def test_shapes(shape):
    assert 1 <= len(shape) <= 3 and all(0 <= n <= 2 for n in shape)


def test_shapes_can_be_empty_and_scalar():
    assert can_draw(some.shapes(min_side=0), lambda s: 0 in s)
    assert can_draw(some.shapes(), lambda s: s == ())


@FEW
@given(some.broadcastable_shapes(3, min_side=0))
def test_shapes_that_broadcast(three):
    assert len(three) == 3
    np.broadcast_shapes(*three)


def test_broadcasting_is_drawn():
    assert can_draw(some.broadcastable_shapes(), lambda two: 1 in two[0] and two[0] != two[1])
    assert can_draw(some.broadcastable_shapes(), lambda two: len(two[0]) > len(two[1]) > 0)


@FEW
@given(st.data())
def test_dtypes_axes_and_indices_are_valid(data):
    x = data.draw(some.arrays(dtype=some.dtypes("biufc")))
    x.any(axis=data.draw(some.axes(x.ndim)))
    x[data.draw(some.indices(x.shape))]


def test_axes_of_all_kinds_are_drawn():
    for kind in (type(None), int, tuple):
        assert can_draw(some.axes(2), lambda a, kind=kind: isinstance(a, kind))
    assert not can_draw(some.axes(2, none=False), lambda a: a is None)


@FEW
@given(some.arrays(dtype=some.dtypes("f"), low=0.1, high=0.7, away=(0.5,), gap=0.1))
def test_floats_keep_their_bounds_in_every_precision(x):
    wide = x.astype(np.float64)
    assert (wide >= 0.1).all() and (wide <= 0.7).all()
    assert (np.abs(wide - 0.5) >= 0.1).all()


@FEW
@given(some.arrays((3,), dtype=some.dtypes("iu"), low=-3, high=5))
def test_integers_keep_their_bounds(x):
    assert (x <= 5).all() and (x >= (0 if x.dtype.kind == "u" else -3)).all()


@FEW
@given(st.data())
def test_layouts_change_no_value(data):
    x = data.draw(some.arrays(some.shapes(min_side=0), dtype=some.dtypes("bif")))
    same = data.draw(some.layouts(x))
    assert same.dtype == x.dtype
    np.testing.assert_array_equal(same, x)


@pytest.mark.parametrize(
    ("what", "condition"),
    [
        ("gaps", lambda x: not x.flags.c_contiguous and not x.flags.f_contiguous),
        ("Fortran order", lambda x: x.flags.f_contiguous and not x.flags.c_contiguous),
        ("a negative stride", lambda x: min(x.strides) < 0),
        ("an offset", lambda x: x.base is not None and x.ctypes.data % 16),
        ("plain memory", lambda x: x.flags.c_contiguous),
    ],
)
def test_layouts_are_varied(what, condition):
    assert can_draw(some.layouts(np.arange(12.0).reshape(3, 4)), condition), what


def test_equal_values_may_share_memory():
    ones = np.ones((3, 4))
    assert can_draw(some.layouts(ones), lambda x: x.strides[0] == 0 and x.strides[1] != 0)
    assert can_draw(some.arrays((2, 2), layout=True), lambda x: 0 in x.strides)


@FEW
@given(some.tensors((2, 3), requires_grad=True, layout=True))
def test_tensors_keep_the_layout(x):
    assert isinstance(x, mt.Tensor) and x.requires_grad and x.shape == (2, 3)


def test_without_hypothesis_the_rest_works_and_the_remedy_is_named():
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import minitorch.testing as t\n"
        "t.gradcheck, t.break_it, t.SampleMaker\n"
        "try: t.strategies\n"
        "except ImportError as error: print(error)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs hypothesis (pip install 'minitorch[test]')" in out.stdout


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'strategy'"):
        mt.testing.strategy
