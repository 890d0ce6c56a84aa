"""Layout, SVG and DOT."""

import itertools
import random
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import minitorch as mt
from minitorch import explain
from minitorch.explain.layout import GAP, lay_out

SVG = "{http://www.w3.org/2000/svg}"


def random_dag(count, seed):
    rng = random.Random(seed)
    sizes = {str(i): (rng.uniform(20, 300), rng.uniform(20, 90)) for i in range(count)}
    links = [
        (str(rng.randrange(i)), str(i)) for i in range(1, count) for _ in range(rng.randint(1, 3))
    ]
    return sizes, links


def overlap(a, b):
    return (
        abs(a.x - b.x) < (a.width + b.width) / 2 - 1e-6
        and a.y < b.y + b.height
        and b.y < a.y + a.height
    )


@pytest.mark.parametrize("seed", range(8))
def test_no_boxes_overlap_and_links_point_down(seed):
    sizes, links = random_dag(25, seed)
    placed = lay_out(sizes, links, trunk=list(sizes)[::2])
    boxes = list(placed.boxes.values())
    assert not any(overlap(a, b) for a, b in itertools.combinations(boxes, 2))
    for a, b in itertools.combinations(boxes, 2):
        if a.row == b.row:
            assert abs(a.x - b.x) >= (a.width + b.width) / 2 + GAP - 1e-6
    for (source, target), way in zip(links, placed.ways, strict=True):
        upper, lower = placed.boxes[source], placed.boxes[target]
        assert upper.row < lower.row and upper.y + upper.height < lower.y
        assert way[0] == (upper.x, upper.y + upper.height)
        assert way[-1][1] == lower.y and abs(way[-1][0] - lower.x) <= lower.width / 2
        heights = [y for _, y in way]
        assert heights == sorted(heights)
    assert all(
        b.x - b.width / 2 >= -1e-6 and b.x + b.width / 2 <= placed.width + 1e-6 for b in boxes
    )


def test_long_links_pass_beside_the_boxes():
    chain = [(str(i), str(i + 1)) for i in range(6)]
    sizes = {str(i): (100.0, 40.0) for i in range(7)}
    placed = lay_out(sizes, [*chain, ("0", "6")], trunk=sizes)
    way = placed.ways[-1]
    for x, y in way[1:-1]:
        for box in placed.boxes.values():
            inside = box.y - 1e-6 <= y <= box.y + box.height + 1e-6
            assert not inside or abs(x - box.x) >= box.width / 2


def test_a_trunk_stands_straight():
    sizes = {"a": (100, 40), "b": (160, 40), "c": (90, 40), "w": (300, 40), "v": (250, 40)}
    links = [("a", "b"), ("w", "b"), ("b", "c"), ("v", "c")]
    placed = lay_out(sizes, links, trunk=("a", "b", "c"))
    assert len({round(placed.boxes[key].x) for key in "abc"}) == 1  # to the pixel


def test_two_links_between_the_same_boxes_end_apart():
    placed = lay_out({"a": (80, 30), "y": (80, 30)}, [("a", "y"), ("a", "y")])
    assert placed.ways[0][-1][0] != placed.ways[1][-1][0]


def test_nothing_to_place():
    placed = lay_out({}, [])
    assert placed.width == 0 and placed.ways == []


def test_the_drawing_says_it_all(network):
    svg = explain.to_svg(network["loss"], tape=network["tape"])
    root = ET.fromstring(svg)
    cards = {
        g.get("data-key"): " ".join(g.itertext()) for g in root.iter(f"{SVG}g") if g.get("data-key")
    }
    assert len(cards) == 4 + 2 + 7  # leaves, constants, ops
    text = " ".join(cards.values())
    for word in (
        "softmax_cross_entropy",
        "y = max(x, 0)",
        "w1",
        "(4, 6) float64",
        "→ loss",
        "labels",
    ):
        assert word in text, word
    arguments = [t for t in root.iter(f"{SVG}text") if "".join(t.itertext()) == "labels"]
    assert arguments  # the constant's card or the link's label


def test_text_stays_inside_its_card(network):
    root = ET.fromstring(explain.to_svg(network["loss"], tape=network["tape"]))
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        if group.get("data-key") is None:
            continue
        left, width = float(rect.get("x")), float(rect.get("width"))
        for line in group.iter(f"{SVG}text"):
            end = float(line.get("x")) + float(line.get("textLength", 0))
            assert left < float(line.get("x")) and end < left + width


def test_names_are_escaped_and_long_ones_cut(make_leaf):
    x = make_leaf([1.0], '<w & "b">\x00\x1b' + "n" * 200)
    y = x * 2
    svg = explain.to_svg(y)
    root = ET.fromstring(svg)
    assert '<w & "b">' in "".join(root.itertext())
    shown = [t for t in root.iter(f"{SVG}tspan") if "nnn" in t.text]
    assert all(len(t.text) <= 30 for t in shown)
    dot = explain.to_dot(y)
    assert '\\"b\\"' in dot


def test_what_is_not_finite_is_red(make_leaf):
    x = make_leaf([0.0, 1.0], "x")
    bad = explain.to_svg(mt.log(x).sum())
    good = explain.to_svg(mt.exp(x).sum())
    assert bad.count("#c8102e") > good.count("#c8102e")


def test_dot_has_every_vertex_and_link(scalars):
    graph = explain.graph(scalars["y"], tape=scalars["tape"])
    dot = graph.to_dot()
    assert dot.startswith("digraph") and dot.rstrip().endswith("}")
    assert len(re.findall(r"^  \w+ \[label=", dot, re.M)) == len(graph.vertices) + 0
    assert len(re.findall(r"->", dot)) == len(graph.links) == 6
    assert 't0 -> n1 [label="x1"]' in dot


def test_notebooks(scalars):
    graph = explain.graph(scalars["y"], tape=scalars["tape"])
    ET.fromstring(graph._repr_svg_())
    ET.fromstring(graph._repr_html_())


def test_notes_are_drawn(make_leaf):
    svg = explain.to_svg(make_leaf([1.0, 2.0], "x") * 2)
    assert "give the one to start from" in svg


def test_a_large_value_is_summarised(make_leaf):
    svg = explain.to_svg((make_leaf(np.arange(100.0), "x") * 2).sum())
    assert "min 0  mean 49.5  max 99" in svg
