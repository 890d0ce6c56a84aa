"""report.html: self-contained, well-formed, and made of whatever is there."""

import base64
import json
import re
import struct
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest

from minitorch.io import FileFormatError
from minitorch.training import Epoch, Step
from minitorch.training.metrics_file import MetricsFile
from minitorch.training.report_markup import counted, duration, percent
from minitorch.training.report_page import write_report
from minitorch.training.report_tables import class_rows, confused_pairs

NAMES = ["T-shirt", '<b>&"coat"</b>', "数字"]
HISTORY = [
    {
        "number": n,
        "learning_rate": 0.1 / n,
        "train_loss": 1 / n,
        "train_error": 0.3 / n,
        "test_loss": 0.9 / n,
        "test_error": 0.2 / n,
        "seconds": 2.5 * n,
    }
    for n in (1, 2)
]
REPORT = {
    "recipe": {"model": "lenet", "epochs": 2, "seed": 7},
    "parameters": 233_196,
    "measured_on": "validation",
    "examples": 1_200,
    "error": 0.1225,
    "accuracy": 0.8775,
    "loss": 0.38345,
    "wrong": 147,
    "confusion": [[390, 10, 0], [60, 340, 0], [7, 70, 323]],
    "classes": NAMES,
    "seconds": 427.7,
    "data": {"name": "fashion", "sha256": "8f3a"},
    "command": ["minitorch", "train", "lenet", "--out", "a b"],
    "findings": ["The rate was 5 < 6 & more.", "Two."],
    "environment": {"cpu": "an x86-64", "threads": 2},
    "python": "3.11.7",
    "note": "",
}
KNOWN = ("learning_curve", "confusion", "misclassified", "filters")


def png(width=3, height=2):
    chunk = lambda kind, data: (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )
    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def fill(folder, report=REPORT, history=HISTORY, pictures=KNOWN, config="seed = 7  # <&>\n"):
    for name, content in (("report.json", report), ("history.json", history)):
        if content is not None:
            (folder / name).write_text(json.dumps(content))
    for name in pictures:
        (folder / f"{name}.png").write_bytes(png())
    if config:
        (folder / "config.toml").write_text(config)


def page(folder):
    """The page as a tree: it must be well-formed XML, which HTML readers take as well."""
    path = write_report(folder)
    assert path == folder / "report.html"
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    return ET.fromstring(text.replace("<!DOCTYPE html>", "").replace(' xmlns="http', ' x="http'))


def words(tree):
    return " ".join(" ".join(tree.find("body").itertext()).split())


def section(tree, heading):
    found = [s for s in tree.iter("section") if s.findtext("h2") == heading]
    return found[0] if found else None


def rows(table):
    return [["".join(c.itertext()) for c in row] for row in table.iter("tr")]


def test_a_whole_run_in_order(tmp_path):
    fill(tmp_path, pictures=(*KNOWN, "gradient_norms"))
    tree = page(tmp_path)
    assert tree.findtext("head/title") == "lenet: a training run"
    assert [s.findtext("h2") for s in tree.iter("section")] == [
        "Command", "Findings", "Learning curve", "Epochs", "Confusion", "Misclassified",
        "First filters", "Gradient norms", "Configuration", "Environment",
    ]  # fmt: skip
    cards = tree.find(".//dl[@class='figures']")
    figures = {c.findtext("dt"): " ".join(c.find("dd").itertext()) for c in cards}
    assert list(figures.items()) == [
        ("validation accuracy", "87.75%"),
        ("validation error", "12.25% 147 of 1,200 wrong"),
        ("validation loss", "0.3835"),
        ("parameters", "233,196"),
        ("time", "7 min 8 s"),
        ("epochs", "2"),
        ("data", "fashion sha256: 8f3a"),
        ("seed", "7"),
    ]
    assert section(tree, "Command").findtext("pre") == "minitorch train lenet --out 'a b'"
    assert section(tree, "Configuration").findtext("pre") == "seed = 7  # <&>\n"
    items = [item.text for item in section(tree, "Findings").iter("li")]
    assert items == REPORT["findings"]
    environment = words_of(section(tree, "Environment"))
    assert environment == "Environment python 3.11.7 cpu an x86-64 threads 2"


def words_of(element):
    return " ".join(" ".join(element.itertext()).split())


def test_tables_of_epochs_pairs_and_classes(tmp_path):
    fill(tmp_path)
    tree = page(tmp_path)
    epochs = rows(section(tree, "Epochs"))
    assert epochs[0][:3] == ["epoch", "learning rate", "train loss"]
    assert epochs[2] == ["2", "0.05", "0.5", "15.00%", "0.45", "10.00%", "5.0"]
    pairs, classes = section(tree, "Confusion").iter("table")
    assert rows(pairs)[1:] == [
        ["数字", NAMES[1], "70", "17.50%"],
        [NAMES[1], "T-shirt", "60", "15.00%"],
        ["T-shirt", NAMES[1], "10", "2.50%"],
        ["数字", "T-shirt", "7", "1.75%"],
    ]
    assert [row[:4] for row in rows(classes)[1:]] == [
        ["数字", "400", "323", "80.75%"],
        [NAMES[1], "400", "340", "85.00%"],
        ["T-shirt", "400", "390", "97.50%"],
    ]
    assert rows(classes)[1][5] == NAMES[1] + " (70)"


def test_the_page_needs_nothing_else(tmp_path):
    fill(tmp_path)
    tree = page(tmp_path)
    images = list(tree.iter("img"))
    assert len(images) == 4 and all(image.get("alt") for image in images)
    for image in images:
        kind, _, data = image.get("src").partition("base64,")
        assert kind == "data:image/png;" and base64.b64decode(data) == png()
    assert not {e.tag for e in tree.iter()} & {"script", "link", "iframe", "object", "base"}
    style = tree.findtext("head/style")
    assert "prefers-color-scheme: dark" in style and "@import" not in style and "url(" not in style
    attributes = [value for e in tree.iter() for name, value in e.items() if name != "src"]
    assert sum("http" in value for value in attributes) == 1  # the namespace's name
    assert [e.get("content") for e in tree.iter("meta") if e.get("http-equiv")] == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    ]


def test_text_of_any_kind_stays_text(tmp_path):
    evil = "</style></pre><script>alert(1)</script>\0\x1b\ud800\ufffe'\"&amp;"
    shown = evil.translate(dict.fromkeys([0, 0x1B, 0xD800, 0xFFFE], "\ufffd"))
    report = {
        **REPORT,
        "recipe": {"model": evil, evil: evil},
        "measured_on": evil,
        "classes": [evil] * 3,
        "data": {"name": evil, evil: evil},
        "command": evil,
        "findings": [evil, {evil: evil}, 3],
        "environment": {evil: [evil]},
        "note": evil,
        evil: evil,
    }
    history = [{**HISTORY[0], evil: evil}]
    fill(tmp_path, report, history, config="")
    (tmp_path / "config.toml").write_bytes(b"\xff\0</pre>")
    tree = page(tmp_path)
    assert not list(tree.iter("script"))
    assert section(tree, "Command").findtext("pre") == shown
    assert section(tree, "Findings").findtext("ul/li") == shown
    assert section(tree, "Configuration").findtext("pre") == "\ufffd\ufffd</pre>"


def test_a_run_that_has_not_ended(tmp_path):
    with MetricsFile(tmp_path / "metrics.jsonl") as metrics:
        metrics.show(Step(1, 1, 0.5, 0.1))
        metrics.show(Epoch(1, 0.1, 0.5, 0.25, 0.4, 0.0123, 3.21))
    tree = page(tmp_path)
    text = words(tree)
    assert "has not ended: it has come to epoch 1." in text
    assert "test accuracy 98.77%" in text and "time 3.21 s" in text
    for sentence in (
        "There is no report.json, so there are no final figures.",
        *[f"There is no {name}.png." for name in KNOWN],
        "report.json has no confusion matrix.",
        "There is neither a config.toml nor a recipe.",
        "report.json says nothing of it.",
    ):
        assert sentence in text, sentence
    assert rows(section(tree, "Epochs"))[1][-1] == "3.21" and section(tree, "Findings") is None
    (tmp_path / "metrics.jsonl").write_text("")
    text = words(page(tmp_path))
    assert "has not come to an epoch's end" in text and "no record of an epoch" in text


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("report.json", b"{", "report.json cannot be read: Expecting property name"),
        ("report.json", b"\xff\xfe\x00", "report.json cannot be read"),
        ("report.json", b"[1]", "report.json is left out: it holds no dict"),
        ("report.json", b"[" * 100_000, "report.json cannot be read"),
        ("history.json", b"3", "history.json is left out: it holds no list"),
        ("history.json", b"[3]", "history.json is left out: it is no list of epochs"),
        ("metrics.jsonl", b"?\n?\n", "metrics.jsonl is left out: line 1 is damaged"),
        ("filters.png", png()[:-1], "filters.png is left out: not a whole PNG file"),
        ("filters.png", b"", "filters.png is left out: not a whole PNG file"),
    ],
)
def test_damaged_files_are_named_and_left_out(tmp_path, name, content, sentence):
    fill(tmp_path, history=None if name == "metrics.jsonl" else HISTORY)
    (tmp_path / name).write_bytes(content)
    assert sentence in words_of(section(page(tmp_path), "What is missing"))


@pytest.mark.parametrize(
    "value", [None, "many", [], {}, True, float("nan"), float("inf"), 10**400, [[1, 2]], -1]
)
def test_values_of_another_kind_do_no_harm(tmp_path, value):
    fill(tmp_path, dict.fromkeys(REPORT, value))
    assert section(page(tmp_path), "Environment") is not None
    epochs = [dict.fromkeys(HISTORY[0], value)]
    fill(tmp_path, {**REPORT, "classes": value}, epochs)
    tree = page(tmp_path)
    assert "most often taken for" in words(tree) and section(tree, "Epochs") is not None


@pytest.mark.parametrize(
    "confusion", [[[1, 2]], [[1, 2], [3]], [[-1]], [[0.5]], [["a"]], [], [[]], [[10**30]], 3]
)
def test_a_confusion_matrix_that_makes_no_sense(tmp_path, confusion):
    fill(tmp_path, {**REPORT, "confusion": confusion})
    assert "report.json has no confusion matrix." in words(page(tmp_path))


def test_a_thousand_classes(tmp_path):
    confusion = 40 * np.eye(1000, dtype=int)
    confusion[3, 5], confusion[9, 9] = 60, 0
    report = {**REPORT, "confusion": confusion.tolist(), "classes": None}
    fill(tmp_path, report)
    part = section(page(tmp_path), "Confusion")
    pairs, classes, rest = part.iter("table")
    assert rows(pairs)[1:] == [["3", "5", "60", "60.00%"]]
    assert rows(classes)[1] == ["3", "100", "40", "40.00%", "", "5 (60)"]
    assert len(rows(classes)) == 26 and len(rows(rest)) == 976
    assert rows(rest)[-1] == ["9", "0", "", "", "", ""]
    report["confusion"] = np.eye(3, dtype=int).tolist()
    fill(tmp_path, report)
    assert "There are no mistakes." in words(page(tmp_path))


def test_pairs_and_classes_against_loops():
    confusion = np.random.default_rng(0).integers(0, 30, (7, 7))
    confusion[4] = 0
    expected = sorted(
        (-confusion[t, p], t, p) for t in range(7) for p in range(7) if t != p and confusion[t, p]
    )
    found = confused_pairs(confusion, 1000)
    assert [(-n, t, p) for t, p, n, _ in found] == expected
    assert found[0][3] == found[0][2] / confusion[found[0][0]].sum()
    assert confused_pairs(confusion, 3) == found[:3]
    for label, examples, right, taken, often in class_rows(confusion):
        others = np.delete(confusion[label], label)
        assert (examples, right) == (confusion[label].sum(), confusion[label, label])
        assert often == others.max() == confusion[label, taken] and taken != label
    shares = [right / n for _, n, right, _, _ in class_rows(confusion) if n]
    assert shares == sorted(shares) and class_rows(confusion)[-1][0] == 4
    assert class_rows(np.array([[5]])) == [(0, 5, 5, 0, 0)]


def test_folders_without_a_run(tmp_path):
    with pytest.raises(FileFormatError, match="nowhere: not a folder"):
        write_report(tmp_path / "nowhere")
    (tmp_path / "filters.png").write_bytes(png())
    with pytest.raises(FileFormatError, match="no run has been here, there is no report.json, his"):
        write_report(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["filters.png"]


def test_figures_in_words():
    assert [duration(s) for s in (0.0123, 59.4, 60, 3725.2)] == [
        "0.0123 s", "59.4 s", "1 min 0 s", "1 h 2 min",
    ]  # fmt: skip
    assert duration(-1) == "-1" and duration("x") == "x"
    assert percent(0.00524) == "0.52%" and percent(None) == "None" and counted(12345) == "12,345"


def test_a_second_page_replaces_the_first(tmp_path):
    fill(tmp_path)
    first = write_report(tmp_path).read_bytes()
    assert write_report(tmp_path).read_bytes() == first
    assert not re.search(rb"/tmp|" + str(tmp_path.parent).encode(), first)
    assert not list(tmp_path.glob(".*"))
