"""Stepping in a terminal, with and without somebody to ask."""

import io

import numpy as np
import pytest

import minitorch as mt
from minitorch import explain
from minitorch.explain.printing import print_lines


class Terminal(io.StringIO):
    def isatty(self):
        return True


def answers(*lines):
    """Something that answers one prompt after the other, then hangs up."""
    queue = list(lines)

    def ask(prompt):
        if not queue:
            raise EOFError
        return queue.pop(0)

    return ask


def walk(output, *lines, **options):
    stream = io.StringIO()
    whole = explain.step_through(
        output, interactive=bool(lines), ask=answers(*lines), file=stream, **options
    )
    return whole, stream.getvalue()


def titles(text):
    return [line.split(": ")[1] for line in text.splitlines() if line.startswith("step ")]


def test_all_steps_as_text(scalars):
    whole, text = walk(scalars["y"], tape=scalars["tape"])
    assert whole and float(scalars["a"].grad) == -2
    assert titles(text) == [
        "#3 multiply (y)", "#2 add (total)", "#1 multiply (product)", "a", "c", "b",
    ]  # fmt: skip
    for line in (
        "  y = x1 · x2",
        "  gradient in  1",
        "    x1  4",
        "  rule for x1: dL/dx1 = g · x2",
        "    def multiply_dx1(g, x2):",
        "  to x1 → #2 add (total): 2",
        "  to x2 → a: 4",
        "    second contribution to a: 4 + -6 = -2",
    ):
        assert line in text.splitlines(), line


@pytest.mark.parametrize(
    ("until", "count"), [("add", 2), ("#1", 3), ("product", 3), ("a", 4), (2, 2), ("nan", 6)]
)
def test_until(scalars, until, count):
    whole, text = walk(scalars["y"], tape=scalars["tape"], until=until)
    assert len(titles(text)) == count and whole is (count == 6)
    assert (scalars["a"].grad is None) is (count < 4)
    assert ("no step matches 'nan'" in text) is (until == "nan")


def test_until_nan_stops_at_the_first(make_leaf):
    x = make_leaf([0.0, 1.0], "x")
    _, text = walk((mt.sqrt(x) * 0).sum(), until="nan")
    assert titles(text)[-1] == "#1 sqrt" and "NaN in a gradient of this step" in text


def test_enter_goes_on_and_q_stops(scalars):
    whole, text = walk(scalars["y"], "", "q")
    assert not whole and len(titles(text)) == 2 and "stopped" in text
    assert scalars["a"].grad is None


def test_hanging_up_stops(scalars):
    whole, text = walk(scalars["y"], "")
    assert not whole and len(titles(text)) == 2


def test_going_on_to_an_op_a_name_and_the_end(scalars):
    _, text = walk(scalars["y"], "s add", "s a", "a", tape=scalars["tape"])
    assert titles(text) == ["#3 multiply (y)", "#2 add (total)", "a", "c", "b"]


def test_going_on_to_what_is_not_there(scalars):
    whole, text = walk(scalars["y"], "s conv2d")
    assert whole and "no later step matches 'conv2d'" in text and titles(text)[-1] == "b"


def test_going_on_to_nan(make_leaf):
    x = make_leaf([0.0, 1.0], "x")
    _, text = walk((mt.sqrt(x) * 0).sum(), "n", "q")
    assert titles(text) == ["#3 sum", "#1 sqrt"]


def test_writing_values_out_and_help(make_leaf):
    x = make_leaf(np.arange(10.0), "x")
    _, text = walk(mt.square(x).sum(), "", "v x", "v to x", "v nothing", "?", "q")
    assert "[0. 1. 2. 3. 4. 5. 6. 7. 8. 9.]" in text and "[ 0.  2.  4." in text
    assert "no value 'nothing' here; there are grad, value, x, to x" in text
    assert "go on to the first NaN" in text


def test_colours_on_a_terminal_only(scalars):
    stream = Terminal()
    explain.step_through(scalars["y"], interactive=False, file=stream)
    assert "\x1b[" in stream.getvalue() and "multiply_dx1" in stream.getvalue()
    plain = io.StringIO()
    print_lines([("title", "x"), ("code", "y = 1")], plain)
    assert plain.getvalue() == "x\ny = 1\n"


def test_it_does_not_ask_where_nobody_is(scalars):
    def ask(prompt):
        raise AssertionError("asked")

    assert explain.step_through(scalars["y"], file=io.StringIO(), ask=ask)


def test_step_text(scalars):
    text = explain.step_text(next(explain.steps(scalars["y"])))
    assert text.startswith("step 1 of 6: #3 multiply")
