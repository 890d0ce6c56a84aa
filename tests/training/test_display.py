"""What a run shows: a bar on a terminal, lines in a pipe, nothing when quiet."""

import io
import sys

import pytest

from minitorch.generative import GanEpoch, GanStep
from minitorch.generative.display import GanLines
from minitorch.training import Epoch, Step, choose_display
from minitorch.training.display import Lines, ProgressBar, Silent
from minitorch.training.finding import Finding

STEP = Step(5, 1, 0.5, 0.1, 1.0)
EPOCH = Epoch(1, 0.1, 0.5, 0.25, 0.4, 0.0123, 3.21)


class Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


@pytest.mark.parametrize(
    ("terminal", "quiet", "kind"),
    [
        (True, False, ProgressBar),
        (False, False, Lines),
        (True, True, Silent),
        (False, True, Silent),
    ],
)
def test_the_display_fits_the_stream(monkeypatch, terminal, quiet, kind):
    stream = Stream(terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    display = choose_display("net", epochs=2, steps=20, against="validation", quiet=quiet)
    assert type(display) is kind
    with display as shown:
        shown.show(STEP)
        shown.show(EPOCH)
    text = stream.getvalue()
    assert ("validation error  1.23%" in text) != quiet
    assert ("net, epoch 1/2" in text) == (kind is ProgressBar)


def test_without_rich_there_are_lines(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Stream(True))
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert type(choose_display("net", 2, 20)) is Lines


def test_a_bar_of_an_adversarial_run(monkeypatch):
    stream = Stream(True)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    display = choose_display("dcgan", 2, 20, 4, lines=GanLines(2))
    assert type(display) is ProgressBar
    with display as shown:
        shown.show(GanStep(5, 1, 0.5, 0.75, 0.25, None, None))
        shown.show(Finding("mode_collapse", 5, "", "they look alike"))
        shown.show(GanEpoch(1, 0.5, 1.5, 0.9, 0.1, 3.21))
    text = stream.getvalue()
    assert "dcgan, epoch 1/2" in text and "real 0.7500 fake 0.2500" in text and "5/20" in text
    assert "they look alike" in text and "diversity 0.90     3.2 s" in text
