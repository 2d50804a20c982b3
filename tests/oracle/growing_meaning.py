"""Global by its meaning: the field grows with the input. One network at three sizes, side by side.

Along one axis of the source, every element of a layer has a set of places that it reads, and a mark
(the last entry) that says that it reads without end. A read of a whole axis is without end where
what it reads becomes longer with the input although what single positions of that axis read does
not; what such a read leaves behind is what all positions of the axis have in common. Where single
positions already read more in a larger input (a window over flattened rows) nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.oracle import program as p
from tests.oracle.growing_networks import Growing
from tests.oracle.tensor_meaning import Sets, apply, shapes_of

Three = list[Sets]
FEW = 6
"""Fewer positions than these do not tell what is read by one of them and what by all."""
WIDE = 5
"""Of fewer positions than these all may lie at a border."""


class Along:
    """One axis of the source: what every layer reads there, at every size.

    ``marked[name]``: places and mark; ``plain[name]``: the same by brute force, without a mark.
    ``unclear``: layers of which nothing is claimed; ``vague``: nothing of their local field.
    ``readers``: layers that read without end.
    """

    def __init__(self, network: Growing, axis: int) -> None:
        programs = [unrolled(program) for program in network.programs]
        (source, _), *_rest = programs[0].inputs
        self.axis = axis
        self.network = network
        self.shapes = [shapes_of(program) for program in programs]
        self.sizes = [shapes[source][axis] for shapes in self.shapes]
        starts = [places(shapes[source], axis) for shapes in self.shapes]
        none = [np.zeros((*start.shape[:-1], 1), bool) for start in starts]
        self.plain: dict[str, Three] = {source: starts}
        self.marked: dict[str, Three] = {
            source: [np.concatenate(pair, -1) for pair in zip(starts, none, strict=True)]
        }
        self.unclear: set[str] = set()
        self.vague: set[str] = set()
        self.readers: set[str] = set()
        for layers in zip(*(program.layers for program in programs), strict=True):
            self._add(layers)

    def _add(self, layers: Sequence[p.Layer]) -> None:
        name, operands = layers[0].name, layers[0].operands
        self.unclear |= {name} if self.unclear.intersection(operands) else set()
        glued = isinstance(layers[0].op, p.Concat) and self._stands_for_all(
            name, layers[0].op.axis, [shapes[name] for shapes in self.shapes]
        )
        self.vague |= {name} if glued or self.vague.intersection(operands) else set()
        made: list[list[Sets]] = [[], [], []]
        simple: list[list[Sets]] = [[], [], []]
        for number, operand in enumerate(operands):
            rows = [shapes[operand] for shapes in self.shapes]
            axes = whole_axes(layers[-1].op, number, rows[-1])
            grow = tuple(a for a in axes if self._stands_for_all(name, a, rows))
            if isinstance(layers[-1].op, p.Cumsum):
                axes = ()
            fixed = tuple(a for a in axes if a not in grow)
            parts = [squeezed(sets, fixed) for sets in self.marked[operand]]
            if grow:
                parts = self._endless(name, parts, grow)
            for k, part in enumerate(parts):
                made[k].append(part)
                simple[k].append(squeezed(self.plain[operand][k], axes))
        self.marked[name] = [self._apply(layers, k, made[k]) for k in range(3)]
        self.plain[name] = [self._apply(layers, k, simple[k]) for k in range(3)]
        if all(map(self._is_steady, operands)) and not self._is_steady(name):
            self.unclear |= set() if self._are_scores(layers) else {name}

    def _is_steady(self, name: str) -> bool:
        """Whether single positions read no more in the largest input."""
        extents = [longest(sets[..., :-1]) for sets in self.marked[name]]
        return extents[1] == extents[2]

    def _are_scores(self, layers: Sequence[p.Layer]) -> bool:
        """Whether positions of a layer are pairs of positions, of any distance."""
        name = layers[0].name
        shapes = [shapes[name] for shapes in self.shapes]
        axes = range(len(shapes[0]) - 2, len(shapes[0]))
        return isinstance(layers[0].op, p.Matmul) and any(
            self._stands_for_all(name, axis, shapes) for axis in axes
        )

    def _stands_for_all(self, name: str, axis: int, shapes: Sequence[p.Ints]) -> bool:
        return len({s[axis] for s in shapes}) > 1 or (name, axis) in self.network.grids

    def _apply(self, layers: Sequence[p.Layer], k: int, operands: list[Sets]) -> Sets:
        sets = apply(layers[k].op, operands)
        shape = self.shapes[k][layers[k].name]
        return np.broadcast_to(sets, (*shape, sets.shape[-1]))  # what was squeezed is the same

    def behind(self, name: str) -> list[p.Layer]:
        """A layer and all that it depends on, of the largest size."""
        found = {name}
        for layer in reversed(self.network.programs[-1].layers):
            if layer.name in found:
                found.update(layer.operands)
        return [layer for layer in self.network.programs[-1].layers if layer.name in found]

    def is_endless(self, name: str, k: int) -> bool:
        """Whether anything of a layer reads without end."""
        return bool(self.marked[name][k][..., -1].any())

    def is_short(self, name: str, k: int) -> bool:
        """Whether something behind a layer that grows with the input is a single position."""
        for layer in self.behind(name):
            small, large = self.shapes[k][layer.name], self.shapes[-1][layer.name]
            if any(n == 1 < m for n, m in zip(small, large, strict=False)):
                return True
        return False

    def is_wide(self, name: str) -> bool:
        """Whether some position is far from all borders, all the way from the source on."""
        return not any(
            few < WIDE and few != self.shapes[0][layer.name][axis]
            for layer in self.behind(name)
            for axis, few in enumerate(self.shapes[-1][layer.name])
        )

    def is_plain(self, name: str) -> bool:
        """The same, and whether nothing beyond a border was left out."""
        ops = [layer.op for layer in self.behind(name)]
        left_out = any(
            isinstance(op, (p.Roll, p.Pad, p.Select))
            or (isinstance(op, p.Frames) and op.before + op.after > 0)
            for op in ops
        )
        return not left_out and self.is_wide(name)

    def _endless(self, name: str, operands: Three, axes: tuple[int, ...]) -> Three:
        unions = [squeezed(sets, axes) for sets in operands]
        shared = [in_common(sets, axes) for sets in operands]
        rests = [sets[..., :-1] & ~common for sets, common in zip(operands, shared, strict=True)]
        single = [longest(rest) for rest in rests]
        joint = [longest(squeezed(rest, axes)) for rest in rests]
        if joint == single:
            return unions
        if single[1] != single[2] or 3 * single[2] > self.sizes[2]:
            self.unclear.add(name)
            return unions
        if not grows(joint, self.sizes):
            if joint[1] != joint[2]:
                self.unclear.add(name)
            return unions
        self.readers.add(name)
        marked = any((name, axis) in self.network.grids for axis in axes)
        if marked or prod(operands[-1].shape[axis] for axis in axes) < FEW:
            self.vague.add(name)
        made: Three = []
        for union, common, rest in zip(unions, shared, rests, strict=True):
            far = (spans(squeezed(rest, axes)) > max(single))[..., None]
            kept = np.where(far, common, union[..., :-1])
            made.append(np.concatenate([kept, union[..., -1:] | far], axis=-1))
        return made


def unrolled(program: p.Program) -> p.Program:
    """The program without mirrors and circles: beyond a border lies zero."""
    return replace(program, layers=tuple(map(_unrolled, program.layers)))


def _unrolled(layer: p.Layer) -> p.Layer:
    op = layer.op
    if isinstance(op, p.Pad) and op.mode != "constant":
        return replace(layer, op=p.Pad(op.pads, "constant"))
    if isinstance(op, p.Roll):
        steps = dict(op.shifts)
        pads = [
            (steps.get(axis, 0), -steps.get(axis, 0))
            for axis in range(2, max(steps, default=1) + 1)
        ]
        return replace(layer, op=p.Pad(tuple(pads), "constant"))
    return layer


def places(shape: p.Ints, axis: int) -> Sets:
    """Every element reads its own place along the axis."""
    rows = np.eye(shape[axis], dtype=bool)
    rows = rows.reshape(*(n if j == axis else 1 for j, n in enumerate(shape)), shape[axis])
    return np.broadcast_to(rows, (*shape, shape[axis]))


def whole_axes(op: p.Op, operand: int, shape: p.Ints) -> tuple[int, ...]:
    """The axes of an operand that every output reads from end to end."""
    if isinstance(op, (p.Softmax, p.Dense, p.Cumsum)):
        return (op.axis,)
    if isinstance(op, p.Reduce):
        return op.axes
    if isinstance(op, p.Matmul):
        return (len(shape) - 1 - operand,)
    if isinstance(op, p.Transposed) or (
        isinstance(op, p.Window) and op.kind == "conv" and op.groups == 1
    ):
        return (1,)
    return ()


def squeezed(sets: Sets, axes: tuple[int, ...]) -> Sets:
    """What any position along the axes reads; each has size 1 afterwards."""
    return sets.any(axis=axes, keepdims=True) if axes else sets


def in_common(sets: Sets, axes: tuple[int, ...]) -> Sets:
    """Places that nearly all positions along the axes share, of those that read anything.

    Not all of them: next to a border some read less.
    """
    reads = sets[..., :-1].any(axis=-1, keepdims=True).sum(axis=axes, keepdims=True)
    counts = sets[..., :-1].sum(axis=axes, keepdims=True)
    return 5 * counts > 4 * np.maximum(reads, 1)


def spans(sets: Sets) -> NDArray[np.int64]:
    """Last minus first plus 1 of every element's places; 0 of nothing."""
    size = sets.shape[-1]
    first, last = sets.argmax(axis=-1), size - 1 - sets[..., ::-1].argmax(axis=-1)
    return np.where(sets.any(axis=-1), last - first + 1, 0)


def longest(sets: Sets) -> int:
    return int(spans(sets).max(initial=0))


def grows(extents: Sequence[int], sizes: Sequence[int]) -> bool:
    """Whether an extent keeps up with at least a quarter of what the source has grown by."""
    return 4 * (extents[2] - extents[1]) + 4 >= sizes[2] - sizes[1] and extents[2] > extents[1]


def folded(sets: Sets, positions: Sequence[int]) -> Sets:
    """What is read from the positions along some axes, whatever the place along the others."""
    others = tuple(axis for axis in range(sets.ndim - 1) if axis not in positions)
    return sets.any(axis=others, keepdims=True) if others else sets
