"""The backward engine: from chosen outputs pull marks or weights back to one source, n-D and exact.

One sweep against the arrows. Each value's footprint is complete when the sweep reaches it (all its
readers come later), and is handed to its operands through the links. Shapes are concrete; with
``clip`` every layer is cut at its real size, without it the canvas has no ends.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.graph import Graph
from ..core.link import AnyLink, Link, Reshaped
from ..core.relation import IDENTITY, At, Prefix, Sliding, Table, Whole
from ..errors import InvalidModelError
from .footprint import Block, Footprint, explicit, joined, merged, seed, trimmed, widened
from .scatter import Array, Domain, Marks, Window, scatter


def pull(
    graph: Graph,
    value: int,
    source: int,
    positions: Sequence[int],
    index: Array,
    domain: Domain,
    *,
    clip: bool = True,
) -> Footprint | None:
    """The footprint in ``source`` of the outputs of ``value`` at the rows of ``index``.

    ``positions`` are the tensor axes that the columns of ``index`` name. None: nothing is read.
    """
    nodes = graph.nodes
    waiting: dict[int, Footprint] = {value: seed(nodes[value].shape, positions, index, domain)}
    reaching = dependents(graph, source, value)
    for at in range(value, source, -1):
        foot = waiting.pop(at, None)
        if foot is None:
            continue
        node = nodes[at]
        branches = [
            (operand, link)
            for operand, link in zip(node.operands, node.links, strict=True)
            if operand in reaching
        ]
        whole = sum(not link.is_part for _, link in branches)
        count = whole + (whole < len(branches))  # parts do not compete: an output reads one of them
        for operand, link in branches:
            shape = nodes[operand].shape
            found = (
                foot if link.is_identity else _through(foot, link, shape, domain, clip, node.name)
            )
            if found is None:
                continue
            if count > 1:
                shared = domain.share(found.scale, count)
                found = Footprint(found.windows, found.blocks, shared)
            before = waiting.get(operand)
            waiting[operand] = found if before is None else joined(before, found, domain)
    return waiting.get(source)


def boxes(
    graph: Graph,
    value: int,
    source: int,
    axes: Sequence[int],
    positions: Sequence[int],
    index: Array,
    *,
    clip: bool,
) -> tuple[Array, Array]:
    """First and last index read along each of ``axes`` for each row of ``index``.

    Exact where the boxes of several branches cannot be had axis by axis; ``first > last``: nothing.
    """
    low = np.ones((len(index), len(axes)), dtype=np.int64)
    high = np.zeros_like(low)
    for start in range(0, len(index), 64):
        rows = index[start : start + 64]
        foot = pull(graph, value, source, positions, rows, Marks(), clip=clip)
        for entry in range(len(rows) if foot is not None else 0):
            assert foot is not None
            spans = [foot.span(entry, axis) for axis in range(len(foot.windows))]
            if foot.scale[entry] and all(span is not None for span in spans):
                for k, axis in enumerate(axes):
                    first, stop = spans[axis] or (1, 1)
                    low[start + entry, k], high[start + entry, k] = first, stop - 1
    return low, high


def is_exact(graph: Graph, source: int, value: int) -> bool:
    """Whether every op between ``source`` and ``value`` says exactly what it reads."""
    reaching, behind = dependents(graph, source, value), {value}
    for index in range(value, source, -1):
        if index in behind and index in reaching:
            if not graph.nodes[index].exact:
                return False
            behind.update(graph.nodes[index].operands)
    return True


def dependents(graph: Graph, source: int, value: int) -> set[int]:
    """Values up to ``value`` that depend on ``source``, itself included."""
    found = {source}
    for index in range(source + 1, value + 1):
        if any(operand in found for operand in graph.nodes[index].operands):
            found.add(index)
    return found


def _through(
    foot: Footprint, link: AnyLink, shape: Sequence[int], domain: Domain, clip: bool, name: str
) -> Footprint | None:
    if isinstance(link, Reshaped):
        return reshaped(foot, link, domain, name)
    return _link(foot, link, shape, domain, clip)


def _link(
    foot: Footprint, link: Link, shape: Sequence[int], domain: Domain, clip: bool
) -> Footprint | None:
    """Axis by axis; output axes that no operand axis follows are collected."""
    follows = {
        read.axis: axis
        for axis, read in enumerate(link.reads)
        if read.axis is not None and not isinstance(read.relation, Whole | At)
    }
    windows: list[Window] = [(0, size) for size in shape]
    changed: dict[int, tuple[int, Sliding | Table | Prefix]] = {}
    for axis, read in enumerate(link.reads):
        if isinstance(read.relation, At):
            windows[axis] = (read.relation.index, read.relation.index + 1)
        elif read.axis is not None and not isinstance(read.relation, Whole):
            if read.relation == IDENTITY:
                windows[axis] = foot.windows[read.axis]
            else:
                foot = explicit(foot, read.axis, domain)
                changed[read.axis] = (axis, read.relation)
    blocks: list[Block] = []
    scale = foot.scale
    for block in foot.blocks:
        values, axes = block.values, list(block.axes)
        for axis in block.axes:
            place = 1 + axes.index(axis)
            if axis not in follows:
                values = domain.collect(values, place)
                axes.remove(axis)
            elif axis in changed:
                operand_axis, relation = changed[axis]
                last = values.swapaxes(place, -1)
                moved = scatter(
                    last,
                    foot.windows[axis],
                    relation,
                    shape[operand_axis],
                    domain,
                    clip=clip,
                )
                if moved is None:
                    return None
                values = moved[0].swapaxes(place, -1)
                windows[operand_axis] = moved[1]
        if axes:
            blocks.append(Block(tuple(follows[axis] for axis in axes), values))
        else:
            scale = scale * values
    found = Footprint(tuple(windows), tuple(blocks), scale)
    return trimmed(found, domain) if changed else found


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
