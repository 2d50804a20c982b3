"""A graph whose merged axes stay apart: windows by row and column instead of one long list of them.

A reshape that merges axes (rows and columns into tokens, windows into a batch) only writes two
indices as one. As long as what follows passes that axis on, reads all of it, or splits it again,
nothing depends on that; kept apart, each of the two moves along with its own axis of the image.
Where an op does look at the merged axis, it is merged in front of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from math import prod

from ....core.graph import Graph, Node
from ....core.known import Known
from ....core.link import AnyLink, Group, Link, Read, Reshaped, regroup
from ....core.numbers import Numbers
from ....core.operation import Op
from ....core.relation import IDENTITY, At, Whole

Factors = tuple[int, ...]
"""One axis as the sizes of the axes that it stands for."""

Fine = tuple[Factors, ...]
"""All axes of a value."""


Groups = Mapping[int, Sequence[Group]]
"""By its place the groups of every reshape that merges axes, in axes that are apart."""


def unfolded(graph: Graph, like: Groups | None = None) -> tuple[Graph, Groups]:
    """The same network with merged axes apart; outputs and layers have the shapes that they had.

    ``like``: the groups of the same network at another size, where no axis has but one position;
    one of 1 that is merged does not show.
    """
    if not like and not any(_merges(link) for node in graph.nodes for link in node.links):
        return graph, {}
    found = _Unfolding(graph, like or {})
    return found.graph(), found.groups


def _merges(link: AnyLink) -> bool:
    return isinstance(link, Reshaped) and any(len(group.before) > 1 for group in link.groups)


class _Unfolding:
    """The nodes made so far; ``places`` and ``fine`` by value of the given graph."""

    def __init__(self, graph: Graph, like: Groups) -> None:
        self.given, self.like = graph, like
        self.nodes: list[Node] = []
        self.places: list[int] = []
        self.fine: list[Fine] = []
        self.merged: dict[tuple[int, Fine], int] = {}
        self.groups: dict[int, Sequence[Group]] = {}
        for node in graph.nodes:
            self._add(node)

    def graph(self) -> Graph:
        """The graph; layers that are apart inside are merged behind."""
        given = self.given
        outputs = tuple(self._merged(value) for value in given.outputs_)
        layers = {name: self._merged(value) for name, value in given.layer_index.items()}
        inputs = tuple(replace(entry, node=self.places[entry.node]) for entry in given.inputs_)
        return replace(
            given, nodes=self.nodes, inputs_=inputs, outputs_=outputs, layer_index=layers,
            reread=None, free_shapes={}, named=None, numbers=None,
        )  # fmt: skip

    def _add(self, node: Node) -> None:
        links = node.links
        if len(links) == 1 and isinstance(links[0], Reshaped):
            (operand,) = node.operands
            before = tuple(chain(*self.fine[operand]))
            fine = self._refined(before, node)
            after = tuple(chain(*fine))
            made = (Reshaped(before, after),)
            self._append(node, fine, [self.places[operand]], made)
            return
        apart = [
            self.fine[operand] if isinstance(link, Link)
            else _coarse(self.given.nodes[operand].shape)
            for operand, link in zip(node.operands, links, strict=True)
        ]  # fmt: skip
        while True:
            fine = _passed(node, apart)
            fewer = [
                _fitting(link, of, fine) if isinstance(link, Link) else of
                for link, of in zip(links, apart, strict=True)
            ]
            if fewer == apart:
                break
            apart = fewer
        apart = [_met(link, of, fine) for link, of in zip(links, apart, strict=True)]
        made_links = [
            _unfolded_link(link, of, fine) if isinstance(link, Link) else link
            for link, of in zip(links, apart, strict=True)
        ]
        operands = [self._merged(o, of) for o, of in zip(node.operands, apart, strict=True)]
        self._append(node, fine, operands, made_links)

    def _refined(self, before: Factors, node: Node) -> Fine:
        """The axes of a reshaped value, those that are merged kept apart."""
        place = len(self.places)
        groups = regroup(before, node.shape)
        like = self.like.get(place, ())
        if like and _fit(like, before, node.shape):
            groups = like
        fine = list(_coarse(node.shape))
        for group in groups:
            if len(group.after) == 1 and len(group.before) > 1:
                fine[group.after[0]] = tuple(before[axis] for axis in group.before)
                self.groups[place] = groups
        return tuple(fine)

    def _append(
        self, node: Node, fine: Fine, operands: Sequence[int], links: Sequence[AnyLink]
    ) -> None:
        tables = tuple(_spread(table, fine) for table in node.tables)
        self.places.append(len(self.nodes))
        self.fine.append(fine)
        axes = iter(range(sum(map(len, fine))))
        apart = [[next(axes) for _ in factors] for factors in fine]
        own = tuple(chain(*(apart[axis] for axis in node.op.own)))
        self.nodes.append(
            replace(
                node, op=replace(node.op, shape=tuple(chain(*fine)), own=own),
                operands=tuple(operands), links=tuple(links), tables=tables,
                known=_known(node, fine),
            )
        )  # fmt: skip

    def _merged(self, value: int, to: Fine | None = None) -> int:
        """The value with fewer axes apart; with those that it has in the given graph."""
        node, place = self.given.nodes[value], self.places[value]
        to = _coarse(node.shape) if to is None else to
        if to == self.fine[value]:
            return place
        if (value, to) not in self.merged:
            shape = tuple(chain(*to))
            link = Reshaped(self.nodes[place].shape, shape)
            self.merged[value, to] = len(self.nodes)
            op = Op("reshape", shape, (link,))
            layer = node.layer or node.name
            self.nodes.append(Node(f"{node.name}/merged", op, (place,), (link,), layer=layer))
        return self.merged[value, to]


def _passed(node: Node, apart: Sequence[Fine]) -> Fine:
    """The axes of a result: as far apart as in all operands that are passed on."""
    found: list[set[Factors]] = [set() for _ in node.shape]
    for link, of in zip(node.links, apart, strict=True):
        reads = link.reads if isinstance(link, Link) else ()
        for read, factors in zip(reads, of, strict=False):
            if read.axis is not None:
                kept = read.relation == IDENTITY or isinstance(read.relation, Whole)
                found[read.axis].add(factors if kept else (prod(factors),))
    fine: list[Factors] = []
    for several, size in zip(found, node.shape, strict=True):
        factors = _common(several) if several else (size,)
        fine.append(factors if prod(factors) == size else (size,))
    return tuple(fine)


def _coarse(shape: Sequence[int]) -> Fine:
    return tuple((size,) for size in shape)


def _fit(groups: Sequence[Group], before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether these are groups of this reshape as well."""
    ours = [axis for group in groups for axis in group.before]
    theirs = [axis for group in groups for axis in group.after]
    both = [*range(len(before))], [*range(len(after))]
    return (ours, theirs) == both and all(
        prod(before[axis] for axis in group.before) == prod(after[axis] for axis in group.after)
        for group in groups
    )


def _fitting(link: Link, before: Fine, after: Fine) -> Fine:
    """The axes of an operand, those merged that are not passed on, read whole, or at one place."""
    return tuple(
        factors if len(factors) == 1 or _fits(read, factors, after) else (prod(factors),)
        for read, factors in zip(link.reads, before, strict=True)
    )


def _fits(read: Read, factors: Factors, after: Fine) -> bool:
    """Whether one axis may stay apart."""
    whole = isinstance(read.relation, Whole)
    if read.axis is None:
        return whole or isinstance(read.relation, At)
    there = after[read.axis]
    if prod(there) == 1:  # a reduction that keeps its axis
        return whole
    apart = prod(there) == prod(factors) and _common({there, factors}) == there
    return apart and (whole or read.relation == IDENTITY)


def _met(link: AnyLink, before: Fine, after: Fine) -> Fine:
    """The axes of an operand no further apart than those of the result that go along with them."""
    reads = link.reads if isinstance(link, Link) else ()
    found = [*before]
    for place, (read, factors) in enumerate(zip(reads, before, strict=False)):
        if len(factors) > 1 and read.axis is not None and prod(after[read.axis]) > 1:
            found[place] = after[read.axis]
    return tuple(found)


def _common(several: Collection[Factors]) -> Factors:
    """One axis as far apart as in all of these.

    >>> _common([(12, 4, 10, 4), (48, 40)])
    (48, 40)
    """
    if len(several) == 1:
        return next(iter(several))
    each = [[prod(factors[:k]) for k in range(1, len(factors) + 1)] for factors in several]
    ends = [end for end in dict.fromkeys(each[0]) if all(end in other for other in each)]
    before = 1
    found: list[int] = []
    for end in ends:
        if end > before and end % before == 0:
            found.append(end // before)
            before = end
    return tuple(found) or (1,)


def _unfolded_link(link: Link, before: Fine, after: Fine) -> Link:
    starts = [0]
    for factors in after:
        starts.append(starts[-1] + len(factors))
    reads: list[Read] = []
    for read, factors in zip(link.reads, before, strict=True):
        kept = read.axis is not None and (len(factors) == 1 or prod(after[read.axis]) > 1)
        axis = starts[read.axis] if kept and read.axis is not None else None
        if len(factors) == 1:
            reads.append(Read(axis, read.relation))
            continue
        rest = prod(factors)
        for number, size in enumerate(factors):
            relation = read.relation
            rest //= size
            if isinstance(relation, At):
                relation = At(relation.index // rest % size)
            reads.append(Read(None if axis is None else axis + number, relation))
    return Link(reads, is_part=link.is_part, rank=starts[-1])


def _spread(table: object, fine: Fine) -> object:
    """Numbers beside the operands with their axes apart as those of the result are."""
    if not isinstance(table, Numbers) or table.array.ndim > len(fine):
        return table
    shape = _apart(table.array.shape, fine[len(fine) - table.array.ndim :])
    return table if shape is None else table.placed(table.array.reshape(shape))


def _known(node: Node, fine: Fine) -> Known | None:
    """What is known of a value with its axes apart."""
    known = node.known
    shape = None if known is None else _apart(known.codes.shape, fine)
    if known is None or shape is None:
        return known
    return replace(known, codes=known.codes.reshape(shape))


def _apart(sizes: Sequence[int], fine: Fine) -> list[int] | None:
    """The sizes of axes that are apart, of what is the same along those of size 1."""
    if not all(size in (1, prod(factors)) for size, factors in zip(sizes, fine, strict=True)):
        return None
    return [
        one for size, factors in zip(sizes, fine, strict=True)
        for one in ((1,) * len(factors) if size == 1 else factors)
    ]  # fmt: skip
