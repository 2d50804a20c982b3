"""The tensor meaning, n-D: the exact set of source elements that every element of a layer reads.

``dependence`` gives an array of shape ``layer shape + (elements of the source,)``: True where that
output element reads that source element. Every op is applied to whole sets by its definition.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.oracle import program as p
from tests.oracle.axis_read import AxisRead
from tests.oracle.definitions import define

Sets = NDArray[np.bool_]


def shapes_of(program: p.Program) -> dict[str, p.Ints]:
    """The shape of every input and layer."""
    shapes = dict(program.inputs)
    for layer in program.layers:
        shapes[layer.name] = shape_of(layer.op, [shapes[name] for name in layer.operands])
    return shapes


def shape_of(op: p.Op, shapes: list[p.Ints]) -> p.Ints:
    """The output shape of one op."""
    one = shapes[0]
    if isinstance(op, p.Reshape):
        return op.shape
    if isinstance(op, p.Permute):
        return tuple(one[axis] for axis in op.order)
    if isinstance(op, p.DepthToSpace):
        cell = prod(op.block)
        return (one[0], one[1] // cell, *(n * b for n, b in zip(one[2:], op.block, strict=True)))
    if isinstance(op, p.SpaceToDepth):
        cell = prod(op.block)
        return (one[0], one[1] * cell, *(n // b for n, b in zip(one[2:], op.block, strict=True)))
    if isinstance(op, p.Frames):
        windows = range(-op.before, one[op.axis] + op.after - op.dilation * (op.size - 1), op.step)
        return (*one[: op.axis], len(windows), op.size, *one[op.axis + 1 :])
    if isinstance(op, p.OverlapAdd):
        return (*one[: op.axis], op.size, *one[op.axis + 2 :])
    return define(op, shapes).shape


def dependence(program: p.Program, source: str) -> dict[str, Sets]:
    """For every input and layer, which elements of ``source`` (in row-major order) it reads."""
    shapes = shapes_of(program)
    elements = prod(shapes[source])
    own = np.eye(elements, dtype=bool).reshape(*shapes[source], elements)
    known: dict[str, Sets] = {}
    for name, shape in program.inputs:
        known[name] = own if name == source else np.zeros((*shape, elements), bool)
    for layer in program.layers:
        if layer.name == source:
            known[layer.name] = own
            continue
        known[layer.name] = apply(layer.op, [known[name] for name in layer.operands])
    return known


def apply(op: p.Op, operands: list[Sets]) -> Sets:
    """What the op's output reads, from what its operands read."""
    sets = operands[0]
    elements = sets.shape[-1]
    if isinstance(op, p.Reshape):
        return sets.reshape(*op.shape, elements)
    if isinstance(op, p.Permute):
        return sets.transpose(*op.order, len(op.order))
    if isinstance(op, (p.DepthToSpace, p.SpaceToDepth)):
        return shuffle(op, sets)
    if isinstance(op, (p.Frames, p.OverlapAdd)):
        return framed(op, sets) > 0
    shapes = tuple(operand.shape[:-1] for operand in operands)
    made = define(op, list(shapes))
    result = np.zeros((*made.shape, elements), bool)
    for operand, reads, tables in zip(operands, made.operands, _tables(op, shapes), strict=True):
        if operand.any():
            result |= contracted(operand, tables, reads, made.shape) > 0
    return result


Tables = list[NDArray[np.float64] | None]
"""For each operand axis which index (column) every output (row) reads; None: its own place."""


@lru_cache(maxsize=256)
def _tables(op: p.Op, shapes: tuple[p.Ints, ...]) -> list[Tables]:
    made = define(op, list(shapes))
    found: list[Tables] = []
    for shape, reads in zip(shapes, made.operands, strict=True):
        found.append([])
        for n, read in zip(shape, reads, strict=True):
            table = np.zeros((1 if read.axis is None else made.shape[read.axis], n))
            for i in range(len(table)):
                table[i, list(read.here(i) or ())] = 1
            found[-1].append(None if np.array_equal(table, np.eye(n, dtype=bool)) else table)
    return found


def contracted(
    values: NDArray[Any], tables: Tables, reads: tuple[AxisRead, ...], shape: p.Ints
) -> NDArray[np.float64]:
    """``values`` summed over what every output reads, ``tables[j][i, m]`` times each."""
    values = values.astype(np.float64)
    for j, table in enumerate(tables):
        if table is not None:
            values = np.moveaxis(np.tensordot(table, values, (1, j)), 0, j)
    driven = [read.axis for read in reads]
    kept = [j for j, axis in enumerate(driven) if axis is not None]
    gone = tuple(j for j, axis in enumerate(driven) if axis is None)
    values = values.reshape([n for j, n in enumerate(values.shape) if j not in gone])
    places = [axis for axis in driven if axis is not None]
    order = sorted(range(len(kept)), key=lambda j: places[j])
    values = values.transpose(*order, len(kept))
    missing = tuple(axis for axis in range(len(shape)) if axis not in places)
    return np.broadcast_to(np.expand_dims(values, missing), (*shape, values.shape[-1]))


def shuffle(op: p.DepthToSpace | p.SpaceToDepth, sets: NDArray[Any]) -> NDArray[Any]:
    """Pixel shuffle and unshuffle, element by element."""
    shape = shape_of(op, [sets.shape[:-1]])
    result = np.zeros((*shape, sets.shape[-1]), sets.dtype)
    deep = shape[1] if isinstance(op, p.DepthToSpace) else sets.shape[1]
    for at in np.ndindex(*shape):
        n, channel, *place = at
        if isinstance(op, p.DepthToSpace):
            rests = [i % b for i, b in zip(place, op.block, strict=True)]
            rest = flat(rests, op.block)
            size = prod(op.block)
            own = channel * size + rest if op.channels_first else rest * deep + channel
            source = [i // b for i, b in zip(place, op.block, strict=True)]
        else:
            size = prod(op.block)
            own, rest = divmod(channel, size) if op.channels_first else divmod(channel, deep)[::-1]
            rests = list(np.unravel_index(rest, op.block))
            source = [i * b + r for i, b, r in zip(place, op.block, rests, strict=True)]
        result[at] = sets[(n, own, *source)]
    return result


def framed(op: p.Frames | p.OverlapAdd, sets: NDArray[Any], share: bool = False) -> NDArray[Any]:
    """Windows cut out, or laid over each other and summed; ``share``: each of them a part."""
    shape = shape_of(op, [sets.shape[:-1]])
    cut = shape if isinstance(op, p.Frames) else sets.shape
    windows, places = cut[op.axis : op.axis + 2]
    result = np.zeros((*shape, sets.shape[-1]), np.float64)
    head = (slice(None),) * op.axis
    for k in range(places):
        for window in range(windows):
            m = op.step * window + op.dilation * k - op.before
            if isinstance(op, p.Frames):
                if 0 <= m < sets.shape[op.axis]:
                    result[(*head, window, k)] = sets[(*head, m)]
            elif 0 <= m < op.size:
                meet = [
                    q for q in range(places) if (m + op.before - op.dilation * q) % op.step == 0
                ]
                result[(*head, m)] += sets[(*head, window, k)] / (len(meet) if share else 1)
    return result


def flat(index: list[int], shape: p.Ints) -> int:
    """Row-major place."""
    place = 0
    for i, n in zip(index, shape, strict=True):
        place = place * n + i
    return place
