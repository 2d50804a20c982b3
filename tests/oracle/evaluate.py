"""Programs on numbers: what every element is, so that tiles and streams can be held to the whole.

An element is a number that is made of what it reads, by the definitions of ``tensor_meaning``, and
of nothing else: sums modulo a prime, squared after every op, so that two elements which do not read
the same are not equal. All arithmetic is on whole numbers below 2**53 and so exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.oracle import program as p
from tests.oracle.definitions import Defined, define
from tests.oracle.tensor_meaning import _tables, contracted, framed, shuffle

PRIME = 33_554_393

Numbers = NDArray[np.float64]


def noise(shape: p.Ints, seed: int) -> Numbers:
    """Numbers for an input."""
    return np.random.default_rng(seed).integers(1, PRIME, shape).astype(np.float64)


def evaluate(program: p.Program, given: Mapping[str, Numbers], output: str) -> Numbers:
    """What one layer gives for these inputs."""
    return evaluated(program, given, output)[output]


def evaluated(program: p.Program, given: Mapping[str, Numbers], output: str) -> dict[str, Numbers]:
    """What the layers up to one of them give for these inputs, and the inputs."""
    known = {name: array[..., None] for name, array in given.items()}
    for layer in program.layers:
        known[layer.name] = _mixed(layer.op, [known[name] for name in layer.operands])
        if layer.name == output:
            break
    return {name: array[..., 0] for name, array in known.items()}


def _mixed(op: p.Op, operands: list[Numbers]) -> Numbers:
    one = operands[0]
    if isinstance(op, p.Reshape):
        return one.reshape(*op.shape, 1)
    if isinstance(op, p.Permute):
        return one.transpose(*op.order, len(op.order))
    if isinstance(op, (p.DepthToSpace, p.SpaceToDepth)):
        return shuffle(op, one)
    if isinstance(op, (p.Frames, p.OverlapAdd)):
        return _stirred(framed(op, one))
    shapes: Any = tuple(operand.shape[:-1] for operand in operands)
    made = define(op, list(shapes))
    total = np.zeros((*made.shape, 1))
    for place, (operand, reads, tables) in enumerate(
        zip(operands, made.operands, _tables(op, shapes), strict=True), 1
    ):
        total += place * (contracted(operand, tables, reads, made.shape) % PRIME)
    if isinstance(op, p.Resize) and (op.mode != "nearest" or op.coordinates == "align_corners"):
        total += _between(op, one.shape[:-1], made.shape)[..., None]
    if isinstance(op, p.Transposed):
        total += _phases(op, made)[..., None]
    return _stirred(total)


def _phases(op: p.Transposed, made: Defined) -> Numbers:
    """Which of its weights an element takes, as a number; 0 where it reads nothing.

    Between the elements of the input each place has weights of its own.
    """
    found, some = np.zeros(made.shape), np.ones(made.shape, bool)
    for k, (read, step) in enumerate(zip(made.operands[0][2:], op.stride, strict=True)):
        taken = [list(read.grid(i)) for i in range(made.shape[2 + k])]
        codes = [7919 * (i - step * min(m)) if m else 0 for i, m in enumerate(taken)]
        rest = (-1, *(1,) * (len(op.stride) - 1 - k))
        found += np.array(codes, float).reshape(rest)
        some &= np.array([bool(m) for m in taken]).reshape(rest)
    return np.where(some, found % PRIME, 0)


def _between(op: p.Resize, shape: p.Ints, result: p.Ints) -> Numbers:
    """Where an element lies between those that it reads, as a number.

    With aligned corners that goes by both sizes, so that tiles which round alike do so by chance.
    """
    found = np.zeros(result)
    for k, (n, m) in enumerate(zip(shape[2:], result[2:], strict=True)):
        step = Fraction(n, m) if op.scale is None else 1 / op.scale[k]
        if op.coordinates == "align_corners":
            step = Fraction(n - 1, m - 1) if m > 1 else Fraction(0)
        half = Fraction(op.coordinates == "half_pixel", 2)
        places = [(step * (i + half) - half) % 1 for i in range(m)]
        codes = [(7919 * at.numerator + 104_729 * at.denominator) % PRIME for at in places]
        found += np.array(codes, float).reshape(-1, *(1,) * (len(result) - 3 - k))
    return found


def _stirred(numbers: Numbers) -> Numbers:
    numbers = numbers % PRIME
    return (numbers * numbers % PRIME + 3 * numbers + 7) % PRIME
