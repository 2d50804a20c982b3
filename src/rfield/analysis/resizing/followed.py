"""The model at sizes that follow from some that were read, op by op.

With strides 2, 4, 5 and 8 the sizes of a model repeat after 320, but what each of its ops makes of
its own operand repeats with the op's own stride. So of 320 sizes some forty show all that any op
does. Nothing is known here of kinds of ops: what two readings of an op have in common, its links
and how its size grows, holds for a third that is like them modulo the strides in these links. An
op that is found to be otherwise (a crop to the size of another value) is known for the sizes at
which it was read; one that is not the same at the same sizes ends it all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from math import lcm, prod

from ...core.graph import Graph, Node, SizedShape
from ...core.link import AnyLink, Link, Reshaped
from ...core.relation import Sliding

Shapes = tuple[SizedShape, ...]


class Followed:
    """The readings so far. ``holds``: anything can follow from them."""

    def __init__(self) -> None:
        self.holds = True
        self._ops: list[Op] | None = None
        self._like: Graph | None = None

    def add(self, graph: Graph) -> bool:
        """One more reading; False where it is not what followed from those before it."""
        nodes = graph.nodes
        if self._ops is None:
            self._like = graph
            self._ops = [Op(node) for node in nodes]
        agrees = self.holds = self.holds and len(nodes) == len(self._ops)
        inputs = {entry.node for entry in graph.inputs_}
        for index, (op, node) in enumerate(zip(self._ops, nodes, strict=False)):
            if not self.holds:
                return False
            if index in inputs:
                continue
            before = tuple([nodes[operand].shape for operand in node.operands])
            expected = op.at(before)
            if (node.kind, node.operands) != (op.like.kind, op.like.operands):
                self.holds = False
            elif expected is not None and not alike(expected, node):
                agrees = False
                self.holds = before not in op.seen and not op.listed
                op.listed = True
            op.add(node, before)
        return agrees and self.holds

    def graph(self, shapes: Mapping[str, Sequence[int]]) -> Graph | None:
        """The model at other shapes of its inputs, where all of it follows."""
        if self._like is None or self._ops is None or not self.holds:
            return None
        given = {entry.node: shapes[entry.name] for entry in self._like.inputs_}
        nodes: list[Node] = []
        for index, op in enumerate(self._ops):
            if index in given:
                nodes.append(Node.source_of(op.like.name, given[index]))
                continue
            made = op.at(tuple([nodes[operand].shape for operand in op.like.operands]))
            if made is None:
                return None
            nodes.append(made)
        return replace(self._like, nodes=nodes, free_shapes={}, reread=None, numbers=None)


@dataclass(slots=True, eq=False)
class Op:
    """One op: a reading of it (``like``), and all that were ``seen``, by the operands' shapes.

    ``classes``: the smallest and the largest of those that are alike modulo ``step``; ``listed``:
    what it does is not the same for all of a class.
    """

    like: Node
    seen: dict[Shapes, Node] = field(default_factory=dict[Shapes, Node])
    classes: dict[tuple[int, ...], tuple[Shapes, Shapes]] = field(
        default_factory=dict[tuple[int, ...], tuple[Shapes, Shapes]]
    )
    step: int = 0
    listed: bool = False
    made: dict[Shapes, Node | None] = field(default_factory=dict[Shapes, Node | None])

    def add(self, node: Node, before: Shapes) -> None:
        """One more reading."""
        if before not in self.seen:
            self.step = self.step or _step(node)
            self.seen[before] = node
            self.made.clear()
            own = [*self.classes.get(self._class(before), ()), before]
            self.classes[self._class(before)] = min(own, key=_total), max(own, key=_total)

    def at(self, before: Shapes, *, between: bool = False) -> Node | None:
        """The op on operands of these shapes; None where that does not follow.

        ``between``: only for windows of a stride, and sizes between two that were read.
        """
        found = self.seen.get(before)
        if found is not None or not self.seen or self.listed:
            return found
        if before not in self.made:
            self.made[before] = self._made(before, between=between)
        return self.made[before]

    def _made(self, before: Shapes, *, between: bool) -> Node | None:
        small, large = self.classes.get(self._class(before), (before, before))
        if small == large or _total(before) < _total(small):  # what is small may be refused
            return None
        if between and (self.step == 1 or _total(before) > _total(large)):
            return None
        one, other = self.seen[small], self.seen[large]
        if one.known is not None or not all(map(_same_way, one.links, other.links)):
            return None
        first, last, wanted = (list(chain(*shapes)) for shapes in (small, large, before))
        k = next(k for k, (a, b) in enumerate(zip(first, last, strict=True)) if a != b)
        part, whole = wanted[k] - first[k], last[k] - first[k]
        shape = _between(one.shape, other.shape, part, whole)
        if shape is None or _between(first, last, part, whole) != wanted:
            return None
        after = tuple(shape)
        operands = list(zip(one.links, before, strict=True))
        if any(isinstance(link, Reshaped) and prod(of) != prod(after) for link, of in operands):
            return None  # a product of two sizes that both change lies on no line
        links = tuple([_resized(link, of, after) for link, of in operands])
        return replace(one, op=replace(one.op, shape=after), links=links)

    def _class(self, before: Shapes) -> tuple[int, ...]:
        return tuple(n % self.step for n in chain(*before))


def _total(shapes: Shapes) -> int:
    return sum(chain(*shapes))


def _step(node: Node) -> int:
    """What the strides of an op's windows divide."""
    steps = [
        abs(read.relation.advance) or 1
        for link in node.links if isinstance(link, Link)
        for read in link.reads if isinstance(read.relation, Sliding)
    ]  # fmt: skip
    return lcm(*steps)


def _between(first: Sequence[int], last: Sequence[int], part: int, whole: int) -> list[int] | None:
    """Sizes on the line through two others; None where they are no whole numbers."""
    found: list[int] = []
    for a, b in zip(first, last, strict=True):
        grown, rest = divmod((b - a) * part, whole)
        if rest:
            return None
        found.append(a + grown)
    return found


def alike(one: Node, other: Node) -> bool:
    """Whether two readings of an op read the same, of the same sizes."""
    return (
        one.shape == other.shape
        and all(map(_same, one.links, other.links))
        and (one.known is None) == (other.known is None)
    )


def _same(one: AnyLink, other: AnyLink) -> bool:
    if isinstance(one, Link) and isinstance(other, Link):
        return one is other or (one.reads == other.reads and one.is_part == other.is_part)
    return isinstance(one, Reshaped) and isinstance(other, Reshaped) and (
        (one.before, one.after) == (other.before, other.after)
    )  # fmt: skip


def _same_way(one: AnyLink, other: AnyLink) -> bool:
    """Whether links are the same but for the sizes that they have to have."""
    if isinstance(one, Reshaped) and isinstance(other, Reshaped):
        return one.groups == other.groups
    return _same(one, other)


def _resized(link: AnyLink, before: SizedShape, after: SizedShape) -> AnyLink:
    return Reshaped(before, after) if isinstance(link, Reshaped) else link
