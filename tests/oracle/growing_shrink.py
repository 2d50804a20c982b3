"""A small network that still fails, the same layers taken away at every size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from tests.oracle import program as p
from tests.oracle import shrink
from tests.oracle.growing_networks import Growing
from tests.oracle.tensor_meaning import shapes_of

FIXED = (p.Reshape, p.Slice, p.Frames, p.OverlapAdd)


def shrunk(made: Growing, fails: Callable[[Growing], bool]) -> Growing:
    """A small network for which ``fails`` still holds."""
    smaller, odd = True, odd_layers(made)
    while smaller:
        smaller = False
        for candidate in smaller_ones(made):
            valid = all(one.layers and shrink.is_valid(one) for one in candidate.programs)
            if valid and odd_layers(candidate) <= odd and fails(candidate):
                made, smaller = candidate, True
                break
    return made


def odd_layers(made: Growing) -> set[str]:
    """Layers that leave the rules of ``growing_networks``: a fixed first part of a split axis."""
    shapes = [shapes_of(program) for program in made.programs]
    odd: set[str] = set()
    for layer in made.programs[0].layers:
        pairs = [(s[layer.operands[0]], s[layer.name]) for s in shapes]
        if isinstance(layer.op, p.Roll) and any(
            len({after[axis] for _, after in pairs}) == 1 for axis, _ in layer.op.shifts
        ):
            odd.add(layer.name)
        if isinstance(layer.op, p.Matmul) and any(
            s[layer.operands[0]][-1] != s[layer.operands[1]][-2] for s in shapes
        ):
            odd.add(layer.name)
        if not isinstance(layer.op, p.Reshape):
            continue
        for group in runs(*pairs[-1]):
            lead = next((a for a in group if pairs[-1][1][a] > 1), None)
            fixed = lead is not None and len({after[lead] for _, after in pairs}) == 1
            if fixed and len({np.prod([after[a] for a in group]) for _, after in pairs}) > 1:
                odd.add(layer.name)
    return odd


def runs(before: p.Ints, after: p.Ints) -> Iterator[list[int]]:
    """Axes of ``after`` that together are one or more axes of ``before``."""
    ends = set(np.cumprod(before).tolist())
    group: list[int] = []
    for axis, end in enumerate(np.cumprod(after).tolist()):
        group.append(axis)
        if end in ends:
            yield group
            group = []


def smaller_ones(made: Growing) -> Iterator[Growing]:
    """The same step taken at every size."""
    first = made.programs[0]
    for layer in first.layers[::-1]:
        if layer.name not in first.outputs:
            shorter = (replace(one, outputs=(layer.name,)) for one in made.programs)
            yield replace(made, programs=tuple(map(shrink.pruned, shorter)))
    for layer in first.layers:
        for operand in layer.operands:
            without = (shrink.bypassed(one, layer.name, operand) for one in made.programs)
            yield replace(made, programs=tuple(without))
    for number, layer in enumerate(first.layers):
        if isinstance(layer.op, FIXED):
            continue
        options = [list(shrink.simpler(one.layers[number].op)) for one in made.programs]
        if len({len(ops) for ops in options}) == 1:
            for ops in zip(*options, strict=True):
                pairs = zip(made.programs, ops, strict=True)
                yield replace(made, programs=tuple(with_op(one, number, op) for one, op in pairs))


def with_op(program: p.Program, number: int, op: p.Op) -> p.Program:
    layers = list(program.layers)
    layers[number] = replace(layers[number], op=op)
    return replace(program, layers=tuple(layers))
