"""What a model really reads on a tensor of known sizes, clipped at every layer.

The same sweep as ``forward``, in the tensor's meaning: zero padding reads nothing, other padding
the element it repeats, a crop cuts. Bounds are arrays over real positions. Only the positions that
the asked outputs can need are looked at (``_windows``), so an axis of 10**9 costs no more than the
field itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from math import prod

import numpy as np

from ...core.graph import Graph, Node
from ...core.known.codes import ALIVE, Codes
from ...core.limits import CELL_LIMIT
from ...core.link import AnyLink, Link, Reshaped
from ...core.node import dependents
from ...core.relation import IDENTITY, At, Prefix, Relation, Sliding, Table, Whole
from ...errors import too_large
from .diagonal import diagonal, placed, written_out
from .gaps import Gaps, Mask, crossed_joins, mask_of
from .pull import NOTHING, Bounds, Ints, evened, fold_all, running, slide_finite

RECENT = 16
"""Readings that are kept to be found again, where branches are many and alike."""

_Recent = dict[tuple[object, ...], tuple[Bounds | None, object]]
Window = tuple[int, int]
Box = tuple[Window, ...]


def clipped_bounds(
    graph: Graph,
    value: int,
    source: int,
    axes: Sequence[int],
    positions: Sequence[int],
    index: Ints,
) -> tuple[Ints, Ints] | None:
    """Bounds at each row of ``index`` (columns: ``positions``) for every axis in ``axes``.

    None where some join on the way is crossed (see ``gaps``), so that no axis can be had alone.
    """
    shape = graph.nodes[value].shape
    asked: list[Window] = [(0, size) for size in shape]
    for column, axis in enumerate(positions):
        asked[axis] = (int(index[:, column].min()), int(index[:, column].max()) + 1)
    windows = needed_windows(graph.nodes, value, source, tuple(asked))
    found: list[Bounds] = []
    gaps: list[dict[int, Gaps]] = []
    for axis in axes:
        gaps.append({})
        pieces = swept(graph.nodes, {value}, source, axis, windows, gaps[-1])
        found.append(_read_off(pieces.get(value, []), windows[value], positions, index))
    if crossed_joins(gaps):
        return None
    return np.stack([low for low, _ in found], axis=-1), np.stack([h for _, h in found], axis=-1)


def _read_off(
    pieces: Sequence[Bounds], window: Box, positions: Sequence[int], index: Ints
) -> Bounds:
    """The bounds of each row of ``index``, all axes that name no position folded."""
    low = np.full(len(index), NOTHING[0], dtype=np.int64)
    high = np.full(len(index), NOTHING[1], dtype=np.int64)
    for piece_low, piece_high in pieces:
        rest = tuple(axis for axis in range(piece_low.ndim) if axis not in positions)
        places: list[Ints | int] = [0] * piece_low.ndim
        for column, axis in enumerate(positions):
            if piece_low.shape[axis] > 1:
                places[axis] = index[:, column] - window[axis][0]
        low = np.minimum(low, piece_low.min(axis=rest, keepdims=True)[tuple(places)])
        high = np.maximum(high, piece_high.max(axis=rest, keepdims=True)[tuple(places)])
    return low, high


def swept(
    nodes: Sequence[Node],
    wanted: Collection[int],
    source: int,
    axis: int,
    windows: Mapping[int, Box],
    gaps: dict[int, Gaps],
) -> dict[int, list[Bounds]]:
    """Unions of broadcastable bounds of each wanted value, of others while someone reads them."""
    order = sorted(windows)
    last_use = {operand: index for index in order for operand in nodes[index].operands}
    reached = all(start < stop for start, stop in windows[source])
    states = {source: [coordinates(windows[source], axis)] if reached else list[Bounds]()}
    kept: dict[int, Mask | None] = {}  # of values that are passed on unchanged
    recent: _Recent = {}
    for index in order:
        if index == source:
            continue
        if any(start >= stop for start, stop in windows[index]):
            states[index] = []
            continue
        node = nodes[index]
        branches: list[list[Bounds]] = []
        masks: list[Mask | None] = []
        for operand, link in zip(node.operands, node.links, strict=True):
            have = windows.get(operand)
            if link.is_identity and have == windows[index]:
                branches.append(states[operand])
                if operand not in kept and len(node.operands) > 1:
                    kept[operand] = mask_of(states[operand])
                masks.append(kept.get(operand))
                continue
            branches.append([])
            for bounds in states.get(operand, ()):
                assert have is not None
                way = nodes[operand].shape, have, windows[index]
                passed = _remembered(recent, bounds, link, way)
                if passed is not None:
                    branches[-1].append(passed)
            masks.append(None if have is None else mask_of(branches[-1]))
        states[index] = union_clipped([bounds for branch in branches for bounds in branch])
        if node.known is not None:
            states[index] = [alive(b, node.known.codes, windows[index]) for b in states[index]]
        if len(branches) > 1 and any(mask is not None for mask in masks):
            gaps[index] = tuple(masks)
        for operand in node.operands:
            if last_use.get(operand) == index and operand not in wanted:
                states.pop(operand, None)
    return states


def _remembered(
    recent: _Recent, bounds: Bounds, link: AnyLink, way: tuple[Sequence[int], Box, Box]
) -> Bounds | None:
    """``through_clipped``, which is worked out once for branches that are alike."""
    key = id(bounds), id(link), *way
    if key not in recent:
        if len(recent) == RECENT:
            recent.clear()
        recent[key] = through_clipped(bounds, link, *way), (bounds, link)  # which keep the ids
    return recent[key][0]


def alive(bounds: Bounds, codes: Codes, window: Box) -> Bounds:
    """Bounds of a value without the elements that no input changes."""
    part = tuple(
        slice(*window[axis]) if size > 1 else slice(None) for axis, size in enumerate(codes.shape)
    )
    dead = codes[part] != ALIVE
    return np.where(dead, NOTHING[0], bounds[0]), np.where(dead, NOTHING[1], bounds[1])


def coordinates(window: Box, axis: int) -> Bounds:
    """The source itself: every position along ``axis`` reads itself."""
    length = window[axis][1] - window[axis][0]
    if length > CELL_LIMIT:
        raise too_large("the part of the input that is asked about", length, _ASK_LESS)
    shape = [1] * len(window)
    shape[axis] = length
    values = np.arange(*window[axis], dtype=np.int64).reshape(shape)
    return values, values


def through_clipped(
    bounds: Bounds, link: AnyLink, before: Sequence[int], have: Box, want: Box
) -> Bounds | None:
    """Bounds over the window ``have`` of an operand as they are over ``want`` of its reader."""
    if prod(before) == 0:
        return None
    if isinstance(link, Reshaped):
        return _reshape(bounds, link, have, want)
    low, high = bounds
    for axis, read in enumerate(link.reads):
        outputs = (0, 1) if read.axis is None else want[read.axis]
        if read.relation == IDENTITY and (low.shape[axis] == 1 or outputs == have[axis]):
            continue
        found = _axis(
            (low.swapaxes(axis, -1), high.swapaxes(axis, -1)),
            read.relation, before[axis], have[axis], outputs,
        )  # fmt: skip
        low, high = found[0].swapaxes(-1, axis), found[1].swapaxes(-1, axis)
    return _place(low, high, link, len(want))


def _axis(
    bounds: Bounds, relation: Relation, size: int, have: tuple[int, int], want: tuple[int, int]
) -> Bounds:
    low, high = bounds
    varies = low.shape[-1] > 1
    part = slice(want[0] - have[0], want[1] - have[0])
    if relation == IDENTITY:
        return (low[..., part], high[..., part]) if varies else bounds
    if isinstance(relation, Whole):
        return low.min(axis=-1, keepdims=True), high.max(axis=-1, keepdims=True)
    if isinstance(relation, At):
        place = relation.index - have[0] if varies else 0
        return low[..., place : place + 1], high[..., place : place + 1]
    if isinstance(relation, Prefix):
        if not varies:
            return bounds
        low, high = running(bounds, backward=relation.backward)
        return low[..., part], high[..., part]
    if not varies and have[1] - have[0] > 1:
        if _covers(relation, size, want):
            return bounds
        width = (*low.shape[:-1], have[1] - have[0])
        low, high = np.broadcast_to(low, width), np.broadcast_to(high, width)
    if want[1] - want[0] > CELL_LIMIT:
        raise too_large("the part of a layer that is needed", want[1] - want[0], _ASK_LESS)
    positions = np.arange(*want, dtype=np.int64)
    low, high = slide_finite((low, high), relation, size, positions, have[0])
    if low.shape[-1] > 1 and (low == low[..., :1]).all() and (high == high[..., :1]).all():
        return low[..., :1], high[..., :1]
    return low, high


def _covers(relation: Sliding | Table, size: int, want: tuple[int, int]) -> bool:
    """Whether every output in ``want`` reads something (so a constant reach stays constant)."""
    if isinstance(relation, Table):
        return all(relation.taps)
    if relation.border not in ("zero", "cut"):
        return all(relation.taps)
    if not all(taps.dense and taps for taps in relation.taps):
        return False
    for phase, taps in enumerate(relation.taps):
        last = (want[1] - 1 - phase) // relation.period
        for block in (max(0, -(-(want[0] - phase) // relation.period)), last):
            if block < 0 or block * relation.period + phase < want[0]:
                continue
            start = relation.advance * block
            if start + taps.last < 0 or start + taps.first >= size:
                return False
    return True


def _place(low: Ints, high: Ints, link: Link, rank: int) -> Bounds:
    if link.stays and rank == low.ndim and not link.coupled:
        return low, high
    for axes in link.coupled:
        low, high = diagonal(low, axes), diagonal(high, axes)
    low, high = placed(link, rank, low, high)
    return low, high


def _reshape(bounds: Bounds, link: Reshaped, have: Box, want: Box) -> Bounds:
    low, high = bounds
    full, shape = written_out(link, low.shape)
    begins = {
        group.after[0]: have[group.before[0]][0]
        for group in link.groups
        if len(group.before) == len(group.after) == 1
    }
    if prod(full) > CELL_LIMIT:
        raise too_large("a reshaped field", prod(full), _ASK_LESS)
    low, high = (
        np.broadcast_to(low, full).reshape(shape),
        np.broadcast_to(high, full).reshape(shape),
    )
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        begin = begins.get(axis, 0)
        part = (slice(None),) * axis + (slice(want[axis][0] - begin, want[axis][1] - begin),)
        low, high = low[part], high[part]
        low, high = evened((low, high), axis) or (low, high)
    return low, high


def union_clipped(found: list[Bounds]) -> list[Bounds]:
    """Bounds of the same shape merged, empty ones dropped."""
    alike: dict[tuple[int, ...], list[Bounds]] = {}
    for bounds in {id(bounds): bounds for bounds in found}.values():
        alike.setdefault(bounds[0].shape, []).append(bounds)
    merged: list[Bounds] = []
    for several in alike.values():
        low = reduce(np.minimum, [low for low, _ in several])
        high = reduce(np.maximum, [high for _, high in several])
        if (low > high).all():
            continue
        for place, (other_low, other_high) in enumerate(merged):
            shape = np.broadcast_shapes(low.shape, other_low.shape)
            if shape in (low.shape, other_low.shape):
                merged[place] = np.minimum(low, other_low), np.maximum(high, other_high)
                break
        else:
            merged.append((low, high))
    return merged


def needed_windows(nodes: Sequence[Node], value: int, source: int, asked: Box) -> dict[int, Box]:
    """Backwards: which positions of each value the asked ones can need (as boxes)."""
    windows: dict[int, Box] = {value: asked}
    reachable = dependents(nodes[: value + 1], (source,))
    for index in range(value, source, -1):
        window = windows.get(index)
        if window is None:
            continue
        node = nodes[index]
        for operand, link in zip(node.operands, node.links, strict=True):
            if operand not in reachable:
                continue
            need = window if link.is_identity else _needed(link, nodes[operand].shape, window)
            have = windows.get(operand)
            if have is not None and have != need:
                need = tuple(
                    b if a[0] >= a[1] else a if b[0] >= b[1] else (min(a[0], b[0]), max(a[1], b[1]))
                    for a, b in zip(have, need, strict=True)
                )
            windows[operand] = need
    if source not in windows:
        windows[source] = tuple((0, 0) for _ in nodes[source].shape)
    return windows


def _needed(link: AnyLink, shape: Sequence[int], window: Box) -> Box:
    need: list[tuple[int, int]] = [(0, size) for size in shape]
    if isinstance(link, Reshaped):
        for group in link.groups:
            if len(group.before) == len(group.after) == 1:
                need[group.before[0]] = window[group.after[0]]
        return tuple(need)
    for axis, read in enumerate(link.reads):
        if read.axis is not None:
            need[axis] = _span(read.relation, shape[axis], window[read.axis])
        elif isinstance(read.relation, At):
            need[axis] = (read.relation.index, read.relation.index + 1)
    return tuple(need)


def _span(relation: Relation, size: int, window: tuple[int, int]) -> tuple[int, int]:
    first, last = window[0], window[1] - 1
    if last < first:
        return 0, 0
    if isinstance(relation, Prefix):
        return (first, size) if relation.backward else (0, last + 1)
    if isinstance(relation, Table):
        taps = [t for t in relation.taps[max(0, first) : last + 1] if t]
        return (min(t.first for t in taps), max(t.last for t in taps) + 1) if taps else (0, 0)
    if not isinstance(relation, Sliding):
        return 0, size
    if relation == IDENTITY:
        return window
    ends = range(first, last + 1)
    if len(ends) > 2 * relation.period:
        ends = [*ends[: relation.period], *ends[-relation.period :]]
    read = [taps for taps in (relation.at(i) for i in ends) if taps]
    if not read:
        return 0, 0
    low, high = min(taps.first for taps in read), max(taps.last for taps in read)
    if low >= 0 and high < size:
        return low, high + 1
    if relation.border in ("zero", "cut"):
        return max(0, low), max(0, low, min(size, high + 1))
    if high - low >= CELL_LIMIT:
        return 0, size
    folded = fold_all(np.arange(low, high + 1, dtype=np.int64), size, relation.border)
    return int(folded.min()), int(folded.max()) + 1


_ASK_LESS = "Ask for fewer positions, for a smaller input, or without clip."
