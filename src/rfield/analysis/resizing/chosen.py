"""The inputs whose sizes are changed together, and sizes as they are given."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.arguments import integer, listed
from ...core.graph import Graph, Input
from ...errors import InvalidModelError, UnresolvedSizeError, show_shape


def chosen(graph: Graph, wrt: str | None) -> tuple[Input, ...]:
    """The inputs whose sizes change: the one that is named, or all where they have equal sizes."""
    if wrt is not None:
        found = [graph.entry(wrt)]
    else:
        found = [entry for entry in graph.inputs_ if entry.axes]
        sizes = {
            entry.name: tuple(graph.nodes[entry.node].shape[a] for a in entry.axes)
            for entry in found
        }
        if len(set(sizes.values())) > 1:
            shown = ", ".join(f"{name!r} {show_shape(size)}" for name, size in sizes.items())
            raise UnresolvedSizeError(
                f"the inputs have different sizes: {shown}. Choose one with wrt=."
            )
    if not found or not found[0].axes:
        raise UnresolvedSizeError("the model has no input with an axis whose size could change")
    return tuple(found)


def sizes_of(what: str, given: object, axes: Sequence[str]) -> tuple[int, ...]:
    """One size for all axes, or one for each, as somebody gave them."""
    parts = listed(given)
    sizes = [integer(part) for part in ([given] * len(axes) if parts is None else parts)]
    if len(sizes) != len(axes):
        raise InvalidModelError(
            f"{what} = {given!r}; expected one number, or one for each of {', '.join(axes)}"
        )
    known = [size for size in sizes if size is not None and size > 0]
    if len(known) < len(sizes):
        raise InvalidModelError(f"{what} = {given!r}; expected positive integers")
    return tuple(known)
