"""Fit a Gaussian to a profile: by least squares, from the moments as a start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 60


@dataclass(frozen=True, slots=True)
class Gaussian:
    """``height * exp(-(x - mean)**2 / (2 * std**2))``, fitted to a profile over positions.

    ``r2`` is the share of the profile's variance that the curve explains: near 1 the profile is a
    Gaussian. A profile of one or two positions, or one that no Gaussian explains, has the mean and
    the width of its moments and an ``r2`` of 0.
    """

    height: float
    mean: float
    std: float
    r2: float

    def __call__(self, positions: Floats) -> Floats:
        """The curve at ``positions``."""
        if self.std == 0:
            return self.height * (positions == self.mean)
        return self.height * np.exp(-((positions - self.mean) ** 2) / (2 * self.std**2))


def fit(positions: Floats, profile: Floats) -> Gaussian:
    """The least-squares Gaussian for a non-negative ``profile`` (Levenberg-Marquardt).

    >>> x = np.arange(41.0)
    >>> found = fit(x, np.exp(-((x - 20) ** 2) / 18))
    >>> round(found.mean, 6), round(found.std, 6), round(found.r2, 6)
    (20.0, 3.0, 1.0)
    """
    total = max(float(profile.sum()), 1e-300)
    mean = middle = float((positions * profile).sum()) / total
    spread = float(np.sqrt((profile * (positions - mean) ** 2).sum() / total))
    if np.count_nonzero(profile) < 3:  # as many numbers as a Gaussian has fit them any way
        return Gaussian(float(profile.max()), mean, spread, 0.0)
    std = max(spread, 0.1)
    values: Floats = np.array([float(profile.max()), mean, std])
    damping, error = 1e-3, _error(values, positions, profile)
    for _ in range(STEPS):
        slopes: Any = _slopes(values, positions)
        residual = profile - _curve(values, positions)
        normal: Any = slopes.T @ slopes
        scaled: Any = normal + damping * (normal * np.eye(3) + 1e-30 * np.eye(3))
        step = cast("Floats", np.linalg.solve(scaled, slopes.T @ residual))
        tried: Floats = values + step
        tried[2] = max(abs(tried[2]), 0.05)
        after = _error(tried, positions, profile)
        if after <= error:
            done = error - after <= 1e-14 * error
            values, error, damping = tried, after, damping / 4
            if done:
                break
        else:
            damping *= 8
    variance = float(((profile - profile.mean()) ** 2).sum())
    r2 = 1 - error / variance if variance > 0 else 0.0
    if r2 <= 1e-9:  # a flat or scattered profile: the best curve is one without a width
        return Gaussian(float(profile.max()), middle, spread, 0.0)
    height, mean, std = (float(value) for value in values.tolist())
    return Gaussian(height, mean, std, r2)


def _curve(values: Floats, positions: Floats) -> Floats:
    return values[0] * np.exp(-((positions - values[1]) ** 2) / (2 * values[2] ** 2))


def _error(values: Floats, positions: Floats, profile: Floats) -> float:
    return float(((profile - _curve(values, positions)) ** 2).sum())


def _slopes(values: Floats, positions: Floats) -> Floats:
    curve, away = _curve(values, positions), positions - values[1]
    height = values[0] if abs(values[0]) > 1e-300 else 1e-300
    return np.stack(
        [curve / height, curve * away / values[2] ** 2, curve * away**2 / values[2] ** 3], axis=1
    )
