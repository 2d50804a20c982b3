"""The inputs whose sizes are changed together."""

from __future__ import annotations

from ...core.graph import Graph, Input
from ...errors import UnresolvedSizeError, show_shape


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
