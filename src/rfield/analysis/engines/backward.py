"""The backward engine: from chosen outputs pull marks or weights back to one source, n-D and exact.

One sweep against the arrows. Each value's footprint is complete when the sweep reaches it (all its
readers come later), and is handed to its operands through the links. Shapes are concrete. Without a
canvas every layer is cut at its real size; on a ``Canvas`` the grid has no ends, and what an op
reads of a whole axis has none either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from ...core.graph import Graph
from ...core.limits import DENSE_LIMIT, MOST_WEIGHED
from ...core.link import Link, Reshaped
from ...core.relation import IDENTITY, At, Prefix, Relation, Sliding, Table, Whole
from ...errors import InvalidModelError, over_limit
from .diagonal import spread
from .footprint import (
    Block,
    Footprint,
    explicit,
    joined,
    merged,
    seed,
    trimmed,
    widened,
    without_known,
)
from .forward import Sweep, sweep
from .pull import NOTHING, UNLIMITED
from .recalled import Look, Recalled
from .scatter import Array, Domain, Marks, Window, scatter
from .terms import carriers


@dataclass(frozen=True)
class Canvas:
    """The theory of a graph in one source: along which axes of a value the grid goes on for ever.

    Those along which its field in the source moves; all others (channels) end with the tensor.
    """

    graph: Graph
    source: int
    axes: tuple[int, ...]

    def goes_on(self, value: int, axis: int) -> bool:
        """Whether ``axis`` of ``value`` has no ends."""
        return axis in carriers(self._swept.at(value), len(self.graph.nodes[value].shape))

    @cached_property
    def _swept(self) -> Sweep:
        return sweep(self.graph, self.source, self.axes)


TOGETHER = 64
"""Output positions that are pulled back together."""

ENDLESS: Window = (-UNLIMITED, UNLIMITED)
"""The window of an axis that is read as a whole on a canvas; no block holds such an axis."""


def pull(
    graph: Graph,
    value: int,
    source: int,
    positions: Sequence[int],
    index: Array,
    domain: Domain,
    *,
    canvas: Canvas | None = None,
    recalled: Recalled | None = None,
) -> list[Footprint]:
    """The footprint in ``source`` of the outputs of ``value`` at the rows of ``index``.

    ``positions`` are the tensor axes that the columns of ``index`` name. An empty list: nothing is
    read; more than one footprint comes only from a canvas, each endless along axes of its own.
    ``recalled``: what came of other pulls of marks on this canvas.
    """
    foot = seed(graph.nodes[value].shape, positions, index, domain)
    if recalled is not None:
        way = partial(_pulled, graph, value, source, foot, domain, canvas)
        return recalled.pulled(domain.limit, way)
    if not isinstance(domain, Marks):
        behind = graph.dependents(source) & graph.behind(value)
        readings = sum(len(graph.nodes[at].operands) for at in behind)
        if readings > MOST_WEIGHED:
            raise over_limit(
                graph.layer_of(value), "a sum over all ways to it", readings, MOST_WEIGHED,
                "Ask for a layer nearer to the input, or for the set alone: rfield.support(…)",
            )  # fmt: skip
    return _pulled(graph, value, source, foot, domain, canvas)


def _pulled(
    graph: Graph,
    value: int,
    source: int,
    start: Footprint,
    domain: Domain,
    canvas: Canvas | None,
    look: Look | None = None,
) -> list[Footprint]:
    nodes = graph.nodes
    waiting: dict[int, list[Footprint]] = {value: [start]}
    reaching = graph.dependents(source)
    for at in range(value, source, -1):
        feet = waiting.pop(at, None)
        if feet is None:
            continue
        if look is not None and len(feet) == 1 and not waiting:
            known = look(at, feet[0])
            if known is not None:
                return known
        node = nodes[at]
        if node.known is not None and canvas is None:
            alive = [without_known(foot, node.known.codes, domain) for foot in feet]
            feet = [foot for foot in alive if foot is not None]
        branches = [
            (operand, link)
            for operand, link in zip(node.operands, node.links, strict=True)
            if operand in reaching
        ]
        whole = sum(not link.is_part for _, link in branches)
        count = whole + (whole < len(branches))  # parts do not compete: an output reads one of them
        for operand, link in branches:
            for foot in feet:
                found = foot
                if isinstance(link, Reshaped):
                    found = reshaped(foot, link, domain, node.name)
                elif not link.is_identity or len(link.reads) < len(node.shape):
                    ends = None if canvas is None else partial(canvas.goes_on, operand)
                    found = _link(foot, link, nodes[operand].shape, domain, ends)
                if found is None:
                    continue
                if count > 1:
                    shared = domain.share(found.scale, count)
                    found = Footprint(found.windows, found.blocks, shared)
                _add(waiting.setdefault(operand, []), found, domain)
    return waiting.get(source, [])


def _add(feet: list[Footprint], foot: Footprint, domain: Domain) -> None:
    """One more footprint of a value; those that are endless along the same axes are joined."""
    for place, other in enumerate(feet):
        if all(
            (a == ENDLESS) == (b == ENDLESS)
            for a, b in zip(foot.windows, other.windows, strict=True)
        ):
            feet[place] = joined(other, foot, domain)
            return
    feet.append(foot)


def boxes(
    graph: Graph,
    value: int,
    source: int,
    axes: tuple[int, ...],
    positions: Sequence[int],
    index: Array,
    *,
    clip: bool,
    local: bool = False,
    limit: int = DENSE_LIMIT,
    recalled: Recalled | None = None,
) -> tuple[Array, Array]:
    """First and last index read along each of ``axes`` for each row of ``index``.

    Exact where the boxes of several branches cannot be had axis by axis; ``first > last``: nothing.
    ``local``: without what is endless. ``limit``: of the cells that are looked at together.
    ``recalled``: what came of other pulls without clip from this graph to this source.
    """
    low = np.full((len(index), len(axes)), NOTHING[0], dtype=np.int64)
    high = np.full_like(low, NOTHING[1])
    canvas = None if clip else Canvas(graph, source, axes)
    for start in range(0, len(index), TOGETHER):
        rows = index[start : start + TOGETHER]
        feet = pull(
            graph, value, source, positions, rows, Marks(limit), canvas=canvas, recalled=recalled
        )
        for foot in feet:
            for entry in range(len(rows)):
                box = foot.box(entry)
                if box is None:
                    continue
                for k, axis in enumerate(axes):
                    first, stop = box[axis]
                    if not (local and box[axis] == ENDLESS):
                        low[start + entry, k] = min(low[start + entry, k], first)
                        high[start + entry, k] = max(high[start + entry, k], stop - 1)
    return low, high


def is_exact(graph: Graph, source: int, value: int, *, clip: bool) -> bool:
    """Whether every op between ``source`` and ``value`` says exactly what it reads.

    What a mask leaves of ``value`` itself is known on the real tensor (``clip``) only.
    """
    if graph.nodes[value].partial and not clip:
        return False
    return all(graph.nodes[index].exact for index in graph.between(source, value))


def _link(
    foot: Footprint,
    link: Link,
    shape: Sequence[int],
    domain: Domain,
    goes_on: Callable[[int], bool] | None,
) -> Footprint | None:
    """Axis by axis; output axes that no operand axis follows are collected.

    ``goes_on``: which operand axes have no ends; None: every axis ends with the tensor.
    """
    follows: dict[int, list[int]] = {}
    for axis, read in enumerate(link.reads):
        if read.axis is not None and not isinstance(read.relation, Whole | At):
            follows.setdefault(read.axis, []).append(axis)
    foot, windows, changed = _windows(foot, link, shape, domain, goes_on)
    blocks: list[Block] = []
    scale = foot.scale
    for block in foot.blocks:
        values, axes = block.values, list[int]()
        for axis in block.axes:
            place = 1 + len(axes)
            if axis not in follows:
                values = domain.collect(values, place)
                continue
            values = spread(values, place, len(follows[axis]))
            for followed in follows[axis]:
                place = 1 + len(axes)
                axes.append(followed)
                if followed not in changed:
                    continue
                moved = scatter(
                    values.swapaxes(place, -1),
                    foot.windows[axis],
                    changed[followed],
                    shape[followed],
                    domain,
                    clip=goes_on is None,
                )
                if moved is None:
                    return None
                values, windows[followed] = moved[0].swapaxes(place, -1), moved[1]
        if axes:
            blocks.append(Block(tuple(axes), values))
        else:
            scale = scale * values
    found = Footprint(tuple(windows), tuple(blocks), scale)
    return trimmed(found, domain) if changed else found


Changes = dict[int, Sliding | Table | Prefix]
"""How an operand axis is read, where an output axis drives it and it is not passed on unchanged."""


def _windows(
    foot: Footprint,
    link: Link,
    shape: Sequence[int],
    domain: Domain,
    goes_on: Callable[[int], bool] | None,
) -> tuple[Footprint, list[Window], Changes]:
    """Windows of the operand; those of changed axes are found later, from blocks made here."""
    windows: list[Window] = [(0, size) for size in shape]
    changed: Changes = {}
    coupled = {axis for axes in link.coupled for axis in axes}
    for axis, (driver, relation) in enumerate(link.reads):
        if isinstance(relation, At):
            windows[axis] = (relation.index, relation.index + 1)
        elif driver is None or isinstance(relation, Whole):
            if goes_on is not None and goes_on(axis):
                windows[axis] = ENDLESS
        elif isinstance(relation, Prefix) and goes_on is not None and goes_on(axis):
            raise InvalidModelError(
                "an op that runs along an axis has no canvas beyond its tensor; ask with clip=True"
            )
        elif relation == IDENTITY or (foot.windows[driver] == ENDLESS and _moves(relation)):
            windows[axis] = foot.windows[driver]
            if axis in coupled and windows[axis] != ENDLESS:
                foot = explicit(foot, driver, domain)
        else:
            if foot.windows[driver] == ENDLESS:
                foot = _cut(foot, driver, relation)
            foot = explicit(foot, driver, domain)
            changed[axis] = relation
    return foot, windows, changed


def _moves(relation: Relation) -> bool:
    """Whether outputs without end read something without end."""
    if not isinstance(relation, Sliding):
        return True
    read = {taps for taps in relation.taps if taps}
    return len(read) > 1 or bool(read and relation.advance)


def _cut(foot: Footprint, axis: int, relation: Relation) -> Footprint:
    """The same footprint with an endless axis cut to the outputs that read all there is to read."""
    assert isinstance(relation, Sliding)
    windows = (*foot.windows[:axis], (0, relation.period), *foot.windows[axis + 1 :])
    return Footprint(windows, foot.blocks, foot.scale)


def reshaped(foot: Footprint, link: Reshaped, domain: Domain, name: str) -> Footprint | None:
    """Groups of one axis keep their place; the others become one block, re-read row by row."""
    rename: dict[int, int] = {}
    windows: list[Window] = [(0, size) for size in link.before]
    for group in link.groups:
        if len(group.before) == len(group.after) == 1:
            rename[group.after[0]] = group.before[0]
            windows[group.before[0]] = foot.windows[group.after[0]]
    for group in link.groups:
        if len(group.before) == len(group.after) == 1:
            continue
        for axis in group.after:
            start, stop = foot.windows[axis]
            if start < 0 or stop > link.after[axis]:
                raise InvalidModelError(
                    f"{name}: a reshape has no canvas beyond its tensor; ask with clip=True"
                )
        whole = all(
            foot.block_of(axis) is None and foot.windows[axis] == (0, link.after[axis])
            for axis in group.after
        )
        if whole:
            continue
        foot = merged(foot, group.after, domain)
        block = next(b for b in foot.blocks if group.after[0] in b.axes)
        inner = len(group.after)
        rest = [(0, size) for size in block.values.shape[1 + inner :]]
        have = [foot.windows[a] for a in group.after] + rest
        values = widened(block.values, have, [(0, link.after[a]) for a in group.after] + rest)
        values = values.reshape(
            len(values), *(link.before[a] for a in group.before), *values.shape[1 + inner :]
        )
        # Until all are placed, numbers that no tensor has keep new axes apart from the old ones.
        fresh = tuple(-1 - axis for axis in group.before)
        blocks = tuple(b for b in foot.blocks if b is not block)
        foot = Footprint(
            foot.windows, (*blocks, Block((*fresh, *block.axes[inner:]), values)), foot.scale
        )
    blocks = tuple(
        Block(tuple(-1 - a if a < 0 else rename[a] for a in block.axes), block.values)
        for block in foot.blocks
    )
    return trimmed(Footprint(tuple(windows), blocks, foot.scale), domain)
