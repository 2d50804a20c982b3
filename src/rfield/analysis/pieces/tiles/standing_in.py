"""Tiles of images so large that numbers of the model are not known: smaller images stand in.

The mask of shifted windows over a photograph has billions of numbers. Further from the ends than a
tile's halo nothing of an image changes but how long it is, so what tiles of a smaller image lose,
whose size leaves the same remainder, is what those of the large one lose. Held against each other
are two such images and tiles, one a step larger than the other, and all ops of the large ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.graph import Graph, Node
from ....core.link import Link
from ....core.numbers import Numbers
from ....core.relation import Sliding
from ....errors import InvalidModelError, NotTileableError
from ..comparing.agreement import Loss
from ..comparing.cuts import ONE_SIZE, TOO_MANY, too_many
from .planning import Planner
from .tile import Trial

COUNTS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""So many steps of the grid tiles have that are tried, one after the other."""

STANDS_IN = "reads numbers that are known of smaller images only, which stand in"

MORE = 3
"""Steps by which the image is larger than its tile."""


class StandIn:
    """Smaller images in the place of a planner's.

    ``losses``: once they stood in, the layers whose numbers are not known of the large image. That
    these are as in the small ones is likely and no proof.
    """

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.losses: tuple[Loss, ...] = ()

    def trial(self, sizes: Sequence[int]) -> Trial:
        """What tiles of these sizes give.

        Raises:
            NotTileableError: no smaller image shows it.
        """
        planner = self.planner
        part = planner.read(sizes)
        error = NotTileableError(f"{planner.layer}: no smaller image stands for this one")
        for count in COUNTS:
            with suppress(InvalidModelError):  # a size that the model does not take
                try:
                    small, again = (self._small(sizes, count + more) for more in (0, 1))
                except NotTileableError as told:
                    error = told
                    if any(why in str(told) for why in (TOO_MANY, ONE_SIZE)):
                        break  # of larger ones there are more
                    continue
                if small is None or again is None:
                    break
                if _lost(small[1]) != _lost(again[1]) or not self._gives(sizes, small[1]):
                    continue
                both = (part, small[1].part), (planner.whole, small[0].whole)
                if all(alike(planner.source, *pair) for pair in both):
                    self.losses = _unknown_of(planner.whole)
                    return self._laid(sizes, part, small[1])
        raise error

    def _small(self, sizes: Sequence[int], count: int) -> tuple[Planner, Trial] | None:
        """A smaller image and a smaller tile of it; None where they are not smaller."""
        planner = self.planner
        tile: list[int] = []
        image: list[int] = []
        for size, whole, step in zip(sizes, planner.sizes, planner.steps, strict=True):
            if size == whole:
                tile.append(_least(whole, step, (count + MORE) * step))
                image.append(tile[-1])
            else:
                tile.append(_least(size, step, count * step))
                image.append(_least(whole, step, tile[-1] + MORE * step))
        if any(a > b for a, b in zip([*tile, *image], [*sizes, *planner.sizes], strict=True)):
            return None
        small = Planner(planner.source, image, planner.output, planner.moving[0].name, 0)
        small.local, small.halo = planner.local, planner.halo
        return small, small.trial(tile)

    def _gives(self, sizes: Sequence[int], small: Trial) -> bool:
        """Whether a step's worth is left of the smaller tile along every axis that is cut."""
        planner = self.planner
        return all(
            size == whole or planner.step(k, small) > 0
            for k, (size, whole) in enumerate(zip(sizes, planner.sizes, strict=True))
        )

    def _laid(self, sizes: Sequence[int], part: Graph, small: Trial) -> Trial:
        """The trial of the large tile, from that of the small one."""
        planner = self.planner
        shape = part.nodes[planner.value_of(part)].shape
        made: list[int] = []
        spans: list[tuple[int, int]] = []
        for k, axis in enumerate(planner.output_axes):
            more = (sizes[k] - small.sizes[k]) * planner.rates[k]
            made.append(1 if axis is None else shape[axis])
            first, stop = small.spans[k]
            if axis is not None and made[k] != small.made[k] + more:
                raise NotTileableError(
                    f"{planner.layer}: a tile of {sizes[k]} gives {made[k]} outputs, and one of "
                    f"{small.sizes[k]} gives {small.made[k]}"
                )
            spans.append((first, stop + made[k] - small.made[k]))
        return Trial(tuple(sizes), part, tuple(made), tuple(spans), small.short)


def unknown(planner: Planner) -> bool:
    """Whether the output depends on numbers that were too many to be known."""
    graph = planner.whole
    needed = graph.behind(planner.value)
    return any(too_many(table) for index in needed for table in graph.nodes[index].tables)


def _unknown_of(graph: Graph) -> tuple[Loss, ...]:
    """The layers that read numbers which are not known."""
    layers = {
        graph.layer_of(index): node.kind
        for index, node in enumerate(graph.nodes)
        if any(too_many(table) for table in node.tables)
    }
    return tuple(Loss(layer, kind, STANDS_IN) for layer, kind in layers.items())


def alike(source: Graph, one: Graph, other: Graph) -> bool:
    """Whether a model takes the same ops in the same order at the sizes of two graphs.

    Looked at is what it does, not what masks leave of it, which is known of the smaller one alone.
    """
    nodes: list[Sequence[Node]] = []
    for graph in (one, other):
        shapes = {entry.name: graph.nodes[entry.node].shape for entry in graph.inputs_}
        nodes.append((graph if source.reread is None else source.reread(shapes)).nodes)
    if len(nodes[0]) != len(nodes[1]):
        return False
    return all(_same(a, b) for a, b in zip(*nodes, strict=True))


def _same(one: Node, other: Node) -> bool:
    if (one.name, one.kind, len(one.tables)) != (other.name, other.kind, len(other.tables)):
        return False
    if not all(_as_far_as_known(*pair) for pair in zip(one.tables, other.tables, strict=True)):
        return False
    if one.exact != other.exact or len(one.links) != len(other.links):  # a mask is followed in one
        return {*one.operands} == {*other.operands}
    if one.operands != other.operands:
        return False
    for mine, theirs in zip(one.links, other.links, strict=True):
        if type(mine) is not type(theirs):
            return False
        if isinstance(mine, Link) and isinstance(theirs, Link):
            for a, b in zip(mine.reads, theirs.reads, strict=True):
                sliding = isinstance(a.relation, Sliding) and isinstance(b.relation, Sliding)
                if a.axis != b.axis or (sliding and a.relation != b.relation):
                    return False
    return True


def _as_far_as_known(one: object, other: object) -> bool:
    """Whether what an op reads beside its operands may be the same, at two sizes.

    Settings must be. Numbers are unknown where they are too many, else alike at both ends or, for
    several windows, the same tables in some order.
    """
    if isinstance(one, Numbers) and isinstance(other, Numbers):
        a, b = one.array, other.array
        alike = a.ndim == b.ndim and one.source == other.source
        return alike and (_tables(a) == _tables(b) or _ends_alike(a, b))
    return one == other or (too_many(one) and isinstance(other, Numbers))


def _tables(array: NDArray[Any]) -> set[bytes] | int:
    """The different tables of rows and columns that an array is made of; else a number for it."""
    if array.ndim < 3 or not array.size:
        return id(array)
    rows, columns = array.shape[-2:]
    return {one.tobytes() for one in np.unique(array.reshape(-1, rows, columns), axis=0)}


def _ends_alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    first, last = [slice(None)] * one.ndim, [slice(None)] * one.ndim
    for axis, (m, n) in enumerate(zip(one.shape, other.shape, strict=True)):
        if m != n:
            half = min(m, n) // 2
            first[axis], last[axis] = slice(0, half), slice(-half or None, None)
    return all(np.array_equal(one[tuple(of)], other[tuple(of)]) for of in (first, last))


def _least(size: int, step: int, least: int) -> int:
    """The smallest size of at least ``least`` that has ``size`` modulo ``step``.

    >>> _least(4000, 8, 30), _least(4001, 8, 33)
    (32, 33)
    """
    return least + (size - least) % step


def _lost(trial: Trial) -> list[tuple[int, int]]:
    """Outputs of a tile that are not those of the whole, at its beginning and at its end."""
    both = zip(trial.spans, trial.made, strict=True)
    return [(first, made - stop) for (first, stop), made in both]
