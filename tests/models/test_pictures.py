"""HED and the networks of styles: the papers' tables, PyTorch as an oracle, a step."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import io, layers, objectives
from minitorch.models import build_fast_style, build_hed, named_layers

IMAGE = (3, 21, 18)  # neither length survives four halvings whole


def hed(aux=True):
    """A narrow one whose sides do not begin as 0."""
    network = build_hed(IMAGE, aux=aux, width=2)
    for name, layer in named_layers(network).items():
        if name.startswith("dsn"):
            layer.W.set_value(mt.random.get_rng().normal(size=layer.W.shape))
    return network


def styled():
    """A narrow one with styles that differ, and with weights that are not close to 0."""
    network = build_fast_style(3, (3, 12, 16), (2, 3, 4), 2, (3, 2))
    rng = mt.random.get_rng()
    for p in layers.get_all_params(network):
        p.set_value(rng.normal(size=p.shape))
    return network


# -- the papers' tables -------------------------------------------------------------------


def test_heds_sides_see_what_the_paper_says(blank):
    network = blank("hed", aux=True)
    assert [one.name for one in network] == ["fuse", *[f"side{i}" for i in range(1, 6)]]
    fields = []
    for i in range(1, 6):
        field, step = 1, 1
        for layer in layers.get_all_layers(named_layers(network)[f"dsn{i}"]):
            size = getattr(layer, "filter_size", getattr(layer, "pool_size", (1,)))[0]
            field += (size - 1) * step
            step *= getattr(layer, "stride", (1,))[0]
        fields.append(field)
    assert fields == [5, 14, 40, 92, 196]  # Xie and Tu, table 1


def test_heds_parameters(blank, counts):
    found = counts(blank("hed"))
    sides = {"dsn1": 65, "dsn2": 129, "dsn3": 257, "dsn4": 513, "dsn5": 513, "fuse": 6}
    body = counts(blank("vgg16"))
    assert {name: found[name] for name in sides} == sides
    assert {n: c for n, c in found.items() if n not in sides} == {
        n: c for n, c in body.items() if n.startswith("conv")
    }
    shapes = {x.name: x.output_shape[2:] for x in layers.get_all_layers(blank("hed"))}
    assert [shapes[f"dsn{i}"] for i in range(1, 6)] == [
        (320, 480), (160, 240), (80, 120), (40, 60), (20, 30)
    ]  # fmt: skip


def test_hed_begins_without_an_opinion():
    named = named_layers(build_hed(IMAGE, width=1))
    assert (named["fuse"].W.get_value() == np.float32(0.2)).all()
    x = np.ones((1, *IMAGE), np.float32)
    assert (layers.get_output(named["fuse"], x).detach().numpy() == 0.5).all()


def test_a_style_is_few_numbers(blank, counts):
    """Dumoulin et al., section 2.2: some 1.6M parameters, and 3K of them for each style."""
    found = counts(blank("fast_style"))
    style = {n: c for n, c in found.items() if n.endswith(".norm")}
    assert sum(style.values()) == 32 * 3_206
    assert sum(found.values()) - sum(style.values()) == 1_674_432
    assert counts(blank("fast_style", styles=1))["res.4.1.norm"] == 2 * 128
    assert sum(counts(blank("multistyle26")).values()) == 166_104  # the file's


@pytest.mark.parametrize(("rows", "columns"), [(256, 256), (25, 39), (9, 8)])
def test_a_painting_has_the_photographs_size(blank, rows, columns):
    network = blank("multistyle26", input_shape=(3, None, None))
    named = named_layers(network)
    shapes = {named["input"]: (2, 3, rows, columns), named["style_weights"]: (1, 26)}
    rows, columns = (-(-n // 4) * 4 for n in (rows, columns))
    assert layers.get_output_shape(network, shapes) == (2, 3, rows, columns)


def test_halvings_and_doublings_must_agree():
    with pytest.raises(ValueError, match="halves the image 2 times, expand doubles it 1 times"):
        build_fast_style(expand=(8,))


# -- a step -------------------------------------------------------------------------------


def test_hed_trains():
    mt.random.seed(0)
    network = hed()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *IMAGE)).astype(np.float32)
    edges = (rng.random((2, 1, *IMAGE[1:])) < 0.2).astype(np.float32)
    maps = layers.get_output(network, x)
    weights = np.where(edges == 1, 1 - edges.mean(), edges.mean()).astype(np.float32)
    losses = [(objectives.binary_crossentropy(p, edges) * weights).sum() for p in maps]
    assert all(p.shape == edges.shape for p in maps)
    sum(losses).backward()
    for p in layers.get_all_params(network, trainable=True):
        assert np.isfinite(p.grad.numpy()).all() and p.grad.numpy().any(), p.name


def test_a_painter_trains():
    mt.random.seed(0)
    network = build_fast_style(3, (3, 12, 16), (2, 3, 4), 2, (3, 2))
    named = named_layers(network)
    rng = np.random.default_rng(0)
    style = np.eye(3, dtype=np.float32)[[2, 0]]
    data = {named["input"]: rng.random((2, 3, 12, 16)).astype(np.float32),
            named["style_weights"]: style}  # fmt: skip
    out = layers.get_output(network, data)
    objectives.squared_error(out, rng.random((2, 3, 12, 16)).astype(np.float32)).mean().backward()
    for layer in named.values():
        for p in layer.get_params(trainable=True):
            assert np.isfinite(p.grad.numpy()).all() and p.grad.numpy().any(), p.name
        if isinstance(layer, layers.ConditionalInstanceNormLayer):
            assert not layer.gamma.grad.numpy()[1].any()  # no image has this style


def test_files_keep_these_networks(tmp_path):
    for network in (hed(aux=False), styled()):
        again = io.load(io.save(network, tmp_path / "net.safetensors"))
        pictures = []
        for one in (network, again):
            entries = [x for x in layers.get_all_layers(one) if not x.sources()]
            rng = np.random.default_rng(0)
            data = {x: rng.random((1, *x.shape[1:])).astype(np.float32) for x in entries}
            pictures.append(layers.get_output(one, data).detach().numpy())
        np.testing.assert_array_equal(*pictures)


# -- PyTorch as the oracle ------------------------------------------------------------------


def their_hed(torch, held, x):
    F = torch.nn.functional
    sides, size = [], x.shape[2:]
    for stage, depth in enumerate((2, 2, 3, 3, 3), start=1):
        x = F.max_pool2d(x, 2, ceil_mode=True) if stage > 1 else x
        for number in range(1, depth + 1):
            name = f"conv{stage}_{number}"
            x = F.conv2d(x, held[f"{name}.W"], held[f"{name}.b"], padding=1).relu()
        side = F.conv2d(x, held[f"dsn{stage}.W"], held[f"dsn{stage}.b"])
        sides.append(F.interpolate(side, size, mode="bilinear", align_corners=False))
    fused = F.conv2d(torch.cat(sides, 1), held["fuse.W"], held["fuse.b"])
    return [torch.sigmoid(one) for one in (fused, *sides)]


def their_painting(torch, held, x, style):
    F = torch.nn.functional

    def conv(x, name, stride=1):
        w = held[f"{name}.W"]
        x = F.conv2d(F.pad(x, [w.shape[2] // 2] * 4, mode="reflect"), w, stride=stride)
        scale, shift = (
            (style @ held[f"{name}.norm.{p}"])[:, :, None, None] for p in ("gamma", "beta")
        )
        return F.instance_norm(x, eps=1e-5) * scale + shift

    for i in range(3):
        x = conv(x, f"contract.{i}", 2 if i else 1).relu()
    for i in range(2):
        x = x + conv(conv(x, f"res.{i}.0").relu(), f"res.{i}.1")
    for i in range(2):
        x = conv(F.interpolate(x, scale_factor=2, mode="nearest"), f"expand.{i}").relu()
    return [torch.sigmoid(conv(x, "expand.2"))]


@pytest.mark.dev
@pytest.mark.parametrize("kind", ["hed", "styles"])
def test_pytorch_agrees(kind, doubles):
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not here")
    mt.random.seed(0)
    rng = np.random.default_rng(0)
    network = hed() if kind == "hed" else styled()
    heads = network if kind == "hed" else [network]
    named = named_layers(heads)
    data = {"input": rng.random((2, *named["input"].shape[1:]))}
    data |= {} if kind == "hed" else {"style_weights": rng.random((2, 3))}
    found = layers.get_output(heads, {named[name]: value for name, value in data.items()})
    held = {
        p.name: torch.tensor(p.get_value(), requires_grad=True)
        for p in layers.get_all_params(heads)
    }
    theirs = their_hed if kind == "hed" else their_painting
    expected = theirs(torch, held, *map(torch.tensor, data.values()))
    loss, told = 0.0, 0.0
    for ours, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), other.detach().numpy(), atol=1e-12)
        weights = rng.normal(size=ours.shape)
        loss, told = loss + (ours * weights).sum(), told + (other * torch.tensor(weights)).sum()
    loss.backward()
    told.backward()
    for p in layers.get_all_params(heads):
        grad = held[p.name].grad.numpy()
        np.testing.assert_allclose(p.grad.numpy(), grad, atol=1e-9 * max(1, np.abs(grad).max()))
