"""The switches as learners use them; test_mutation.py has what they do to the tests."""

import pytest

import minitorch as mt
from minitorch.testing.break_it import SWITCHES, broken, show


def square_slope():
    a = mt.tensor(3.0, requires_grad=True)
    (a * a).backward()
    return a.grad.item()


def test_a_block_and_a_decorator():
    with broken("accumulation"):
        assert square_slope() == 3.0
    assert square_slope() == 6.0
    assert broken("accumulation")(square_slope)() == 3.0
    assert square_slope() == 6.0


def test_several_at_once_and_nested():
    def stale():
        a = mt.tensor(3.0, requires_grad=True)
        b = a * 1
        b *= a
        b.backward()
        return a.grad.item()

    assert stale() == 6.0
    with broken("saved copies"):
        with pytest.raises(RuntimeError, match="written in place"):
            stale()
        with broken("version check"):
            assert stale() == 12.0  # the new value took the old one's place
    with broken("saved copies", "version check"):
        assert stale() == 12.0
    assert stale() == 6.0


def test_unknown_names():
    with pytest.raises(ValueError, match="no ingredient named 'acumulation'; did you mean 'accum"):
        broken("acumulation").__enter__()
    with pytest.raises(ValueError, match="there are accumulation, order"):
        show("zzz")
    assert square_slope() == 6.0


@pytest.mark.parametrize("name", SWITCHES)
def test_show_prints_sentence_lines_and_both_answers(name, capsys):
    show(name)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{name}: {SWITCHES[name].sentence}"
    assert any(line.startswith("    return ") for line in lines)
    assert [line for line in lines if line.startswith("with it:")]
    assert [line for line in lines if line.startswith("without it:")]


def test_what_is_recorded_inside_is_walked_outside_whole():
    a = mt.tensor(3.0, requires_grad=True)
    with broken("accumulation", "order", "unbroadcasting"):
        y = a * a
    y.backward()
    assert a.grad.item() == 6.0
