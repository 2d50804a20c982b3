"""The tensor meaning, n-D: the exact set of source elements that every element of a layer reads.

``dependence`` gives an array of shape ``layer shape + (elements of the source,)``: True where that
output element reads that source element. Every op is applied to whole sets by its definition.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.oracle import program as p
from tests.oracle.definitions import AxisRead, define

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
    made = define(op, [operand.shape[:-1] for operand in operands])
    result = np.zeros((*made.shape, elements), bool)
    for operand, reads in zip(operands, made.operands, strict=True):
        result |= union_of_reads(operand, reads, made.shape)
    return result


def union_of_reads(sets: Sets, reads: tuple[AxisRead, ...], shape: p.Ints) -> Sets:
    """The union of ``sets`` over what every output reads; one axis after the other."""
    tables: list[NDArray[np.float64]] = []
    for j, read in enumerate(reads):
        table = np.zeros((1 if read.axis is None else shape[read.axis], sets.shape[j]))
        for i in range(len(table)):
            for m in read.here(i) or ():
                table[i, m] = 1
        tables.append(table)
    return contracted(sets, tables, reads, shape) > 0


def contracted(
    values: NDArray[Any],
    tables: list[NDArray[np.float64]],
    reads: tuple[AxisRead, ...],
    shape: p.Ints,
) -> NDArray[np.float64]:
    """``values`` summed over what every output reads, ``tables[j][i, m]`` times each."""
    for j, table in enumerate(tables):
        values = np.moveaxis(np.tensordot(table, values.astype(np.float64), (1, j)), 0, j)
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


def flat(index: list[int], shape: p.Ints) -> int:
    """Row-major place."""
    place = 0
    for i, n in zip(index, shape, strict=True):
        place = place * n + i
    return place
