"""What happens at the two ends of an axis: pixels that fall off, and padding that is used unevenly.

A strided window may stop before the last positions: a floor in the size arithmetic *drops* them.
And it may use its padding on one side only, because with a stride the padding behind can go unused
(Alsallakh et al., *Mind the Pad*, ICLR 2021). Both follow from relations and sizes alone: what the
windows that exist read, against what a grid without end would read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph, Node
from ...core.indices import IndexSet
from ...core.link import AnyLink, Link
from ...core.relation import Sliding, Table, image
from ..engines.terms import State, carriers

Mask = NDArray[np.bool_]
Pads = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks against a size: ``what`` a layer does, along an axis of the input."""

    layer: str
    axis: str

    @property
    def what(self) -> str:
        """What the layer does, as the rest of a sentence."""
        raise NotImplementedError

    def __str__(self) -> str:
        return f"{self.layer} {self.what} along {self.axis}"


@dataclass(frozen=True, slots=True)
class Drop(Finding):
    """Positions that ``layer`` would read if its grid went on, and that nothing reads."""

    positions: int

    @property
    def what(self) -> str:
        """How many positions fall off."""
        some = (
            "the last position" if self.positions == 1 else f"the last {self.positions} positions"
        )
        return f"drops {some}"


@dataclass(frozen=True, slots=True)
class Uneven(Finding):
    """Padding that ``layer`` really uses, in positions of what it reads."""

    before: int
    after: int

    @property
    def what(self) -> str:
        """The padding on both sides."""
        return f"pads {self.before} before and {self.after} after"


@dataclass(frozen=True, slots=True)
class Misaligned(Finding):
    """A join whose branches look at different places."""

    @property
    def what(self) -> str:
        """That they do."""
        return "joins branches that are not aligned"


@dataclass(frozen=True, slots=True)
class Unlike(Finding):
    """An output that is no copy of the input's size at its scale, of ``stride`` positions each."""

    outputs: int
    stride: Fraction | None

    @property
    def what(self) -> str:
        """How many outputs there are."""
        if self.stride is None:
            return f"gives {self.outputs} outputs, at no common stride,"
        return f"gives {self.outputs} outputs of stride {self.stride}"


Kept = dict[tuple[object, ...], "_Judged"]
"""What was found of windows; layers alike, of this graph and of others, are judged once."""


def ends(
    graph: Graph, states: Sequence[State], name: str, kept: Kept
) -> tuple[tuple[Drop, ...], tuple[Uneven, ...]]:
    """What falls off, and what is padded unevenly, along the input axis called ``name``.

    ``states``: what each value knows of that axis (a sweep in an input).
    """
    return _Ends(graph, states, name, kept).found()


class _Ends:
    """One walk from the input to the outputs; ``pads``: positions that hold padding only."""

    def __init__(self, graph: Graph, states: Sequence[State], name: str, kept: Kept) -> None:
        self.graph = graph
        self.states = states
        self.name = name
        self.pads: dict[tuple[int, int], Pads] = {}
        self.padded: set[int] = set()
        self.wanted: dict[tuple[int, int], list[tuple[int, Mask]]] = {}
        self.uneven: list[Uneven] = []
        self.judged = kept

    def found(self) -> tuple[tuple[Drop, ...], tuple[Uneven, ...]]:
        readers: dict[int, list[int]] = {}
        for index in sorted(self.graph.behind(*self.graph.outputs_)):
            node = self.graph.nodes[index]
            plain = all(link.is_identity for link in node.links)
            if not plain or not self.padded.isdisjoint(node.operands):
                self._enter(index, node)
            for operand in dict.fromkeys(node.operands):
                readers.setdefault(operand, []).append(index)
        drops: list[Drop] = []
        used = self._used(readers)
        for (value, axis), masks in self.wanted.items():
            missing = np.logical_or.reduce([mask for _, mask in masks]) & ~used[value, axis]
            if missing.any():
                layer = self.graph.layer_of(masks[0][0])
                drops.append(Drop(layer, self.name, int(missing.sum())))
        return tuple(drops), tuple(dict.fromkeys(self.uneven))

    def _used(self, readers: Mapping[int, Sequence[int]]) -> dict[tuple[int, int], Mask]:
        """Which positions are read that were wanted; one that is only cut off later is not."""
        asked, todo = set(self.wanted), list(self.wanted)
        while todo:
            value, axis = todo.pop()
            for reader in readers.get(value, ()):
                for target, _ in self._moved(reader, value, axis):
                    if (reader, target) not in asked:
                        asked.add((reader, target))
                        todo.append((reader, target))
        used: dict[tuple[int, int], Mask] = {}
        for value, axis in sorted(asked, reverse=True):
            mask = np.full(
                self.graph.nodes[value].shape[axis], value in self.graph.outputs_, np.bool_
            )
            for reader in readers.get(value, ()):
                moved = self._moved(reader, value, axis)
                if not moved:
                    mask |= self._read_by(reader, value, axis)
                for target, offset in moved:
                    there = np.flatnonzero(used[reader, target]) + offset
                    mask[there[(there >= 0) & (there < len(mask))]] = True
            used[value, axis] = mask
        return used

    def _moved(self, reader: int, value: int, axis: int) -> list[tuple[int, int]]:
        """The axes of a reader that hold an axis of a value as it is, and by how much moved.

        Empty where any of its operands is read in another way.
        """
        node = self.graph.nodes[reader]
        found: list[tuple[int, int]] = []
        for operand, link in zip(node.operands, node.links, strict=True):
            if operand != value:
                continue
            read = link.reads[axis] if isinstance(link, Link) else None
            if read is None or read.axis is None or not isinstance(read.relation, Sliding):
                return []
            if not _is_move(read.relation) or read.relation.border not in ("zero", "none", "cut"):
                return []
            found.append((read.axis, read.relation.taps[0].first))
        return found

    def _enter(self, index: int, node: Node) -> None:
        """Judge every window of one node, and note where its own output is padding only."""
        padding: dict[int, list[Pads]] = {}
        for operand, link in zip(node.operands, node.links, strict=True):
            before = self.graph.nodes[operand].shape
            for axis in carriers([self.states[operand]], len(before), local=True):
                own = self.pads.get((operand, axis), (0, 0))
                target, pads = self._pass(index, operand, axis, link, own)
                if target is not None:
                    padding.setdefault(target, []).append(pads)
        for axis, pairs in padding.items():
            lead, trail = min(p[0] for p in pairs), min(p[1] for p in pairs)
            if lead or trail:
                self.pads[index, axis] = lead, trail
                self.padded.add(index)

    def _pass(
        self, index: int, operand: int, axis: int, link: AnyLink, own: Pads
    ) -> tuple[int | None, Pads]:
        """The output axis that one operand axis becomes, and the padding on it."""
        if link.is_identity:
            return axis, own
        size, outputs = self.graph.nodes[operand].shape[axis], self.graph.nodes[index].shape
        way = link, axis, size, outputs, own
        if way not in self.judged:
            self.judged[way] = _judged(link, axis, size, outputs, own)
        found = self.judged[way]
        if found.used[0] != found.used[1]:
            self.uneven.append(Uneven(self.graph.layer_of(index), self.name, *found.used))
        if found.dropped is not None:
            self.wanted.setdefault((operand, axis), []).append((index, found.dropped))
        return found.axis, found.pads

    def _read_by(self, reader: int, value: int, axis: int) -> Mask:
        """Which positions of ``value`` along ``axis`` a node reads."""
        node = self.graph.nodes[reader]
        size = self.graph.nodes[value].shape[axis]
        mask = np.zeros(size, dtype=np.bool_)
        for operand, link in zip(node.operands, node.links, strict=True):
            if operand != value:
                continue
            read = link.reads[axis] if isinstance(link, Link) else None
            if read is None or not isinstance(read.relation, (Sliding, Table)):
                mask[:] = True
            elif isinstance(read.relation, Table):
                for taps in read.relation.taps:
                    mask |= _mask(taps, size)
            elif read.axis is not None:
                mask |= _mask(_reached(read.relation, node.shape[read.axis]), size)
        return mask


class _Judged(NamedTuple):
    """What a reading makes of one operand axis.

    The output axis that it becomes, the padding on that, the padding that its windows use, and the
    positions that they drop.
    """

    axis: int | None
    pads: Pads
    used: Pads = (0, 0)
    dropped: Mask | None = None


def _judged(link: AnyLink, axis: int, size: int, outputs: Sequence[int], own: Pads) -> _Judged:
    if not isinstance(link, Link):
        affine = link.affine[axis]
        return _Judged(None, (0, 0)) if affine is None else _Judged(affine.axis, own)
    read = link.reads[axis]
    if read.axis is None or not isinstance(read.relation, Sliding):
        return _Judged(read.axis, (0, 0))
    reached = _reached(read.relation, outputs[read.axis])
    if not reached:
        return _Judged(read.axis, (0, 0))
    lead, trail = own
    used = max(0, lead - reached.first), max(0, reached.last - (size - 1 - trail))
    if _is_move(read.relation):
        turned = read.relation.border == "circular" and outputs[read.axis] == size
        return _Judged(read.axis, (0, 0) if turned else used)
    dropped = _dropped(read.relation, outputs[read.axis], size, own)
    return _Judged(read.axis, (0, 0), used, dropped)


def _is_move(relation: Sliding) -> bool:
    """Whether every output reads one position, in order: padding, cropping, rolling."""
    return relation.period == relation.advance == 1 and len(relation.taps[0]) == 1


@lru_cache(4096)
def _reached(relation: Sliding, outputs: int) -> IndexSet:
    return image(IndexSet.interval(0, outputs - 1), relation)


def _dropped(relation: Sliding, outputs: int, size: int, own: Pads) -> Mask | None:
    """Positions that only windows beyond the last or the first one would read, by the floor."""
    step = abs(relation.advance)
    if step <= relation.period:
        return None
    taps = [taps for taps in relation.taps if taps]
    width = max(t.last for t in taps) - min(t.first for t in taps) + size
    more = relation.period * (width // step + 2)
    reached = _reached(relation, outputs)
    endless = image(IndexSet.interval(-more, outputs - 1 + more), relation)
    lead, trail = own
    rest = _mask(endless, size) & ~_mask(reached, size)
    rest[:lead] = False
    rest[size - trail :] = False
    rest[max(0, reached.first) : max(0, reached.last + 1)] = False
    rest[: max(0, reached.first - step + 1)] = False
    rest[max(0, reached.last + step) :] = False
    return rest if rest.any() else None


def _mask(indices: IndexSet, size: int) -> Mask:
    mask = np.zeros(size, dtype=np.bool_)
    for start, stop in indices.clip(0, size - 1).runs():
        mask[start:stop] = True
    return mask
