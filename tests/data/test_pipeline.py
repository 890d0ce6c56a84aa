"""The pipeline: the same batches whoever makes them, from anywhere on; errors that name."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from minitorch.data import (
    Dataset,
    Pipeline,
    PipelineError,
    Standardiser,
    image_folder,
    toy_digits,
)
from minitorch.data.transforms import Compose, Crop, Reflect, Rotate, Translate, example_stream

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")

DATA = toy_digits(50, seed=1, size=16)
STEPS = (Translate(2), Rotate(15.0), Reflect())


def make(workers=0, **settings):
    settings = {"batch_size": 8, "seed": 3} | settings
    return Pipeline(DATA, STEPS, workers=workers, **settings)


def epochs(pipeline, count=2):
    return [[(x.tobytes(), y.tolist()) for x, y in pipeline] for _ in range(count)]


@pytest.fixture(scope="module")
def expected():
    return epochs(make(), 3)


def test_an_epoch_is_every_example_once_transformed_by_its_own_numbers():
    pipeline = make()
    for epoch in range(2):
        order = pipeline.order(epoch)
        xs, ys = zip(*pipeline, strict=True)
        assert [len(y) for y in ys] == [8] * 6 + [2] and len(pipeline) == 7
        np.testing.assert_array_equal(np.concatenate(ys), DATA.y[order])
        for image, index in zip(np.concatenate(xs), order, strict=True):
            rng = example_stream(3, epoch, int(index))
            np.testing.assert_array_equal(image, Compose(STEPS)(DATA.x[index], rng))
    assert sorted(order) == list(range(50))


def test_epochs_differ_and_seeds_differ(expected):
    assert expected[0] != expected[1]
    assert epochs(make(seed=4)) != expected[:2]
    still = make(shuffle=False)
    assert epochs(still, 1)[0][0][1] == DATA.y[:8].tolist()


@pytest.mark.parametrize(("workers", "prefetch"), [(1, 1), (3, 2)])
def test_workers_change_nothing(expected, workers, prefetch):
    with make(workers, prefetch=prefetch) as pipeline:
        assert epochs(pipeline, 3) == expected


@pytest.mark.parametrize("workers", [0, 2])
def test_a_part_of_every_batch(workers):
    whole = list(make())
    with make(workers) as pipeline:
        next(iter(pipeline))  # its workers are ahead with whole batches
        pipeline.restore(make().state())
        pipeline.split(1, 2)
        halves = list(pipeline)
    for (x, y), (part_x, part_y) in zip(whole, halves, strict=True):
        np.testing.assert_array_equal(part_x, x[len(x) // 2 :])
        np.testing.assert_array_equal(part_y, y[len(y) // 2 :])


def test_more_lead_than_an_epoch_has(expected):
    with make(2, prefetch=6) as pipeline:
        assert epochs(pipeline, 3) == expected


def test_left_anywhere_and_taken_up_again(expected):
    """By another pipeline, and by the same one going back and forth."""
    flat = [batch for epoch in expected[:2] for batch in epoch]
    with make(2) as again:
        for taken in (0, 3, 7, 12, 5):
            first, found = make(), []
            while len(found) < taken:
                for x, y in first:
                    found.append((x.tobytes(), y.tolist()))
                    if len(found) == taken:
                        break
            state = first.state()
            for pipeline in (make(), again):
                pipeline.restore(state)
                rest = []
                while pipeline.epoch < 2:
                    rest += [(x.tobytes(), y.tolist()) for x, y in pipeline]
                assert found + rest == flat


def test_a_state_of_another_pipeline_is_refused():
    with pytest.raises(
        ValueError, match="another pipeline: batch_size was 8, is 9, seed was 3, is"
    ):
        make(batch_size=9, seed=1).restore(make().state())
    with pytest.raises(ValueError, match=r"Pipeline: an epoch has 7 batches"):
        make().restore({"epoch": 0, "position": 8})


@pytest.mark.parametrize("workers", [0, 2])
def test_standardised_at_the_end(workers):
    s = Standardiser.fit(DATA.x, per="pixel")
    with make(workers, standardiser=s) as pipeline:
        assert pipeline.dtype == np.float32 and pipeline.shape == (1, 16, 16)
        for (x, _), (raw, _) in zip(pipeline, make(), strict=True):
            np.testing.assert_array_equal(x, s.apply(raw))


def spoil(image, rng):
    """A transform that does what it should not."""
    image += 1
    image -= 1
    old = image.copy()
    image[...] = 0
    return old


def test_batches_belong_to_who_takes_them():
    """Spoiling them, or examples on their way, spoils neither the data nor later epochs."""
    before = DATA.x.copy()
    for workers in (0, 1):
        with Pipeline(DATA, spoil, batch_size=50, workers=workers, shuffle=False) as pipeline:
            for _ in range(2):
                for x, _ in pipeline:
                    np.testing.assert_array_equal(x, before)
                    x[...] = 0
    np.testing.assert_array_equal(DATA.x, before)


def test_random_numbers_depend_on_their_place_alone():
    draws = {p: example_stream(*p).random(4).tobytes() for p in np.ndindex(3, 3, 3)}
    assert len(set(draws.values())) == 27
    assert example_stream(2, 1, 0).random(4).tobytes() == draws[2, 1, 0]
    example_stream(2**40, 2**33, 2**34).random()


@dataclass(frozen=True)
class FailsOn:
    """Fails on images whose first pixel is this one."""

    pixel: int

    def __call__(self, image, rng):
        if image[0, 0, 0] == self.pixel:
            raise ZeroDivisionError("on purpose")
        return image


@dataclass(frozen=True)
class Widens:
    def __call__(self, image, rng):
        return image[..., : 3 + int(image[0, 0, 0] == 9)]


NUMBERED = Dataset(np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((4, 4), np.uint8),
                   np.zeros(20, int), 1, "numbers")  # fmt: skip


@pytest.mark.parametrize("workers", [0, 2])
def test_a_transform_that_fails_names_its_example(workers):
    with Pipeline(NUMBERED, FailsOn(9), 4, workers=workers, shuffle=False) as pipeline:
        batches = iter(pipeline)
        assert len([next(batches), next(batches)]) == 2
        message = r"example 9 of numbers: FailsOn\(pixel=9\): ZeroDivisionError: on purpose"
        with pytest.raises(PipelineError, match=message) as info:
            next(batches)
        if workers:
            assert "in __call__" in info.value.__notes__[0]
        # It stands before that batch, and goes on from another one.
        assert (pipeline.epoch, pipeline.position) == (0, 2)
        pipeline.restore({"epoch": 0, "position": 3})
        assert [x[0, 0, 0, 0] for x, _ in pipeline] == [12, 16]


def test_images_of_two_shapes_are_named():
    pipeline = Pipeline(NUMBERED, Widens(), 20, shuffle=False)
    with pytest.raises(
        PipelineError, match=r"example 9 of numbers: comes out as uint8 \(1, 4, 4\)"
    ):
        next(iter(pipeline))


@pytest.mark.parametrize("workers", [0, 2])
def test_files_are_read_where_batches_are_made(tmp_path, workers):
    for i in range(10):
        path = tmp_path / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (6 + i, 9), (i, 0, 0)).save(path)
    train, _ = image_folder(tmp_path)
    with Pipeline(train, Crop(5), 3, workers=workers) as pipeline:
        (x, y), *_ = pipeline
        assert x.shape == (3, 3, 5, 5) and (x[:, 0, 0, 0] % 2 == y).all()
        train.paths[4].write_bytes(b"no image")
        message = rf"example 4 of train, .*{train.paths[4].name}: reading it: DataError"
        with pytest.raises(PipelineError, match=message):
            [list(pipeline) for _ in range(2)]  # this epoch's may have been read before


def test_settings_that_are_none():
    with pytest.raises(ValueError, match="workers >= 0 and prefetch >= 1, found -1 and 2"):
        make(-1)
    with pytest.raises(ValueError, match="found 1 and 0"):
        make(1, prefetch=0)
    with pytest.raises(ValueError, match="Pipeline: the batch size is at least 1"):
        make(batch_size=0)
    with pytest.raises(TypeError, match="3 is no transform"):
        Pipeline(DATA, [Reflect(), 3])


def test_what_cannot_go_to_a_worker_says_so():
    pipeline = Pipeline(DATA, lambda image, rng: image, workers=1)
    with pytest.raises(PipelineError, match="cannot be given this pipeline: .*workers=0"):
        next(iter(pipeline))


def test_a_pickled_pipeline_has_no_workers():
    with make(1) as pipeline:
        x, _ = next(iter(pipeline))
        twin = pickle.loads(pickle.dumps(pipeline))
    assert twin.state() == pipeline.state()
    with twin:
        assert next(iter(twin))[0].tobytes() != x.tobytes()
