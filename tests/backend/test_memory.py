"""The emulated device counts its memory, and runs out of it as a GPU does."""

import gc

import pytest

import minitorch as mt
from minitorch.backend.emulated import set_memory_limit


def used():
    return mt.memory_info("emulated").used


@pytest.fixture
def limited():
    def set_to(extra):
        set_memory_limit(used() + extra)

    gc.collect()
    yield set_to
    set_memory_limit(None)


def test_every_byte_is_counted_once_and_given_back():
    before = used()
    x = mt.zeros((10, 100), device="emulated")
    assert used() - before == 4000
    views = [x.reshape(-1), x[2:5], x.T, x.detach(), mt.broadcast_to(x, (3, 10, 100))]
    assert used() - before == 4000
    y = x + 1
    copies = [x.data.copy(), y.data.astype("float64"), x[[0, 1]].data]
    assert used() - before == 4000 + 4000 + 4000 + 8000 + 800
    del x, copies
    assert used() - before == 8000  # a view still holds it
    del views, y
    assert used() == before


def test_a_backward_gives_back_what_was_saved():
    x = mt.ones((100,), device="emulated").requires_grad_()
    before = used()
    loss = (mt.exp(x) * x).sum()
    assert used() - before > 400
    loss.backward()
    x.grad = None
    del loss
    assert used() == before


def test_what_does_not_fit_raises_and_names_the_op(limited):
    x = mt.ones((256, 1), device="emulated")
    limited(64 << 10)
    with pytest.raises(mt.OutOfMemoryError) as caught:
        x * x.reshape((1, 256))
    assert str(caught.value).startswith(
        "multiply: out of memory: asked for 256.0 KiB on emulated; 64.0 KiB of "
    )
    assert "this process holds" in str(caught.value) and "smaller batch" in str(caught.value)
    assert isinstance(caught.value, MemoryError) and isinstance(caught.value, RuntimeError)
    assert (x * x).shape == (256, 1)  # what fits still runs
    info = mt.memory_info("emulated")
    assert info.total - info.used == info.free == 64 << 10


@pytest.mark.parametrize(
    ("what", "make"),
    [
        ("zeros", lambda: mt.zeros(1000, device="emulated")),
        ("full", lambda: mt.full(1000, 3.0, device="emulated")),
        ("asarray", lambda: mt.asarray([1.0] * 1000, device="emulated")),
        ("to_device", lambda: mt.ones(1000).to("emulated")),
    ],
)
def test_making_and_moving_say_so_too(limited, what, make):
    limited(100)
    with pytest.raises(mt.OutOfMemoryError, match=f"^{what}: out of memory: asked for"):
        make()


def test_limits_that_are_none():
    for wrong in (1.5, True, "1 GiB"):
        with pytest.raises(TypeError, match="takes bytes or None"):
            set_memory_limit(wrong)
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        set_memory_limit(-1)
    assert mt.memory_info("emulated").total is None


def test_the_emulated_device_keeps_nothing():
    before = mt.memory_info("emulated")
    mt.empty_cache("emulated")
    assert mt.memory_info("emulated") == before


def test_the_cpu_has_no_limit_of_ours():
    info = mt.memory_info()
    assert (info.device, info.free, info.total) == ("cpu", None, None)
    assert str(info).startswith("cpu: this process holds ")
