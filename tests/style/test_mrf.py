"""Patches: matches and energies against slow loops in float64, and pictures made by them."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import gradcheck
from minitorch.backend.native import load_extension
from minitorch.models import vgg_body
from minitorch.style import Judge, LossNetwork, Settings, mrf, paint, painting
from minitorch.style.mrf import PatchBank, PatchStyle, variants
from minitorch.style.pictures import sized


def features(rows, columns, seed=0, channels=3):
    """As behind a rectifier: half of them are 0."""
    return np.maximum(np.random.default_rng(seed).normal(size=(1, channels, rows, columns)), 0)


def patches_of(x):
    """Each patch as a row, by loops."""
    rows, columns = x.shape[2] - 2, x.shape[3] - 2
    return [x[0, :, i : i + 3, j : j + 3].ravel() for i in range(rows) for j in range(columns)]


def slow_matches(x, maps):
    theirs = [p for m in maps for p in patches_of(m)]
    scores = [[a @ b / max(np.linalg.norm(b), 1e-12) for b in theirs] for a in patches_of(x)]
    return np.argmax(scores, axis=1)


def slow_energy(x, maps, chosen):
    theirs = [p for m in maps for p in patches_of(m)]
    each = [np.square(a - theirs[n]).mean() for a, n in zip(patches_of(x), chosen, strict=True)]
    return np.mean(each)


MAPS = [features(5, 7, 1), features(3, 3, 2), features(9, 4, 3)]


def bank():
    return PatchBank([mt.asarray(m) for m in MAPS])


@pytest.mark.parametrize("shape", [(3, 3), (3, 8), (7, 6)])
@pytest.mark.parametrize("elements", [1, 60, 1 << 22])
def test_matches_are_those_of_a_slow_loop(monkeypatch, shape, elements):
    monkeypatch.setattr(mrf, "_ELEMENTS", elements)  # blocks of one filter, of a few, of all
    x = features(*shape)
    found = bank().matches(mt.asarray(x))
    assert found.shape == (shape[0] - 2, shape[1] - 2)
    np.testing.assert_array_equal(found.ravel(), slow_matches(x, MAPS))


def test_filters_are_the_patches():
    rows = np.array([0, 3, 14, 15, 16, 29])
    theirs = np.stack([p for m in MAPS for p in patches_of(m)])
    found = bank().filters(rows).numpy()
    np.testing.assert_array_equal(found.reshape(len(rows), -1), theirs[rows])
    assert len(bank()) == len(theirs) == 15 + 1 + 14


@pytest.mark.parametrize("shape", [(3, 3), (4, 9), (7, 6)])
def test_energy_is_the_mean_over_patches(shape):
    x = features(*shape)
    chosen = np.random.default_rng(0).integers(0, 30, (shape[0] - 2, shape[1] - 2))
    quilt = bank().quilt(chosen)
    wanted = slow_energy(x, MAPS, chosen.ravel())
    assert quilt.energy(mt.asarray(x)).item() == pytest.approx(wanted, rel=1e-12)
    assert gradcheck(quilt.energy, [x])


def test_a_style_has_no_energy():
    """Its patches are their own matches, also if there are other styles."""
    own = mt.asarray(MAPS[0])
    for maps in ([own], [mt.asarray(MAPS[2]), own]):
        patches = PatchBank(maps)
        matches = patches.matches(own)
        np.testing.assert_array_equal(matches.ravel(), len(patches) - 15 + np.arange(15))
        assert patches.quilt(matches).energy(own).item() < 1e-25


@pytest.mark.skipif(load_extension("_emulated")[0] is None, reason=load_extension("_emulated")[1])
def test_a_device_finds_the_same():
    chosen, energies = [], []
    for device in ("cpu", "emulated"):
        patches = PatchBank([mt.asarray(m.astype("f4")).to(device) for m in MAPS])
        x = mt.asarray(features(5, 6).astype("f4")).to(device)
        chosen.append(patches.matches(x))
        energies.append(patches.quilt(chosen[-1]).energy(x).to("cpu").item())
    np.testing.assert_array_equal(*chosen)
    assert energies[0] == pytest.approx(energies[1], rel=1e-6)


def test_new_matches_come_into_the_same_memory():
    x, y = (mt.asarray(features(6, 6, n)) for n in (5, 6))
    style = PatchStyle({"relu1_1": [mt.asarray(m) for m in MAPS]}, {"relu1_1": 2.0})
    with pytest.raises(RuntimeError, match="no patch has a match yet"):
        style({"relu1_1": x})
    style.match({"relu1_1": x})
    energy = mt.function(lambda f: style({"relu1_1": f}))
    mean_square = sum(np.square(m).sum() for m in MAPS) / sum(m.size for m in MAPS)
    for matched in (x, y, x):
        style.match({"relu1_1": matched})
        for _ in range(2):
            wanted = slow_energy(y.numpy(), MAPS, slow_matches(matched.numpy(), MAPS))
            assert energy(y).item() == pytest.approx(2 * wanted / mean_square, rel=1e-10)


def test_a_map_smaller_than_a_patch():
    with pytest.raises(ValueError, match="relu4_1 sees 5 x 2 places of a picture, .* 3 x 3; give"):
        PatchBank([mt.asarray(features(2, 5))], "relu4_1")
    with pytest.raises(ValueError, match="2 x 3 places"):
        bank().matches(mt.asarray(features(3, 2)))


def test_variants():
    image = np.random.default_rng(0).uniform(50, 200, (1, 3, 40, 61))
    one, half = variants(image, (1, 0.5), (0,))
    assert one is image and half.shape == (1, 3, 20, 30)
    np.testing.assert_allclose(variants(image, [1], [180])[0], image[:, :, ::-1, ::-1], atol=1e-4)
    for angle in (-90, -33, 5, 45, 120):
        turned = variants(image, [1], [angle])[0]
        assert min(turned.shape[2:]) >= 20
        assert turned.min() > 49  # nothing from outside
    quarter = variants(image[:, :, :, :40], [1], [90])[0]
    np.testing.assert_allclose(quarter[0, 0], np.rot90(image[0, 0, :, :40]), atol=1e-3)


def picture(rows, columns, seed):
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(columns) * (0.4 + seed)) * 80 + 120
    return (wave + rng.normal(0, 15, (3, rows, columns))).clip(0, 255).astype(np.uint8)


TINY = {
    "method": "mrf",
    "content_layers": {"relu2_1": 1.0},
    "style_layers": {"relu1_1": 0.5, "relu2_1": 0.5},
    "steps": 9,
    "match_every": 4,
}


def run(styles=None, shares=None, **settings):
    mt.random.seed(0)
    net = LossNetwork(vgg_body("A", width=2), (120, 110, 100), (60, 60, 60), "BGR")
    styles = styles or [picture(20, 28, 1)]
    chosen = Settings(**{**TINY, **settings})
    steps = list(paint(net, picture(24, 30, 0), styles, chosen, shares))
    return steps, steps[-1].picture()


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("start", ["content", "noise"])
def test_the_loss_falls_between_searches(optimizer, start):
    steps, out = run(optimizer=optimizer, start=start)
    losses = np.array([s.loss for s in steps])
    assert losses[-1] < losses[0] and out.shape == (3, 24, 30)
    if optimizer == "lbfgs":
        for begin in (0, 4):
            assert (np.diff(losses[begin : begin + 4]) <= 0).all()


def test_a_texture_from_noise():
    """Without content, patches come ever closer to the style's."""
    steps, _ = run(start="noise", content_weight=0, steps=30)
    assert steps[-1].style < 0.6 * steps[0].style and steps[-1].content == 0


def test_captured_or_not_is_the_same(monkeypatch):
    """The captured loss must see what a later search finds."""
    captured = run()
    monkeypatch.setattr(painting, "function", lambda f: f)
    eager = run()
    for a, b in zip(captured[0], eager[0], strict=True):
        assert a.loss == pytest.approx(b.loss, rel=1e-3)
    assert np.abs(captured[1].astype(int) - eager[1]).max() <= 3


def test_searches_come_when_asked_for(monkeypatch):
    seen = []
    whole = PatchStyle.match
    monkeypatch.setattr(PatchStyle, "match", lambda *a: (seen.append(1), whole(*a))[1])
    run(steps=9, match_every=4)
    assert len(seen) == 3
    run(steps=2, match_every=4, scales=1, patch_scales=(1, 0.9), patch_turns=(0, 10))
    assert len(seen) == 4


def test_patches_of_all_styles():
    """A style that is the content itself is matched by itself, whatever the other one is."""
    own = picture(24, 30, 0)
    both = run([picture(20, 28, 1), own], content_weight=0, steps=1)[0][0].loss
    other = run([picture(20, 28, 1)], content_weight=0, steps=1)[0][0].loss
    assert both < 0.01 and other > 10 * both  # patches of one number are alike but for its size


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "mfr"}, "no method 'mfr'; .*mrf"),
        ({"match_every": 0}, "match_every is at least 1, not 0"),
        ({"patch_scales": ()}, "patch_scales are above 0"),
        ({"patch_scales": (1, 0)}, "patch_scales are above 0"),
        ({"patch_turns": (200,)}, "patch_turns are from -180 to 180"),
        ({"method": "gatys", "patch_turns": (5,)}, "for the method mrf"),
        ({"style_layers": {"relu5_1": 1}}, "relu5_1 sees 2 x 2 places"),
        ({"shares": (1,)}, "shares are for the method gatys"),
    ],
)
def test_wrong_settings(wrong, message):
    with pytest.raises(ValueError, match=message):
        run(**wrong)


def test_layers_of_the_method():
    assert list(Settings(method="mrf").style_layers) == ["relu3_1", "relu4_1"]
    assert len(Settings().style_layers) == 5


def test_the_judge_says_when_its_losses_are_others():
    mt.random.seed(0)
    net = LossNetwork(vgg_body("A", width=2), (120, 110, 100), (60, 60, 60), "BGR")
    images = [sized(picture(20, 22, n), None, "x") for n in range(2)]
    x = mt.asarray(images[0])
    judge = Judge(net, images[0], images[1:], [1.0], Settings(**TINY))
    assert [judge.renew(step, x) for step in range(6)] == [True, False, False, False, True, False]
    gatys = {**TINY, "method": "gatys"}
    assert not Judge(net, images[0], images[1:], [1.0], Settings(**gatys)).renew(0, x)
