"""Moments by block, inputs that hardly vary, and the range of values."""

import numpy as np
import pytest

from normlab.training.datasets.card.inputs import EPSILON
from normlab.training.datasets.card.moments import Moments


def test_moments_of_blocks_are_those_of_the_whole():
    rows = np.random.default_rng(0).normal(1e6, 1e-2, (500, 3))
    moments = Moments(3)
    for start in range(0, 500, 7):
        moments.add(rows[start : start + 7])
    np.testing.assert_allclose(moments.mean, rows.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(moments.variance, rows.var(axis=0), rtol=1e-6)


def test_channels_have_the_mean_and_deviation_of_all_their_pixels(make):
    made = make(channels=3)
    made.x_train[..., 2] //= 2
    channels = made.card().document.channels
    training = made.x_train[40:].astype(float)
    np.testing.assert_allclose([one.mean for one in channels], training.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose([one.deviation for one in channels], training.std(axis=(0, 1, 2)))


def test_constant_inputs_are_counted_with_what_normalization_does_to_them(healthy):
    healthy.x_train[:, 0, :2] = 7
    healthy.x_test[:, 0, 0] = 7
    found = healthy.card().document.inputs
    assert (found.inputs, found.constant, found.constant_but_in_test, found.nearly_constant) == (256, 2, 1, 0)
    assert found.largest_gain == pytest.approx(1 / np.sqrt(EPSILON))
    finding = healthy.findings()["nearly_constant_inputs"]
    assert (finding.severity, finding.count) == ("info", 2)
    assert finding.examples == ("row 0, column 0", "row 0, column 1")
    assert "1 / sqrt(variance + epsilon)" in finding.detail
    assert "1 of the constant ones have another value" in finding.detail


def test_nearly_constant_inputs_are_told_from_constant_ones(make):
    made = make(channels=3)
    made.x_train[:, 5, 6, 1] = 0
    made.x_train[100, 5, 6, 1] = 90
    found = made.card().document.inputs
    assert (found.constant, found.nearly_constant) == (0, 1)
    assert made.findings()["nearly_constant_inputs"].examples == ("row 5, column 6, channel 1",)


def test_pixels_that_were_scaled_before_they_were_stored_are_noticed(healthy):
    healthy.x_train //= 255
    healthy.x_test //= 255
    found = healthy.findings()["range_hardly_used"]
    assert (found.severity, found.numbers["share"]) == ("warning", 1 / 255)
    document = healthy.card().document
    assert (document.smallest, document.largest) == (0, 1)
