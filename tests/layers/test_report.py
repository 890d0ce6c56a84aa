"""summary: figures counted by hand, totals, text and HTML; errors with the layers above."""

import numpy as np
import pytest

from minitorch import layers
from minitorch.layers import (
    Conv2DLayer,
    CustomRecurrentLayer,
    DenseLayer,
    GRULayer,
    InputLayer,
    Layer,
    LSTMLayer,
    MaxPool2DLayer,
    MergeLayer,
    RecurrentLayer,
    summary,
)
from minitorch.layers.report import multiply_adds
from minitorch.models import build_lenet


def test_lenet_by_hand():
    net = build_lenet()
    found = summary(net)
    assert found.parameters == layers.count_params(net)
    convs = [x for x in layers.get_all_layers(net) if isinstance(x, Conv2DLayer)]
    expected = 0
    for conv in convs:
        _, maps, rows, columns = conv.output_shape
        for _ in range(maps * rows * columns):
            expected += conv.input_shape[1] * 5 * 5
    for dense in layers.get_all_layers(net):
        if isinstance(dense, DenseLayer):
            expected += dense.W.size
    assert found.multiply_adds == expected
    by_hand = sum(
        4 * np.prod([n or 1 for n in one.output_shape]) for one in layers.get_all_layers(net)
    )
    assert found.memory == by_hand + 4 * found.parameters


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda l_in: DenseLayer(l_in, 5), 2 * 7 * 3 * 5),
        (lambda l_in: DenseLayer(l_in, 5, num_leading_axes=2), 2 * 7 * 3 * 5),
        (lambda l_in: LSTMLayer(l_in, 5), 2 * 7 * 4 * (3 * 5 + 5 * 5)),
        (lambda l_in: GRULayer(l_in, 5, only_return_final=True), 2 * 7 * 3 * (3 * 5 + 5 * 5)),
        (lambda l_in: RecurrentLayer(l_in, 5), 2 * 7 * (3 * 5 + 5 * 5)),
        (
            lambda l_in: CustomRecurrentLayer(
                l_in, DenseLayer(InputLayer((14, 3)), 5), DenseLayer(InputLayer((2, 5)), 5)
            ),
            2 * 7 * (3 * 5 + 5 * 5),
        ),
        (lambda l_in: layers.NINLayer(l_in, 5), 2 * 5 * 3 * 7),
        (lambda l_in: layers.EmbeddingLayer(l_in, 10, 4), 0),
        (lambda l_in: layers.dropout(l_in), 0),
    ],
)
def test_work(make, expected):
    net = make(InputLayer((2, 7, 3)))
    assert summary(net).multiply_adds == expected


def test_a_layer_run_backwards_is_not_counted():
    dense = DenseLayer(InputLayer((2, 3)), 5)
    found = summary(layers.InverseLayer(dense, dense))
    assert [line.multiply_adds for line in found.lines] == [0, 2 * 3 * 5, None]
    assert found.multiply_adds is None and str(found).splitlines()[-1].split()[-1] == "?"


def test_grouped_convolution():
    net = Conv2DLayer(InputLayer((2, 4, 6, 6)), 8, 3, num_groups=2)
    assert summary(net).multiply_adds == 2 * 4 * 4 * 8 * (2 * 3 * 3)


def test_transposed_convolutions_go_over_their_input():
    class Transposed(Conv2DLayer):
        crop = 0

    net = Transposed(InputLayer((2, 4, 6, 6)), 8, 3)
    assert summary(net).multiply_adds == 2 * 6 * 6 * 8 * 4 * 3 * 3


def test_a_filter_for_each_place_is_used_once():
    net = Conv2DLayer(InputLayer((2, 4, 6, 6)), 8, 3)
    net.W = net.add_param(np.ones((8, 4, 3, 3, 4, 4)), (8, 4, 3, 3, 4, 4))
    assert summary(net).multiply_adds == 2 * 4 * 4 * 8 * 4 * 3 * 3


def test_unknown_lengths():
    net = GRULayer(InputLayer((None, None, 3)), 5, only_return_final=True)
    found = summary(net)
    assert found.memory is found.multiply_adds is None
    assert found.lines[1].memory == 4 * (found.parameters + 5)
    assert str(found).splitlines()[-1].split() == ["total", "140", "?", "?"]
    assert summary(net, (2, 7, 3)).multiply_adds == 2 * 7 * 3 * 40


def test_other_layers_with_weights_are_not_known_until_told():
    class Own(Layer):
        def __init__(self, incoming):
            super().__init__(incoming)
            self.W = self.add_param(np.ones((2, 2), np.float32), (2, 2))

    net = Own(InputLayer((3, 2)))
    assert summary(net).multiply_adds is None

    @multiply_adds.register
    def _(layer: Own, input_shapes, output_shape):
        return input_shapes[0][0] * 4

    assert summary(net).multiply_adds == 12


def test_shared_parameters_count_once_and_merges_have_their_inputs():
    class Sum(MergeLayer):
        def get_output_shape_for(self, input_shapes):
            return input_shapes[0]

    a = DenseLayer(InputLayer((None, 3)), 3, b=None)
    b = DenseLayer(a, 3, W=a.W, b=None)
    c = DenseLayer(b, 3, W=a.W.T, b=None)
    found = summary(Sum([b, c, (None, 3)]))
    assert found.parameters == 9 and found.multiply_adds == 27
    assert [line.parameters for line in found.lines] == [0, 9, 0, 0, 0]


def test_text():
    net = MaxPool2DLayer(Conv2DLayer(InputLayer((None, 1, 28, 28)), 600, 5, name="c<1>"), 2)
    text = str(summary(net, (64, 1, 28, 28)))
    assert repr(summary(net, (64, 1, 28, 28))) == text
    assert text.splitlines() == [
        "layer           name  output shape       parameters     memory  multiply-adds",
        "-----------------------------------------------------------------------------",
        "InputLayer            (64, 1, 28, 28)             0  196.0 KiB              0",
        "Conv2DLayer     c<1>  (64, 600, 24, 24)      15,600   84.4 MiB    552,960,000",
        "MaxPool2DLayer        (64, 600, 12, 12)           0   21.1 MiB              0",
        "-----------------------------------------------------------------------------",
        "total                                        15,600  105.7 MiB    552,960,000",
    ]


def test_html():
    net = DenseLayer(InputLayer((None, 3)), 2, name="<b>")
    text = summary(net)._repr_html_()
    assert text.count("<tr>") == 4 and "&lt;b&gt;" in text and "<b>" not in text
    assert '<td style="text-align: right">8</td>' in text


def test_sizes():
    def memory(n):
        return str(summary(InputLayer((n,)))).splitlines()[2].split()[-3:-1]

    assert memory(255) == ["1020", "B"] and memory(256) == ["1.0", "KiB"]
    assert memory(2**18) == ["1.0", "MiB"] and memory(2**30) == ["4.0", "GiB"]


# -- what is said when shapes do not fit -------------------------------------------------


def test_parameters_of_another_shape_show_the_layers_above():
    net = DenseLayer(InputLayer((None, 4), name="in"), 3, name="one")
    with pytest.raises(ValueError, match="cannot initialize parameter two.W") as caught:
        DenseLayer(net, 2, W=np.ones((2, 3)), name="two")
    assert str(caught.value) == (
        "DenseLayer 'two': cannot initialize parameter two.W: the provided numpy array has shape "
        "(2, 3), should be (3, 2). Its transpose would fit\n"
        "the layers above it:\n"
        "    InputLayer  in   (None, 4)\n"
        "    DenseLayer  one  (None, 3)"
    )
    with pytest.raises(ValueError, match=r"should be \(3, 2\)\nthe layers"):
        DenseLayer(net, 2, W=np.ones((5, 5)))


def test_recurrent_layers_show_the_layers_above():
    l_in = InputLayer((None, 5, None), name="in")
    with pytest.raises(ValueError) as caught:
        LSTMLayer(l_in, 3, name="l")
    assert str(caught.value) == (
        "LSTMLayer 'l': the input is (batch, time, features...) with a fixed number of features, "
        "got (None, 5, None). Give the layer below a fixed shape behind the time axis\n"
        "the layers above it:\n"
        "    InputLayer  in  (None, 5, None)"
    )
