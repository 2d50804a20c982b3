"""Influence by its definition: where a random walk from an output ends.

At an op with several operands that depend on the source the walk takes each with equal chance (an
element of a concatenation lies in one operand, so there is nothing to choose), at an op each tap
with equal chance. A tap in zero padding ends the walk; what is left is normalised by who asks.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.oracle import program as p
from tests.oracle.axis_read import AxisRead
from tests.oracle.definitions import define
from tests.oracle.tensor_meaning import Tables, contracted, framed, shapes_of, shuffle

Chances = NDArray[np.float64]


def walks(program: p.Program, source: str) -> dict[str, Chances]:
    """For every layer the chance of each of its elements to end at each element of ``source``."""
    shapes = shapes_of(program)
    elements = prod(shapes[source])
    own = np.eye(elements).reshape(*shapes[source], elements)
    known: dict[str, Chances] = {source: own}
    for layer in program.layers:
        if layer.name == source or not any(o in known for o in layer.operands):
            continue
        known[layer.name] = _step(layer, shapes, known, elements)
    return known


def _step(
    layer: p.Layer, shapes: dict[str, p.Ints], known: dict[str, Chances], elements: int
) -> Chances:
    op = layer.op
    if isinstance(op, p.COUPLED):
        chances = known[layer.operands[0]]
        if isinstance(op, p.Reshape):
            return chances.reshape(*op.shape, elements)
        if isinstance(op, p.Permute):
            return chances.transpose(*op.order, len(op.order))
        if isinstance(op, (p.Frames, p.OverlapAdd)):
            return framed(op, chances, share=True)
        assert isinstance(op, (p.DepthToSpace, p.SpaceToDepth))
        return shuffle(op, chances)
    made = define(op, [shapes[name] for name in layer.operands])
    total = np.zeros((*made.shape, elements))
    branches = sum(operand in known for operand in layer.operands)
    for operand, reads in zip(layer.operands, made.operands, strict=True):
        if operand in known:
            sizes = shapes[operand]
            tables: Tables = [
                _chances(op, r, made.shape, n) for r, n in zip(reads, sizes, strict=True)
            ]
            total += contracted(known[operand], tables, reads, made.shape)
    return total if isinstance(op, p.Concat | p.Overwrite) else total / branches


def _chances(op: p.Op, read: AxisRead, shape: p.Ints, size: int) -> Chances:
    """``[i, m]``: the chance to step from output ``i`` to operand index ``m``."""
    table = np.zeros((1 if read.axis is None else shape[read.axis], size))
    for i in range(len(table)):
        taps = read.grid(i)
        if taps is None:
            table[i] = 1 / size
            continue
        listed = list(taps)
        if len(listed) == 1 and not isinstance(op, p.Window | p.Transposed):
            for m in read.here(i) or ():  # a mirrored or wrapped element
                table[i, m] = 1
            continue
        for tap in listed:
            m = min(max(tap, 0), size - 1) if isinstance(op, p.Resize) else tap
            if 0 <= m < size:
                table[i, m] += 1 / len(listed)
    return table
