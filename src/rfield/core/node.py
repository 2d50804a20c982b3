"""One value of a graph, and the walks along who reads whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import InvalidModelError, show_shape
from .link import AnyLink, Reshaped
from .operation import Op

if TYPE_CHECKING:
    from .known import Known

SizedShape = tuple[int, ...]
Weights = tuple[tuple[object, int], ...]


@dataclass(slots=True, eq=False)
class Node:
    """One value: the output of one ``op``. ``operands[k]`` is read through ``links[k]``.

    ``links``: those of its op, without the operands of which it reads the shape only.
    ``layer``: the user's layer that the op is part of; empty where the op is a layer of its own.
    ``tables``: what it reads besides its operands, as far as it may change with the input size: the
    shapes of weights, masks and position tables, and numbers in arithmetic. ``known``: which
    of its elements no input changes, where its links do not say so; its readers leave them out.
    ``soft``: the finite number of a mask that it applies, -1e9; zero where there is none.
    ``weights``: the parameters that it reads, each with a key that is the same wherever it is read,
    and its number of elements; None: nobody told, and ``work`` has their number. ``parts``: values
    that it is put together from, and reads as padding of its operand instead. ``beyond``: the same
    value as it is computed where a border of known numbers makes it read less; None for no less.
    ``unmasked``: as it is computed where masks make it list what it reads, and nothing else does.
    """

    name: str
    op: Op
    operands: tuple[int, ...] = ()
    links: tuple[AnyLink, ...] = ()
    source: str = ""
    layer: str = ""
    tables: tuple[object, ...] = ()
    known: Known | None = None
    soft: float = 0.0
    weights: Weights | None = None
    parts: tuple[int, ...] = ()
    beyond: Node | None = None
    unmasked: Node | None = None

    @property
    def kind(self) -> str:
        """What its op is called."""
        return self.op.kind

    @property
    def shape(self) -> SizedShape:
        """The sizes of its axes."""
        return self.op.shape

    @property
    def exact(self) -> bool:
        """Whether its links say what is read, and not only what may be."""
        return self.op.exact

    @staticmethod
    def source_of(name: str, shape: Sequence[int], kind: str = "input") -> Node:
        """A value that reads nothing."""
        return Node(name, Op(kind, tuple(shape), ()))

    def change(self, **changes: bool) -> None:
        """Let its op be another in these fields."""
        self.op = replace(self.op, **changes)

    @property
    def in_theory(self) -> tuple[tuple[int, AnyLink], ...]:
        """Each operand with its links on a grid that goes on for ever."""
        endless = [getattr(link, "endless", None) or link for link in self.links]
        return tuple(dict.fromkeys(zip(self.operands, endless, strict=True)))

    @property
    def partial(self) -> bool:
        """Whether some elements read nothing although its links say otherwise."""
        return self.known is not None


def behind(nodes: Sequence[Node], values: Collection[int]) -> set[int]:
    """These values and everything that they depend on, of nodes in the order of computing."""
    found = set(values)
    for index in range(max(values, default=-1), -1, -1):
        if index in found:
            found.update(nodes[index].operands)
    return found


def dependents(nodes: Sequence[Node], values: Collection[int]) -> set[int]:
    """These values and everything that depends on them, of nodes in the order of computing."""
    found = set(values)
    for index in range(min(values, default=len(nodes)) + 1, len(nodes)):
        if not found.isdisjoint(nodes[index].operands):
            found.add(index)
    return found


def disorder(node: Node, index: int, operand: int, nodes: Sequence[Node]) -> str:
    """What is wrong with an operand that is not computed before its reader."""
    if operand == index:
        return f"{node.name}: reads itself"
    if not 0 <= operand < len(nodes):
        return f"{node.name}: reads value {operand}, but there are {len(nodes)} values"
    later = nodes[operand].name
    return f"{node.name}: reads {later}, which is computed after it (a cycle, or a wrong order)"


def check_link(node: Node, operand: Node, link: AnyLink) -> None:
    """Refuse a link that does not fit the shapes of its ends."""
    if isinstance(link, Reshaped):
        fits = link.before == operand.shape and link.after == node.shape
    else:
        axes = link.drivers
        inside = not axes or (axes[0] >= 0 and axes[-1] < len(node.shape))
        fits = inside and len(link.reads) == len(operand.shape)
    if not fits:
        raise InvalidModelError(
            f"{node.name}: its link does not fit {operand.name} {show_shape(operand.shape)}"
        )
