"""Luo et al., NeurIPS 2016: influence tends to a Gaussian as wide as the square root of the depth.

A kernel of k equal taps has the variance (k**2 - 1) / 12, and variances of layers add.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

import rfield
from rfield.analysis.pixels.influence import Influence


def stack(count: int, kernel: int, axes: int = 2) -> Influence:
    """The one output of ``count`` convolutions without padding."""
    size = count * (kernel - 1) + 1
    b = rfield.GraphBuilder()
    y = b.input("image", (1, 1) + (size,) * axes)
    for number in range(count):
        y = b.conv(f"conv{number}", y, kernel=kernel)
    return rfield.influence(b.build([y]), (0,) * axes)


@pytest.mark.parametrize(
    ("count", "std"), [(1, 0.816497), (4, 1.632993), (16, 3.265986), (64, 6.531973)]
)
def test_the_width_grows_as_the_square_root_of_the_depth(count, std):
    found = stack(count, 3)
    assert found.std == pytest.approx((std, std), abs=1e-6)
    assert found.size == (2 * count + 1,) * 2
    assert found.mean == pytest.approx((count, count))
    assert found.ratio == pytest.approx((4 * std / (2 * count + 1),) * 2, abs=1e-6)


@pytest.mark.parametrize("kernel", [2, 3, 5, 7])
def test_the_variance_of_a_kernel_of_any_size(kernel):
    assert stack(6, kernel, 1).std[0] ** 2 == pytest.approx(6 * (kernel**2 - 1) / 12)


def test_the_weights_are_the_trinomial_coefficients():
    found = stack(3, 3, 1)
    np.testing.assert_allclose(found.weight * 27, [1, 3, 6, 7, 6, 3, 1], rtol=1e-12)


@pytest.mark.parametrize(
    ("count", "r2"), [(4, 0.9989), (16, 0.99996), (64, 0.999998), (256, 0.9999998)]
)
def test_the_profile_tends_to_a_gaussian(count, r2):
    fit = stack(count, 3, 1).gaussian("t")
    assert fit.r2 > r2
    assert fit.mean == pytest.approx(count)
    # The tails of the sum are lighter than the Gaussian's, so the fit is a little wider.
    assert 1 < fit.std / sqrt(2 * count / 3) < 1 + 0.25 / count


def test_the_share_of_the_field_that_counts_falls_with_depth():
    boxes = {count: stack(count, 3).box(0.95) for count in (4, 16, 64)}
    assert boxes == {4: (7, 7), 16: (15, 15), 64: (31, 31)}


def test_identity_branches_keep_the_influence_in_the_middle():
    b = rfield.GraphBuilder()
    y = b.input("signal", (1, 1, 65))
    for number in range(16):
        y = b.add(f"add{number}", y, b.conv(f"conv{number}", y, kernel=3, padding=1))
    found = rfield.influence(b.build([y]), (32,))
    # Each layer adds half of the variance of three taps.
    assert found.size == (33,)
    assert found.std[0] ** 2 == pytest.approx(16 / 3)
