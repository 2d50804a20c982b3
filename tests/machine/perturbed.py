"""Dependence measured by finite changes in double precision, beside what a graph claims.

It shares no code with the engines: each element of an input is changed on its own while the
framework runs, and every element of the result looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

import rfield

Shape = tuple[int, ...]


def measured(
    run: Callable[..., Any], shapes: Sequence[Shape], place: int, points: int = 3
) -> tuple[np.ndarray, Shape]:
    """(element of the result, element of input ``place``): whether one moves the other."""
    draw = np.random.default_rng(0)
    found: Any = False
    result: Shape = ()
    for _ in range(points):
        base = [draw.normal(size=shape) for shape in shapes]
        still = np.asarray(run(*base))
        result = still.shape
        moved = np.zeros((still.size, base[place].size), bool)
        for column in range(base[place].size):
            for change in (0.7, -1.3):
                given = [array.copy() for array in base]
                given[place].reshape(-1)[column] += change
                apart = abs(np.asarray(run(*given)) - still) > 1e-12
                moved[:, column] |= apart.reshape(-1)
        found = found | moved
    return found, result


def claimed(
    graph: Any, shape: Shape, name: str, result: Shape
) -> tuple[np.ndarray, set[str], tuple[int, ...]]:
    """The same as the supports say it, how sure they are, and the axes that name a position."""
    rf = rfield.receptive_field(graph, wrt=name)
    sizes = [result[axis] for axis in rf.positions]
    made = np.zeros((*result, prod(shape)), bool)
    sure = {rf.fidelity.name}
    for index in np.ndindex(*sizes):
        each = rfield.support(graph, index, wrt=name)
        full = np.zeros(shape, bool)
        spans = zip(each.offset, each.mask.shape, strict=True)
        full[tuple(slice(first, first + count) for first, count in spans)] = each.mask
        where: list[Any] = [slice(None)] * len(result)
        for axis, at in zip(rf.positions, index, strict=True):
            where[axis] = at
        made[tuple(where)] = full.reshape(-1)
        sure.add(each.fidelity.name)
    return made.reshape(-1, prod(shape)), sure, rf.positions


def verdicts(
    graph: Any,
    run: Callable[..., Any],
    shapes: Sequence[Shape],
    names: Sequence[str],
    points: int = 3,
) -> list[str]:
    """For each input "exact", "bound", or what is wrong; graphs measured along all axes."""
    found: list[str] = []
    for place, name in enumerate(names):
        real, result = measured(run, shapes, place, points)
        said, sure, positions = claimed(graph, shapes[place], name, result)
        rest = tuple(axis for axis in range(len(result)) if axis not in positions)
        wide = real.reshape(*result, -1)
        folded = np.broadcast_to(wide.any(axis=rest, keepdims=True), wide.shape)
        more = (said & ~folded.reshape(said.shape)).any()
        if (real & ~said).any():
            found.append("too small")
        elif "UPPER_BOUND" in sure:
            found.append("bound")
        else:
            found.append("too large" if more else "exact")
    return found
