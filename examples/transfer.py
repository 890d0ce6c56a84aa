"""What a trained network is worth for other pictures: three ways to use one, and from scratch.

What      About 1,300 drawings of animals, food, people, plants, recreation and vehicles are
          few for a network that begins with nothing. EfficientNet-lite0 has seen 1.3 million
          photographs. Its features are given to a support vector machine; a new head is put
          on its frozen body, then its last blocks are tuned; all of it is retrained. Beside
          that stand the nearest neighbour, ResNet-20 and EfficientNet-lite0 from scratch.
Paper     J. Donahue et al., "DeCAF", 2013 (features for a linear machine). J. Yosinski et
          al., "How transferable are features in deep neural networks?", 2014 (what to freeze).
          The networks are those of K. He et al., 2015, and of M. Tan and Q. Le, 2019.
Run       apt-get install openclipart-png        (python -m minitorch data: how emoji are got)
          pip install 'minitorch[examples]'
          python examples/transfer.py
          python examples/transfer.py --data emoji --only nearest,features
          python examples/transfer.py --quick    (to see that it runs, says nothing)
Expect    The table in README.md; a seed takes more than ten minutes of one core. With seed 0
          the support vector machine names 75.4% of the 329 test drawings, ResNet-20 from
          scratch 62.6%, the nearest neighbour 58.7%; always the commonest class: 29.2%.
"""

import json
import time
from dataclasses import dataclass, replace

import click
import numpy as np

import minitorch as mt
from minitorch import layers, objectives, regularization, updates
from minitorch.data import Batches, Dataset, Pipeline, Standardiser
from minitorch.data.clipart import openclipart
from minitorch.data.images import held_out
from minitorch.data.packages import emoji
from minitorch.data.resample import resize
from minitorch.data.transforms import Crop, RandomResizedCrop, Reflect
from minitorch.io import pretrained
from minitorch.models import build, freeze, replace_head, truncate, unfreeze
from minitorch.training.schedules import one_cycle

OBJECTS = ("animals", "food", "people", "plants", "recreation", "transportation")
LARGEST = ("animals", "computer", "food", "people", "recreation", "shapes", "signs_and_symbols",
           "transportation")  # fmt: skip
SETS = {"openclipart": (openclipart, OBJECTS), "openclipart8": (openclipart, LARGEST),
        "emoji": (emoji, ())}  # fmt: skip
WHITE = 255
# How EfficientNet-lite0's weights want their pixels: (rgb - 127) / 128.
PIXELS = Standardiser([127.0] * 3, [128.0] * 3)


@dataclass(frozen=True)
class Plan:
    """Settings: none was chosen by the test pictures.

    What the head and the last blocks are trained with was chosen with ``--validate``; rates from
    scratch are usual ones, and the numbers of epochs are what a CPU does in some minutes.
    """

    size: int = 96  # rows and columns for EfficientNet; its weights were trained with 224
    every: int = 1  # which pictures are taken: every first, every tenth ...
    small: int = 32  # rows and columns for ResNet-20
    resnet_epochs: int = 40
    resnet_rate: float = 0.1
    head_epochs: int = 20
    head_rate: float = 0.02
    head_l2: float = 0.03  # much: 1,280 features of 1,300 pictures fit anything
    last_frozen: str = "blocks.10"
    tune_epochs: int = 4
    tune_rate: float = 0.0005
    epochs: int = 6
    rate: float = 0.01
    scratch_rate: float = 0.05


QUICK = Plan(size=32, every=8, resnet_epochs=1, head_epochs=1, tune_epochs=1, epochs=1)


# --- the pictures ---------------------------------------------------------------------------


def load_pictures(data, size, data_dir=None):
    """Pictures to learn from and to be examined with, size x size, on white."""
    load, wanted = SETS[data]
    train, test = load(data_dir, size=size)
    if wanted:
        train, test = (only(part, wanted) for part in (train, test))
    return without_copies(train, test)


def only(part, names):
    """The pictures of some classes, which are numbered anew."""
    numbers = np.full(part.classes, -1)
    numbers[[part.class_names.index(name) for name in names]] = np.arange(len(names))
    chosen = numbers[part.y] >= 0
    return Dataset(part.x[chosen], numbers[part.y[chosen]], len(names), part.name, names)


def without_copies(train, test):
    """Both parts without pictures that look like an earlier one when they are tiny.

    A drawing that is filed twice, once in each part, would be a question whose answer was given.
    """
    tiny = thumbnails(np.concatenate([train.x, test.x]))
    _, first = np.unique(tiny, axis=0, return_index=True)
    keep = np.zeros(len(tiny), bool)
    keep[first] = True
    return train.take(keep[: len(train)]), test.take(keep[len(train) :])


def thumbnails(x):
    """Each picture as 16 x 16 colours in a row."""
    return resize(x, (16, 16)).reshape(len(x), -1)


def hold_out(train):
    """A fifth of each class of the training pictures, for choices: the examination is not."""
    mask = held_out([picture.tobytes().hex() for picture in train.x], train.y)
    return train.take(~mask), train.take(mask, "validation")


# --- what needs no training -----------------------------------------------------------------


def majority(train, test):
    """How often the commonest class is right."""
    return float((test.y == np.bincount(train.y).argmax()).mean())


def nearest_neighbour(train, test):
    """The class of the training picture whose 16 x 16 colours are nearest."""
    known, asked = (thumbnails(part.x).astype(np.float32) for part in (train, test))
    # |a - b|² without |a|², which is the same for every b.
    distances = (known * known).sum(axis=1) - 2 * asked @ known.T
    return float((train.y[distances.argmin(axis=1)] == test.y).mean())


# --- a network on pictures ------------------------------------------------------------------


def outputs(layer, x, standardise, batch=32):
    """What a layer says of each picture: no dropout, running averages, no graph."""

    @mt.function
    def forward(pictures):
        return layers.get_output(layer, pictures, deterministic=True)

    with mt.no_grad():
        parts = [forward(standardise(x[i : i + batch])).numpy() for i in range(0, len(x), batch)]
    return np.concatenate(parts)


def accuracy(network, part, standardise):
    """The share of pictures that a network names rightly."""
    return float((outputs(network, part.x, standardise).argmax(axis=1) == part.y).mean())


def descend(network, batches, epochs, peak, l2=0.0, entrance=None, **how):
    """Train what is not frozen; the rate climbs to its peak and falls to zero.

    ``entrance`` is the layer that the batches are given to, if not the first; ``how`` goes to
    every layer.
    """
    params = layers.get_all_params(network, trainable=True)
    weights = layers.get_all_params(network, trainable=True, regularizable=True)
    full = batches.count // batches.batch_size
    done, total = 0, epochs * full

    # A rate that is a function is asked for in every step, also in a captured one.
    def rate():
        return peak * one_cycle(done / total)

    @mt.function
    def step(x, y):
        prediction = layers.get_output(network, x if entrance is None else {entrance: x}, **how)
        loss = objectives.categorical_crossentropy(prediction, y).mean()
        if l2:
            loss = loss + l2 * regularization.apply_penalty(weights, regularization.l2)
        updates.nesterov_momentum(loss, params, rate, momentum=0.9).apply()
        return loss

    for _ in range(epochs):
        for x, y in batches:
            # A last batch of a few is left out (the next epoch has others there): normalised by
            # so few they would be noise, and another shape is another program.
            if len(x) == batches.batch_size:
                step(x, y)
                done += 1


def augmented(train, transforms, standardiser, batch_size, seed):
    """Batches of pictures that are a little different every time."""
    return Pipeline(train, transforms, batch_size, seed=seed, standardiser=standardiser)


def pieces(size):
    """For EfficientNet: a piece of a picture, half of it at least, perhaps mirrored."""
    return [RandomResizedCrop(size, area=(0.5, 1.0)), Reflect()]


# --- from scratch ---------------------------------------------------------------------------


def resnet_from_scratch(train, test, plan, seed):
    """ResNet-20 as it is trained on CIFAR-10: small pictures, moved and mirrored."""
    small = (plan.small, plan.small)
    train, test = (replace(part, x=resize(part.x, small)) for part in (train, test))
    mt.random.seed(seed)
    network = build("resnet20", num_classes=train.classes, input_shape=(3, *small))
    standardiser = Standardiser.fit(train.x)
    moved = [Crop(plan.small, pad=4, fill=WHITE), Reflect()]
    batches = augmented(train, moved, standardiser, 64, seed)
    descend(network, batches, plan.resnet_epochs, plan.resnet_rate, l2=5e-4)
    return accuracy(network, test, standardiser.apply)


def train_all(network, rate, train, test, plan, seed):
    """Every layer is trained, whether it begins with a body that has learned or with nothing."""
    follow_quickly(network)
    batches = augmented(train, pieces(plan.size), PIXELS, 32, seed)
    descend(network, batches, plan.epochs, rate, l2=1e-4)
    return accuracy(network, test, PIXELS.apply)


def follow_quickly(network):
    """Let the running averages of batch normalisation follow within some ten steps.

    In training a batch is normalised by its own mean and variance, in use by the averages. With
    EfficientNet's 0.01 those would still be partly the photographs' (or those of no pictures at
    all) after the few hundred steps of these runs: a network that was never trained would answer.
    """
    for layer in layers.get_all_layers(network):
        if isinstance(layer, layers.BatchNormLayer):
            layer.alpha = 0.1


# --- from EfficientNet-lite0 ----------------------------------------------------------------


def empty_network(size, classes):
    """EfficientNet-lite0 for other pictures, its weights drawn.

    Without stochastic depth: a frozen body is to say the same of a picture every time, and
    ``freeze`` keeps weights and averages as they are, but does not stop layers from dropping.
    """
    return build(
        "efficientnet_lite0", num_classes=classes, input_shape=(3, size, size), drop_connect=0
    )


def trained_network(size, classes):
    """The same on the body with ImageNet's weights; only the head is drawn."""
    # Padding depends on the size of the pictures, weights do not.
    network = empty_network(size, 1000)
    values = layers.get_all_param_values(pretrained("efficientnet_lite0"))
    layers.set_all_param_values(network, values)
    return replace_head(network, classes)


def support_vectors(known, train, asked, test, seed):
    """Form 3: features of the cut network for a linear support vector machine."""
    try:
        from sklearn.model_selection import GridSearchCV, StratifiedKFold
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import LinearSVC
    except ImportError:
        raise SystemExit("features: needs scikit-learn; run: pip install scikit-learn") from None
    machine = make_pipeline(StandardScaler(), LinearSVC(random_state=seed))
    # How soft its margin is, C, is chosen by leaving out fifths of the training pictures.
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    search = GridSearchCV(machine, {"linearsvc__C": [1e-4, 1e-3, 1e-2]}, cv=folds)
    search.fit(known, train.y)
    return float(search.score(asked, test.y))


def new_head(network, known, train, plan, seed):
    """Form 2, first half: the body is frozen, so what it says of a picture stays the same.

    It has been computed once, and the head learns from that: an epoch takes a fraction of a second.
    """
    entrance = truncate(network, "avg_pooling")
    freeze(layers.get_all_layers(entrance))
    batches = Batches(known, train.y, 64, seed)
    descend(network, batches, plan.head_epochs, plan.head_rate, l2=plan.head_l2, entrance=entrance)


def tune_last_blocks(network, train, plan, seed):
    """Form 2, second half: the last blocks are trained too, at a rate that spoils little.

    Below, nothing changes, averages included, and the backward stops there. Above, weights
    learn, but each normalisation goes by the photographs' averages and leaves them alone: the
    head was trained on features normalised by them, and batches of 32 would shake them anew
    in every step. So what is trained is the very function that will answer.
    """
    unfrozen_above(network, plan.last_frozen)
    batches = augmented(train, pieces(plan.size), PIXELS, 32, seed)
    fixed = {"batch_norm_use_averages": True, "batch_norm_update_averages": False}
    descend(network, batches, plan.tune_epochs, plan.tune_rate, l2=1e-4, **fixed)


def unfrozen_above(network, name):
    """Freeze a network up to a layer, and train the rest."""
    unfreeze(layers.get_all_layers(network))
    freeze(layers.get_all_layers(truncate(network, name)))


# --- side by side ---------------------------------------------------------------------------

METHODS = {
    "majority": "always the commonest class",
    "nearest": "nearest neighbour, 16 x 16 colours",
    "resnet20": "ResNet-20 from scratch",
    "scratch": "EfficientNet-lite0 from scratch, as many steps as retrained",
    "features": "features of EfficientNet-lite0, linear support vector machine",
    "head": "EfficientNet-lite0, frozen body, new head",
    "tuned": "the same, then its last blocks tuned",
    "retrained": "EfficientNet-lite0, all layers retrained",
}


def from_features(train, test, plan, seed, wanted):
    """The forms that begin with the frozen body: pairs of method and accuracy."""
    mt.random.seed(seed)
    network = trained_network(plan.size, train.classes)
    body = truncate(network, "avg_pooling")
    known, asked = (outputs(body, part.x, PIXELS.apply) for part in (train, test))
    if "features" in wanted:
        yield "features", support_vectors(known, train, asked, test, seed)
    if "head" in wanted or "tuned" in wanted:
        new_head(network, known, train, plan, seed)
        yield "head", accuracy(network, test, PIXELS.apply)
    if "tuned" in wanted:
        tune_last_blocks(network, train, plan, seed)
        yield "tuned", accuracy(network, test, PIXELS.apply)


def compare(train, test, plan, seed, wanted=tuple(METHODS)):
    """Every method on the same pictures: pairs of its name and its accuracy, as they come."""
    if "majority" in wanted:
        yield "majority", majority(train, test)
    if "nearest" in wanted:
        yield "nearest", nearest_neighbour(train, test)
    if {"features", "head", "tuned"} & set(wanted):
        yield from from_features(train, test, plan, seed, wanted)
    if "resnet20" in wanted:
        yield "resnet20", resnet_from_scratch(train, test, plan, seed)
    for name, make, rate in (
        ("retrained", trained_network, plan.rate),
        ("scratch", empty_network, plan.scratch_rate),
    ):
        if name in wanted:
            mt.random.seed(seed)
            network = make(plan.size, train.classes)
            yield name, train_all(network, rate, train, test, plan, seed)


def table(rows):
    """Mean and spread over the seeds, a line per method."""
    lines = [f"{'':<64}{'accuracy':>16}{'seconds':>10}"]
    for method, what in METHODS.items():
        found = [row for row in rows if row["method"] == method]
        if found:
            right = 100 * np.array([row["accuracy"] for row in found])
            spread = f" ± {right.std(ddof=1):.1f}" if len(found) > 1 else ""
            seconds = np.mean([row["seconds"] for row in found])
            lines.append(f"{what:<64}{f'{right.mean():.1f}%{spread}':>16}{seconds:>10.0f}")
    return "\n".join(lines)


def main(
    data="openclipart", seeds=(0,), wanted=tuple(METHODS), plan=None, validate=False,
    data_dir=None, tell=lambda row: None,
):  # fmt: skip
    """Load, compare with each seed; returns the rows, and tells of each as it comes.

    Seconds are of one method; the first of "features" and "head" includes the forward pass that
    both learn from, and "tuned" is what came on top of "head". ``cpu_seconds`` are the
    process's, over all threads: other programs on the machine do not count there.
    """
    plan = plan or Plan()
    train, test = load_pictures(data, plan.size, data_dir)
    if validate:
        train, test = hold_out(train)
    train, test = (part.take(slice(None, None, plan.every)) for part in (train, test))
    rows = []
    for seed in seeds:
        began, worked = time.perf_counter(), time.process_time()
        for method, right in compare(train, test, plan, seed, wanted):
            seconds, cpu = time.perf_counter() - began, time.process_time() - worked
            rows.append({
                "data": data, "method": method, "what": METHODS[method], "seed": seed,
                "accuracy": round(right, 4), "seconds": round(seconds, 1),
                "cpu_seconds": round(cpu, 1), "train": len(train), "test": len(test),
                "classes": train.classes, "judged_on": test.name,
            })  # fmt: skip
            tell(rows[-1])
            began, worked = time.perf_counter(), time.process_time()
    return rows


@click.command(help=__doc__.splitlines()[0])
@click.option("--data", type=click.Choice(list(SETS)), default="openclipart", show_default=True)
@click.option("--seeds", default="0", show_default=True, help="Such as 0,1,2.")
@click.option("--only", default=",".join(METHODS), help="Methods, with commas between them.")
@click.option("--validate", is_flag=True, help="Judge by a held-out fifth of the training part.")
@click.option("--quick", is_flag=True, help="A few pictures and steps, to see that it runs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per result.")
@click.option("--data-dir", help="Where the pictures are, if not in their usual place.")
def command(data, seeds, only, validate, quick, as_json, data_dir):
    wanted = only.split(",")
    unknown = [name for name in wanted if name not in METHODS]
    if unknown:
        raise click.UsageError(f"no method {unknown[0]!r}; they are {', '.join(METHODS)}")

    def tell(row):
        said = (
            json.dumps(row)
            if as_json
            else f"seed {row['seed']}  {row['what']}: "
            f"{100 * row['accuracy']:.1f}%  {row['seconds']:.0f} s"
        )
        click.echo(said)

    rows = main(
        data, [int(seed) for seed in seeds.split(",")], wanted, QUICK if quick else None, validate,
        data_dir, tell,
    )  # fmt: skip
    if not as_json:
        click.echo(table(rows))


if __name__ == "__main__":
    command()
