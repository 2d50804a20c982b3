"""The grid of a network: the steps by which its input may move so that its output moves along.

A layer with stride 2 sees the same picture again only after two pixels, and a pattern of phases
only after a whole period. ``grid`` follows each input axis through the graph and collects what
every op asks for. It looks at strides only; whether two runs agree is for ``agreement`` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm, prod

from ....core.graph import Graph, Input, Node
from ....core.link import Link, Reshaped
from ....core.numbers import periods
from ....core.relation import Sliding, Table
from .agreement import laid_along

Rate = tuple[int, Fraction]
"""Which input axis a tensor axis moves with, and by how many positions per input position."""

Rates = tuple[Rate | None, ...]

_Moves = Callable[..., None]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """``steps[k]``: the step of input axis ``k``; ``rates``: of every value, per axis.

    ``makers[k]``: the layers that made the step what it is, in order. ``crossed``: some axis of a
    value moves with several axes of the input, as where an image and its transpose are added.
    """

    steps: tuple[int, ...]
    rates: tuple[Rates, ...]
    makers: tuple[tuple[str, ...], ...]
    crossed: bool


def grid(
    graph: Graph, axes: Mapping[int, tuple[int, ...]], value: int, *, beside: bool = True
) -> Grid:
    """The grid of all that ``value`` depends on; ``axes``: the tensor axes of inputs that move.

    All inputs in ``axes`` move together, axis by axis. ``beside``: numbers that repeat and are met
    beside the data count too.
    """
    needed = graph.behind(value)
    count = max((len(of) for of in axes.values()), default=0)
    steps = [1] * count
    rates: list[Rates] = []
    makers: list[list[str]] = [[] for _ in steps]
    crossed = False
    for index, node in enumerate(graph.nodes):
        before = list(steps)
        if index in axes:
            own: list[Rate | None] = [None] * len(node.shape)
            for k, axis in enumerate(axes[index]):
                own[axis] = (k, Fraction(1))
            rates.append(tuple(own))
        elif index in needed:
            found, several = _node(graph, node, rates, steps, beside=beside)
            rates.append(found)
            crossed = crossed or several
        else:
            rates.append((None,) * len(node.shape))
        for names, old, new in zip(makers, before, steps, strict=True):
            if old != new:
                names.append(graph.layer_of(index))
    return Grid(tuple(steps), tuple(rates), tuple(map(tuple, makers)), crossed)


def last_along(
    graph: Graph, values: Iterable[int], rates: Sequence[Rates], k: int
) -> tuple[str, bool] | None:
    """The last layer that does not go along with axis ``k`` while what it reads does, if any.

    And whether it reads single positions all the same.
    """
    found: tuple[str, bool] | None = None
    for index in values:
        node = graph.nodes[index]
        if any(rate and rate[0] == k for rate in rates[index]):
            continue
        for operand, link in zip(node.operands, node.links, strict=True):
            along = [rate is not None and rate[0] == k for rate in rates[operand]]
            if any(along):
                reads = link.reads if isinstance(link, Link) else ()
                tables = (isinstance(read.relation, Table) for read in reads)
                listed = any(a and b for a, b in zip(along, tables, strict=False))
                found = f"{graph.layer_of(index)} ({node.kind})", listed
    return found


def fitting(size: int, step: int, most: int) -> int:
    """The largest tile of at most ``most`` that has ``size`` modulo ``step``, or the whole axis.

    Where there is none so small, the smallest.

    >>> fitting(1000, 16, 256), fitting(1000, 16, 4000), fitting(1000, 16, 5)
    (248, 1000, 8)
    """
    return size if most >= size else max(most - (most - size) % step, size % step or step)


def alike(graph: Graph, entry: Input) -> tuple[Input, ...]:
    """The input and those that are tiled with it: inputs of the same sizes."""

    def sizes(one: Input) -> list[int]:
        return [graph.nodes[one.node].shape[axis] for axis in one.axes]

    rest = [other for other in graph.inputs_ if other.node != entry.node]
    return (entry, *(other for other in rest if sizes(other) == sizes(entry)))


def _node(
    graph: Graph, node: Node, rates: list[Rates], steps: list[int], *, beside: bool
) -> tuple[Rates, bool]:
    """The rates of a value, and whether an axis of it has several."""
    found: list[Rate | None] = [None] * len(node.shape)
    with_: dict[int, set[int]] = {}

    def moves(axis: int, k: int, rate: Fraction, unit: int = 1) -> None:
        """Output ``axis`` moves at ``rate``, in whole multiples of ``unit``."""
        steps[k] = lcm(steps[k], (rate / unit).denominator)
        found[axis] = found[axis] or (k, rate)
        with_.setdefault(axis, set()).add(k)

    reads = list(node.in_theory)
    along = laid_along(node)
    if along is not None:  # a short part moves as it likes, the rest goes along with the input
        reads.sort(key=lambda one: -graph.nodes[one[0]].shape[along])
    for operand, link in reads:
        of = rates[operand]
        if not any(of):
            continue
        if isinstance(link, Reshaped):
            _reshape(link, of, graph.nodes[operand].shape, moves)
            continue
        _link(link, of, moves, node.shape if node.kind == "slice" else ())
    for table in node.tables if beside else ():
        for axis, period in periods(table, len(node.shape)):
            rate = found[axis]
            if rate is not None:
                moves(axis, *rate, unit=period)
    return tuple(found), any(len(several) > 1 for several in with_.values())


def _link(link: Link, of: Rates, moves: _Moves, cut: Sequence[int]) -> None:
    """The axes that a link drives; ``cut``: the shape of a slice, whose step may never be taken."""
    for read, rate in zip(link.reads, of, strict=True):
        if rate is None or read.axis is None:
            continue
        k, speed = rate
        relation = read.relation
        if not isinstance(relation, Sliding) or not relation.advance:
            continue
        period = relation.period
        if period == relation.advance == 1 or (cut and cut[read.axis] == 1):
            moves(read.axis, k, speed)
        else:
            moves(read.axis, k, speed * period / relation.advance, period)


def _reshape(link: Reshaped, of: Rates, shape: tuple[int, ...], moves: _Moves) -> None:
    """Merged axes move by whole rows; a split moves its outer axis."""
    for group in link.groups:
        before = [axis for axis in group.before if shape[axis] != 1]
        after = [axis for axis in group.after if link.after[axis] != 1]
        rate = of[before[0]] if before and after else None
        if rate is None or 0 in link.after:
            continue
        k, speed = rate
        rows = prod(shape[axis] for axis in before[1:])
        cells = prod(link.after[axis] for axis in after[1:])
        moves(after[0], k, speed * rows / cells)
