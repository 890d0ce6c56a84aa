"""Recurrent layers: outputs against plain loops and PyTorch, gradients, masks, truncation."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers, nonlinearities
from minitorch.layers import (
    Conv2DLayer,
    CustomRecurrentLayer,
    DenseLayer,
    DropoutLayer,
    Gate,
    GRULayer,
    InputLayer,
    LSTMLayer,
    RecurrentLayer,
    get_all_params,
    get_output,
)
from minitorch.testing import gradcheck, gradgradcheck

KINDS = [RecurrentLayer, LSTMLayer, GRULayer]
BATCH, TIME, FEATURES, UNITS = 2, 4, 3, 2


@pytest.fixture(autouse=True)
def _seed():
    mt.random.seed(4)


def data(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def randomise(layer):
    """Values of float64 that tell all parameters apart."""
    rng = np.random.default_rng(9)
    for p in get_all_params(layer):
        p.data = rng.uniform(-0.9, 0.9, p.shape)
    return layer


def make(kind, shape=(None, None, FEATURES), **kwargs):
    if kind is RecurrentLayer:
        kwargs = {"nonlinearity": nonlinearities.tanh, **kwargs}
    return randomise(kind(shape, UNITS, **kwargs))


# -- the oracle: one sequence and one step at a time ------------------------------------


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def plain_step(p, x, state):
    (h,) = state
    return (np.tanh(x @ p["input_to_hidden.W"] + p["input_to_hidden.b"]
                    + h @ p["hidden_to_hidden.W"]),)  # fmt: skip


def lstm_step(p, x, state):
    h, c = state
    see = {name: p.get(f"W_cell_to_{name}", 0) for name in ("ingate", "forgetgate", "outgate")}

    def gate(name, extra):
        return x @ p[f"W_in_to_{name}"] + h @ p[f"W_hid_to_{name}"] + p[f"b_{name}"] + extra

    i = sigmoid(gate("ingate", see["ingate"] * c))
    f = sigmoid(gate("forgetgate", see["forgetgate"] * c))
    c = f * c + i * np.tanh(gate("cell", 0))
    return sigmoid(gate("outgate", see["outgate"] * c)) * np.tanh(c), c


def gru_step(p, x, state):
    (h,) = state
    of_x = {n: x @ p[f"W_in_to_{n}"] + p[f"b_{n}"]
            for n in ("resetgate", "updategate", "hidden_update")}  # fmt: skip
    of_h = {n: h @ p[f"W_hid_to_{n}"] for n in of_x}
    r = sigmoid(of_x["resetgate"] + of_h["resetgate"])
    u = sigmoid(of_x["updategate"] + of_h["updategate"])
    return ((1 - u) * h + u * np.tanh(of_x["hidden_update"] + r * of_h["hidden_update"]),)


STEPS = {RecurrentLayer: plain_step, LSTMLayer: lstm_step, GRULayer: gru_step}


def oracle(layer, x, mask=None, starts=None):
    p = {q.name: q.get_value() for q in get_all_params(layer)}
    names = ["hid_init", "cell_init"] if isinstance(layer, LSTMLayer) else ["hid_init"]
    out = np.zeros((len(x), x.shape[1], UNITS))
    final = np.zeros((len(x), UNITS))
    for n in range(len(x)):
        state = tuple(starts[name][n] if starts else p[name][0] for name in names)
        order = range(x.shape[1])
        for t in reversed(order) if layer.backwards else order:
            if mask is None or mask[n, t]:
                state = STEPS[type(layer)](p, x[n, t].reshape(-1), state)
            out[n, t] = final[n] = state[0]
    return final if layer.only_return_final else out


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("precompute_input", [False, True])
@pytest.mark.parametrize("only_return_final", [False, True])
def test_values(kind, backwards, precompute_input, only_return_final):
    layer = make(
        kind,
        backwards=backwards,
        precompute_input=precompute_input,
        only_return_final=only_return_final,
        unroll_scan=precompute_input,
    )
    x = data(BATCH, TIME, FEATURES)
    out = get_output(layer, {None: x})
    np.testing.assert_allclose(out.numpy(), oracle(layer, x), rtol=1e-12)
    expected = (BATCH, UNITS) if only_return_final else (BATCH, TIME, UNITS)
    assert layer.get_output_shape_for([x.shape]) == out.shape == expected


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 8])
def test_every_length(steps):
    layer, x = make(GRULayer), data(3, steps, FEATURES)
    np.testing.assert_allclose(get_output(layer, {None: x}).numpy(), oracle(layer, x), rtol=1e-12)


def test_lstm_without_peepholes():
    layer, x = make(LSTMLayer, peepholes=False), data(BATCH, TIME, FEATURES)
    assert len(get_all_params(layer)) == 14
    np.testing.assert_allclose(get_output(layer, {None: x}).numpy(), oracle(layer, x), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_flattened(kind):
    layer, x = make(kind, (None, TIME, 3, 2)), data(BATCH, TIME, 3, 2)
    np.testing.assert_allclose(get_output(layer, {None: x}).numpy(), oracle(layer, x), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("only_return_final", [False, True])
def test_masked_steps_keep_the_state(kind, backwards, only_return_final):
    l_in, l_mask = InputLayer((None, None, FEATURES)), InputLayer((None, None))
    layer = make(
        kind, l_in, mask_input=l_mask, backwards=backwards, only_return_final=only_return_final
    )
    x = data(3, TIME, FEATURES)
    mask = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [0, 0, 0, 0]])
    out = get_output(layer, {l_in: x, l_mask: mask})
    np.testing.assert_allclose(out.numpy(), oracle(layer, x, mask), rtol=1e-12)
    again = get_output(layer, {l_in: x, l_mask: mask.astype(bool)})
    np.testing.assert_array_equal(out.numpy(), again.numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_initial_states_from_layers(kind):
    names = ["hid_init", "cell_init"] if kind is LSTMLayer else ["hid_init"]
    l_in, l_mask = InputLayer((None, None, FEATURES)), InputLayer((None, None))
    ends = {name: InputLayer((None, UNITS)) for name in names}
    layer = make(kind, l_in, mask_input=l_mask, **ends)
    assert layer.input_layers == [l_in, l_mask, *ends.values()]
    assert layer.mask_incoming_index == 1 and layer.hid_init_incoming_index == 2
    assert not any(p.name in names for p in get_all_params(layer))
    x, mask = data(BATCH, TIME, FEATURES), np.array([[1, 1, 1, 0], [1, 1, 1, 1]])
    starts = {name: data(BATCH, UNITS, seed=i) for i, name in enumerate(names)}
    given = {ends[name]: value for name, value in starts.items()}
    out = get_output(layer, {l_in: x, l_mask: mask, **given})
    np.testing.assert_allclose(out.numpy(), oracle(layer, x, mask, starts), rtol=1e-12)


# -- PyTorch, where it is installed -------------------------------------------------------


def peer(layer, name, gates, signs=(1, 1, 1, 1), hidden_bias=False):
    torch = pytest.importorskip("torch")
    twin = getattr(torch.nn, name)(FEATURES, UNITS, batch_first=True).double()
    with torch.no_grad():
        for ours, theirs in (("W_in_to", "weight_ih_l0"), ("W_hid_to", "weight_hh_l0")):
            rows = [
                sign * getattr(layer, f"{ours}_{g}").get_value().T
                for g, sign in zip(gates, signs, strict=False)
            ]
            getattr(twin, theirs)[:] = torch.tensor(np.concatenate(rows))
        biases = [s * getattr(layer, f"b_{g}").get_value() for g, s in zip(gates, signs)]  # noqa: B905
        twin.bias_ih_l0[:] = torch.tensor(np.concatenate(biases))
        twin.bias_hh_l0.zero_()
    return torch, twin


@pytest.mark.dev
def test_lstm_is_pytorchs():
    layer = make(LSTMLayer, peepholes=False, hid_init=np.zeros((1, 2)), cell_init=np.zeros((1, 2)))
    layer.hid_init.data *= 0
    layer.cell_init.data *= 0
    torch, twin = peer(layer, "LSTM", ["ingate", "forgetgate", "cell", "outgate"])
    compare_with(torch, twin, layer)


@pytest.mark.dev
def test_gru_is_pytorchs():
    layer = make(GRULayer)
    layer.hid_init.data *= 0
    torch, twin = peer(layer, "GRU", ["resetgate", "updategate", "hidden_update"], (1, -1, 1))
    compare_with(torch, twin, layer)


def compare_with(torch, twin, layer):
    x = data(3, 6, FEATURES)
    ours, theirs = mt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    a, b = get_output(layer, {None: ours}), twin(theirs)[0]
    np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=1e-12)
    (a * a).sum().backward()
    (b * b).sum().backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-10)
    w = layer.W_hid_to_hidden_update if "GRU" in type(twin).__name__ else layer.W_hid_to_outgate
    np.testing.assert_allclose(
        w.grad.numpy(), twin.weight_hh_l0.grad.numpy()[-UNITS:].T, rtol=1e-10
    )


# -- parameters -----------------------------------------------------------------------------


def test_the_order_of_parameters():
    three = ["W_in_to_{}", "W_hid_to_{}", "b_{}"]
    lstm = [n.format(g) for g in ("ingate", "forgetgate", "cell", "outgate") for n in three]
    lstm += [f"W_cell_to_{g}" for g in ("ingate", "forgetgate", "outgate")]
    lstm += ["cell_init", "hid_init"]
    layer = LSTMLayer((None, None, 3), 2)
    assert [p.name for p in get_all_params(layer)] == lstm
    assert [p.name for p in get_all_params(layer, trainable=True)] == lstm[:15]
    free = get_all_params(layer, regularizable=False)
    assert [p.name for p in free] == [n for n in lstm if n[0] == "b" or n.endswith("_init")]
    learnt = LSTMLayer((None, None, 3), 2, learn_init=True, name="l")
    assert [p.name for p in get_all_params(learnt, trainable=True)] == [f"l.{n}" for n in lstm]

    gru = [n.format(g) for g in ("updategate", "resetgate", "hidden_update") for n in three]
    assert [p.name for p in get_all_params(GRULayer((None, None, 3), 2))] == [*gru, "hid_init"]

    plain = ["hid_init", "input_to_hidden.W", "input_to_hidden.b", "hidden_to_hidden.W"]
    layer = RecurrentLayer((None, None, 3), 2)
    assert [p.name for p in get_all_params(layer)] == plain
    assert [p.name for p in get_all_params(layer, trainable=True)] == plain[1:]
    named = RecurrentLayer((None, None, 3), 2, b=None, name="r", learn_init=True)
    assert [p.name for p in get_all_params(named, trainable=True)] == [
        f"r.{n}" for n in plain if not n.endswith(".b")
    ]


def test_gates():
    assert not hasattr(Gate(W_cell=None), "W_cell")
    assert Gate(nonlinearity=None).nonlinearity is nonlinearities.identity
    forget = Gate(b=init.Constant(3.0), nonlinearity=None)
    layer = LSTMLayer((None, None, 3), 2, forgetgate=forget, nonlinearity=None)
    assert (layer.b_forgetgate.get_value() == 3).all()
    assert layer.nonlinearity is layer.nonlinearity_forgetgate is nonlinearities.identity
    gru = GRULayer((None, None, 3), 2, resetgate=Gate(W_in=init.Constant(7.0), W_cell=None))
    assert (gru.W_in_to_resetgate.get_value() == 7).all()
    assert (gru.W_in_to_updategate.get_value() != 7).all()


def test_weights_are_shared():
    first = GRULayer((None, None, 2), 2)
    same = Gate(W_in=first.W_in_to_updategate, W_hid=first.W_hid_to_updategate, W_cell=None)
    second = GRULayer(first, 2, updategate=same)
    assert len(get_all_params(second)) == 20 - 2


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (lambda: LSTMLayer((None, 4, 3), 2), "LSTMLayer(num_units=2)"),
        (
            lambda: LSTMLayer((None, 4, 3), 2, peepholes=False, backwards=True, name="l"),
            "LSTMLayer(num_units=2, backwards=True, peepholes=False, name='l')",
        ),
        (
            lambda: GRULayer((None, 4, 3), 2, grad_clipping=5, gradient_steps=7, learn_init=True),
            "GRULayer(num_units=2, learn_init=True, gradient_steps=7, grad_clipping=5)",
        ),
        (
            lambda: RecurrentLayer((None, 4, 3), 2, only_return_final=True),
            "RecurrentLayer(num_units=2, nonlinearity=rectify, only_return_final=True)",
        ),
    ],
)
def test_repr(layer, text):
    assert repr(layer()) == text


# -- gradients ------------------------------------------------------------------------------


def check_gradients(layer, x, extra=()):
    """Both orders by finite differences, towards the input and all parameters."""
    params = get_all_params(layer)
    before = [p.data for p in params]

    def owners():
        inside = layer.networks_inside()
        for one in [layer, *inside.values()]:
            for name, value in list(vars(one).items()):
                if any(value is p for p in params):
                    yield one, name, value

    places = list(owners())

    def function(x, *values):
        for (one, name, _), value in zip(places, values, strict=True):
            setattr(one, name, value)
        return layer.get_output_for([x, *extra])

    arguments = [x, *(p.get_value() for _, _, p in places)]
    try:
        gradcheck(function, arguments)
        gradgradcheck(function, arguments)
    finally:
        for one, name, p in places:
            setattr(one, name, p)
    assert all(p.data is b for p, b in zip(params, before, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "settings",
    [
        {"learn_init": True},
        {"learn_init": True, "backwards": True, "precompute_input": False},
        {"only_return_final": True, "mask_input": (None, None), "grad_clipping": 1e6},
    ],
    ids=["plain", "backwards", "masked"],
)
def test_gradients(kind, settings):
    layer = make(kind, **{k: v for k, v in settings.items() if k != "mask_input"})
    extra = ()
    if "mask_input" in settings:
        layer = make(kind, InputLayer((None, None, FEATURES)),
                     **settings | {"mask_input": InputLayer((None, None))})  # fmt: skip
        extra = (mt.asarray([[1, 0, 1], [1, 1, 0]]),)
    check_gradients(layer, data(BATCH, 3, FEATURES), extra)


def grads(layer, x, weights=None):
    x = mt.tensor(x, requires_grad=True)
    out = get_output(layer, {None: x})
    params = get_all_params(layer, trainable=True)
    return mt.grad((out * (1 if weights is None else weights)).sum(), [x, *params],
                   allow_unused=True)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_gradient_steps_are_the_last_of_the_walk(kind, backwards, steps):
    """The gradients are those of a walk over the last steps, from a state that is a constant."""
    x = data(BATCH, TIME, FEATURES)
    short = make(kind, gradient_steps=steps, backwards=backwards, learn_init=True)
    full = make(kind, backwards=backwards)
    out = get_output(short, {None: x})
    np.testing.assert_allclose(out.numpy(), oracle(short, x), rtol=1e-12)
    dx, *dparams = grads(short, x)
    late = slice(None, steps) if backwards else slice(TIME - steps, None)
    early = slice(steps, None) if backwards else slice(None, TIME - steps)
    assert (dx.numpy()[:, early] == 0).all()

    names = ["hid_init", "cell_init"] if kind is LSTMLayer else ["hid_init"]
    ends = {name: InputLayer((None, UNITS)) for name in names}
    l_in = InputLayer((None, None, FEATURES))
    rest = make(kind, l_in, backwards=backwards, **ends)
    for name, value in {p.name: p for p in get_all_params(full)}.items():
        for p in get_all_params(rest):
            if p.name == name:
                p.data = value.data
    states = final_states(full, x[:, early])
    part = mt.tensor(x[:, late], requires_grad=True)
    given = {ends[name]: state for name, state in zip(names, states, strict=True)}
    expected = mt.grad(
        get_output(rest, {l_in: part, **given}).sum(),
        [part, *get_all_params(rest, trainable=True)],
    )
    np.testing.assert_allclose(dx.numpy()[:, late], expected[0].numpy(), rtol=1e-10)
    found = {p.name: g for p, g in zip(get_all_params(short, trainable=True), dparams, strict=True)}
    for p, g in zip(get_all_params(rest, trainable=True), expected[1:], strict=True):
        np.testing.assert_allclose(found[p.name].numpy(), g.numpy(), rtol=1e-10)
    assert all(found[name] is None for name in names)


def final_states(layer, x):
    p = {q.name: q.get_value() for q in get_all_params(layer)}
    names = ["hid_init", "cell_init"] if isinstance(layer, LSTMLayer) else ["hid_init"]
    found = []
    for n in range(len(x)):
        state = tuple(p[name][0] for name in names)
        for row in x[n][::-1] if layer.backwards else x[n]:
            state = STEPS[type(layer)](p, row, state)
        found.append(state)
    return [np.stack([state[i] for state in found]) for i in range(len(names))]


def test_more_gradient_steps_than_there_are():
    x = data(BATCH, TIME, FEATURES)
    for a, b in zip(grads(make(GRULayer, gradient_steps=9), x), grads(make(GRULayer), x),
                    strict=True):  # fmt: skip
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-14)


def test_clipping_limits_the_gradient_of_every_pre_activation():
    """By hand, for h' = x w + h u: what leaves a step is cut before it goes on."""
    layer = RecurrentLayer((1, 3, 1), 1, nonlinearity=None, grad_clipping=0.5, b=None)
    layer.input_to_hidden.W.set_value([[1.0]])
    layer.hidden_to_hidden.W.set_value([[2.0]])
    weights = np.array([[[0.1], [-0.2], [0.3]]], np.float32)
    dx, dw, _ = grads(layer, np.ones((1, 3, 1), np.float32), weights)
    third = 0.3
    second = np.clip(-0.2 + 2 * third, -0.5, 0.5)
    first = np.clip(0.1 + 2 * second, -0.5, 0.5)
    np.testing.assert_allclose(dx.numpy().ravel(), [first, second, third], rtol=1e-6)
    np.testing.assert_allclose(dw.numpy().item(), first + second + third, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_clipping_keeps_values_and_bounds_the_gradients(kind):
    x = data(BATCH, TIME, FEATURES)
    layer, free = make(kind, grad_clipping=1e-3), make(kind)
    bounded, plain = (get_output(net, {None: x}).numpy() for net in (layer, free))
    np.testing.assert_allclose(bounded, plain, rtol=1e-14, atol=1e-15)  # other orders of sums
    bias = "b_hidden_update" if kind is GRULayer else "b_outgate"
    p = layer.input_to_hidden.b if kind is RecurrentLayer else getattr(layer, bias)
    get_output(layer, {None: x}).sum().backward()
    assert 0 < abs(p.grad.numpy()).max() <= 1e-3 * BATCH * TIME * (1 + 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_long_sequences(kind):
    layer = kind((1, None, 1), 2)
    x = mt.tensor(np.ones((1, 1000, 1), np.float32), requires_grad=True)
    get_output(layer, {None: x}).sum().backward()
    assert x.grad.shape == (1, 1000, 1) and np.isfinite(x.grad.numpy()).all()


# -- CustomRecurrentLayer ----------------------------------------------------------------


def nets(first=(None, 3), again=(None, 2), units=2):
    return DenseLayer(InputLayer(first), 2), DenseLayer(InputLayer(again), units)


@pytest.mark.parametrize("precompute_input", [False, True])
def test_a_convolution_over_time(precompute_input):
    below = Conv2DLayer(InputLayer((None, 1, 4, 4)), 2, 3, pad=1, nonlinearity=None)
    state = Conv2DLayer(InputLayer((None, 2, 4, 4)), 2, 3, pad=1, nonlinearity=None, b=None)
    l_in, l_mask = InputLayer((None, None, 1, 4, 4)), InputLayer((None, None))
    layer = CustomRecurrentLayer(
        l_in, below, state, precompute_input=precompute_input, mask_input=l_mask
    )
    assert layer.output_shape == (None, None, 2, 4, 4)
    x, mask = data(2, 3, 1, 4, 4).astype(np.float32), np.array([[1, 1, 1], [1, 0, 1]])
    h = np.zeros((2, 2, 4, 4), np.float32)
    expected = []
    for t in range(3):
        new = get_output(below, x[:, t]) + get_output(state, h)
        h = np.where(mask[:, t, None, None, None], np.maximum(new.numpy(), 0), h)
        expected.append(h)
    out = get_output(layer, {l_in: x, l_mask: mask}).numpy()
    np.testing.assert_allclose(out, np.stack(expected, 1), rtol=1e-5, atol=1e-6)


def test_keywords_reach_the_networks_inside():
    inside = DropoutLayer(DenseLayer(InputLayer((None, 3)), 2), p=0.5)
    layer = CustomRecurrentLayer((None, 4, 3), inside, DenseLayer(InputLayer((None, 2)), 2))
    x = np.ones((5, 4, 3), np.float32)
    a, b = (get_output(layer, {None: x}, deterministic=True).numpy() for _ in range(2))
    np.testing.assert_array_equal(a, b)
    states = layers.get_all_random_states(layer)
    assert list(states) == ["0.input_to_hidden.2.rng"]
    first = get_output(layer, {None: x}).numpy()
    layers.set_all_random_states(layer, states)
    np.testing.assert_array_equal(get_output(layer, {None: x}).numpy(), first)


def test_keywords_inside_count_as_used_and_others_do_not():
    class Switch(layers.Layer):
        def get_output_for(self, input, negate=False, **kwargs):
            return -input if negate else input

    inside = Switch(DenseLayer(InputLayer((None, 3)), 2, nonlinearity=None))
    layer = CustomRecurrentLayer(
        (None, 1, 3), inside, DenseLayer(InputLayer((None, 2)), 2), nonlinearity=None
    )
    x = np.ones((1, 1, 3), np.float32)
    np.testing.assert_array_equal(
        get_output(layer, {None: x}, negate=True), -get_output(layer, {None: x})
    )
    with pytest.warns(UserWarning, match="negat \\(perhaps you meant negate\\)"):
        get_output(layer, {None: x}, negat=True)


@pytest.mark.parametrize(
    ("make_layer", "text"),
    [
        (
            lambda: CustomRecurrentLayer((2, 3, 3), DenseLayer((None, 3), 2), nets()[1]),
            "`input_to_hidden` must have exactly one InputLayer, but it has 0",
        ),
        (
            lambda: CustomRecurrentLayer((2, 3, 3), nets()[0], DenseLayer((None, 2), 2)),
            "`hidden_to_hidden` must have exactly one InputLayer, but it has 0",
        ),
        (
            lambda: CustomRecurrentLayer((2, 5, 3), *nets(first=(7, 3))),
            "i.e. batch_size*sequence_length) or be None, but input_to_hidden.output_shape[0] = 7 "
            "and incoming.output_shape[0]*incoming.output_shape[1] = 10. Use None or 10",
        ),
        (
            lambda: CustomRecurrentLayer(
                (2, 5, 3), *nets(first=(2, 3), again=(3, 2)), precompute_input=False
            ),
            "input_to_hidden.output_shape[0] = 2 and hidden_to_hidden.output_shape[0] = 3",
        ),
        (
            lambda: CustomRecurrentLayer((2, 5, 3), *nets(units=4)),
            "input_to_hidden and the output shape of hidden_to_hidden must be equal after the "
            "first dimension, but they are (None, 2) and (None, 4). Make the output of "
            "hidden_to_hidden (None, 2)",
        ),
        (
            lambda: CustomRecurrentLayer((2, 5, 3), *nets(again=(None, 4))),
            "input_to_hidden and the input shape of hidden_to_hidden must be equal after the "
            "first dimension, but they are (None, 2) and (None, 4)",
        ),
        (
            lambda: CustomRecurrentLayer(
                (2, 5, None), InputLayer((None, None)), InputLayer((None, None))
            ),
            "the state's shape must be fixed behind the batch, hidden_to_hidden gives (None, None)",
        ),
        (lambda: LSTMLayer((2, 3), 2), "the input is (batch, time, features...) with a fixed"),
        (lambda: GRULayer((2, 3, None), 2), "with a fixed number of features, got (2, 3, None)"),
        (lambda: LSTMLayer((4,), 2), "a recurrent layer's input is (batch, time, ...), got (4,)"),
        (
            lambda: GRULayer((2, 3, 4), 2, mask_input=(2, 5)),
            "mask_input must be (batch, time) of incoming, (2, 3), got (2, 5)",
        ),
        (
            lambda: GRULayer((2, 3, 4), 2, hid_init=InputLayer((2, 3))),
            "hid_init comes from a layer of shape (2, 3), the state is (2, 2). Give hid_init a",
        ),
        (
            lambda: LSTMLayer((2, 3, 4), 2, cell_init=InputLayer((2, 2, 1))),
            "cell_init comes from a layer of shape (2, 2, 1), the state is (2, 2)",
        ),
        (lambda: GRULayer((2, 3, 4), 2, gradient_steps=0), "gradient_steps is a number of steps"),
        (lambda: GRULayer((2, 3, 4), 2, grad_clipping=-1), "grad_clipping is a positive bound"),
        (
            lambda: LSTMLayer((2, 3, 4), 2, outgate=Gate(W_cell=None)),
            "peepholes need the weights W_cell of outgate, which has None",
        ),
        (
            lambda: RecurrentLayer(InputLayer((2, 3, 4), name="in"), 2, hid_init=np.ones((1, 3))),
            "cannot initialize parameter hid_init: the provided numpy array has shape (1, 3)",
        ),
    ],
)
def test_wrong_settings(make_layer, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        make_layer()


def test_no_steps():
    with pytest.raises(ValueError, match="has no time step"):
        get_output(GRULayer((None, None, 3), 2), {None: np.ones((2, 0, 3))})


def test_a_subclass_says_its_states_shape():
    from minitorch.layers.recurrent_base import BaseRecurrentLayer

    with pytest.raises(NotImplementedError):
        BaseRecurrentLayer._state_shape(None)


def test_gates_show_what_was_given():
    assert repr(Gate()) == "Gate()"
    assert (
        repr(Gate(W_cell=None, nonlinearity=nonlinearities.tanh))
        == "Gate(W_cell=None, nonlinearity=tanh)"
    )
    assert repr(Gate(nonlinearity=None)) == "Gate(nonlinearity=linear)"
