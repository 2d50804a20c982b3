"""The vocabulary, second part: ops that only move, repeat or select elements.

Same rules as ``ops``: operand shapes and attributes in, an ``Op`` out. Ops that are several moves
in a row (pixel shuffle, sliding frames) come as a list of ops, each applied to the one before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod

from ..errors import InvalidModelError, too_large, unfit_shapes
from . import padding as arithmetic
from .arguments import broadcast_shape, integer, normalize_axis
from .indices import EMPTY, IndexSet
from .limits import PERIOD_LIMIT
from .link import Link, Read, Reshaped, broadcast, passed
from .ops import Op, along
from .relation import (
    IDENTITY,
    ZERO,
    At,
    Relation,
    Sliding,
    Spaced,
    Table,
    minimal,
    shift,
)
from .resampling import repeating


def pad(
    shape: Sequence[int], padding: Mapping[int, tuple[int, int]], *, mode: str = "constant"
) -> Op:
    """Pad (or crop, where negative) ``{axis: (before, after)}`` in any of the usual modes.

    >>> pad((1, 3, 8), {2: (1, -2)}, mode="reflect").shape
    (1, 3, 7)
    """
    if mode not in arithmetic.PAD_BORDERS:
        raise InvalidModelError(
            f"mode = {mode!r}; expected one of {', '.join(arithmetic.PAD_BORDERS)}"
        )
    border = arithmetic.PAD_BORDERS[mode]
    relations: dict[int, tuple[Relation, int]] = {}
    for axis, (before, after) in padding.items():
        size = shape[normalize_axis(axis, len(shape))]
        outputs = size + before + after
        if outputs < 0:
            raise InvalidModelError(f"cropping {-before} and {-after} from an axis of {size}")
        if outputs and not size and border != "zero":
            raise InvalidModelError(f"{mode} padding of an empty axis, which has nothing to repeat")
        relations[axis] = (shift(-before, border), outputs)
    return along(shape, relations, kind="pad", algebra="move")


def slice_(
    shape: Sequence[int], axis: int, start: int, stop: int, step: int = 1, *, kind: str = "slice"
) -> Op:
    """Every ``step``-th element from ``start`` up to, not including, ``stop``; ``step`` may be < 0.

    ``start`` and ``stop`` count as in Python; ``stop`` may be -1 only as a real end before 0 when
    the step is negative (use ``range`` semantics, already resolved).
    """
    axis = normalize_axis(axis, len(shape))
    ends = [integer(end) for end in (start, stop, step)]
    if step == 0 or None in ends:
        problem = f"slice {start!r}:{stop!r}:{step!r}; expected integers and a step that is not 0"
        raise InvalidModelError(problem)
    picked = range(start, stop, step)
    if picked and not (0 <= picked[0] < shape[axis] and 0 <= picked[-1] < shape[axis]):
        raise InvalidModelError(f"slice {start}:{stop}:{step} outside an axis of {shape[axis]}")
    relation = Sliding(1, step, (IndexSet.interval(start, start),))
    return along(shape, {axis: (relation, len(picked))}, kind=kind, algebra="move")


def flip(shape: Sequence[int], axes: Sequence[int]) -> Op:
    """Reverse the order along ``axes``.

    >>> flip((1, 8), [1]).links
    (Link(0: =, 1: Sliding(period=1, advance=-1, taps=(IndexSet{7},), border='zero')),)
    """
    relations: dict[int, tuple[Relation, int]] = {}
    for axis in axes:
        size = shape[normalize_axis(axis, len(shape))]
        relations[axis] = (Sliding(1, -1, (IndexSet.interval(size - 1, size - 1),)), size)
    return along(shape, relations, kind="flip", depends_on_size=True, algebra="move")


def roll(shape: Sequence[int], shifts: Mapping[int, int]) -> Op:
    """Circular shift: output ``i`` reads ``(i - shift) mod size``; the theory unrolls it."""
    total: dict[int, int] = {}
    for named, steps in shifts.items():  # an axis may be named twice, by 2 and by -1
        axis = normalize_axis(named, len(shape))
        total[axis] = total.get(axis, 0) + steps
    turned = {axis: (shift(-n, "circular"), shape[axis]) for axis, n in total.items() if n}
    return along(shape, turned, kind="roll", algebra="move")


def select(shape: Sequence[int], axis: int, index: int) -> Op:
    """Take one index of an axis and drop the axis."""
    axis = normalize_axis(axis, len(shape))
    if not -shape[axis] <= index < shape[axis]:
        raise InvalidModelError(f"index {index} outside an axis of {shape[axis]}")
    reads: list[Read] = []
    result: list[int] = []
    for j, size in enumerate(shape):
        if j == axis:
            reads.append(Read(None, At(index % size)))
        else:
            reads.append(Read(len(result), IDENTITY))
            result.append(size)
    return Op("select", tuple(result), (Link(reads),), algebra="move")


def gather(shape: Sequence[int], axis: int, indices: Sequence[int], *, kind: str = "gather") -> Op:
    """Output ``i`` is element ``indices[i]`` (known indices; negative ones count from the end).

    >>> gather((1, 9), 1, [0, -1, 3]).shape
    (1, 3)
    """
    axis = normalize_axis(axis, len(shape))
    size = shape[axis]
    for index in indices:
        if not -size <= index < size:
            raise InvalidModelError(f"index {index} outside an axis of {size}")
    places = [i % size for i in indices]
    relation = repeating(places, size) or table(places)
    return along(shape, {axis: (relation, len(places))}, kind=kind, algebra="move")


def table(indices: Sequence[int]) -> Relation:
    """The relation "output ``i`` reads ``indices[i]``": evenly spaced ones slide.

    >>> table([4, 2, 0])
    Sliding(period=1, advance=-2, taps=(IndexSet{4},), border='zero')
    """
    if len(indices) > 1:
        step = indices[1] - indices[0]
        if step and all(b - a == step for a, b in pairwise(indices)):
            return Sliding(1, step, (IndexSet.interval(indices[0], indices[0]),))
    return Table(tuple(IndexSet.interval(index, index) for index in indices))


def concat(*shapes: Sequence[int], axis: int) -> Op:
    """Join end to end along ``axis``; the operands should be aligned on all other axes.

    >>> concat((1, 3, 8), (1, 5, 8), axis=1).shape
    (1, 8, 8)
    """
    if not shapes:
        raise InvalidModelError("nothing to concatenate")
    rank = len(shapes[0])
    axis = normalize_axis(axis, rank)
    result, start = list(shapes[0]), 0
    links: list[Link] = []
    if any(len(shape) != rank for shape in shapes):
        raise unfit_shapes("the ranks differ", shapes)
    for shape in shapes:
        if any(a != b for j, (a, b) in enumerate(zip(shape, result, strict=True)) if j != axis):
            raise unfit_shapes(f"sizes differ on an axis other than {axis}", shapes)
        reads = list(passed(rank).reads)
        if len(shapes) > 1:
            reads[axis] = Read(axis, shift(-start, "cut"))
        links.append(Link(reads))
        start += shape[axis]
    result[axis] = start
    return Op("concat", tuple(result), tuple(links), join=len(shapes) > 1, algebra="move")


def overwrite(shape: Sequence[int], axis: int, positions: range) -> Op:
    """An assignment to every ``step``-th index: reads the old tensor, then what was written.

    The second operand has ``len(positions)`` indices along ``axis``; its index ``k`` lies at
    ``positions[k]``, and there the old element is read no more. Every ``step``-th of an axis goes
    on for ever, but for a single one. An unbroken run is a ``concat`` of slices instead.

    >>> old, new = overwrite((6,), 0, range(1, 6, 2)).links
    >>> [r.relation.taps for r in (*old.reads, *new.reads)]
    [(IndexSet{0}, IndexSet{}), (IndexSet{}, IndexSet{0})]
    """
    axis = normalize_axis(axis, len(shape))
    size, step = shape[axis], positions.step
    one = IndexSet.interval
    old: Relation
    new: Relation
    start, count = positions.start, len(positions)
    if count > 1 and 0 <= start < step and start + step * count >= size:
        old = Sliding(step, step, tuple(one(r, r) if r != start else EMPTY for r in range(step)))
        new = Sliding(step, 1, tuple(ZERO if r == start else EMPTY for r in range(step)), "cut")
    else:
        if size > PERIOD_LIMIT:
            raise too_large("the table of an assignment", size, "Its positions are too many.")
        place = {position: k for k, position in enumerate(positions)}
        old = Table(tuple(EMPTY if i in place else one(i, i) for i in range(size)))
        new = Table(tuple(one(place[i], place[i]) if i in place else EMPTY for i in range(size)))
    links: list[Link] = []
    for relation in (old, new):
        reads = list(passed(len(shape)).reads)
        reads[axis] = Read(axis, relation)
        links.append(Link(reads, is_part=True))
    return Op("overwrite", tuple(shape), tuple(links), join=True, algebra="move")


def permute(shape: Sequence[int], order: Sequence[int]) -> Op:
    """Output axis ``k`` is operand axis ``order[k]``.

    >>> permute((1, 3, 8, 6), (0, 2, 3, 1)).shape
    (1, 8, 6, 3)
    """
    order = [normalize_axis(axis, len(shape)) for axis in order]
    if sorted(order) != list(range(len(shape))):
        raise InvalidModelError(f"order = {tuple(order)}; expected each axis of {len(shape)} once")
    reads = [Read(order.index(axis), IDENTITY) for axis in range(len(shape))]
    result = tuple(shape[axis] for axis in order)
    return Op("permute", result, (Link(reads),), algebra="move")


def reshape(shape: Sequence[int], result: Sequence[int], *, kind: str = "reshape") -> Op:
    """The same elements in row-major order under another shape; one size may be -1.

    >>> reshape((1, 8, 6), (8, -1)).shape
    (8, 6)
    """
    sizes = list(result)
    if sizes.count(-1) == 1:
        known = prod(size for size in sizes if size != -1)
        if known == 0 or prod(shape) % known:
            raise InvalidModelError(f"cannot reshape {tuple(shape)} into {tuple(result)}")
        sizes[sizes.index(-1)] = prod(shape) // known
    if any(size < 0 for size in sizes) or prod(sizes) != prod(shape):
        raise InvalidModelError(f"cannot reshape {tuple(shape)} into {tuple(result)}")
    return Op(kind, tuple(sizes), (Reshaped(shape, sizes),), algebra="move")


def expand(shape: Sequence[int], result: Sequence[int]) -> Op:
    """Broadcast to ``result``."""
    if broadcast_shape([shape, result]) != tuple(result):
        raise InvalidModelError(f"cannot expand {tuple(shape)} to {tuple(result)}")
    return Op("expand", tuple(result), (broadcast(shape, result),), algebra="move")


def tile(shape: Sequence[int], repeats: Mapping[int, int]) -> Op:
    """Repeat the whole axis: output ``i`` reads ``i mod size``.

    >>> tile((2, 3), {1: 4}).shape
    (2, 12)
    """
    relations: dict[int, tuple[Relation, int]] = {}
    for axis, times in repeats.items():
        size = shape[normalize_axis(axis, len(shape))]
        if times != 1:
            relation = Sliding(max(1, size), 0, _spaced("tile", 0, 1, max(1, size)))
            relations[axis] = (relation, size * times)
    return along(shape, relations, kind="tile", algebra="move")


def repeat_each(shape: Sequence[int], axis: int, times: int) -> Op:
    """Repeat every element in place: output ``i`` reads ``i // times`` (nearest up-sampling).

    >>> repeat_each((1, 3), 1, 2).links
    (Link(0: =, 1: Sliding(period=2, advance=1, taps=(IndexSet{0}, IndexSet{0}), border='zero')),)
    """
    axis = normalize_axis(axis, len(shape))
    if times > PERIOD_LIMIT:
        raise too_large("the pattern of a repetition", times, "Its phases are too many.")
    relation = minimal(Sliding(max(1, times), 1, (ZERO,) * max(1, times)))
    return along(shape, {axis: (relation, shape[axis] * times)}, kind="repeat", algebra="move")


def frames(
    shape: Sequence[int],
    axis: int,
    size: int,
    step: int,
    *,
    dilation: int = 1,
    before: int = 0,
    after: int = 0,
) -> list[Op]:
    """Sliding windows of ``size`` every ``step``; ``axis`` becomes two: window, place in it.

    >>> [op.shape for op in frames((1, 10), 1, 4, 2)]
    [(1, 16), (1, 4, 4)]
    """
    axis = normalize_axis(axis, len(shape))
    count = arithmetic.window_count(shape[axis], size, step, before, after, dilation, ceil=False)
    taps = _spaced("frames", -before, dilation, size)
    relation = minimal(Sliding(size, step, taps))
    listed = along(shape, {axis: (relation, count * size)}, kind="frames", algebra="move")
    split = (*shape[:axis], count, size, *shape[axis + 1 :])
    return [listed, reshape(listed.shape, split)]


def overlap_add(
    shape: Sequence[int], axis: int, step: int, size: int, *, dilation: int = 1, before: int = 0
) -> list[Op]:
    """The inverse of ``frames``: axes (window, place in it) are summed into one of ``size``.

    Output ``i`` reads place ``k`` of window ``w`` where ``i = step*w + dilation*k - before``.
    """
    axis = normalize_axis(axis, len(shape))
    count, places = shape[axis], shape[axis + 1]
    taps: list[IndexSet] = []
    for phase in range(step):
        found: list[int] = []
        for k in range(places):
            window, rest = divmod(phase + before - dilation * k, step)
            if rest == 0:
                found.append(window * places + k)
        taps.append(IndexSet.of(sorted(found)))
    flat = reshape(shape, (*shape[:axis], count * places, *shape[axis + 2 :]))
    relation = minimal(Sliding(step, places, tuple(taps)))
    return [flat, along(flat.shape, {axis: (relation, size)}, kind="overlap_add", algebra="keep")]


def depth_to_space(
    shape: Sequence[int],
    block: Sequence[int],
    *,
    axes: Sequence[int],
    channel_axis: int,
    channels_first: bool = True,
) -> list[Op]:
    """Pixel shuffle: channels become positions inside ``block``-sized cells.

    ``channels_first``: the channel axis is laid out (channel, block…) as in PyTorch and ONNX's
    ``CRD``; otherwise (block…, channel) as in TensorFlow and ``DCR``.
    """  # fmt: skip
    rank = len(shape)
    axes = [normalize_axis(axis, rank) for axis in axes]
    channel = normalize_axis(channel_axis, rank)
    kept = shape[channel] // prod(block)
    if kept * prod(block) != shape[channel]:
        raise InvalidModelError(f"{shape[channel]} channels do not divide into blocks of {block}")
    inner = [kept, *block] if channels_first else [*block, kept]
    split = [*shape[:channel], *inner, *shape[channel + 1 :]]
    where = {axis: axis if axis < channel else axis + len(block) for axis in range(rank)}
    cells = {axis: channel + j + (1 if channels_first else 0) for j, axis in enumerate(axes)}
    own = channel if channels_first else channel + len(block)
    order: list[int] = []
    result: list[int] = []
    for axis in range(rank):
        order.append(own if axis == channel else where[axis])
        size = kept if axis == channel else shape[axis]
        if axis in cells:
            order.append(cells[axis])
            size *= block[axes.index(axis)]
        result.append(size)
    first = reshape(shape, split)
    second = permute(split, order)
    return [first, second, reshape(second.shape, result, kind="depth_to_space")]


def space_to_depth(
    shape: Sequence[int],
    block: Sequence[int],
    *,
    axes: Sequence[int],
    channel_axis: int,
    channels_first: bool = True,
) -> list[Op]:
    """Pixel unshuffle, the inverse of ``depth_to_space``."""  # fmt: skip
    rank = len(shape)
    axes = [normalize_axis(axis, rank) for axis in axes]
    channel = normalize_axis(channel_axis, rank)
    split: list[int] = []
    outer: dict[int, int] = {}
    inner: dict[int, int] = {}
    for axis, size in enumerate(shape):
        outer[axis] = len(split)
        if axis in axes:
            cell = block[axes.index(axis)]
            if size % cell:
                raise InvalidModelError(f"a size of {size} does not divide into blocks of {cell}")
            inner[axis] = len(split) + 1
            split += [size // cell, cell]
        else:
            split.append(size)
    cells = [inner[axis] for axis in axes]
    order: list[int] = []
    result: list[int] = []
    for axis in range(rank):
        if axis == channel:
            order += [outer[axis], *cells] if channels_first else [*cells, outer[axis]]
            result.append(shape[axis] * prod(block))
        else:
            order.append(outer[axis])
            result.append(split[outer[axis]])
    turned = permute(split, order)
    return [reshape(shape, split), turned, reshape(turned.shape, result, kind="space_to_depth")]


def _spaced(kind: str, first: int, step: int, count: int) -> Sequence[IndexSet]:
    """One index per phase, ``first``, ``first + step`` and so on."""
    if count > PERIOD_LIMIT:
        raise too_large(f"the pattern of {kind}", count, "Its phases are too many.")
    return Spaced.of(IndexSet.interval(first, first), step, count)
