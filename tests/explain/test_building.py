"""The graph as data and as a table."""

import io

import numpy as np
import pytest

import minitorch as mt
from minitorch import explain


def by_label(graph):
    return {vertex.label: vertex for vertex in graph.vertices.values()}


def test_values_and_gradients_by_hand(scalars):
    found = by_label(explain.graph(scalars["y"], tape=scalars["tape"]))
    values = {label: float(vertex.value.data) for label, vertex in found.items()}
    assert values == {
        "a": 2, "b": -3, "c": 10, "#1 multiply": -6, "#2 add": 4, "#3 multiply": 8,
    }  # fmt: skip
    grads = {label: float(vertex.grad.data) for label, vertex in found.items()}
    assert grads == {
        "a": -2, "b": 4, "c": 2, "#1 multiply": 2, "#2 add": 2, "#3 multiply": 1,
    }  # fmt: skip
    assert found["#1 multiply"].name == "product" and found["#1 multiply"].formula == "y = x1 · x2"
    assert found["#2 add"].where.startswith("conftest.py:")


def test_links_carry_the_arguments(scalars):
    graph = explain.graph(scalars["y"], tape=scalars["tape"])
    last = graph.inputs_of(graph.output)
    sources = [graph.vertices[link.source].label for link in last]
    assert [link.argument for link in last] == ["x1", "x2"] and sources == ["#2 add", "a"]


def test_it_changes_nothing(network):
    seen = []
    for p in network["params"]:
        p.register_hook(lambda g: seen.append(1))
    network["h"].retain_grad()
    before = network["params"][0].grad = mt.ones((4, 6))
    explain.graph(network["loss"], tape=network["tape"])
    assert network["params"][0].grad is before and network["params"][1].grad is None
    assert network["h"].grad is None and len(seen) == 4
    network["loss"].backward()  # the graph is still there


def test_gradients_are_those_of_backward(network):
    found = by_label(explain.graph(network["loss"], tape=network["tape"]))
    network["loss"].backward()
    for p in network["params"]:
        np.testing.assert_array_equal(found[p.name].grad.numpy(), p.grad.numpy())


def test_without_a_tape_saved_values_tell(make_leaf):
    x, y = make_leaf([1.0, 2.0], "x"), make_leaf([3.0, 4.0], "y")
    out = mt.exp(x * y + 1)  # exp saves its result; add and multiply save no result
    found = by_label(explain.graph(out.sum(), tape=explain.Tape()))
    np.testing.assert_allclose(found["#3 exp"].value.numpy(), np.exp([4.0, 9.0]))
    assert found["#1 multiply"].value is None
    assert found["x"].value is x


def test_constants_are_shown_once(make_leaf):
    w, x = make_leaf([1.0, 2.0], "w"), mt.asarray([3.0, 4.0])
    x.name = "x"
    with explain.record() as tape:
        out = (w * x * x * 5).sum()
    graph = explain.graph(out, tape=tape)
    assert sorted(v.label for v in graph.vertices.values() if v.kind == "constant") == ["5", "x"]


def test_a_stale_saved_value_is_not_shown(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    y = mt.exp(x)
    node = y.grad_fn
    with mt.no_grad():
        y += 1
    graph = explain.graph(node_output(y, node), gradients=False, tape=explain.Tape())
    assert by_label(graph)["#1 exp"].value is None


def node_output(y, node):
    """Something computed from y, so that y itself is not the output."""
    assert y.grad_fn is node
    return y.sum()


def test_freed_and_unstarted_graphs_say_so(make_leaf):
    x = make_leaf([1.0, 2.0], "x")
    loss = (x * x).sum()
    loss.backward()
    graph = explain.graph(loss)
    assert "freed" in graph.notes[0] and by_label(graph)["x"].grad is x.grad
    vector = x * x
    assert "shape (2,)" in explain.graph(vector).notes[0]
    seeded = by_label(explain.graph(vector, grad=[1.0, 10.0]))
    np.testing.assert_array_equal(seeded["x"].grad.numpy(), [2.0, 40.0])


def test_limit_shows_the_last_ops(make_leaf):
    y = make_leaf(1.0, "x")
    for _ in range(20):
        y = y * 2
    graph = explain.graph(y, limit=5)
    assert len([v for v in graph.vertices.values() if v.kind == "op"]) == 5
    assert graph.notes == ["15 earlier ops are not shown (limit=5)"]
    assert "#20 multiply" in by_label(graph)


def test_a_deep_graph_does_not_recurse(make_leaf):
    y = make_leaf(1.0)
    for _ in range(3000):
        y = y + 1
    found = explain.graph(y)
    assert sum(v.kind == "op" for v in found.vertices.values()) == 500
    assert found.vertices[found.links[0].source].label == "earlier ops"


def test_a_leaf_alone():
    graph = explain.graph(mt.tensor([1.0, 2.0]))
    assert [v.kind for v in graph.vertices.values()] == ["leaf"] and graph.links == []
    assert "<svg" in graph.to_svg()


def test_several_outputs():
    @mt.op(outputs=("low", "high"))
    def explain_split(xp, x):
        return x[:1], x[1:]

    @explain_split.vjp("x")
    def explain_split_dx(g):
        return mt.concat([g[0], g[1]])

    try:
        x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
        x.name = "x"
        with explain.record() as tape:
            low, high = explain_split(x)
            loss = low.sum() + (high * 2).sum()
        vertex = by_label(explain.graph(loss, tape=tape))["#1 explain_split"]
        assert [v.tolist() for v in vertex.value] == [[1.0], [2.0, 3.0]]
        assert [g.tolist() for g in vertex.grad] == [[1.0], [2.0, 2.0]]
        labels = [v.target for s in explain.steps(loss, tape=tape) for v in s.inputs]
        assert "#1 explain_split.high (high)" in labels
    finally:
        mt.registry.pop("explain_split")


def test_the_table(scalars):
    text = str(explain.graph(scalars["y"], tape=scalars["tape"]))
    rows = {line.split("  ")[0].strip(): line.split() for line in text.splitlines()[2:]}
    assert rows["a"][:5] == ["a", "leaf", "()", "2", "-2"]
    assert rows["#2 add (total)"][3:8] == ["product,", "c", "()", "4", "2"]
    assert text.splitlines()[0].split() == ["result", "of", "shape", "value", "gradient", "line"]


def test_print_graph(scalars):
    stream = io.StringIO()
    explain.print_graph(scalars["y"], tape=scalars["tape"], file=stream)
    assert "#3 multiply (y)" in stream.getvalue()


def test_bad_arguments():
    with pytest.raises(TypeError, match="graph: a tensor is needed, found a int"):
        explain.graph(3)
    with pytest.raises(ValueError, match="limit must be positive"):
        explain.graph(mt.ones(1), limit=0)
