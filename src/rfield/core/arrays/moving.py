"""Ops that shift, mirror, repeat, join and divide."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from ...errors import InvalidModelError, too_large
from .. import layout, ops
from ..arguments import integer, normalize_axis, several
from ..limits import PERIOD_LIMIT
from ..link import Link, Read
from ..operation import Op
from ..relation import IDENTITY
from .expression import Array, Axes, Operand, Reading, axes_of, known_array, read, shape_of
from .gathering import take_along_axis
from .shaping import broadcast_to, flatten, reshape, swapaxes, unsqueeze

_joined = lru_cache(maxsize=2048)(layout.concat)
"""Networks repeat their blocks: the same concatenation is worked out once."""
_TILE_PHASES = 4096
"""An axis up to this size is tiled by its own pattern; a longer one by reshapes."""


def roll(x: Operand, shifts: int | Sequence[int], axes: Axes = None) -> Reading:
    """Circular shift: output ``i`` reads ``(i - shift) mod size``.

    Shifts along an axis that is named twice add up; without axes the flattened operand is shifted.
    https://numpy.org/doc/stable/reference/generated/numpy.roll.html

    >>> from .expression import Known
    >>> roll(Known((8,)), (1, 2), (0, -1)).steps[0].links[0].reads[0].relation.taps
    (IndexSet{-3},)
    """
    shape, steps = shape_of(x), several("shifts", shifts)
    if axes is None:
        flat = layout.reshape(shape, (prod(shape),))
        return read(
            [flat, layout.roll(flat.shape, {0: sum(steps)}), layout.reshape(flat.shape, shape)], x
        )
    named = several("axes", axes)
    if len(steps) != len(named) and 1 not in (len(steps), len(named)):
        raise InvalidModelError(f"shifts = {shifts} along axes = {axes}")
    count = max(len(steps), len(named))
    total: dict[int, int] = {}
    for axis, step in zip(
        named if len(named) == count else named * count,
        steps if len(steps) == count else steps * count,
        strict=True,
    ):
        place = normalize_axis(axis, len(shape))
        total[place] = total.get(place, 0) + step
    return read(layout.roll(shape, total), x)


def flip(x: Operand, axes: Axes = None) -> Reading:
    """Backwards along the axes: output ``i`` reads ``size - 1 - i``.

    https://numpy.org/doc/stable/reference/generated/numpy.flip.html

    >>> from .expression import Known
    >>> flip(Known((3, 4)), -1).shape
    (3, 4)
    """
    shape = shape_of(x)
    chosen = axes_of(axes, len(shape))
    return read(layout.flip(shape, chosen) if chosen else [], x)


def reverse_sequence(x: Operand, lengths: object, *, axis: int, batch_axis: int) -> Reading:
    """The first ``lengths[b]`` elements of ``axis`` backwards, for each index ``b`` of the batch.

    https://www.tensorflow.org/api_docs/python/tf/reverse_sequence

    >>> from .expression import Known
    >>> reverse_sequence(Known((2, 5)), [3, 3], axis=1, batch_axis=0).steps[0].links
    (Link(0: =, 1: Table(taps=(IndexSet{2}, IndexSet{1}, IndexSet{0}, IndexSet{3}, IndexSet{4}))),)
    """
    shape, array = shape_of(x), known_array(lengths)
    own: Any = lengths if array is None else array
    time, batch = normalize_axis(axis, len(shape)), normalize_axis(batch_axis, len(shape))
    if time == batch or tuple(own.shape) != (shape[batch],):
        raise InvalidModelError(f"lengths {tuple(own.shape)} of sequences in {shape}")
    if array is None:
        link = ops.mix(shape, [time], kind="reverse_sequence").links[0]
        op = Op("reverse_sequence", shape, (link, Link([Read(batch, IDENTITY)])), exact=False)
        return Reading(op, [x, own])
    counts = [int(count) for count in array]
    if any(not 0 <= count <= shape[time] for count in counts):
        raise InvalidModelError(f"lengths {counts} of sequences in {shape}")
    orders = [[*range(count)[::-1], *range(count, shape[time])] for count in counts]
    if all(order == orders[0] for order in orders):
        order = orders[0] if orders else [*range(shape[time])]
        return read(layout.gather(shape, time, order, kind="reverse_sequence"), x)
    table = np.array(orders if batch < time else np.transpose(orders))
    sizes = [shape[k] if k in (time, batch) else 1 for k in range(len(shape))]
    return take_along_axis(x, table.reshape(sizes), time)


def rot90(x: Operand, k: int = 1, axes: Sequence[int] = (0, 1)) -> Reading:
    """Quarter turns from the first axis towards the second.

    https://numpy.org/doc/stable/reference/generated/numpy.rot90.html

    >>> from .expression import Known
    >>> rot90(Known((3, 4))).shape
    (4, 3)
    """
    first, second = axes_of(axes, len(shape_of(x)))
    match k % 4:
        case 0:
            return read([], x)
        case 1:
            return swapaxes(flip(x, second), first, second)
        case 2:
            return flip(x, (first, second))
        case _:
            return swapaxes(flip(x, first), first, second)


def fftshift(x: Operand, axes: Axes = None) -> Reading:
    """Circular shift by half of each axis, rounded down: frequency 0 comes to the middle.

    https://numpy.org/doc/stable/reference/generated/numpy.fft.fftshift.html

    >>> from .expression import Known
    >>> fftshift(Known((5,))).steps[0].links[0].reads[0].relation.taps
    (IndexSet{-2},)
    """
    shape = shape_of(x)
    chosen = axes_of(axes, len(shape))
    return roll(x, [shape[axis] // 2 for axis in chosen], chosen) if chosen else read([], x)


def ifftshift(x: Operand, axes: Axes = None) -> Reading:
    """The circular shift back; along an odd axis it is one longer than that of ``fftshift``.

    https://numpy.org/doc/stable/reference/generated/numpy.fft.ifftshift.html

    >>> from .expression import Known
    >>> ifftshift(Known((5,))).steps[0].links[0].reads[0].relation.taps
    (IndexSet{2},)
    """
    shape = shape_of(x)
    chosen = axes_of(axes, len(shape))
    return roll(x, [-(shape[axis] // 2) for axis in chosen], chosen) if chosen else read([], x)


def tile(x: Operand, repeats: int | Sequence[int]) -> Reading:
    """The whole operand again and again: output ``i`` reads ``i mod size``.

    Fewer repeats than axes count for the last axes, more make new axes in front.
    https://numpy.org/doc/stable/reference/generated/numpy.tile.html

    >>> from .expression import Known
    >>> tile(Known((2, 3)), 2).shape, tile(Known((3,)), (2, 2)).shape
    ((2, 6), (2, 6))
    """
    times = several("repeats", repeats)
    if any(count < 0 for count in times):
        raise InvalidModelError(f"repeats = {repeats}; expected integers of at least 0")
    rank = max(len(shape_of(x)), len(times))
    times = [1] * (rank - len(times)) + times
    made = reshape(x, (1,) * (rank - len(shape_of(x))) + shape_of(x))
    small = {
        axis: count
        for axis, count in enumerate(times)
        if count != 1 and made.shape[axis] <= _TILE_PHASES
    }
    if small:
        made = read(layout.tile(made.shape, small), made)
    for axis, count in enumerate(times):
        if count != 1 and axis not in small:
            sizes = list(made.shape)
            wide = broadcast_to(
                unsqueeze(made, axis), (*sizes[:axis], count, *sizes[axis:])
            )  # fmt: skip
            sizes[axis] *= count
            made = reshape(wide, sizes)
    return made


def repeat(x: Operand, times: int | Sequence[int] | Array, axis: int | None = None) -> Reading:
    """Every element several times in place: output ``i`` reads ``i // times``.

    ``times`` may be one number per element. Without an axis the operand is flattened.
    https://numpy.org/doc/stable/reference/generated/numpy.repeat.html

    >>> from .expression import Known
    >>> repeat(Known((2, 3)), 2, 1).shape, repeat(Known((3,)), [0, 2, 1], 0).shape
    ((2, 6), (3,))
    """
    if axis is None:
        return repeat(flatten(x), times, 0)
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape))
    counts = [int(count) for count in np.asarray(times).reshape(-1).tolist()]
    if any(count < 0 for count in counts) or len(counts) not in (1, shape[axis]):
        raise InvalidModelError(f"repeats {counts} of an axis of {shape[axis]}")
    if len(counts) == 1:
        return read(layout.repeat_each(shape, axis, counts[0]), x)
    if sum(counts) > PERIOD_LIMIT:
        raise too_large("the table of a repetition", sum(counts), "Its positions are too many.")
    places = [k for k, count in enumerate(counts) for _ in range(count)]
    return read(layout.gather(shape, axis, places, kind="repeat"), x)


def concat(operands: Sequence[Operand], axis: int = 0) -> Reading:
    """End to end along an axis.

    https://numpy.org/doc/stable/reference/generated/numpy.concatenate.html

    >>> from .expression import Known
    >>> concat([Known((2, 3)), Known((2, 4))], -1).shape
    (2, 7)
    """
    if len(operands) == 1:
        normalize_axis(axis, len(shape_of(operands[0])))
        return read([], operands[0])
    return Reading(_joined(*map(shape_of, operands), axis=axis), operands)


def stack(operands: Sequence[Operand], axis: int = 0) -> Reading:
    """Side by side along a new axis.

    https://numpy.org/doc/stable/reference/generated/numpy.stack.html

    >>> from .expression import Known
    >>> stack([Known((2, 3))] * 5, -1).shape
    (2, 3, 5)
    """
    if not operands:
        raise InvalidModelError("nothing to stack")
    return concat([unsqueeze(operand, axis) for operand in operands], axis)


def split(x: Operand, parts: int | Sequence[int], axis: int = 0) -> tuple[Reading, ...]:
    """Consecutive slices: so many parts of equal size, or parts of given sizes (one may be -1).

    https://www.tensorflow.org/api_docs/python/tf/split

    >>> from .expression import Known
    >>> [part.shape for part in split(Known((2, 7)), (3, -1), 1)]
    [(2, 3), (2, 4)]
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape))
    size, count = shape[axis], integer(parts)
    if count is not None:
        if count < 1 or size % count:
            raise InvalidModelError(f"{count} equal parts of an axis of {size}")
        sizes = [size // count] * count
    else:
        sizes = several("sizes", parts)
        if sizes.count(-1) == 1:
            sizes[sizes.index(-1)] = size - sum(sizes) - 1
    if sum(sizes) != size or any(part < 0 for part in sizes):
        raise InvalidModelError(f"splits an axis of {size} into {sizes}")
    starts = accumulate(sizes, initial=0)
    return tuple(
        read([] if part == size else layout.slice_(shape, axis, a, a + part, kind="split"), x)
        for a, part in zip(starts, sizes, strict=False)
    )


def unstack(x: Operand, axis: int = 0) -> tuple[Reading, ...]:
    """Every index of an axis on its own.

    https://www.tensorflow.org/api_docs/python/tf/unstack

    >>> from .expression import Known
    >>> [part.shape for part in unstack(Known((2, 7)))]
    [(7,), (7,)]
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape))
    return tuple(read(layout.select(shape, axis, k), x) for k in range(shape[axis]))
