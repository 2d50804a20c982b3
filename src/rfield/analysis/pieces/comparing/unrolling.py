"""Windows that are shifted around the ends of an image, laid out without a turn.

A shift that wraps puts what lies at both ends of an axis into one window, and a mask keeps the two
apart; so a part of the image, whose ends are elsewhere, gives the same as the whole although the
window has others in it. Laid out straight there is one window more, and the two that lie at the
ends reach beyond them, where nothing is read: between a shift and the shift back every value has a
second form, and the shift back is a crop of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....core.algebra import Contraction, Softmax
from ....core.graph import Graph, Node
from ....core.known import ZERO
from ....core.link import AnyLink, Link, Read, Reshaped
from ....core.numbers import Numbers
from ....core.relation import IDENTITY, Sliding, Whole, shift
from .unfolding import Groups, unfolded


def apart(graph: Graph, like: Groups | None = None) -> tuple[Graph, Groups]:
    """The same network with merged axes apart, and shifted windows straight; see ``unfolded``."""
    if any(map(_shifts, graph.nodes)) and any(map(_masked, graph.nodes)):
        bare, narrowed = _bare(graph)
        fine, groups = unfolded(bare, like)
        straight = _Straight(fine, narrowed).graph()
        if straight is not None:
            return straight, groups
    return unfolded(graph, like)


def _shifts(node: Node) -> bool:
    """Whether it is one value shifted along some axes, with what leaves at one end at the other."""
    if len(node.links) != 1 or not isinstance(node.links[0], Link) or not node.links[0].stays:
        return False
    reads = node.links[0].reads
    turns = [_turn(read) for read in reads]
    return any(turns) and all(
        turn or (read.axis == k and read.relation == IDENTITY)
        for k, (turn, read) in enumerate(zip(turns, reads, strict=True))
    )


def _turn(read: Read) -> int:
    """By how much an axis is turned; zero where it is not, or is more than that."""
    relation = read.relation
    if not isinstance(relation, Sliding) or relation.border != "circular":
        return 0
    if relation.period != 1 or relation.advance != 1 or len(relation.taps[0]) != 1:
        return 0
    return relation.taps[0].first


def _masked(node: Node) -> bool:
    """Whether masks made it read an operand in ways that differ by window."""
    return any(isinstance(link, Link) and link.endless is not None for link in node.links)


class Hidden(Numbers):
    """What masks say of the elements of a value."""

    __slots__ = ()


def _bare(graph: Graph) -> tuple[Graph, set[str]]:
    """The network without what masks took away, and which nodes they took some of each operand.

    What they say of a value is a table beside it.
    """
    nodes: list[Node] = []
    narrowed: set[str] = set()
    for node in graph.nodes:
        found = node
        if node.exact and _masked(node):
            both = node.in_theory
            if all(isinstance(link, Link) and link.endless for link in node.links):
                narrowed.add(node.name)
            found = replace(
                node, operands=tuple(operand for operand, _ in both),
                links=tuple(link for _, link in both),
            )  # fmt: skip
        if node.known is not None:
            found = replace(found, known=None, tables=(*node.tables, Hidden(node.known.codes)))
        nodes.append(found)
    return replace(graph, nodes=nodes), narrowed


@dataclass(slots=True, eq=False)
class _Turned:
    """One axis of ``size`` that is turned: index ``i`` reads ``i + by``.

    ``window``: into pieces of how many it is split, once that is seen; zero before.
    """

    size: int
    by: int
    window: int = 0

    @property
    def before(self) -> int:
        """By so much the first window begins before the axis."""
        return self.window - self.by % self.window

    @property
    def over(self) -> int:
        """The window with both ends of the axis in it, the last positions first."""
        return (self.size - self.before - self.by) % self.size // self.window

    def split(self, window: int) -> bool:
        """Whether windows of this size are the only ones, and one has both ends in it."""
        if self.window not in (0, window) or not self.by % window or self.size <= window:
            return False
        self.window = window
        return True

    def straight(self, role: Role) -> NDArray[np.int64]:
        """For each place of the axis laid out straight its place before."""
        if role == "inner":
            return np.arange(self.window, dtype=np.int64)
        step = 1 if role == "flat" else self.window
        positions = np.arange(0, self.size + self.window, step, dtype=np.int64) - self.before
        return (positions - self.by) % self.size // step


Role = Literal["flat", "outer", "inner"]
Tag = tuple[_Turned, Role]
"""An axis is a turned one, the windows of one, or the positions in its windows."""

Tags = tuple[Tag | None, ...]


class _Straight:
    """Which values have axes that are turned (``tags``), and the network with these straight."""

    def __init__(self, given: Graph, narrowed: set[str]) -> None:
        self.given, self.narrowed = given, narrowed
        self.tags: list[Tags] = []
        for node in given.nodes:
            found = self._tagged(node) if node.exact and node.known is None else None
            self.tags.append(found or (None,) * len(node.shape))

    def _tagged(self, node: Node) -> Tags | None:
        """The tags of a value's axes; None where it cannot be laid out straight, or need not."""
        known = [self.tags[operand] for operand in node.operands]
        if _shifts(node):
            return _shifted(node, known[0])
        if not any(tag for tags in known for tag in tags):
            return None
        if isinstance(node.links[0], Reshaped):
            return _split(node.links[0], known[0])
        found: list[Tag | None] = [None] * len(node.shape)
        for axis in node.op.own:
            found[axis] = known[0][axis]
        reads = [
            (read, tag, self.given.nodes[operand].shape[k])
            for operand, link, tags in zip(node.operands, node.links, known, strict=True)
            if isinstance(link, Link) and not link.is_part
            for k, (read, tag) in enumerate(zip(link.reads, tags, strict=True))
        ]
        if len(reads) != sum(map(len, known)):
            return None
        for read, tag, _ in reads:
            if tag and read.axis is not None and read.relation == IDENTITY:
                if found[read.axis] not in (None, tag):
                    return None
                found[read.axis] = tag
        for read, tag, size in reads:
            if tag and read.relation != IDENTITY and not self._hides(node, tag, found):
                return None
            driven = None if read.axis is None else found[read.axis]
            if not tag and driven and size > 1 and not isinstance(read.relation, Whole):
                return None
        return tuple(found)

    def _hides(self, node: Node, tag: Tag, found: Sequence[Tag | None]) -> bool:
        """Whether a read of all positions of a window leaves out those beyond an end.

        In the window with both ends in it: what is in front reads nothing of what is behind there,
        and the other way round. So the mask beside the value, or beside one that it multiplies.
        """
        if tag[1] != "inner" or node.name not in self.narrowed:
            return False
        if isinstance(node.op.algebra, Softmax):
            return _parted(node, tuple(found), tag)
        given = (self.given.nodes[operand] for operand in node.operands)
        return isinstance(node.op.algebra, Contraction) and any(
            _parted(one, tags, tag)
            for one, tags in zip(given, map(self.tags.__getitem__, node.operands), strict=True)
        )

    def graph(self) -> Graph | None:
        """The network; None where no shift is followed by one back, with windows between them."""
        nodes: list[Node] = []
        places: list[int] = []
        straight: dict[int, int] = {}
        back = False
        for index, node in enumerate(self.given.nodes):
            tags = self.tags[index]
            mine = tuple(places[operand] for operand in node.operands)
            other = tuple(straight.get(operand, places[operand]) for operand in node.operands)
            made = None
            if any(tags) or (other != mine and _shifts(node)):
                made = self._laid(node, tags, other)
            places.append(len(nodes))
            if made is not None and not any(tags):  # shifted back
                nodes.append(made)
                back = True
                continue
            nodes.append(replace(node, operands=mine))
            if made is not None:
                straight[index] = len(nodes)
                nodes.append(made)
        if not back:
            return None
        given = self.given
        return replace(
            given, nodes=nodes, outputs_=tuple(places[value] for value in given.outputs_),
            layer_index={name: places[value] for name, value in given.layer_index.items()},
            inputs_=tuple(replace(entry, node=places[entry.node]) for entry in given.inputs_),
            named=None, numbers=None,
        )  # fmt: skip

    def _laid(self, node: Node, tags: Tags, operands: tuple[int, ...]) -> Node | None:
        """The straight form of a value, or a value shifted back; None where it is neither."""
        known = [self.tags[operand] for operand in node.operands]
        if not all(tag[0].window for tag in (*tags, *(t for of in known for t in of)) if tag):
            return None
        shape = _sizes(node.shape, tags)
        links: list[AnyLink] = [*node.links]
        if isinstance(links[0], Reshaped):
            links = [Reshaped(_sizes(links[0].before, known[0]), shape)]
        elif _shifts(node):
            links = [Link([_straight_read(k, *pair) for k, pair in
                           enumerate(zip(known[0], tags, strict=True))])]  # fmt: skip
        return replace(
            node, name=f"{node.name}/straight", layer=node.layer or node.name, operands=operands,
            op=replace(node.op, shape=shape), links=tuple(links),
            tables=tuple(_longer(table, tags) for table in node.tables),
        )  # fmt: skip


def _shifted(node: Node, before: Tags) -> Tags | None:
    """The tags of a value that is shifted, or shifted back."""
    (link,) = node.links
    assert isinstance(link, Link)
    found: list[Tag | None] = []
    for read, tag, size in zip(link.reads, before, node.shape, strict=True):
        by = _turn(read)
        if not by:
            found.append(tag)
        elif tag is None:
            found.append((_Turned(size, by % size), "flat"))
        elif tag[1] == "flat" and (tag[0].by + by) % size == 0:
            found.append(None)
        else:
            return None
    return tuple(found)


def _split(link: Reshaped, before: Tags) -> Tags | None:
    """The tags where a turned axis is split into windows, or these are put together again."""
    found: list[Tag | None] = [None] * len(link.after)
    for group in link.groups:
        tags = [before[axis] for axis in group.before if link.before[axis] != 1]
        after = [axis for axis in group.after if link.after[axis] != 1]
        if not any(before[axis] for axis in group.before):
            continue
        match tags:
            case [tag] if len(after) == 1:
                found[after[0]] = tag
            case [(turned, "flat")] if len(after) == 2 and turned.split(link.after[after[1]]):
                found[after[0]], found[after[1]] = (turned, "outer"), (turned, "inner")
            case [(turned, "outer"), (other, "inner")] if turned is other and len(after) == 1:
                found[after[0]] = turned, "flat"
            case _:
                return None
    return tuple(found)


def _parted(node: Node, tags: Tags, inner: Tag) -> bool:
    """Whether the mask beside a value keeps both ends of the axis apart in the window over them."""
    turned = inner[0]
    places = [axis for axis, tag in enumerate(tags) if tag == inner]
    outer = [axis for axis, tag in enumerate(tags) if tag == (turned, "outer")]
    masks = [table.array for table in node.tables if isinstance(table, Hidden)]
    if len(places) != 2 or len(outer) != 1 or not masks:
        return False
    codes = masks[-1]
    if any(codes.shape[axis] == 1 for axis in (*places, *outer)):
        return False
    over = np.moveaxis(codes, [*outer, *places], [0, 1, 2])[turned.over]
    front, behind = slice(None, turned.before), slice(turned.before, None)
    return bool((over[front, behind] == ZERO).all() and (over[behind, front] == ZERO).all())


def _straight_read(axis: int, before: Tag | None, after: Tag | None) -> Read:
    """Along one axis the straight form of a value that is shifted."""
    if before == after:
        return Read(axis, IDENTITY)
    if after is not None:
        return Read(axis, shift(-after[0].before))
    assert before is not None
    return Read(axis, shift(before[0].before))


def _sizes(shape: Sequence[int], tags: Tags) -> tuple[int, ...]:
    """The sizes of a value with these axes straight: a window more than they have."""
    return tuple(
        len(tag[0].straight(tag[1])) if tag else size for size, tag in zip(shape, tags, strict=True)
    )


def _longer(table: object, tags: Tags) -> object:
    """Numbers beside a value, as its straight form meets them."""
    if not isinstance(table, Numbers) or table.array.ndim > len(tags):
        return table
    array = table.array
    for axis, tag in enumerate(tags[len(tags) - array.ndim :]):
        if tag and array.shape[axis] > 1:
            array = array.take(tag[0].straight(tag[1]), axis)
    return table.placed(array)
