"""The other direction: which outputs a box of input positions can influence, on real sizes.

Marks are pushed along the arrows: an output is marked if any element it reads is marked. The same
factored footprints as in ``backward``; every layer is cut at its real size, so this is the exact
inverse of ``support`` with ``clip``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.graph import Graph
from ...core.indices import IndexSet
from ...core.limits import CELL_LIMIT
from ...core.link import AnyLink, Link, Read, Reshaped
from ...core.relation import IDENTITY, At, Prefix, Relation, Sliding, Table, Whole
from ...errors import too_large
from .backward import reshaped
from .diagonal import diagonal
from .footprint import Block, Footprint, explicit, joined, merged, trimmed, without_known
from .pull import fold_all
from .scatter import Array, Marks, Window

_MARKS = Marks()


def push(graph: Graph, source: int, value: int, boxes: Sequence[Window]) -> Footprint | None:
    """The outputs of ``value`` that read anything of a box of ``source`` (one window per axis)."""
    found: dict[int, Footprint] = {source: Footprint(tuple(boxes), (), np.ones(1, dtype=np.bool_))}
    for index in graph.between(source, value):
        node = graph.nodes[index]
        for operand, link in zip(node.operands, node.links, strict=True):
            foot = found.get(operand)
            if foot is None:
                continue
            shape = graph.nodes[operand].shape
            same = link.is_identity and len(shape) == len(node.shape)  # else new axes come last
            moved = foot if same else _through(foot, link, shape, node.shape, node.name)
            if moved is not None:
                here = found.get(index)
                found[index] = moved if here is None else joined(here, moved, _MARKS)
        if node.known is not None and index in found:
            alive = without_known(found.pop(index), node.known.codes, _MARKS)
            if alive is not None:
                found[index] = alive
    return found.get(value)


def _through(
    foot: Footprint, link: AnyLink, before: Sequence[int], shape: Sequence[int], name: str
) -> Footprint | None:
    if isinstance(link, Reshaped):
        return reshaped(foot, link.inverse, _MARKS, name)
    return _link(foot, link, before, shape)


def _link(
    foot: Footprint, link: Link, before: Sequence[int], shape: Sequence[int]
) -> Footprint | None:
    """Axis by axis; an operand axis that is read as a whole only has to be marked anywhere."""
    windows: list[Window] = list(foot.windows)  # of the operand axes, moved to their outputs
    for axis, read in enumerate(link.reads):
        if isinstance(read.relation, At) and not _holds(windows[axis], read.relation.index):
            return None
        window = _slid(foot, axis, read, shape)
        if window is not None:
            windows[axis] = window
        elif isinstance(read.relation, At) or (read.axis is not None and _moves(read.relation)):
            foot = explicit(foot, axis, _MARKS)
    blocks: list[Block] = []
    scale = foot.scale
    for block in foot.blocks:
        values: Array = block.values
        axes = list(block.axes)
        for axis in block.axes:
            driver, relation = link.reads[axis]
            where = 1 + axes.index(axis)
            if isinstance(relation, At):
                values = np.take(values, relation.index - foot.windows[axis][0], where)
                axes.remove(axis)
            elif driver is None or isinstance(relation, Whole):
                values = _MARKS.collect(values, where)
                axes.remove(axis)
            elif _moves(relation):
                marked = _gather(
                    values.swapaxes(where, -1), foot.windows[axis], relation,
                    before[axis], shape[driver],
                )  # fmt: skip
                if marked is None:
                    return None
                values, windows[axis] = marked[0].swapaxes(where, -1), marked[1]
        if axes:
            blocks.append(Block(tuple(axes), values))
        else:
            scale = scale & values
    return _placed(Footprint(tuple(windows), tuple(blocks), scale), link, shape)


def _moves(relation: Relation) -> bool:
    return not isinstance(relation, Whole | At) and relation != IDENTITY


def _slid(foot: Footprint, axis: int, read: Read, shape: Sequence[int]) -> Window | None:
    """The outputs that read any of a window all of which is marked; None: they may have holes."""
    relation = read.relation
    if read.axis is None or not isinstance(relation, Sliding) or foot.block_of(axis) is not None:
        return None
    taps, step, (start, stop) = relation.taps[0], relation.advance, foot.windows[axis]
    if relation.border not in ("zero", "cut", "none") or relation.period > 1 or step <= 0:
        return None
    if not taps or len(taps) <= taps.last - taps.first:
        return None
    first, last = -((taps.last - start) // step), (stop - 1 - taps.first) // step
    return max(first, 0), min(last + 1, shape[read.axis])


def _holds(window: Window, index: int) -> bool:
    return window[0] <= index < window[1]


def _placed(foot: Footprint, link: Link, shape: Sequence[int]) -> Footprint | None:
    """Operand axes at the output axes that drive them; of coupled ones, where all are marked."""
    windows: list[Window] = [(0, size) for size in shape]
    own: dict[int, int] = {}
    for axis, read in enumerate(link.reads):
        if read.axis is not None and not isinstance(read.relation, Whole | At):
            start, stop = windows[read.axis]
            windows[read.axis] = (
                max(start, foot.windows[axis][0]),
                min(stop, foot.windows[axis][1]),
            )
            own[axis] = read.axis
    if any(start >= stop for start, stop in windows):
        return None
    for axes in link.coupled:
        held = [axis for axis in axes if axis in own and foot.block_of(axis) is not None]
        if held:
            foot = _agreeing(merged(foot, held, _MARKS), held, windows[own[held[0]]])
    blocks = tuple(Block(tuple(own[axis] for axis in b.axes), b.values) for b in foot.blocks)
    return trimmed(Footprint(tuple(windows), blocks, foot.scale), _MARKS)


def _agreeing(foot: Footprint, axes: Sequence[int], window: Window) -> Footprint:
    """One axis in the place of coupled ones, which share the first block axes."""
    block = next(b for b in foot.blocks if axes[0] in b.axes)
    parts = (slice(window[0] - foot.windows[a][0], window[1] - foot.windows[a][0]) for a in axes)
    values = diagonal(block.values[(slice(None), *parts)], range(1, 1 + len(axes)))
    values = values.squeeze(tuple(range(2, 1 + len(axes))))
    kept = (axes[0], *(axis for axis in block.axes if axis not in axes))
    others = tuple(b for b in foot.blocks if b is not block)
    return Footprint(foot.windows, (*others, Block(kept, values)), foot.scale)


def _gather(
    marks: Array, window: Window, relation: Relation, size: int, outputs: int
) -> tuple[Array, Window] | None:
    """Which outputs of one axis read a marked element; ``window`` holds the marks (last axis)."""
    if isinstance(relation, Prefix):
        return _gather_prefix(marks, window, relation, outputs)
    assert isinstance(relation, Sliding | Table)
    first, last = _candidates(window, relation, outputs)
    if last < first:
        return None
    if last - first >= CELL_LIMIT:
        raise too_large("the outputs to look at", last - first, "Ask for a smaller input.")
    result = np.zeros((*marks.shape[:-1], last - first + 1), dtype=np.bool_)
    if isinstance(relation, Sliding) and relation.border not in ("zero", "cut", "none"):
        marks, window = _unfolded(marks, window, relation, size, first, last)
    counts = np.zeros((*marks.shape[:-1], marks.shape[-1] + 1), dtype=np.int64)
    np.cumsum(marks, axis=-1, out=counts[..., 1:])
    length = marks.shape[-1]
    for at, bases, taps in _phases(relation, first, last):
        for start, step, count, width in taps.combs:
            for tooth in range(count):
                begin = bases + start + step * tooth - window[0]
                low, high = np.clip(begin, 0, length), np.clip(begin + width, 0, length)
                result[..., at] |= counts[..., high] > counts[..., low]
    return result, (first, last + 1)


def _gather_prefix(
    marks: Array, window: Window, relation: Prefix, outputs: int
) -> tuple[Array, Window]:
    """Everything from the first mark on (up to the last one, backward)."""
    start, stop = window
    if relation.backward:
        running = np.logical_or.accumulate(marks[..., ::-1], axis=-1)[..., ::-1]
        head = np.broadcast_to(running[..., :1], (*marks.shape[:-1], start))
        return np.concatenate([head, running], axis=-1), (0, stop)
    running = np.logical_or.accumulate(marks, axis=-1)
    tail = np.broadcast_to(running[..., -1:], (*marks.shape[:-1], outputs - stop))
    return np.concatenate([running, tail], axis=-1), (start, outputs)


def _unfolded(
    marks: Array, window: Window, relation: Sliding, size: int, first: int, last: int
) -> tuple[Array, Window]:
    """The marks on the grid around a tensor whose border repeats its elements."""
    ends = [taps for taps in (relation.at(i) for i in _end_outputs(relation, first, last)) if taps]
    low = min([window[0], *(taps.first for taps in ends)])
    high = max([window[1] - 1, *(taps.last for taps in ends)])
    if high - low >= CELL_LIMIT:
        raise too_large("the outputs to look at", high - low, "Ask for a smaller input.")
    grid = np.arange(low, high + 1, dtype=np.int64)
    elements = np.where((grid >= 0) & (grid < size), grid, fold_all(grid, size, relation.border))
    inside = (elements >= window[0]) & (elements < window[1])
    places = np.clip(elements - window[0], 0, marks.shape[-1] - 1)
    return marks[..., places] & inside, (low, high + 1)


def _end_outputs(relation: Sliding, first: int, last: int) -> list[int]:
    """Outputs among which the extreme taps of ``first .. last`` are read."""
    outputs = range(first, last + 1)
    if len(outputs) <= 2 * relation.period:
        return list(outputs)
    return [*outputs[: relation.period], *outputs[-relation.period :]]


def _phases(
    relation: Sliding | Table, first: int, last: int
) -> list[tuple[Array, Array, IndexSet]]:
    """Outputs ``first .. last`` by what they read: (their places, their bases, the taps)."""
    if isinstance(relation, Table):
        zero = np.zeros(1, dtype=np.int64)
        return [(np.array([i - first]), zero, relation.taps[i]) for i in range(first, last + 1)]
    found: list[tuple[Array, Array, IndexSet]] = []
    for offset in range(min(relation.period, last - first + 1)):
        block, phase = divmod(first + offset, relation.period)
        at = np.arange(offset, last - first + 1, relation.period)
        bases = relation.advance * (block + np.arange(len(at), dtype=np.int64))
        found.append((at, bases, relation.taps[phase]))
    return found


def _candidates(window: Window, relation: Sliding | Table, outputs: int) -> Window:
    """First and last output that could read anything in ``window``."""
    if isinstance(relation, Table):
        return 0, min(outputs, len(relation.taps)) - 1
    if relation.advance == 0 or relation.border not in ("zero", "cut", "none"):
        return 0, outputs - 1
    read = [taps for taps in relation.taps if taps]
    if not read:
        return 0, -1
    low, high = min(taps.first for taps in read), max(taps.last for taps in read)
    ends = ((window[0] - high) / relation.advance, (window[1] - 1 - low) / relation.advance)
    first, last = int(np.floor(min(ends))) - 1, int(np.ceil(max(ends))) + 1
    return max(0, first * relation.period), min(outputs, (last + 1) * relation.period) - 1
