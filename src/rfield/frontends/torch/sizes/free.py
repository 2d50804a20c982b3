"""Free input sizes: the model is read at stand-in sizes, and what differs between them is free.

The first two are divisible by every usual stride; the third is odd, so that whatever depends on the
size (SAME padding computed in forward, adaptive windows) shows itself by another relation, and a
multiple of 11, or where the model takes no odd size, another one is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ....core.graph import Graph
from ....errors import RFieldError, UnresolvedSizeError
from ...machine.free import SECOND, mark, same_layers, small_sizes

STAND_INS = (20160, 40320)
OTHERS = SECOND[20160], 110_880

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
    for entry in graph.inputs_:
        given = shapes.get(entry.name, ())
        entry.free = frozenset(axis for axis, size in enumerate(given) if size is None)
    odd = other
    for size in OTHERS:  # it may take no odd sizes
        with suppress(RFieldError):
            odd = read(_filled(shapes, size))
            break
    same_layers(graph, odd)
    mark(graph, odd)
    mark(graph, other)  # the last one says which shapes are free
    told = small_sizes(graph, lambda size: read(_filled(shapes, size)), STAND_INS[0])
    graph.assumed = (*graph.assumed, *told)

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


def has_free(shape: Any) -> bool:
    """Whether an input shape, in any of its forms, leaves a size free."""
    if isinstance(shape, Mapping):
        return any(has_free(part) for part in shape.values())
    return isinstance(shape, (list, tuple)) and any(
        part is None or has_free(part) for part in shape
    )
