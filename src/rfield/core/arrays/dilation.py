"""Windows over tensors with zeros between their elements: input dilation, interior padding.

A transposed convolution is the plain one over a dilated input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .. import layout, ops
from ..arguments import normalize_axis
from ..indices import EMPTY
from ..operation import Op
from ..relation import ZERO, Sliding
from .expression import Known, Operand, Reading, read, shape_of

Pairs = Sequence[tuple[int, int]]


def dilate(x: Operand, steps: Mapping[int, int]) -> Reading:
    """``step - 1`` zeros between neighbours: output ``i`` reads ``i / step`` where that is whole.

    >>> dilate(Known((1, 4)), {1: 3}).shape
    (1, 10)
    """
    shape = shape_of(x)
    relations: dict[int, tuple[Sliding, int]] = {}
    for named, step in steps.items():
        axis = normalize_axis(named, len(shape))
        if step > 1:
            relation = Sliding(step, 1, (ZERO, *[EMPTY] * (step - 1)))
            relations[axis] = (relation, max(0, (shape[axis] - 1) * step + 1))
    if not relations:
        return read([], x)
    return read(ops.along(shape, {**relations}, kind="dilate", algebra="move"), x)


def pad_inside(
    x: Operand,
    padding: Mapping[int, tuple[int, int]],
    inside: Mapping[int, int],
    *,
    fill: float | None = None,
) -> Reading:
    """Zeros between the elements (``inside`` of them) and at the ends; negative numbers crop.

    ``fill``: the number at the ends, where it is known.

    >>> pad_inside(Known((1, 4)), {1: (2, -1)}, {1: 1}).shape
    (1, 8)
    """
    wide = dilate(x, {axis: count + 1 for axis, count in inside.items()})
    ends = {axis: pair for axis, pair in padding.items() if pair != (0, 0)}
    around = [replace(layout.pad(wide.shape, ends), fill=fill)] if ends else []
    return read([*wide.steps, *around], x)


def spread(
    x: Operand, axes: Sequence[int], padding: Pairs, inside: Sequence[int]
) -> tuple[list[Op], Operand, list[tuple[int, int]]]:
    """What stands before a window: dilation, crops; then the shape, and the padding that is left.

    >>> spread(Known((1, 4)), [1], [(-1, 2)], [2])[1:]
    (Known(shape=(1, 6)), [(0, 2)])
    """
    cut = {axis: (min(0, a), min(0, b)) for axis, (a, b) in zip(axes, padding, strict=True)}
    made = pad_inside(
        Known(shape_of(x)), cut, {axis: step - 1 for axis, step in zip(axes, inside, strict=True)}
    )
    rest = [(max(0, a), max(0, b)) for a, b in padding]
    return list(made.steps), Known(made.shape), rest
