"""A graph in which what moves elements reads where they come from, in the fewest words.

What is laid side by side (channels of two branches) and taken apart again has the context of its
own branch only; read through the concatenation it would have that of both. And nearest resizing
from 18 to 37 takes every position twice and one three times: on that axis it moves as by 2.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

import numpy as np

from ....core.graph import Graph, Node
from ....core.indices import IndexSet
from ....core.link import AnyLink, Link, Read
from ....core.numbers import Numbers
from ....core.relation import IDENTITY, Prefix, Sliding, Table, Whole, compose
from .grid import Rates, grid
from .pairing import RESIZE, changes_nothing
from .repeated import chooses, repeated

LONG = 16
"""So many outputs has a pattern of resizing at most that stands for a longer one."""


def direct(graph: Graph) -> Graph:
    """The same network; values that nothing reads any more are still there."""
    graph = computed(graph)
    nodes: list[Node] = []
    for node in graph.nodes:
        found = node
        while (nearer := _nearer(found, nodes) or _at_once(found, nodes)) is not None:
            found = nearer
        nodes.append(_unexpanded(found, nodes))
    return _unmasked(evened(_with_nodes(graph, nodes)))


def evened(graph: Graph) -> Graph:
    """The same network; nearest resizing to a size moves by a short pattern where one does."""
    graph = computed(graph)
    return _with_nodes(graph, [_evened(node, graph.nodes) for node in graph.nodes])


def computed(graph: Graph) -> Graph:
    """The same network as it is computed, also where borders of known numbers are read."""
    return _with_nodes(graph, [node.beyond or node for node in graph.nodes])


def _with_nodes(graph: Graph, nodes: list[Node]) -> Graph:
    same = all(one is other for one, other in zip(nodes, graph.nodes, strict=True))
    return graph if same else replace(graph, nodes=nodes)


def _nearer(node: Node, nodes: list[Node]) -> Node | None:
    """A slice of a concatenation as one of the part, or None."""
    if len(node.operands) != 1 or node.known is not None:
        return None
    (operand,), (link,) = node.operands, node.links
    while changes_nothing(nodes[operand], nodes):
        (operand,) = nodes[operand].operands
    joined = nodes[operand]
    if not isinstance(link, Link) or len(link.changed) != 1 or joined.known is not None:
        return None
    (axis,) = link.changed
    read = link.reads[axis]
    relation = _stepping(read)
    if relation is None or read.axis is None or not joined.operands or not node.shape[read.axis]:
        return None
    ends = [relation.at(place).first for place in (0, node.shape[read.axis] - 1)]
    for part, laid in zip(joined.operands, joined.links, strict=True):
        if not isinstance(laid, Link) or laid.changed != (axis,) or not laid.stays:
            return None
        placed = _stepping(laid.reads[axis]) if laid.is_part else None
        if placed is None or placed.advance != 1:
            return None
        start = -placed.taps[0].first
        if start <= min(ends) and max(ends) < start + nodes[part].shape[axis]:
            reads = [*link.reads]
            taps = tuple(taps.shift(-start) for taps in relation.taps)
            reads[axis] = Read(read.axis, replace(relation, taps=taps))
            return replace(node, operands=(part,), links=(Link(reads),))
    return None


def _at_once(node: Node, nodes: list[Node]) -> Node | None:
    """Two steps that choose elements as one, where its pattern is shorter than the last one's.

    Nearest resizing by 3/2 and back by 2/3 moves as by 1.
    """
    if not _picks(node) or not _picks(nodes[node.operands[0]]):
        return None
    middle = nodes[node.operands[0]]
    reads: list[Read] = []
    shorter = False
    for axis, outputs in enumerate(node.shape):
        outer, inner = _relation(node, axis), _relation(middle, axis)
        if outer is None or inner is None or not _stays_inside(outer, middle.shape[axis], outputs):
            return None
        one = replace(compose(outer, inner), border=inner.border)
        if one.period > outer.period:
            return None
        shorter = shorter or one.period < outer.period
        reads.append(Read(axis, one))
    return replace(node, operands=middle.operands, links=(Link(reads),)) if shorter else None


def _picks(node: Node) -> bool:
    """Whether each element of a node is one of its operand's, and nothing else."""
    if len(node.operands) != 1 or node.known is not None or not node.exact:
        return False
    return not node.tables and not node.op.own and (node.kind == RESIZE or chooses(node))


def _stays_inside(relation: Sliding, size: int, outputs: int) -> bool:
    """Whether outputs, each of one position, read nothing beyond the ends of an axis."""
    places = range(outputs)
    ends = {*places[: relation.period], *places[-relation.period :]}
    return bool(ends) and all(0 <= relation.at(place).first < size for place in ends)


def _relation(node: Node, axis: int) -> Sliding | None:
    """How a node reads one axis that stays where it is, if one position each."""
    (link,) = node.links
    if not isinstance(link, Link) or len(link.reads) != len(node.shape) or link.is_part:
        return None
    read = link.reads[axis]
    relation = read.relation if read.axis == axis else None
    if not isinstance(relation, Sliding) or any(len(taps) != 1 for taps in relation.taps):
        return None
    return relation


def _unexpanded(node: Node, nodes: list[Node]) -> Node:
    """With operands as they are before they are expanded, where it takes them element by element.

    A broadcast says nothing of the axes that it makes, which may be merged ones.
    """
    both = list(zip(node.operands, node.links, strict=True))
    for place, (operand, link) in enumerate(both):
        made = nodes[operand]
        if made.kind == "expand" and link.is_identity and made.known is None:
            both[place] = made.operands[0], made.links[0]
    if len(both) < 2 or node.op.own or both == [*zip(node.operands, node.links, strict=True)]:
        return node
    return replace(node, operands=tuple(o for o, _ in both), links=tuple(link for _, link in both))


def _unmasked(graph: Graph) -> Graph:
    """Reading also what numbers beside a value leave out along the input: these are compared too.

    A mask that keeps every second position, or all but the border, lists for one size which.
    """
    wide = _with_nodes(graph, [_filled(node.unmasked or node, graph.nodes) for node in graph.nodes])
    if wide is graph:
        return graph
    moving = grid(wide, {entry.node: entry.axes for entry in wide.inputs_}, wide.main).rates
    running = _running(wide, moving)
    nodes = [
        new if new is old or _goes_along(old, new, index, moving, running) else old
        for index, (old, new) in enumerate(zip(graph.nodes, wide.nodes, strict=True))
    ]
    return _with_nodes(graph, nodes)


def _goes_along(
    old: Node, new: Node, index: int, moving: Sequence[Rates], running: Container[tuple[int, int]]
) -> bool:
    """Whether a value that lists positions along the input reads all of them as it moves."""
    if old.unmasked is None:
        return _lists_along(old, moving, running)
    links = [link for link in old.links if isinstance(link, Link)]
    listed = any(
        isinstance(read.relation, Table) and read.axis is not None and moving[index][read.axis]
        for link in links for read in link.reads
    )  # fmt: skip
    if not listed or any(link.endless for link in links):  # masks of windows that are shifted
        return False
    return not any(
        isinstance(read.relation, Whole | Prefix) and moving[operand][axis]
        for operand, link in zip(new.operands, new.links, strict=True) if isinstance(link, Link)
        for axis, read in enumerate(link.reads)
    )  # fmt: skip


def _running(graph: Graph, moving: Sequence[Rates]) -> set[tuple[int, int]]:
    """The axes of values, with these, that go along with the input behind a running op."""
    found: set[tuple[int, int]] = set()
    for index, node in enumerate(graph.nodes):
        for operand, link in zip(node.operands, node.links, strict=True):
            for axis, read in enumerate(link.reads if isinstance(link, Link) else ()):
                runs = isinstance(read.relation, Prefix) and moving[operand][axis] is not None
                if read.axis is not None and (runs or (operand, axis) in found):
                    found.add((index, read.axis))
    return found


def _lists_along(node: Node, moving: Sequence[Rates], running: Container[tuple[int, int]]) -> bool:
    """Whether all axes of which positions are listed move with the input."""
    return all(
        moving[operand][axis] is not None or (operand, axis) in running
        for operand, link in zip(node.operands, node.links, strict=True)
        for axis, read in enumerate(link.reads if isinstance(link, Link) else ())
        if isinstance(read.relation, Table)
    )


def _filled(node: Node, nodes: Sequence[Node]) -> Node:
    """The node with every place read that its numbers list; itself where there are none.

    Of what is written over they say what lies there now, and not where: that is one more table.
    """
    beside = [table.array.shape for table in node.tables if isinstance(table, Numbers)]
    if not beside:
        return node
    links = tuple(
        _all_read(link, nodes[o].shape, node.shape, beside) if isinstance(link, Link) else link
        for o, link in zip(node.operands, node.links, strict=True)
    )
    if links == node.links:
        return node
    lists = [_listed(*both, len(node.shape)) for both in zip(node.links, links, strict=True)]
    where = [one for each in lists for one in each] if node.op.algebra == "move" else []
    return replace(node, links=links, tables=(*node.tables, *where))


def _listed(old: AnyLink, new: AnyLink, rank: int) -> list[Numbers]:
    """Which positions along the axes of a value are read, where the new link reads all of them."""
    found: list[Numbers] = []
    if old is new or not isinstance(old, Link) or not isinstance(new, Link):
        return found
    for axis, (one, other) in enumerate(zip(old.reads, new.reads, strict=True)):
        if isinstance(one.relation, Table) and other.relation == IDENTITY:
            shape = [-1 if k == axis else 1 for k in range(rank)]
            found.append(Numbers(np.array([bool(t) for t in one.relation.taps]).reshape(shape)))
    return found


def _all_read(
    link: Link, before: Sequence[int], after: Sequence[int], beside: Sequence[Sequence[int]]
) -> Link:
    """The link with every output reading its own place, where some do and the others read nothing.

    ``beside``: the shapes of numbers that the outputs meet.
    """
    reads = [*link.reads]
    for axis, read in enumerate(link.reads):
        if not isinstance(read.relation, Table):
            continue
        behind = axis - len(after)
        met = any(len(shape) >= -behind and shape[behind] == after[axis] for shape in beside)
        if read.axis != axis or len(before) != len(after) or before[axis] != after[axis] or not met:
            return link
        own = (not taps or (len(taps) == 1 and taps.first == place)
               for place, taps in enumerate(read.relation.taps))  # fmt: skip
        if not all(own):
            return link
        reads[axis] = Read(axis, IDENTITY)
    return link if reads == [*link.reads] else Link(reads)


def _stepping(read: Read) -> Sliding | None:
    """The relation of an axis of which each output reads one position, in even steps."""
    relation = read.relation
    if not isinstance(relation, Sliding) or relation.period != 1:
        return None
    return relation if len(relation.taps[0]) == 1 else None


def _slid(node: Node, nodes: Sequence[Node]) -> Node:
    """With a short pattern for positions that are listed, where one does for all outputs.

    What is written over from the second step on is no pattern: all of it is read then, and where
    it is written over is one more table.
    """
    if not chooses(node) or not any(map(_lists, node.links)):
        return node
    links = tuple(
        Link(
            [
                read._replace(relation=repeated(read.relation, size) or read.relation)
                if isinstance(read.relation, Table) and read.axis is not None else read
                for read, size in zip(link.reads, nodes[operand].shape, strict=True)
            ],
            is_part=link.is_part and len(node.links) > 1,
        )
        if isinstance(link, Link) and _lists(link) else link
        for operand, link in zip(node.operands, node.links, strict=True)
    )  # fmt: skip
    if len(links) < 2 or all(map(_lists, links)):
        return replace(node, links=links)
    full = tuple(
        _all_read(link, nodes[operand].shape, node.shape, [node.shape])
        if isinstance(link, Link) and _lists(link) else link
        for operand, link in zip(node.operands, links, strict=True)
    )  # fmt: skip
    lists = [_listed(old, new, len(node.shape)) for old, new in zip(links, full, strict=True)]
    return replace(node, links=full, tables=(*node.tables, *(one for of in lists for one in of)))


def _lists(link: AnyLink) -> bool:
    """Whether positions along some axis are listed, by the op itself and by no mask."""
    return (
        isinstance(link, Link)
        and not link.endless
        and any(isinstance(r.relation, Table) for r in link.reads)
    )


def _evened(node: Node, nodes: Sequence[Node]) -> Node:
    """With a short pattern for what takes single positions, where one does for all outputs."""
    node = _slid(node, nodes)
    if node.op.work.macs or len(node.operands) != 1:
        return node  # where there are products, each phase has weights of its own
    (operand,), (link,) = node.operands, node.links
    if not isinstance(link, Link):
        return node
    found = {
        axis: _shorter(read.relation, size, node.shape[read.axis])
        for axis, (read, size) in enumerate(zip(link.reads, nodes[operand].shape, strict=True))
        if read.axis is not None and isinstance(read.relation, Sliding)
    }
    if all(relation is link.reads[axis].relation for axis, relation in found.items()):
        return node
    reads = [
        read._replace(relation=found.get(axis, read.relation))
        for axis, read in enumerate(link.reads)
    ]
    return replace(node, links=(Link(reads),))


def _shorter(relation: Sliding, size: int, outputs: int) -> Sliding:
    """The pattern of a few outputs that goes on over the axis, its ends repeated; or itself.

    >>> taps = [IndexSet.interval(i * 18 // 37, i * 18 // 37) for i in range(37)]
    >>> _shorter(Sliding(37, 18, tuple(taps), "replicate"), 18, 37)
    Sliding(period=2, advance=1, taps=(IndexSet{-1}, IndexSet{0}), border='replicate')
    """
    period = relation.period
    to_size = relation.advance * outputs == size * period  # not by a factor, nor between corners
    if period < 3 or not to_size or not all(len(taps) == 1 for taps in relation.taps):
        return relation
    blocks, phases = np.divmod(np.arange(outputs), period)
    first = np.array([taps.first for taps in relation.taps], np.int64)
    read = first[phases] + relation.advance * blocks
    if not outputs or read.min() < 0 or read.max() >= size:
        return relation
    for few in range(2, min(LONG, outputs // 4, period - 1) + 1):
        middle = outputs // 2 // few * few
        step = int(read[middle + few] - read[middle])
        block, phase = np.divmod(np.arange(outputs) - middle, few)
        if step and (np.clip(read[middle + phase] + step * block, 0, size - 1) == read).all():
            start = step * (middle // few)
            taps = [int(place) - start for place in read[middle : middle + few]]
            return Sliding(few, step, tuple(IndexSet.interval(t, t) for t in taps), "replicate")
    return relation
