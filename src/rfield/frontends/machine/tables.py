"""Numbers beside the operands of an op: which lie where, for comparing two sizes of the input."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np

from ...core.algebra import Contraction
from ...core.arguments import Shape
from ...core.known import Known, moved
from ...core.link import AnyLink, Link
from ...core.numbers import DRAWN, KEPT, Numbers, Positions
from ...core.ops import Op
from ...core.relation import IDENTITY, At, Sliding
from .values import Array, Constant, held_once


def beside(value: Constant, op: Op, link: AnyLink | None) -> object:
    """A constant as what an op reads besides its operands; its numbers where it is spread."""
    if value.drawn:
        return DRAWN
    if not value.has_shape:
        return (value.identity,)
    if value.stored:
        return value.shape, value.identity
    if link is None and value.made and (one := even(value)) is not None:
        return "even", one.item()  # wherever it is read
    ahead = len(op.shape) - len(value.shape)
    spread = isinstance(link, Link) and all(
        (read.relation == IDENTITY and read.axis == place) or read.relation == At(0)
        for place, read in enumerate(link.reads, ahead)
    )
    array, shape = value.array if value.made and spread else None, value.shape
    if value.made and isinstance(link, Link) and not spread:
        array, shape = _moved_or_even(value, op, link), op.shape
        shape = value.shape if array is None else shape
    if value.source is not None and isinstance(link, Link):
        return _of_weight(value, op, link, spread=spread)
    if value.placed is not None and link is not None and prod(shape) <= KEPT:
        array = value.placed()
        if array is not None and not spread:
            array, shape = moved(link, array, shape, op.shape), op.shape
        if array is None:
            return object()  # several in one place: equal to nothing
        array = np.broadcast_to(array, shape)
    found = Numbers.of(array, shape)
    return found if isinstance(found, Numbers) else (found, value.identity)


def band(
    value: Constant, place: int, op: Op, links: Sequence[AnyLink | None],
    known: Iterable[Known | None],
) -> Numbers | None:  # fmt: skip
    """A matrix that was computed and of which each output reads a band, as numbers of the outputs.

    One along its axis stands for what the matrix holds where that output reads, from its first
    place on (a resize as a product): where two sizes have the same one, they compute the same.
    ``known``: of the operands; numbers that are not zero count as well, where no input is read.
    """
    algebra = op.algebra
    if not isinstance(algebra, Contraction) or not value.made or not value.has_shape:
        return None
    if not len(algebra.labels) == len(links) == 2 or place > 1:
        return None
    names = algebra.labels[place]
    wide = [axis for axis, size in enumerate(value.shape) if size > 1]  # a batch of one counts not
    if len(names) != len(value.shape) or len(wide) != 2:
        return None
    one, other = (names[axis] for axis in wide)
    there, link = algebra.labels[1 - place], links[1 - place]
    kept, summed = (one, other) if one in algebra.output else (other, one)
    bound = summed in algebra.output or kept in there or kept not in algebra.output
    if bound or summed not in there or not isinstance(link, Link):
        return None
    axis, read = algebra.output.index(kept), link.reads[there.index(summed)]
    relation, array = read.relation, value.array
    if read.axis != axis or not isinstance(relation, Sliding) or array is None:
        return None
    if array.dtype.kind not in "fiub" or any(one.has_numbers for one in known if one):
        return None
    matrix = array.reshape([value.shape[axis] for axis in wide])
    rows = matrix if one == kept else matrix.T
    found = [
        _number(rows[index], relation.at(index).first, relation.at(index).last)
        if relation.at(index) else 0
        for index in range(len(rows))
    ]  # fmt: skip
    shape = [1] * len(op.shape)
    shape[axis] = len(found)
    return Numbers(np.array(found, np.int64).reshape(shape))


def _number(row: Array, first: int, last: int) -> int:
    """A number for what a row holds from ``first`` to ``last``, with zeros beyond its ends."""
    inside = row[max(first, 0) : max(last + 1, 0)]
    padded = np.zeros(last - first + 1, row.dtype)
    start = max(-first, 0)
    padded[start : start + len(inside)] = inside
    digest = blake2b((padded + 0).tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def _of_weight(value: Constant, op: Op, link: Link, *, spread: bool) -> object:
    """Which elements of a weight the op puts where."""
    array, shape = value.placed() if value.placed is not None else None, value.shape
    if array is not None and not spread:
        array, shape = moved(link, held_once(array), shape, op.shape), op.shape
    return Numbers.of(None if array is None else np.broadcast_to(array, shape), shape, value.source)


def _moved_or_even(value: Constant, op: Op, link: Link) -> Array | None:
    """The numbers where the op puts them, if that is one place each; else None."""
    if (one := even(value)) is not None:
        return np.broadcast_to(one, op.shape)
    once = value.once
    if once is None or not once.size or op.algebra != "move":
        return None
    found = moved(link, once, value.shape, op.shape)
    return None if found is None else np.broadcast_to(found, op.shape)


def even(value: Constant) -> np.generic | None:
    """The one number that it holds throughout, if it is so."""
    once = value.once
    if once is None or not once.size or once.dtype.kind == "O":
        return None
    return once.flat[0] if (once == once.flat[0]).all() else None


def numbers_among(
    given: Sequence[Any], asked: Collection[int], values: Sequence[Any]
) -> list[Constant]:
    """The constants given to a call that are numbers, beside the ``values`` that an op reads.

    Of sizes and places, for which a rule ``asked``, its answer is made. A kernel with zeros is
    taken apart, and no operand of the op any more.
    """
    return [
        value for place, value in enumerate(given)
        if isinstance(value, Constant) and not (place in asked and value.is_whole)
        and not any(value is one for one in values)
    ]  # fmt: skip


def unlisted(tables: tuple[object, ...], op: Op) -> tuple[object, ...]:
    """What an op reads beside its operands without the positions that its links say exactly.

    Of a table that is looked up no link says anything.
    """
    if not op.exact or op.loose:
        return tables
    return tuple(table for table in tables if not isinstance(table, Positions))


def placed_elements(value: Constant, link: AnyLink, shape: Shape) -> Array | None:
    """Which elements of a constant come to lie where: their numbers, or else which they are."""
    array = value.array
    if array is None and value.placed is not None:
        array = value.placed()
    elif array is None:
        array = np.arange(1.0, 1 + prod(value.shape)).reshape(value.shape)
    return None if array is None else moved(link, array, value.shape, shape)
