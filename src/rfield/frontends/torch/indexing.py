"""Indexing: known indices are a table, indices made from the data may point anywhere."""

from __future__ import annotations

from typing import Any

import torch

from ...core import layout, ops
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE, At, Relation
from .rulebook import Arguments, Reading, rule


def _known(arg: Arguments, index: torch.Tensor, limit: int) -> list[int] | None:
    found = arg.constant(index)
    if found is None:
        return None
    flat = found.detach().flatten()
    if flat.dtype == torch.bool:
        flat = flat.nonzero().flatten()
    return [int(i) % limit if limit else 0 for i in flat.tolist()]


@rule("aten::index_select")
def index_select(arg: Arguments) -> Op:
    """Rows by a list of indices."""
    shape = tuple(arg.self.shape)
    axis = arg.dim % len(shape)
    indices = _known(arg, arg.index, shape[axis])
    if indices is not None:
        return layout.gather(shape, axis, indices)
    link = ops.along(shape, {axis: (WHOLE, arg.result.shape[axis])}, kind="index").links[0]
    return Op("index", tuple(arg.result.shape), (link, Link([Read(axis, IDENTITY)])), exact=False)


@rule("aten::gather")
def gather(arg: Arguments) -> Op:
    """Each output names its own index along one axis: any of them may be read."""
    shape, result = tuple(arg.self.shape), tuple(arg.index.shape)
    axis = arg.dim % len(shape)
    reads = list(_all_but(shape, axis))
    source = Link(reads)
    places = ops.pointwise(result).links[0]
    known = _same_everywhere(arg, axis)
    if known is not None:
        reads[axis] = Read(axis, layout.table(known))
        return Op("gather", result, (Link(reads), places))
    return Op("gather", result, (source, places), exact=False)


def _all_but(shape: tuple[int, ...], axis: int) -> list[Read]:
    return [Read(j, WHOLE if j == axis else IDENTITY) for j in range(len(shape))]


def _same_everywhere(arg: Arguments, axis: int) -> list[int] | None:
    """The indices along the axis where they do not change along the others."""
    found = arg.constant(arg.index)
    if found is None:
        return None
    for other in range(found.dim()):
        if other != axis:
            if not bool((found == found.narrow(other, 0, 1)).all()):
                return None
            found = found.narrow(other, 0, 1)
    size = arg.self.shape[axis]
    return [int(i) % size for i in found.flatten().tolist()]


@rule("aten::index.Tensor", "aten::_unsafe_index.Tensor")
def index(arg: Arguments) -> Op | list[Op] | Reading:
    """``x[:, table]``: one known table of one axis is exact, other forms are a bound."""
    shape, result = tuple(arg.self.shape), tuple(arg.result.shape)
    given = [(axis, t) for axis, t in enumerate(arg.indices) if t is not None]
    if len(given) == 1:
        axis, table = given[0]
        known = (
            _known(arg, table, shape[axis])
            if table.dtype != torch.bool or table.dim() == 1
            else None
        )
        if known is not None:
            op = layout.gather(shape, axis, known)
            return [op, layout.reshape(op.shape, result)] if op.shape != result else op
    outer = _outer(arg, given, shape, result)
    return outer if outer is not None else _anywhere(arg, given, shape, result)


def _outer(
    arg: Arguments, given: list[tuple[int, torch.Tensor]], shape: tuple[int, ...],
    result: tuple[int, ...],
) -> Op | None:  # fmt: skip
    """``x[..., rows[:, None], columns]``: each table varies along its own output axis."""
    axes = [axis for axis, _ in given]
    wide = max(t.dim() for _, t in given)
    if (
        axes != list(range(axes[0], axes[0] + len(axes)))
        or len(result) != len(shape) - len(axes) + wide
    ):
        return None
    reads: list[Read] = []
    for axis in range(len(shape)):
        if axis not in axes:
            reads.append(Read(axis if axis < axes[0] else axis - len(axes) + wide, IDENTITY))
            continue
        table = given[axes.index(axis)][1]
        long = [j for j in range(table.dim()) if table.shape[j] > 1]
        known = _known(arg, table, shape[axis]) if table.dtype != torch.bool else None
        if known is None or len(long) > 1:
            return None
        if long:
            reads.append(Read(axes[0] + wide - table.dim() + long[0], layout.table(known)))
        else:
            reads.append(Read(None, At(known[0])))
    return Op("index", result, (Link(reads),))


def _anywhere(
    arg: Arguments, given: list[tuple[int, torch.Tensor]], shape: tuple[int, ...],
    result: tuple[int, ...],
) -> Op:  # fmt: skip
    """Indices that are not known: the indexed axes are read whole, the others keep their place."""
    axes = [axis for axis, _ in given]
    spans = sum(t.dim() if t.dtype == torch.bool else 1 for _, t in given)
    wide = len(result) - (len(shape) - spans)
    together = axes == list(range(axes[0], axes[0] + len(axes)))
    start = axes[0] if together else 0
    if spans != len(axes):
        return ops.opaque([tuple(t.shape) for t in arg.operands], result, kind="index")
    reads: list[Read] = []
    place = 0
    for axis in range(len(shape)):
        if axis in axes:
            reads.append(Read(None, WHOLE))
            continue
        reads.append(Read(place if place < start else place + wide, IDENTITY))
        place += 1
    links = [Link(reads)]
    for _, table in given:
        ahead = start + wide - table.dim()
        links.append(
            Link([Read(ahead + j, IDENTITY) if n > 1 else Read(None, At(0))
                  for j, n in enumerate(table.shape)])
        )  # fmt: skip
    return Op("index", result, tuple(links), exact=False)


@rule("aten::embedding", shaped=True)
def embedding(arg: Arguments) -> Op | Reading:
    """A row of the table for each index."""
    shape, width = tuple(arg.indices.shape), arg.weight.shape[1]
    read = Link([Read(axis, IDENTITY) for axis in range(len(shape))])
    if not arg.depends(arg.weight):
        return Reading(Op("embedding", (*shape, width), (read,)), [arg.indices])
    table = Link([Read(None, WHOLE), Read(len(shape), IDENTITY)])
    return Op("embedding", (*shape, width), (table, read), exact=False)


@rule("aten::embedding_bag", "aten::_embedding_bag", "aten::_embedding_bag_forward_only")
def embedding_bag(arg: Arguments) -> tuple[Op | None, ...]:
    """Rows are summed over bags."""
    shapes = [tuple(t.shape) for t in arg.operands]
    return ops.opaque(shapes, tuple(arg.result[0].shape), kind="embedding_bag"), None, None, None


@rule("aten::one_hot")
def one_hot(arg: Arguments) -> Op:
    """Each index becomes a row."""
    shape = tuple(arg.self.shape)
    return Op("one_hot", tuple(arg.result.shape), ops.pointwise(shape).links)


@rule("aten::take", "aten::take_along_dim", "aten::masked_select", "aten::nonzero")
def anywhere(arg: Arguments) -> Op:
    """Elements chosen by the data."""
    shapes = [tuple(t.shape) for t in arg.operands]
    return ops.opaque(shapes, tuple(arg.result.shape), kind="index")


@rule("aten::scatter", "aten::scatter_add", "aten::scatter_reduce", "aten::index_add",
      "aten::index_copy", "aten::index_reduce", "aten::index_fill")  # fmt: skip
def scatter(arg: Arguments) -> Op:
    """Elements are put where the data says: read whole along that axis."""
    shape = tuple(arg.self.shape)
    axis = arg.dim % len(shape) if shape else 0
    links: list[Any] = [ops.pointwise(shape).links[0]]
    for tensor in arg.operands[1:]:
        size = tuple(tensor.shape)
        if len(size) == len(shape):
            links.append(Link(_all_but(size, axis)))
        else:
            links.append(ops.opaque([size], shape, kind="scatter").links[0])
    return Op("scatter", shape, tuple(links), exact=False)


@rule("aten::index_put", "aten::_index_put_impl", "aten::_unsafe_index_put", "aten::masked_scatter")
def index_put(arg: Arguments) -> Op:
    """``x[where] = y``: each place keeps what it had, or takes any part of ``y``."""
    shape = tuple(arg.self.shape)
    tables = arg.get("indices")
    links: list[Any] = [ops.pointwise(shape).links[0]]
    rest = [tuple(t.shape) for t in arg.operands[1:]]
    known = None
    if tables is not None:
        given = [(axis, t) for axis, t in enumerate(tables) if t is not None]
        if len(given) == 1 and given[0][1].dim() == 1 and not arg.get("accumulate"):
            known = _known(arg, given[0][1], shape[given[0][0]])
    if known is not None and tables is not None and len(set(known)) == len(known):
        return _put(shape, given[0][0], known, tuple(arg.values.shape))
    links += [ops.opaque([size], shape, kind="put").links[0] for size in rest]
    return Op("index_put", shape, tuple(links), exact=False)


def _put(shape: tuple[int, ...], axis: int, known: list[int], size: tuple[int, ...]) -> Op:
    """A known list of indices along one axis, each once."""
    from ...core.indices import EMPTY, IndexSet
    from ...core.link import broadcast
    from ...core.relation import Table

    place = {index: k for k, index in enumerate(known)}
    every = range(shape[axis])
    old = Table(tuple(EMPTY if i in place else IndexSet.interval(i, i) for i in every))
    full = (*shape[:axis], len(known), *shape[axis + 1 :])
    reads = list(broadcast(size, full).reads)
    new: Relation = Table(
        tuple(IndexSet.interval(place[i], place[i]) if i in place else EMPTY for i in every)
    )
    for j, read in enumerate(reads):
        if read.axis == axis:
            reads[j] = Read(axis, new)
    kept = ops.along(shape, {axis: (old, shape[axis])}, kind="put").links[0]
    return Op("index_put", shape, (kept, None, Link(reads)), join=True)


@rule("aten::slice_scatter")
def slice_scatter(arg: Arguments) -> Op:
    """``x[start:stop:step] = y`` as a new tensor."""
    shape = tuple(arg.self.shape)
    positions = range(*slice(arg.start, arg.end, arg.step).indices(shape[arg.dim]))
    return layout.overwrite(shape, arg.dim, positions)


@rule("aten::select_scatter")
def select_scatter(arg: Arguments) -> Reading:
    """``x[index] = y`` as a new tensor."""
    shape, part = tuple(arg.self.shape), tuple(arg.src.shape)
    axis = arg.dim % len(shape)
    at = arg.index % shape[axis]
    column = layout.reshape(part, (*part[:axis], 1, *part[axis:]))
    op = layout.overwrite(shape, axis, range(at, at + 1))
    return Reading(op, [arg.self, Reading(column, [arg.src])])
