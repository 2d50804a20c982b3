"""Layer names as the exporter wrote them.

A layer is called what its node is called; a node without a name, what its first output is called.
PyTorch's newer exporter also writes the path of the module (``layer1.0.conv1``) into each node: the
last value that a module computes carries that name too. Every other tensor can be asked for by its
own name.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...core.graph import Draft
from .failures import cleaned
from .rulebook import Call


class Names:
    """Which names are taken, and the layers found so far."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.layers: dict[str, int] = {}
        self.modules: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self.aliased = False

    def fresh(self, name: str) -> str:
        """A name for a node of the graph: the tensor's, numbered where it comes again."""
        name = base = cleaned(name)
        while name in self.draft.names:
            self.counts[base] = count = self.counts.get(base, 1) + 1
            name = f"{base}#{count}"
        return name

    def layer(self, call: Call, index: int, place: int, prefix: str) -> None:
        """The output ``place`` of a node is the value ``index``."""
        node = call.node
        own = cleaned(prefix + node.name) if node.name else ""
        if place or not own or own in self.layers:
            own = self.draft.nodes[index].name
        if own not in self.layers:
            self.layers[own] = index
        if place == 0:
            for scope in node.scopes:
                self.modules[cleaned(prefix + scope)] = index

    def alias(self, call: Call, index: int, place: int, prefix: str) -> None:
        """The output ``place`` of a body (a function, a branch, a loop) is the value ``index``."""
        name = cleaned(prefix + call.outputs[place])
        if place == 0 and call.node.name:
            name = cleaned(prefix + call.node.name)
        self.aliased = True
        self.layers.setdefault(name, index)

    def outputs(self, found: Iterable[tuple[str, int]]) -> None:
        """The outputs of the graph can be asked for by their own names."""
        for name, index in found:
            if cleaned(name) not in self.draft.names:
                self.aliased = True
                self.layers.setdefault(cleaned(name), index)

    def all_layers(self) -> dict[str, int]:
        """Layer names with their values, in the order in which the values are computed."""
        if not self.modules and not self.aliased:
            return self.layers
        merged = {name: i for name, i in self.modules.items() if name not in self.layers}
        return dict(sorted({**self.layers, **merged}.items(), key=lambda item: item[1]))
