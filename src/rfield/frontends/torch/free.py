"""Free input sizes: the model is read at stand-in sizes, and what differs between them is free.

The first two are divisible by every usual stride; the third is odd, so that whatever depends on the
size (SAME padding computed in forward, adaptive windows) shows itself by another relation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...core.graph import Graph
from ...core.link import AnyLink, Link
from ...errors import RFieldError, UnresolvedSizeError

STAND_INS = (20160, 40320)
ODD = 20161

Shapes = dict[str, tuple[int | None, ...]]
ReadAt = Callable[[Mapping[str, Sequence[int]]], Graph]


def read_free(shapes: Shapes, read: ReadAt) -> Graph:
    """The graph at the first stand-in size, with the sizes that change marked as free."""
    graph = read(_filled(shapes, STAND_INS[0]))
    other = read(_filled(shapes, STAND_INS[1]))
    if [node.name for node in other.nodes] != [node.name for node in graph.nodes]:
        raise UnresolvedSizeError(
            "the model runs other ops at other input sizes, so a size cannot be left free; "
            "give numbers for all sizes"
        )
    for index, (node, twin) in enumerate(zip(graph.nodes, other.nodes, strict=True)):
        if node.shape != twin.shape:
            pairs = zip(node.shape, twin.shape, strict=True)
            graph.free_shapes[index] = tuple(a if a == b else None for a, b in pairs)
    for entry in graph.inputs_:
        given = shapes.get(entry.name, ())
        entry.free = frozenset(axis for axis, size in enumerate(given) if size is None)
    try:
        odd = read(_filled(shapes, ODD))
    except RFieldError:
        odd = other
    for node, *twins in zip(graph.nodes, other.nodes, odd.nodes, strict=False):
        if any(not _same(node.links, twin.links) for twin in twins):
            node.change(depends_on_size=True)

    def reread(wanted: Mapping[str, Sequence[int]]) -> Graph:
        again = read(wanted)
        again.reread = reread
        return again

    graph.reread = reread
    return graph


def _filled(shapes: Shapes, stand_in: int) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(stand_in if size is None else size for size in shape)
        for name, shape in shapes.items()
    }


def _same(first: Sequence[AnyLink], second: Sequence[AnyLink]) -> bool:
    """Equal relations; a reshape is the same move at every size."""
    return len(first) == len(second) and all(
        a.reads == b.reads if isinstance(a, Link) and isinstance(b, Link) else type(a) is type(b)
        for a, b in zip(first, second, strict=True)
    )


def has_free(shape: Any) -> bool:
    """Whether an input shape, in any of its forms, leaves a size free."""
    if isinstance(shape, Mapping):
        return any(has_free(part) for part in shape.values())
    return isinstance(shape, (list, tuple)) and any(
        part is None or has_free(part) for part in shape
    )
