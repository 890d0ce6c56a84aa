"""The check of one op with all its samples: what counts as a failure."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Sample, composite, op, registry
from minitorch.testing import SampleMaker, check_op


@pytest.fixture(autouse=True)
def forget_new_ops():
    before = set(registry)
    yield
    for name in set(registry) - before:
        del registry[name]


def check(entry):
    return check_op(entry, SampleMaker(0))


def make_affine(rule_b=lambda g: g, linear=("x",)):
    @op(name="report_test_affine", linear=linear)
    def affine(xp, x, b=None, *, k=2.0):
        return x * k if b is None else x * k + b

    affine.vjp("x")(lambda g, k: g * k)
    affine.vjp("b")(rule_b)
    return affine


def test_a_right_op():
    affine = make_affine(linear=("x", "b"))
    affine.samples(lambda make: [Sample.of(make(2, 3), make(3)), Sample.of(make(2), k=5.0)])
    report = check(affine)
    assert (report.verdict, report.samples, report.failures) == ("ok", 2, [])
    assert report.first < 1e-8 and report.second < 1e-8 and report.adjoint < 1e-14


def test_no_samples():
    affine = make_affine()
    assert check(affine).failures == [
        "it has no samples: declare them with @report_test_affine.samples"
    ]
    affine.samples(lambda make: [])
    assert check(affine).failures == ["its sampler yields nothing"]
    affine.samples(lambda make: 1 / 0)
    assert "its sampler failed: ZeroDivisionError" in check(affine).failures[0]


def test_a_rule_that_no_sample_reaches():
    affine = make_affine(rule_b=lambda g: g * 7)
    affine.samples(lambda make: [Sample.of(make(2, 3))])
    assert check(affine).failures == ["no sample reaches the rule for b"]


def test_wrong_in_each_way_and_named_by_sample():
    affine = make_affine(rule_b=lambda g: g * 7, linear=("x", "b"))
    affine.samples(lambda make: [Sample.of(make(2)), Sample.of(make(2), make(2), note="bias")])
    report = check(affine)
    assert report.verdict == "fail" and not report.passed
    kinds = [failure.split(": ", 1) for failure in report.failures]
    assert all(label == "sample 1 (bias)" for label, _ in kinds)
    assert "wrong first-order gradient towards input 'b'" in kinds[0][1]
    assert "not the adjoint" in kinds[-1][1]
    assert report.first > 0.1 and report.adjoint > 1e-3


def test_what_is_claimed_linear_and_is_not():
    @op(name="report_test_square", linear=("x",))
    def square(xp, x):
        return x * x

    square.vjp("x")(lambda g, x: g * 2 * x)
    square.samples(lambda make: [Sample.of(make(3))])
    report = check(square)
    assert report.first < 1e-8 and len(report.failures) == 1
    assert "not the adjoint" in report.failures[0]


def test_a_rule_that_raises_names_the_error():
    @op(name="report_test_raises")
    def raises(xp, x):
        return x * 1

    raises.vjp("x")(lambda g: {}["key"])
    raises.samples(lambda make: [Sample.of(make(3))])
    report = check(raises)
    assert math.isnan(report.first)
    assert "KeyError: 'key' (in the backward of report_test_raises" in report.failures[0]


def test_constant_ops_and_inputs_are_left_out():
    assert check(mt.floor).verdict == "constant"

    @op(name="report_test_masked", constant=("mask",))
    def masked(xp, x, mask):
        return x * mask * mask

    masked.vjp("x")(lambda g, mask: g * mask * mask)
    masked.samples(lambda make: [Sample.of(make(3), make(3))])
    assert check(masked).passed


def test_a_composite_and_a_variadic_op():
    @composite(name="report_test_composite")
    def composed(x, y=None):
        return mt.tanh(x) if y is None else mt.tanh(x) * y

    composed.samples(lambda make: [Sample.of(make(3), make(3)), Sample.of(make(3))])
    assert check(composed).passed

    @op(name="report_test_variadic", linear=("arrays",))
    def total(xp, *arrays):
        return sum(arrays[1:], arrays[0] * 1)

    total.vjp("arrays")(lambda g, arrays_shape: [g] * len(arrays_shape))
    total.samples(lambda make: [Sample.of(make(3), make(3), make(3)), Sample.of(make(2))])
    report = check(total)
    assert report.passed and report.adjoint < 1e-14


def test_the_sampler_gets_the_maker():
    seen = []
    affine = make_affine()

    @affine.samples
    def _(make):
        seen.append(make)
        yield Sample.of(make(2), make(2))

    make = SampleMaker(3)
    check_op(affine, make)
    assert seen == [make]
    np.testing.assert_array_equal(SampleMaker(3)(2), SampleMaker(3)(2))
