"""Any settings, good or bad: a layer is refused with a reason, or does what it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import layers
from minitorch.layers import InputLayer, get_output, get_output_shape

LENGTHS = st.one_of(st.none(), st.integers(-1, 9))
SHAPES = st.lists(LENGTHS, max_size=6).map(tuple)
SIZES = st.one_of(
    st.integers(-1, 5), st.lists(st.integers(-1, 4), max_size=4).map(tuple), st.floats(0, 3)
)
PADS = st.one_of(SIZES, st.sampled_from(["valid", "same", "full", "none"]))


def conv(n):
    names = {"num_filters": st.integers(-1, 4), "filter_size": SIZES, "stride": SIZES, "pad": PADS}
    flags = {"flip_filters": st.booleans(), "untie_biases": st.booleans()}
    options = st.fixed_dictionaries({**names, **flags, "num_groups": st.integers(-1, 3)})
    return st.tuples(st.just(getattr(layers, f"Conv{n}DLayer")), options)


def upscale(n):
    options = st.fixed_dictionaries(
        {"scale_factor": SIZES, "mode": st.sampled_from(["repeat", "dilate", "none"])}
    )
    return st.tuples(st.just(getattr(layers, f"Upscale{n}DLayer")), options)


def back(n):
    names = {"num_filters": st.integers(-1, 4), "filter_size": SIZES, "stride": SIZES}
    flags = {"crop": PADS, "output_size": st.one_of(st.none(), SIZES)}
    options = st.fixed_dictionaries({**names, **flags, "num_groups": st.integers(-1, 3)})
    return st.tuples(st.just(getattr(layers, f"TransposedConv{n}DLayer")), options)


def pool(n):
    names = {"pool_size": SIZES, "stride": st.one_of(st.none(), SIZES), "pad": SIZES}
    modes = st.sampled_from(["max", "sum", "average_inc_pad", "average_exc_pad", "none"])
    options = st.fixed_dictionaries({**names, "ignore_border": st.booleans(), "mode": modes})
    return st.tuples(st.just(getattr(layers, f"Pool{n}DLayer")), options)


SMALL = st.one_of(
    st.tuples(
        st.just(layers.DenseLayer),
        st.fixed_dictionaries(
            {"num_units": st.one_of(SIZES), "num_leading_axes": st.integers(-4, 4)}
        ),
    ),
    st.tuples(st.just(layers.FlattenLayer), st.fixed_dictionaries({"outdim": st.integers(-1, 5)})),
    st.tuples(
        st.just(layers.DropoutLayer),
        st.fixed_dictionaries(
            {"p": st.floats(-0.5, 1.5), "shared_axes": st.lists(st.integers(-4, 4), max_size=2)}
        ),
    ),
    st.tuples(
        st.sampled_from([layers.FeaturePoolLayer, layers.FeatureWTALayer]),
        st.fixed_dictionaries({"pool_size": st.integers(-1, 4), "axis": st.integers(-4, 4)}),
    ),
    st.tuples(
        st.just(layers.SliceLayer),
        st.fixed_dictionaries(
            {
                "indices": st.one_of(
                    st.integers(-6, 6),
                    st.builds(slice, st.integers(-6, 6), st.integers(-6, 6), st.integers(1, 3)),
                ),
                "axis": st.integers(-4, 4),
            }
        ),
    ),
    st.tuples(
        st.just(layers.PadLayer),
        st.fixed_dictionaries({"width": SIZES, "batch_ndim": st.integers(-1, 4)}),
    ),
    st.tuples(
        st.just(layers.ReshapeLayer),
        st.fixed_dictionaries(
            {
                "shape": st.lists(
                    st.one_of(st.integers(-2, 6), st.lists(st.integers(-1, 5), max_size=2)),
                    max_size=4,
                )
            }
        ),
    ),
    st.tuples(
        st.just(layers.DimshuffleLayer),
        st.fixed_dictionaries(
            {"pattern": st.lists(st.one_of(st.integers(-1, 5), st.just("x")), max_size=5)}
        ),
    ),
    st.tuples(
        st.sampled_from([layers.BiasLayer, layers.ScaleLayer, layers.ParametricRectifierLayer]),
        st.fixed_dictionaries(
            {
                "shared_axes": st.one_of(
                    st.sampled_from(["auto", "all"]), st.lists(st.integers(-4, 4), max_size=3)
                )
            }
        ),
    ),
    st.tuples(
        st.just(layers.StandardizationLayer),
        st.fixed_dictionaries(
            {
                "axes": st.one_of(
                    st.sampled_from(["auto", "spatial", "features"]),
                    st.lists(st.integers(-3, 3), max_size=2),
                )
            }
        ),
    ),
    st.tuples(
        st.just(layers.SpatialPyramidPoolingLayer),
        st.fixed_dictionaries(
            {
                "pool_dims": st.lists(st.integers(-1, 4), max_size=3),
                "implementation": st.sampled_from(["fast", "kaiming"]),
            }
        ),
    ),
    st.tuples(
        st.just(layers.NINLayer),
        st.fixed_dictionaries({"num_units": st.integers(-1, 4), "untie_biases": st.booleans()}),
    ),
    st.tuples(
        st.just(layers.BatchNormLayer),
        st.fixed_dictionaries(
            {"axes": st.one_of(st.just("auto"), st.lists(st.integers(-3, 3), max_size=2))}
        ),
    ),
)


def attempt(function, *arguments, **options):
    """What it gives, and the error if it refuses."""
    try:
        return function(*arguments, **options), None
    except (ValueError, TypeError, NotImplementedError) as error:
        return None, error


@settings(max_examples=600)
@given(
    shape=SHAPES,
    make=st.one_of(
        *[f(n) for f in (conv, pool, upscale) for n in (1, 2, 3)], back(2), back(3), SMALL
    ),
    batch=st.integers(1, 3),
)
def test_a_layer_is_refused_or_keeps_its_word(shape, make, batch):
    cls, options = make
    net, error = attempt(lambda: cls(InputLayer(shape, name="in"), name="it", **options))
    if error is not None:
        assert len(str(error)) > 10
        return
    full = tuple(batch + 4 if n is None else n for n in shape)
    promised, error = attempt(get_output_shape, net, full)
    if error is not None:  # the open lengths turn out too short
        assert None in shape and str(error).startswith(f"{cls.__name__} 'it': ")
        if cls.__name__.startswith(("Conv", "Pool")):
            assert "The smallest changes" in str(error)
        return
    fits = [a is None or a == b for a, b in zip(net.output_shape, promised, strict=True)]
    assert all(fits)
    out = get_output(net, np.ones(full, np.float32))
    assert out.shape == promised
    assert np.isfinite(out.numpy()).all()
    assert repr(net).startswith(cls.__name__)


@pytest.mark.parametrize("fixed", [True, False])
@given(found=st.lists(st.integers(0, 5), max_size=5).map(tuple))
def test_data_are_refused_or_computed(fixed, found):
    shape = (2, 1, 4, 4) if fixed else (None, 1, None, 4)
    net = layers.DenseLayer(
        layers.MaxPool2DLayer(layers.Conv2DLayer(InputLayer(shape), 2, 3, pad=1), 2, stride=4),
        3,
        num_leading_axes=-1,
        nonlinearity=None,
    )
    fits = len(found) == 4 and all(a in (None, b) for a, b in zip(shape, found, strict=True))
    if not fits:
        with pytest.raises(ValueError, match="get_output: the data have shape"):
            get_output(net, np.ones(found, np.float32))
        return
    out, error = attempt(get_output, net, np.ones(found, np.float32))
    if error is not None:  # too few rows to pool
        assert found[2] < 2 and "in layer 2 of the network" in error.__notes__[0]
        return
    assert out.shape == get_output_shape(net, found)


KINDS = [np.array(["a"]), np.array([None]), np.array([object()]), [[1], [2, 3]], "text", object()]


@pytest.mark.parametrize("data", KINDS, ids=lambda d: repr(d)[:20])
def test_only_numbers_are_data(data):
    with pytest.raises((TypeError, ValueError)) as caught:
        get_output(layers.DenseLayer(InputLayer((None,)), 2, num_leading_axes=0), data)
    assert str(caught.value)


def test_numbers_of_all_kinds_are_data():
    net = layers.DenseLayer(InputLayer((None, 2)), 3)
    for dtype in ("uint8", "int64", "bool", "float16", "float32", "float64"):
        out = get_output(net, np.ones((2, 2), dtype))
        assert out.dtype.kind == "f" and out.shape == (2, 3)
    assert get_output(net, mt.ones((2, 2))).dtype == np.float32
