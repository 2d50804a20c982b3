"""A plan and a function that worker processes can import."""

from __future__ import annotations

import os

import numpy as np

import rfield


def plan_of_sums(image: tuple[int, int] = (45, 38), tile: int = 16) -> rfield.TilePlan:
    """A 3 x 3 sum, then every second of a 3 x 3 sum."""
    b = rfield.GraphBuilder()
    y = b.conv("one", b.input("x", (1, 1, 20, 14)), kernel=3, padding=1)
    graph = b.build([b.conv("two", y, kernel=3, stride=2, padding=1)])
    return rfield.tile_plan(graph, image, tile=tile)


def sums(x: np.ndarray) -> np.ndarray:
    """What the plan is of."""
    for step in (1, 2):
        x = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1), (1, 1)])
        rows = x[..., 2:, :] + x[..., 1:-1, :] + x[..., :-2, :]
        x = (rows[..., 2:] + rows[..., 1:-1] + rows[..., :-2])[..., ::step, ::step]
    return x


def of_process(x: np.ndarray) -> np.ndarray:
    """The sums, and in a last channel the process that made them."""
    return np.concatenate([sums(x), np.full_like(sums(x), os.getpid())], axis=1)


class Killed(RuntimeError):  # noqa: N818 - an event, no error
    """A run that is interrupted."""


class Interrupted:
    """The sums, until a tile too many."""

    def __init__(self, after: int) -> None:
        self.left, self.runs = after, 0

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The sums of a tile."""
        if not self.left:
            raise Killed
        self.left -= 1
        self.runs += 1
        return sums(x)
