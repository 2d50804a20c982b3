"""Gather, scatter and slices that move, with known places or places that the data decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...core import layout, ops
from ...core.algebra import Elementwise
from ...core.arguments import Shape
from ...core.arrays import gather_nd, getitem, permute, pointwise, put, read
from ...core.indices import EMPTY, IndexSet
from ...core.link import Link, Read, everything
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE, Relation, Table, shift
from ...errors import too_large
from ..machine.limits import CONTENTS
from ..machine.values import Array
from .layout import part
from .rulebook import Call, rule


@rule("gather")
def gather(call: Call) -> Any:
    """Slices of ``slice_sizes`` that start at the places in the second operand.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.gather.html
    """
    x, numbers, sizes = call[0], call.attribute("dimension_numbers"), call.numbers("slice_sizes")
    places, result = call.places(1), call.shapes_out[0]
    if places is not None and call.machine.free and places.size > CONTENTS:
        raise too_large("a table of indices", places.size, "Give input_shape.")
    indexed = [*numbers.start_index_map, *numbers.operand_batching_dims]
    gone = {*numbers.collapsed_slice_dims, *numbers.operand_batching_dims}
    kept = [axis for axis in range(len(x.shape)) if axis not in gone]
    place = dict(zip(kept, sorted(numbers.offset_dims), strict=True))
    outer = [axis for axis in range(len(result)) if axis not in numbers.offset_dims]
    if places is None:
        return _gathered_by_data(call, place, outer)
    batch = places.shape[:-1]
    starts = {axis: places[..., k] for k, axis in enumerate(numbers.start_index_map)}
    outside = False
    for axis, start in starts.items():
        most = x.shape[axis] - sizes[axis]
        outside = outside or bool(start.size and not 0 <= start.min() <= start.max() <= most)
        starts[axis] = np.clip(start, 0, max(0, most))
    for axis, own in zip(
        numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True
    ):
        along = [1] * len(batch)
        along[own] = batch[own]
        starts[axis] = np.broadcast_to(np.arange(batch[own]).reshape(along), batch)
    full = [axis for axis in range(len(sizes)) if axis not in indexed]
    steps: list[Op] = []
    for axis in full:  # a part that starts at 0 everywhere
        cut = part(read(steps, x), axis, 0, sizes[axis])
        steps = list(cut.steps)
    windows = [axis for axis in kept if axis in indexed]
    tuples = _tuples(indexed, windows, starts, sizes, batch)
    moved = layout.permute(read(steps, x).shape, [*indexed, *full])
    picked = gather_nd(read([*steps, moved], x), tuples)
    order = [0] * len(result)
    for k, axis in enumerate([*outer, *[place[axis] for axis in [*windows, *full]]]):
        order[axis] = k
    last = layout.permute(picked.shape, order)
    made = [op for op in [*picked.steps, last] if not _stays(op)]
    if outside and made:
        made[-1] = replace(made[-1], exact=False)
    return read(made, x)


def _stays(op: Op) -> bool:
    """Whether an op changes nothing."""
    (link,) = op.links
    return link is not None and link.is_identity


def _tuples(
    indexed: list[int], windows: list[int], starts: dict[int, Array], sizes: tuple[int, ...],
    batch: tuple[int, ...],
) -> Array:  # fmt: skip
    """One tuple of places for each element: (the batch…, the place in each window…, which axis)."""
    whole = (*batch, *(sizes[axis] for axis in windows))
    found: list[Array] = []
    for axis in indexed:
        values = starts[axis].reshape((*batch, *[1] * len(windows)))
        if axis in windows:
            along = [1] * len(whole)
            along[len(batch) + windows.index(axis)] = sizes[axis]
            values = values + np.arange(sizes[axis]).reshape(along)
        found.append(np.broadcast_to(values, whole))
    return np.stack(found, -1)


def _gathered_by_data(call: Call, place: dict[int, int], outer: list[int]) -> Any:
    """Each output reads its own index, and any element along the axes that are indexed."""
    numbers, sizes = call.attribute("dimension_numbers"), call.numbers("slice_sizes")
    batching = dict(
        zip(numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True)
    )
    reads: list[Read] = []
    for axis in range(len(sizes)):
        if axis in batching:
            reads.append(Read(outer[batching[axis]], IDENTITY))
        elif axis in numbers.start_index_map:
            reads.append(Read(None, WHOLE))
        else:
            reads.append(Read(place[axis], _from(0, sizes[axis], call.shape()[axis])))
    own = [*(Read(axis, IDENTITY) for axis in outer), Read(None, WHOLE)]
    # of a table of weights only the index is data
    return Op(
        "gather", call.shapes_out[0], (Link(reads), Link(own)), exact=False, loose=(0,)
    )  # fmt: skip


def _from(start: int, count: int, size: int) -> Relation:
    return IDENTITY if (start, count) == (0, size) else shift(start, "none")


@rule("dynamic_slice")
def dynamic_slice(call: Call) -> Any:
    """A part whose start is an operand; it is moved so that it lies inside.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.dynamic_slice.html
    """
    shape, sizes = call.shape(), call.numbers("slice_sizes")
    starts = [_start(call, k + 1, shape[k], sizes[k]) for k in range(len(shape))]
    known = [start for start in starts if start is not None]
    if len(known) == len(starts):
        return getitem(call[0], tuple(slice(a, a + n) for a, n in zip(known, sizes, strict=True)))
    reads = [
        Read(None, WHOLE) if start is None else Read(k, _from(start, sizes[k], shape[k]))
        for k, start in enumerate(starts)
    ]
    scalars = [Link([])] * len(shape)
    return Op("dynamic_slice", sizes, (Link(reads), *scalars), exact=False, loose=(0,))


def _start(call: Call, place: int, size: int, count: int) -> int | None:
    """Where a part starts, moved inside; None where the data decides."""
    if count == size:
        return 0
    found = call.places(place)
    return None if found is None else min(max(int(found), 0), size - count)


@rule("dynamic_update_slice")
def dynamic_update_slice(call: Call) -> Any:
    """The second operand put over a part of the first.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.dynamic_update_slice.html
    """
    shape, sizes = call.shape(), call.shape(1)
    starts = [_start(call, k + 2, shape[k], sizes[k]) for k in range(len(shape))]
    known = [start for start in starts if start is not None]
    if len(known) == len(starts):
        return _put(call[0], call[1], known, 0)
    old, scalars = ops.pointwise(shape).links, [Link([])] * len(shape)
    return Op("update", shape, (*old, everything(len(shape)), *scalars), exact=False)


def _put(x: Any, new: Any, starts: list[int], axis: int) -> Any:
    """``x`` with ``new`` in its place, axis by axis: before it, within it, behind it."""
    if axis == len(starts):
        return new
    start, stop, size = starts[axis], starts[axis] + new.shape[axis], x.shape[axis]
    middle = _put(part(x, axis, start, stop), new, starts, axis + 1)
    pieces = [
        *([part(x, axis, 0, start)] if start else []), middle,
        *([part(x, axis, stop, size)] if stop < size else []),
    ]  # fmt: skip
    if len(pieces) == 1:
        return middle
    return read(layout.concat(*[tuple(p.shape) for p in pieces], axis=axis), *pieces)


@rule("scatter", "scatter-add", "scatter-max", "scatter-min", "scatter-mul", "scatter-sub")
def scatter(call: Call) -> Any:
    """Updates put over, or added to, the elements at places.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.scatter.html
    """
    numbers, shape, updates = call.attribute("dimension_numbers"), call.shape(), call.shape(2)
    axes, places = numbers.scatter_dims_to_operand_dims, call.places(1)
    windows = [axis for axis in range(len(shape))
               if axis not in numbers.inserted_window_dims
               and axis not in numbers.operand_batching_dims]  # fmt: skip
    own = dict(zip(windows, numbers.update_window_dims, strict=True))
    outer = [axis for axis in range(len(updates)) if axis not in numbers.update_window_dims]
    spans = [updates[own[axis]] if axis in own else 1 for axis in axes]
    if places is not None and "clip" in str(call.attribute("mode")).lower():  # moved to lie inside
        most = [max(0, shape[axis] - span) for axis, span in zip(axes, spans, strict=True)]
        places = np.clip(places, 0, most)
    whole = all(updates[own[k]] == shape[k] for k in windows if k not in axes)
    single = len(axes) == 1 and len(outer) <= 1 and not numbers.operand_batching_dims
    if places is not None and whole:
        if outer and _are_elements(call, axes, places, own):
            return _elements(call, axes, places, own, outer)
        known = not outer or (single and spans == [1])
    else:
        known = False
    if places is not None and known:
        if outer:
            return _rows(call, axes[0], places.reshape(-1), own, outer[0])
        return _block(call, dict(zip(axes, places.reshape(-1).tolist(), strict=True)), own)
    links = (*ops.pointwise(shape).links, everything(len(call.shape(1))), everything(len(updates)))
    return Op("scatter", shape, links, exact=False)


def _replaces(call: Call) -> bool:
    return call.op == "scatter" and call.parameters.get("update_jaxpr") is None


_ALGEBRA: dict[str, Elementwise] = {
    "scatter-mul": "multiply", "scatter-max": "maximum", "scatter-min": "compare",
}  # fmt: skip


_COMBINED: dict[str, Elementwise] = {
    **_ALGEBRA, "scatter-add": "add", "scatter-sub": "subtract",
}  # fmt: skip


def _are_elements(call: Call, axes: Sequence[int], places: Array, own: dict[int, int]) -> bool:
    """Whether paired places along several axes, or factors, are put to whole rows."""
    rows = places.reshape(-1, places.shape[-1])
    shape = np.asarray([call.shape()[axis] for axis in axes])
    inside = bool(((rows >= 0) & (rows < shape)).all())
    alone = len(np.unique(rows, axis=0)) == len(rows)
    plain = inside and not any(axis in own for axis in axes)
    if call.attribute("dimension_numbers").operand_batching_dims or not plain:
        return False
    if _replaces(call):
        return alone or len(axes) > 1
    return alone and call.op in _COMBINED


def _elements(
    call: Call, axes: Sequence[int], places: Array, own: dict[int, int], outer: list[int]
) -> Any:
    """Elements at known places: each takes its update, or is combined with it."""
    index: list[Any] = [slice(None)] * len(call.shape())
    for k, axis in enumerate(axes):
        index[axis] = places[..., k]
    together = sorted(axes) == list(range(min(axes), max(axes) + 1))
    ahead = [own[axis] for axis in sorted(own) if together and axis < min(axes)]
    behind = [own[axis] for axis in sorted(own) if own[axis] not in ahead]
    new: Any = permute(call[2], [*ahead, *outer, *behind])
    if call.op in _COMBINED:
        old = getitem(call[0], tuple(index))
        new = pointwise(old, new, kind=call.kind, algebra=_COMBINED[call.op])
    return put(call[0], tuple(index), new)


def _block(call: Call, starts: dict[int, int], own: dict[int, int]) -> Any:
    """One block at a known place; outside of the tensor it is dropped."""
    shape, updates = call.shape(), call.shape(2)
    wide = [updates[own[axis]] if axis in own else 1 for axis in range(len(shape))]
    at = [starts.get(axis, 0) for axis in range(len(shape))]
    if any(not 0 <= a <= size - n for a, n, size in zip(at, wide, shape, strict=True)):
        return call[0]
    order = [own[axis] for axis in range(len(shape)) if axis in own]
    moved = layout.permute(updates, order)
    new: Any = read([moved, layout.reshape(moved.shape, wide)], call[2])
    if call.op in _ALGEBRA:
        old = getitem(call[0], tuple(slice(a, a + n) for a, n in zip(at, wide, strict=True)))
        new = pointwise(old, new, kind=call.kind, algebra=_ALGEBRA[call.op])
    if _replaces(call) or call.op in _ALGEBRA:
        return _put(call[0], new, at, 0)
    ends = {k: (a, shape[k] - a - wide[k]) for k, a in enumerate(at)}
    placed = read(replace(layout.pad(new.shape, ends), fill=0.0), new)
    op = ops.pointwise(shape, shape, kind=call.kind, join=True, algebra="keep")
    return read(replace(op, exact=call.op != "scatter"), call[0], placed)


def _rows(call: Call, axis: int, places: Array, own: dict[int, int], outer: int) -> Any:
    """Rows at known places along one axis: each takes the updates that are put there."""
    shape: Shape = call.shape()
    rows: dict[int, list[int]] = {}
    for k, place in enumerate(places.tolist()):
        rows.setdefault(place, []).append(k)
    new = Table(tuple(IndexSet.of(rows.get(i, [])) for i in range(shape[axis])))
    one = IndexSet.interval
    old: Relation = IDENTITY
    if _replaces(call):
        old = Table(tuple(EMPTY if i in rows else one(i, i) for i in range(shape[axis])))
    first = [Read(k, old if k == axis else IDENTITY) for k in range(len(shape))]
    reads: list[Read] = [Read(axis, new)] * len(call.shape(2))
    for k, place in own.items():
        reads[place] = Read(None, WHOLE) if k == axis else Read(k, IDENTITY)
    reads[outer] = Read(axis, new)
    links = (Link(first, is_part=True), None, Link(reads, is_part=True))
    exact = _replaces(call) or call.op in ("scatter-add", "scatter-sub")
    return Op("scatter", shape, links, exact=exact, algebra="move" if _replaces(call) else "keep")
