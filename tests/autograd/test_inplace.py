"""Writing in place: right gradients, or an error that names op and argument."""

import numpy as np
import pytest

import minitorch as mt


def leaf(*values):
    return mt.tensor(list(values), dtype=mt.float64, requires_grad=True)


def test_a_stale_saved_value_is_named():
    a = leaf(1.0, 2.0)
    b = a * 1
    c = b * b
    b += 1
    with pytest.raises(RuntimeError, match=r"multiply: the saved value 'x[12]' \(2,\) was written"):
        c.sum().backward()


def test_a_stale_output_is_named():
    a = leaf(1.0, 2.0)
    b = mt.exp(a)
    b *= 2  # exp saved its output
    with pytest.raises(RuntimeError, match=r"exp: the saved value 'out'"):
        b.sum().backward()


def test_a_write_through_a_view_makes_the_saved_base_stale():
    a = leaf(1.0, 2.0, 3.0)
    b = a * 1
    c = b * b
    b[1:] += 1
    with pytest.raises(RuntimeError, match="written in place"):
        c.sum().backward()


def test_a_write_to_the_base_makes_a_saved_view_stale():
    a = leaf(1.0, 2.0, 3.0)
    b = a * 1
    v = b[1:]
    c = v * v
    b += 1
    with pytest.raises(RuntimeError, match="written in place"):
        c.sum().backward()


def test_what_was_not_saved_may_be_written():
    a = leaf(1.0, 2.0)
    b = a + 1  # add saves nothing
    c = b + 1
    b += 5
    c.sum().backward()
    assert a.grad.tolist() == [1, 1]


def test_a_leaf_is_not_written_while_recording():
    a = leaf(1.0)
    with pytest.raises(RuntimeError, match="leaf .*no_grad"):
        a += 1
    with mt.no_grad():
        a += 1
    assert a.item() == 2.0 and a.is_leaf and a.requires_grad
    view = a[0:1]
    with pytest.raises(RuntimeError, match="leaf"):
        view += 1


def test_operators_in_place_keep_the_history():
    a, b = leaf(2.0, 3.0), leaf(5.0, 7.0)
    y = a * 1
    same = y
    y *= b
    y += a
    y -= 1
    y /= 2
    assert same is y
    y.sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), (np.array([5.0, 7]) + 1) / 2)
    np.testing.assert_allclose(b.grad.numpy(), [1.0, 1.5])


def test_a_write_through_a_view_reaches_the_base():
    a, w = leaf(1.0, 2.0, 3.0), leaf(10.0, 20.0)
    b = a * 2
    v = b[1:]
    v *= w
    assert b.tolist() == [2, 40, 120]
    (b * b).sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), [2 * 2 * 2, 2 * 40 * 20, 2 * 120 * 40])
    np.testing.assert_allclose(w.grad.numpy(), [2 * 40 * 4, 2 * 120 * 6])


def test_an_older_view_follows_a_write_to_its_base():
    a = leaf(1.0, 2.0, 3.0)
    b = a * 1
    v = b[1:]
    b *= 3
    assert v.tolist() == [6, 9]
    v.sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), [0, 3, 3])


def test_a_sibling_view_follows_too():
    a = leaf(1.0, 2.0, 3.0)
    b = a * 1
    first, second = b[:2], b[1:]
    first *= 4
    assert second.tolist() == [8, 3]
    second.sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), [0, 4, 1])


def test_a_view_of_a_view():
    a = mt.tensor(np.arange(6.0), requires_grad=True)
    b = a * 1
    inner = b.reshape((2, 3))[1][1:]
    inner *= 10
    assert b.tolist() == [0, 1, 2, 3, 40, 50]
    b.sum().backward()
    assert a.grad.tolist() == [1, 1, 1, 1, 10, 10]


def test_keeping_the_old_value_hides_no_other_write():
    a, z = leaf(2.0), leaf(3.0) * 1
    y = a * 1
    product = y * z
    z += 1
    y[...] = product
    with pytest.raises(RuntimeError, match="written in place"):
        y.sum().backward()


def test_second_order_through_a_product_in_place():
    a = leaf(2.0, 3.0)
    y = a * a
    y *= a
    (first,) = mt.grad(y.sum(), [a], create_graph=True)
    np.testing.assert_allclose(first.numpy(), 3 * np.array([4.0, 9]))
    np.testing.assert_allclose(mt.grad(first.sum(), a).numpy(), 6 * np.array([2.0, 3]))


def test_a_constant_buffer_can_be_filled_by_differentiable_parts():
    w = leaf(2.0, 3.0)
    buffer = mt.zeros((2, 2), dtype=mt.float64)
    for i in range(2):
        buffer[i] = w * (i + 1)
    assert buffer.requires_grad
    (buffer * buffer).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), [2 * 2 * (1 + 4), 2 * 3 * (1 + 4)])


def test_overwriting_everything_cuts_the_old_history():
    a, w = leaf(1.0, 2.0), leaf(5.0, 6.0)
    b = a * 1
    b[...] = w
    (b * b).sum().backward()
    assert w.grad.tolist() == [10, 12]
    assert a.grad is None or a.grad.tolist() == [0, 0]


def test_setitem_by_integers_and_masks():
    a, w = leaf(1.0, 2.0, 3.0), leaf(7.0, 8.0)
    b = a * 1
    b[[0, 2]] = w
    (b * b).sum().backward()
    assert a.grad.tolist() == [0, 4, 0]
    assert w.grad.tolist() == [14, 16]
    a.zero_grad()
    c = a * 1
    c[mt.asarray([True, False, True])] = 0.0
    (c * c).sum().backward()
    assert a.grad.tolist() == [0, 4, 0]


def test_overlapping_source_and_target():
    a = leaf(1.0, 2.0, 3.0, 4.0)
    b = a * 1
    b[1:] += b[:-1]
    assert b.tolist() == [1, 3, 5, 7]
    (b * b).sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), [2 + 6, 6 + 10, 10 + 14, 14])


def test_bad_writes_are_refused():
    x = mt.zeros((2, 3))
    with pytest.raises(ValueError, match=r"\(4,\)"):
        x[0] = mt.ones(4)
    y = mt.zeros(3, dtype=mt.int64)
    with pytest.raises(TypeError, match=r"float.* into a int64"):
        y += mt.asarray([0.5, 0.5, 0.5])


def test_what_broadcast_to_gave_is_read_only():
    x = mt.broadcast_to(mt.ones(3), (2, 3))
    with pytest.raises(ValueError, match=r"\(2, 3\): its memory is read-only.*copy"):
        x += 1


def test_versions_are_shared_by_views_and_detached_handles():
    b = mt.zeros(4)
    v, d = b[1:], b.detach()
    v += 1
    assert b.version == v.version == d.version == 1


def test_numpy_of_a_tensor_in_a_graph_is_read_only():
    a = leaf(1.0)
    with pytest.raises(ValueError, match="read-only"):
        a.numpy()[0] = 3.0
    plain = mt.zeros(1)
    plain.numpy()[0] = 3.0
    assert plain.item() == 3.0
