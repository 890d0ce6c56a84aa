"""The page: whole, self-contained, written in one piece, and without a trace."""

import re
import xml.etree.ElementTree as ET

import pytest

import minitorch as mt
from minitorch import explain

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"


def test_every_step_is_on_it(network, tmp_path):
    path = explain.write_html(
        network["loss"], tmp_path / "deep" / "page.html", tape=network["tape"]
    )
    root = ET.parse(path).getroot()
    sections = list(root.iter(f"{HTML}section"))
    assert len(sections) == 7 + 4
    text = " ".join("".join(s.itertext()) for s in sections)
    for word in ("#3 relu (h)", "y = max(x, 0)", "def relu_dx(g", "summed from (8, 6) to (6,)"):
        assert word in text, word
    keys = {g.get("data-key") for g in root.iter(f"{SVG}g")}
    assert all(section.get("data-key") in keys for section in sections)
    assert root.find(f"{HTML}head/{HTML}title").text == "backward of loss"


def test_it_asks_the_network_for_nothing(network):
    page = explain.html_text(network["loss"], tape=network["tape"])
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert addresses == {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"}
    assert not re.search(r"<link|src=|@import|url\(", page)


def test_no_gradient_changes(network):
    network["h"].retain_grad()
    kept = network["params"][0].grad = mt.ones((4, 6))
    explain.html_text(network["loss"])
    assert network["params"][0].grad is kept and network["params"][1].grad is None
    assert network["h"].grad is None
    network["loss"].backward()


def test_a_flaw_gets_its_button(make_leaf, network):
    x = make_leaf([0.0, 1.0], "x")
    page = explain.html_text((mt.sqrt(x) * 0).sum())
    assert 'id="flaw"' in page and page.count('data-flaw="1"') == 2
    assert 'id="flaw"' not in explain.html_text(network["loss"])


def test_names_are_escaped(make_leaf):
    x = make_leaf([1.0, 2.0], "<script>alert(1)</script>\x07")
    page = explain.html_text((x * x).sum(), title="a < b & c")
    root = ET.fromstring(page.removeprefix("<!DOCTYPE html>"))
    assert len(list(root.iter(f"{HTML}script"))) == 1
    assert "a < b & c" in "".join(root.itertext())


def test_an_old_page_survives_a_failure(make_leaf, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        explain.write_html(mt.tensor(1.0), path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_large_values_open_to_numbers(make_leaf):
    x = make_leaf([float(i) for i in range(50)], "x")
    page = explain.html_text(mt.square(x).sum())
    assert "<details><summary>" in page and "49." in page
