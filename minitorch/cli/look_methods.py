"""What ``minitorch look`` can be asked for: each calls its function and makes panels of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import click

__all__ = ["METHODS", "Asked", "Shown"]


class Asked(NamedTuple):
    """What a method is given."""

    classifier: Any
    image: Any  # bytes, or None
    target: str | None
    layer: str | None
    options: dict[str, Any]  # those that were given: steps, octaves, ...


class Shown(NamedTuple):
    """What a method gives back."""

    panels: list[Any]
    title: str
    array: Any
    how: Mapping[str, Any] = MappingProxyType({})


# -- the methods --------------------------------------------------------------------------------


def _filters(one: Asked) -> Shown:
    from minitorch.look import drawing, filters

    found = filters(one.classifier)
    shown = drawing.filter_panels(found)
    return Shown(shown, f"{len(found)} filters of the first layer", found, _sheet(len(shown)))


def _activations(one: Asked) -> Shown:
    from minitorch.look import Subject, activations, drawing

    layer = one.layer or Subject(one.classifier).maps_layer()
    found = activations(one.classifier, one.image, layer)
    shown = drawing.activation_panels(found)
    return Shown(shown, f"What {layer} gives: {len(found)} channels", found, _sheet(len(shown)))


def _sheet(count: int) -> dict[str, Any]:
    """Many small panels, or few larger ones."""
    return {"side": 0.75, "columns": 16} if count > 40 else {"side": 0.9, "columns": 8}


def _saliency(one: Asked) -> Shown:
    from minitorch.look import drawing, saliency

    found = saliency(one.classifier, one.image, one.target)
    panel = drawing.Panel(found, "saliency", {"cmap": "gray", **_bright(found)})
    return Shown([_original(one), panel], f"Saliency: {_name(one)}", found)


def _bright(found: Any) -> dict[str, float]:
    """Black is 0, white what a hundredth of the pixels reaches."""
    import numpy

    return {"vmin": 0.0, "vmax": float(numpy.quantile(found, 0.99)) or 1.0}


def _back(method: str, words: str) -> Callable[[Asked], Shown]:
    """Guided backprop, or the deconvnet."""

    def call(one: Asked) -> Shown:
        from minitorch import look
        from minitorch.look import drawing

        layer = one.layer
        if method == "deconvnet":
            layer = look.Subject(one.classifier).maps_layer(layer)
        found = getattr(look, method)(one.classifier, one.image, one.target, layer)
        what = layer or _name(one)
        panel = drawing.signed(found, words, one.classifier.prepare.order, 0.99)
        return Shown([_original(one), panel], f"{words}: {what}", found)

    return call


def _gradcam(one: Asked) -> Shown:
    from minitorch.look import Subject, drawing, grad_cam

    found = grad_cam(one.classifier, one.image, one.target, one.layer)
    layer = one.layer or Subject(one.classifier).maps_layer()
    original = _original(one)
    panel = drawing.Panel(drawing.heat(original.pixels, found), f"Grad-CAM at {layer}")
    return Shown([original, panel], f"Grad-CAM: {_name(one)}", found)


def _occlusion(one: Asked) -> Shown:
    from minitorch.look import drawing, occlusion

    found = occlusion(one.classifier, one.image, one.target)
    original, name = _original(one), one.classifier.name_of(found.target)
    cover = f"a square of {found.size} at each place"
    panels = [
        original,
        drawing.Panel(found.probabilities, cover, {"cmap": "viridis", "vmin": 0, "vmax": 1}),
        drawing.Panel(drawing.heat(original.pixels, found.drop), "what covering it costs"),
    ]
    return Shown(panels, f"Occlusion: {name}, {100 * found.whole:.1f}%", found.probabilities)


def _maximise(one: Asked) -> Shown:
    from minitorch.look import drawing, maximise

    target = _needed(one)
    how = _given(one, "steps", "rate", "seed")
    if "size" in one.options:
        how["size"] = (one.options["size"], one.options["size"])
    found = maximise(one.classifier, target, one.layer, **how)
    name = f"{one.layer}, channel {target}" if one.layer else _name(one)
    caption = f"score {found.scores[0]:.3g} to {found.scores[-1]:.3g}"
    panel = drawing.Panel(_picture(one, found.x), caption)
    return Shown([panel], f"Liked by {name}", found.x[0])


def _dream(one: Asked) -> Shown:
    from minitorch.look import deep_dream, drawing

    channel = None if one.target is None else _number(one.target, "a channel")
    how = _given(one, "steps", "rate", "octaves", "seed")
    found = deep_dream(one.classifier, one.image, one.layer, channel, **how)
    return Shown([drawing.Panel(_picture(one, found.x))], "", found.x[0], {"plain": True})


def _fool(one: Asked) -> Shown:
    from minitorch.look import drawing, fool

    target = _needed(one)
    found = fool(one.classifier, target, one.image, **_given(one, "steps", "rate"))
    caption = f"{_name(one)} {100 * found.scores[-1]:.1f}%, {len(found.scores) - 1} steps"
    panels = [drawing.Panel(_picture(one, found.x), caption)]
    if one.image is not None:
        panels.insert(0, _original(one))
    return Shown(panels, f"Taken for {_name(one)}", found.x[0])


def _evolve(one: Asked) -> Shown:
    from minitorch.look import Subject, drawing, evolve

    how = _given(one, "seed", "encoding")
    if "steps" in one.options:
        how["generations"] = one.options["steps"]
    found = evolve(one.classifier, None if one.target is None else [one.target], **how)
    subject = Subject(one.classifier)
    pictures = subject.picture(subject.prepare.standardise(found.pixels))
    panels = [
        drawing.Panel(picture, f"{one.classifier.name_of(number)} {100 * p:.1f}%")
        for picture, number, p in zip(pictures, found.targets, found.probabilities[-1], strict=True)
    ]
    generations = len(found.probabilities) - 1
    kind = "pixels" if how.get("encoding", "direct") == "direct" else "patterns"
    title = f"Evolved {kind}, {generations} generations"
    rows = -(-len(panels) // 8)
    columns = -(-len(panels) // rows)  # rows of about one length
    return Shown(panels, title, found.pixels, {"side": 1.3, "columns": columns})


def _fgsm(one: Asked) -> Shown:
    from minitorch.look import Subject, drawing, fgsm

    subject = Subject(one.classifier)
    labels = None if one.target is None else [subject.class_of(one.target)]
    how = _given(one, "epsilon", "steps", "rate", "seed")
    if "toward" in one.options:
        how["toward"] = [subject.class_of(one.options["toward"])]
    found = fgsm(one.classifier, [one.image], labels, **how)
    x = subject.prepared(one.image)
    best = [one.classifier.top(p, 1)[0][0] for p in (found.before, found.after)]
    captions = [f"{guess.name} {100 * guess.probability:.1f}%" for guess in best]
    words = f"the change: {one.options.get('epsilon', 4.0):g} levels of 255"
    panels = [
        drawing.Panel(_picture(one, x), captions[0]),
        drawing.signed((found.x - x)[0], words, subject.prepare.order),
        drawing.Panel(_picture(one, found.x), captions[1]),
    ]
    several = one.options.get("steps", 1) > 1
    title = "Basic iterative method" if several else "Fast gradient sign method"
    return Shown(panels, title, found.x[0])


def _patches(one: Asked) -> Shown:
    import numpy

    from minitorch.cli.classifiers import datasets
    from minitorch.look import Subject, drawing, top_patches

    name = one.options.get("data") or one.classifier.about.get("data")
    if not name:
        raise click.UsageError("look patches takes --data: a dataset, folder:PATH, csv:PATH")
    (data,) = datasets(name, one.options.get("data_dir"), one.options.get("split", "test"))
    units = None
    if one.target is not None:
        units = [_number(part.strip(), "a channel") for part in one.target.split(",")]
    subject, order = Subject(one.classifier), one.classifier.prepare.order
    found = top_patches(one.classifier, data, one.layer, units)
    panels = []
    for i, unit in enumerate(found.units):
        caption = f"{unit}: {found.values[i, -1]:.3g} to {found.values[i, 0]:.3g}"
        shown = [subject.picture(x[None])[0] for x in found.patches[i]]
        back = [drawing.as_bytes(drawing.signed(g, order=order)) for g in found.back[i]]
        panels += [drawing.Panel(drawing.tiles(shown), caption), drawing.Panel(drawing.tiles(back))]
    title = f"What channels of {found.layer} like best in {name}"
    arrays = numpy.stack([found.patches, found.back], axis=2)
    return Shown(panels, title, arrays, {"side": 1.6, "columns": 4})


# -- what methods share -------------------------------------------------------------------------


def _picture(one: Asked, x: Any) -> Any:
    from minitorch.look import Subject

    return Subject(one.classifier).picture(x)[0]


def _original(one: Asked) -> Any:
    """The image as the network sees it, with the best guess."""
    from minitorch.look import Subject
    from minitorch.look.drawing import Panel

    subject = Subject(one.classifier)
    x = subject.prepared(one.image)
    guess = one.classifier.top(subject.probabilities(x), 1)[0][0]
    return Panel(subject.picture(x)[0], f"{guess.name} {100 * guess.probability:.1f}%")


def _name(one: Asked) -> str:
    """The class that was asked for, or the most probable one."""
    from minitorch.look import Subject

    subject = Subject(one.classifier)
    if one.target is not None:
        return str(one.classifier.name_of(subject.class_of(one.target)))
    best = subject.probabilities(subject.prepared(one.image))[0].argmax()
    return str(one.classifier.name_of(int(best)))


def _given(one: Asked, *names: str) -> dict[str, Any]:
    """Those of the options that were given; the others have the function's defaults."""
    return {name: one.options[name] for name in names if name in one.options}


def _needed(one: Asked) -> str:
    if one.target is None:
        raise click.UsageError("say for which class, or which channel of --layer (--class)")
    return one.target


def _number(text: str, what: str) -> int:
    if not text.isdecimal():
        raise click.UsageError(f"--class {text}: here it is the number of {what}")
    return int(text)


# name -> (function, whether it takes an image: "yes", "no", "may", and one line)
METHODS: dict[str, tuple[Callable[[Asked], Shown], str, str]] = {
    "filters": (_filters, "no", "the first layer's filters"),
    "activations": (_activations, "yes", "the maps that a layer gives"),
    "patches": (_patches, "no", "the nine parts of --data that a layer's channels like best "
                "(Zeiler, Fergus)"),
    "saliency": (_saliency, "yes", "the class's gradient (Simonyan)"),
    "guided": (_back("guided_backprop", "guided backprop"), "yes",
               "guided backprop, of a class or a layer's channel (Springenberg)"),
    "deconvnet": (_back("deconvnet", "deconvnet"), "yes",
                  "a layer's strongest activation carried back (Zeiler, Fergus)"),
    "gradcam": (_gradcam, "yes", "where in a layer the class comes from (Selvaraju)"),
    "occlusion": (_occlusion, "yes", "what covering each place costs (Zeiler, Fergus)"),
    "maximise": (_maximise, "no", "an image that a class or a channel likes"),
    "dream": (_dream, "yes", "DeepDream; --class is a channel"),
    "fool": (_fool, "may", "a picture that is taken for --class, by climbing"),
    "evolve": (_evolve, "no", "pictures taken for all classes, or --class, by evolution (Nguyen)"),
    "fgsm": (_fgsm, "yes",
             "a few levels of grey in the worst direction (Goodfellow); with --steps "
             "several (Kurakin)"),
}  # fmt: skip
