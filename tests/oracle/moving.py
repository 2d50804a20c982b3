"""Ops that move, repeat or select elements: every output index holds one element of the operand.

Written, like ``definitions``, from what the op does and from nothing else.
"""

from __future__ import annotations

from math import gcd

import numpy as np

from tests.oracle import program as p
from tests.oracle.axis_read import AxisRead, Defined, Reads, only, same_place

NUMPY_MODES = {
    "reflect": "reflect", "replicate": "edge", "circular": "wrap", "symmetric": "symmetric",
}  # fmt: skip


def padded(size: int, before: int, after: int, mode: str) -> list[int | None]:
    """The element that every position of the padded axis holds; None for a zero."""
    wide, right = max(before, 0), max(after, 0)
    elements: list[int | None] = list(range(size))
    if mode == "constant":
        elements = [None] * wide + elements + [None] * right
    else:
        elements = np.pad(np.arange(size), (wide, right), mode=NUMPY_MODES[mode]).tolist()  # type: ignore[call-overload]
    return elements[max(-before, 0) : len(elements) - max(-after, 0)]


def moved(shape: p.Ints, lists: dict[int, tuple[list[int | None], Reads]]) -> Defined:
    """Axis by axis: ``lists[axis]`` are the element of each output index and the theory."""
    reads, result = [same_place(axis) for axis in range(len(shape))], list(shape)
    for axis, (elements, grid) in lists.items():

        def here(i: int, elements: list[int | None] = elements) -> list[int]:
            return [m for m in elements[i : i + 1] if m is not None]

        reads[axis] = AxisRead(axis, grid, here)
        result[axis] = len(elements)
    return Defined(tuple(result), (tuple(reads),))


def pad(op: p.Pad | p.Crop, shape: p.Ints) -> Defined:
    if isinstance(op, p.Pad):
        pads, mode = op.pads, op.mode
    else:
        pads, mode = tuple((-before, -after) for before, after in op.cuts), "constant"
    lists: dict[int, tuple[list[int | None], Reads]] = {}
    for j, (before, after) in enumerate(pads):
        elements = padded(shape[j + 2], before, after, mode)
        lists[j + 2] = elements, lambda i, before=before: [i - before]
    return moved(shape, lists)


def slice_(op: p.Slice, shape: p.Ints) -> Defined:
    picked: list[int | None] = list(range(op.start, op.stop, op.step))
    return moved(shape, {op.axis: (picked, lambda i: [op.start + op.step * i])})


def flip(op: p.Flip, shape: p.Ints) -> Defined:
    lists: dict[int, tuple[list[int | None], Reads]] = {}
    for axis in op.axes:
        n = shape[axis]
        lists[axis] = list(range(n))[::-1], lambda i, n=n: [n - 1 - i]
    return moved(shape, lists)


def roll(op: p.Roll, shape: p.Ints) -> Defined:
    lists: dict[int, tuple[list[int | None], Reads]] = {}
    for axis, steps in op.shifts:
        rolled = np.roll(np.arange(shape[axis]), steps).tolist()
        lists[axis] = rolled, lambda i, steps=steps: [i - steps]
    return moved(shape, lists)


def gather(op: p.Gather, shape: p.Ints) -> Defined:
    """Any elements; where every part of the axis is picked from alike, the grid goes on so."""
    picked: list[int | None] = list(op.indices)
    count, size = len(op.indices), shape[op.axis]
    parts = gcd(count, size)
    row, step = count // parts, size // parts
    alike = all(
        op.indices[i] == op.indices[i % row] + i // row * step for i in range(count)
    )  # fmt: skip

    def grid(i: int) -> list[int]:
        if alike and parts > 1 and count != size:
            return [op.indices[i % row] + i // row * step]
        return [op.indices[i]] if 0 <= i < count else []

    return moved(shape, {op.axis: (picked, grid)})


def tile(op: p.Tile, shape: p.Ints) -> Defined:
    n = shape[op.axis]
    laid: list[int | None] = np.tile(np.arange(n), op.times).tolist()
    return moved(shape, {op.axis: (laid, lambda i: [i % n])})


def repeat(op: p.Repeat, shape: p.Ints) -> Defined:
    laid: list[int | None] = np.repeat(np.arange(shape[op.axis]), op.times).tolist()
    return moved(shape, {op.axis: (laid, lambda i: [i // op.times])})


def select(op: p.Select, shape: p.Ints) -> Defined:
    """One index of an axis, which is gone afterwards."""
    reads = [same_place(axis - (axis > op.axis)) for axis in range(len(shape))]
    reads[op.axis] = only(None, op.index)
    return Defined((*shape[: op.axis], *shape[op.axis + 1 :]), (tuple(reads),))


def overwrite(op: p.Overwrite, shapes: list[p.Ints]) -> Defined:
    """Element by element: from the new values where one was written, else the old one.

    Where every ``step``-th is written, from the first to the last, the grid goes on so.
    """
    size, count = shapes[0][op.axis], shapes[1][op.axis]
    old: list[int | None] = list(range(size))
    new: list[int | None] = [None] * size
    for k in range(count):
        at = op.start + op.step * k
        old[at], new[at] = None, k
    fills = op.start < op.step and op.start + op.step * count >= size
    goes_on = op.step > 1 and count > 1 and fills
    parts = []
    for elements, is_new in ((old, False), (new, True)):

        def grid(i: int, elements: list[int | None] = elements, is_new: bool = is_new) -> list[int]:
            block, phase = divmod(i - op.start, op.step)
            if goes_on:
                return [block if is_new else i] if is_new == (phase == 0) else []
            found = elements[i] if 0 <= i < size else None
            return [] if found is None else [found]

        parts.append(moved(shapes[0], {op.axis: (elements, grid)}).operands[0])
    return Defined(shapes[0], tuple(parts))
