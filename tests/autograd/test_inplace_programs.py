"""Random programs of views and writes, against NumPy arrays that carry their Jacobian along.

The oracle runs the same program on two NumPy buffers, the values and their derivatives towards
the leaf (one more axis at the end). Its views are NumPy's own, so what is written through one is
seen through all others.
"""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import minitorch as mt

N = 6
VIEWS = {
    "first": lambda xp, x, extra: x[0],
    "rest": lambda xp, x, extra: x[1:],
    "backwards": lambda xp, x, extra: x[::-1],
    "middle": lambda xp, x, extra: x[:, 1:] if x.ndim - extra > 1 else x[1:-1],
    "unit": lambda xp, x, extra: x[None],
    "flat": lambda xp, x, extra: x.reshape((-1, *x.shape[x.ndim - extra :])),
    "turned": lambda xp, x, extra: turned(xp, x, extra),
}
WRITES = ("scale", "shift", "add", "assign", "multiply", "pick", "mask")


def turned(xp, x, extra):
    kept = x.ndim - extra
    order = [*reversed(range(kept)), *range(kept, x.ndim)]
    return xp.permute_dims(x, tuple(order)) if extra == 0 else x.transpose(order)


class Handle:
    """One view in three worlds: the tensor, its values, its Jacobian."""

    def __init__(self, tensor, values, jacobian):
        self.tensor, self.values, self.jacobian = tensor, values, jacobian

    def view(self, name):
        function = VIEWS[name]
        found = Handle(
            function(mt, self.tensor, 0),
            np.asarray(function(np, self.values[..., None], 1)[..., 0]),
            function(np, self.jacobian, 1),
        )
        if found.values.size:  # where one world copies, all do
            assert np.shares_memory(found.values, self.values) == np.shares_memory(
                found.jacobian, self.jacobian
            )
        return found

    def write(self, kind, other):
        t, v, j = self.tensor, self.values, self.jacobian
        w, dw = other.values.copy(), other.jacobian.copy()
        if kind == "scale":
            t *= 3.0
            v *= 3
            j *= 3
        elif kind == "shift":
            t += 1.0
            v += 1
        elif kind == "add":
            t += other.tensor
            v += w
            j += dw
        elif kind == "assign":
            t[...] = other.tensor
            v[...] = w
            j[...] = dw
        elif kind == "multiply":
            t *= other.tensor * 1
            j[...] = j * w[..., None] + v[..., None] * dw
            v *= w
        elif kind == "pick":
            t[[0, -1]] = 0.5
            v[[0, -1]] = 0.5
            j[[0, -1]] = 0
        else:
            mask = np.arange(v.shape[0]) % 2 == 0
            t[mt.asarray(mask)] *= 2.0
            v[mask] *= 2
            j[mask] *= 2


def start():
    leaf = mt.tensor(np.linspace(0.5, 1.5, N), requires_grad=True)
    values = leaf.numpy().copy().reshape(2, 3)
    computed = Handle((leaf * 1).reshape((2, 3)), values, np.eye(N).reshape(2, 3, N).copy())
    constant = Handle(mt.ones((2, 3), dtype=mt.float64), np.ones((2, 3)), np.zeros((2, 3, N)))
    return leaf, [computed, constant]


def fits(target, other):
    try:
        return np.broadcast_shapes(target.values.shape, other.values.shape) == target.values.shape
    except ValueError:
        return False


def run(steps):
    leaf, handles = start()
    for place, kind, second in steps:
        handle = handles[place % len(handles)]
        if not handle.values.ndim:
            continue
        if kind in VIEWS:
            if handle.values.ndim < 4 and handle.values.shape[0]:
                handles.append(handle.view(kind))
            continue
        other = handles[second % len(handles)]
        if handle.values.shape[0] and fits(handle, other):
            handle.write(kind, other)
    return leaf, handles


STEPS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from([*VIEWS, *WRITES, *WRITES]), st.integers(0, 9)),
    min_size=2,
    max_size=12,
)


def gradient(loss, leaf):
    """The only excuse for having none: a product, one of whose factors was written later."""
    try:
        return mt.grad(loss, leaf, retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        if "multiply: the saved value" in str(error):
            return "stale"
        raise


@given(STEPS)
@settings(max_examples=400)
def test_every_view_sees_every_write_and_has_the_right_gradient(steps):
    leaf, handles = run(steps)
    for handle in handles:
        np.testing.assert_allclose(handle.tensor.detach().numpy(), handle.values)
        weights = np.arange(1.0, handle.values.size + 1).reshape(handle.values.shape)
        expected = (weights[..., None] * handle.jacobian).reshape(-1, N).sum(0)
        loss = (handle.tensor * mt.asarray(weights)).sum()
        if not loss.requires_grad:
            assert not expected.any()
            continue
        found = gradient(loss, leaf)
        assume(not isinstance(found, str))
        found = np.zeros(N) if found is None else found.numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_oracle_sees_what_is_wrong(monkeypatch):
    """With the histories of views left as they were, the programs above are told apart."""
    monkeypatch.setattr(mt.Tensor, "_refresh", lambda self: None)
    leaf, handles = run([(0, "rest", 0), (0, "scale", 0)])
    found = mt.grad(handles[-1].tensor.sum(), leaf).numpy()
    assert found.tolist() != handles[-1].jacobian.sum((0, 1)).tolist()
