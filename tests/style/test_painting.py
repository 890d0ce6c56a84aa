"""The optimisation on a tiny network: the losses, their gradients, what each setting does."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend.native import load_extension
from minitorch.models import vgg_body
from minitorch.parameter import Parameter
from minitorch.style import (
    Judge,
    LossNetwork,
    Settings,
    colour,
    paint,
    total_variation,
)
from minitorch.style.pictures import levels, sized


def picture(rows=24, columns=30, seed=0):
    """Stripes with noise, as bytes."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(columns) * (0.4 + seed)) * 80 + 120
    return (wave + rng.normal(0, 15, (3, rows, columns))).clip(0, 255).astype(np.uint8)


def network():
    mt.random.seed(0)
    return LossNetwork(vgg_body("A", width=2), (120, 110, 100), (60, 60, 60), "BGR")


TINY = {
    "content_layers": {"relu2_1": 1.0},
    "style_layers": {"relu1_1": 0.5, "relu2_1": 0.5},
    "steps": 8,
}


def run(styles=None, shares=None, content=None, **settings):
    steps = list(
        paint(
            network(),
            picture() if content is None else content,
            styles or [picture(20, 28, 1)],
            Settings(**{**TINY, **settings}),
            shares,
        )
    )
    return steps, steps[-1].picture()


def test_the_judge_adds_what_it_should():
    net, settings = network(), Settings(**TINY, variation_weight=0.25, content_weight=3)
    c, s, x = (sized(picture(seed=n), None, "x") for n in range(3))
    total, parts = Judge(net, c, [s, x], [0.75, 0.25], settings)(mt.asarray(x))

    def seen(image, name):
        return net.features(image, [name])[0].numpy().astype("f8")

    def correlations(image, name):
        f = seen(image, name)
        return np.einsum("nirc,njrc->ij", f, f) / f[0, 0].size

    f, p = seen(x, "relu2_1"), seen(c, "relu2_1")
    style = 0
    for share, one in ((0.75, s), (0.25, x)):
        for name in ("relu1_1", "relu2_1"):
            a, b = correlations(x, name), correlations(one, name)
            style += 0.5 * share * np.square(a - b).sum() / np.square(b).sum()
    wanted = [3 * np.square(f - p).sum() / np.square(p).sum(), style]
    wanted.append(0.25 * total_variation(mt.asarray(x / 255)).item() / x.size)
    np.testing.assert_allclose([v.item() for v in parts], wanted, rtol=1e-5)
    assert total.item() == pytest.approx(sum(wanted), rel=1e-5)


def test_gradients_of_all_losses():
    """Against central differences along random directions; float32, so loosely."""
    net, settings = network(), Settings(**TINY, variation_weight=100)
    c, s = (sized(picture(16, 17, n), None, "x") for n in range(2))
    judge = Judge(net, c, [s], [1.0], settings)
    x = Parameter(c + np.random.default_rng(3).normal(0, 9, c.shape).astype("f4"))
    g = mt.grad(judge(x)[0], [x])[0].numpy()
    rng = np.random.default_rng(0)
    for _ in range(3):
        d = g / np.linalg.norm(g) + rng.normal(size=g.shape) / g.size**0.5
        d = d.astype("f4")
        up, down = (judge(mt.asarray(x.numpy() + e * d))[0].item() for e in (0.5, -0.5))
        assert up - down == pytest.approx((g * d).sum(), rel=0.02)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("start", ["content", "noise"])
def test_the_loss_falls(optimizer, start):
    steps, out = run(optimizer=optimizer, start=start, steps=12, content_weight=0.01)
    losses = [s.loss for s in steps]
    assert losses[-1] < 0.8 * losses[0]
    if optimizer == "lbfgs":
        assert (np.diff(losses) <= 0).all()
    assert out.dtype == np.uint8 and out.shape == (3, 24, 30)
    last = steps[-1]
    assert last.content + last.style + last.variation == pytest.approx(last.loss, rel=1e-5)
    assert [s.number for s in steps] == list(range(1, 13)) and last.steps == 12


def test_the_content_alone_comes_back():
    """As far as a layer of two filters can tell."""
    steps, _ = run(start="noise", style_weight=0, steps=60, content_layers={"conv1_1": 1})
    assert steps[-1].loss < 0.01 * steps[0].loss
    assert steps[-1].style == 0


@pytest.mark.skipif(load_extension("_emulated")[0] is None, reason=load_extension("_emulated")[1])
@pytest.mark.parametrize("method", ["gatys", "mrf"])
def test_a_device_paints_the_same(method):
    settings = Settings(**{**TINY, "steps": 2}, method=method, variation_weight=1.0)
    losses, pictures = [], []
    for device in ("cpu", "emulated"):
        net = network().to_device(device)
        assert str(net.device) == device
        steps = list(paint(net, picture(20, 22), [picture(18, 20, 1)], settings))
        losses.append([step.loss for step in steps])
        pictures.append(steps[-1].picture().astype(int))
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3)
    assert np.abs(pictures[1] - pictures[0]).max() <= 2


def test_a_texture_from_noise():
    """Without content only the style's correlations are left to meet."""
    steps, _ = run(start="noise", content_weight=0, steps=40)
    assert steps[-1].style < 0.02 * steps[0].style and steps[-1].content == 0


def test_variation_makes_it_smooth():
    rough, smooth = (run(variation_weight=w)[1].astype(float) for w in (0.0, 1e5))
    change = [np.abs(np.diff(x, axis=2)).mean() for x in (rough, smooth)]
    assert change[1] < 0.8 * change[0]


def test_seeds():
    one, two, three = (run(start="noise", seed=n, steps=2)[1] for n in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()


def test_scales():
    content = picture(70, 90)
    steps, out = run(content=content, scales=3, steps=3)
    assert [s.size for s in steps] == 3 * [(35, 45)] + 3 * [(70, 90)]
    assert steps[-1].steps == 6 and out.shape == content.shape


def test_a_share_of_1_is_that_style_alone():
    a, b = picture(20, 28, 1), picture(31, 18, 2)
    alone = run([a])[1]
    np.testing.assert_array_equal(run([a, b], [2, 0])[1], alone)
    assert (run([a, b], [1, 1])[1] != alone).any()


def coloured(seed, red):
    x = picture(seed=seed)
    return (x * np.array([red, 0.6, 1 - red]).reshape(3, 1, 1)).astype(np.uint8)


def test_colours_are_kept():
    content, style = coloured(0, 0.2), coloured(1, 0.9)

    def shift(how):
        out = run([style], content=content, colour=how, content_weight=1e-3, steps=25)[1]
        return np.abs(out.mean((1, 2)) - content.mean((1, 2))).max(), out

    far = shift("style")[0]
    assert shift("histogram")[0] < 0.5 * far
    out = shift("luminance")[1].astype(float)
    yes = np.abs(
        out - colour.luminance(out[None])[0] - (content - colour.luminance(content[None])[0])
    )
    inside = ((out > 1) & (out < 254)).all(axis=0)  # what was cut off is of another colour
    assert inside.mean() > 0.3 and yes[:, inside].max() < 2


def test_sizes():
    assert sized(picture(300, 200), 60, "x").shape == (1, 3, 60, 40)
    assert sized(picture(600, 900), None, "x", usual=512).shape == (1, 3, 341, 512)
    assert sized(picture(20, 30), None, "x", usual=512).shape == (1, 3, 20, 30)
    with pytest.raises(ValueError, match="the content has 500 x 5 pixels, scaled from 1000 x 10; "):
        sized(picture(10, 1000), 500, "the content")
    with pytest.raises(ValueError, match="the style has 3 x 2 pixels; each side needs 16"):
        sized(picture(2, 3), None, "the style")
    with pytest.raises(ValueError, match="expected .3, rows, columns."):
        sized(picture()[:1], None, "x")
    assert len(levels(np.zeros((1, 3, 60, 100), "f4"), 5)) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"optimizer": "bfgs"}, "no optimizer 'bfgs'; .*lbfgs"),
        ({"start": "style"}, "no start 'style'"),
        ({"colour": "luminence"}, "no colour 'luminence'; .*luminance"),
        ({"content_weight": -1}, "content_weight is 0 or more, not -1"),
        ({"style_weight": float("nan")}, "style_weight is 0 or more, not nan"),
        ({"content_weight": 0, "style_weight": 0}, "all weights are 0"),
        ({"scales": 0}, "scales is at least 1"),
        ({"style_scale": 0}, "style_scale is above 0"),
        ({"size": 0}, "size is at least 1"),
        ({"style_layers": {"relu9_1": 1}}, "no layer 'relu9_1'"),
    ],
)
def test_wrong_settings(wrong, message):
    with pytest.raises(ValueError, match=message):
        run(**wrong)


def test_wrong_styles():
    with pytest.raises(ValueError, match="no style"):
        next(paint(network(), picture(), []))
    with pytest.raises(ValueError, match="2 shares for 1 styles"):
        run(shares=[1, 2])
    with pytest.raises(ValueError, match="not all 0"):
        run(shares=[0])
    damaged = network()
    damaged.layers["conv1_1"].W.set_value(np.full((2, 3, 3, 3), np.nan, "f4"))
    steps = paint(damaged, picture(), [picture()], Settings(**TINY))
    with pytest.raises(FloatingPointError, match="loss is nan"):
        next(steps)
