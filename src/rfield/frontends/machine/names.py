"""Names of layers: as the user or the exporter wrote them, and each of them once.

A value is called what its op is called; where that comes again (the second turn of a loop, a module
that is called twice), ``name#2``. Besides its name a value may have others: that of the function or
module whose result it is, and that of the output of the model.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...core.graph import Draft

LONGEST = 120
"""Letters of a name in a message."""


def printable(name: str) -> str:
    r"""A name from a file as the name of a layer: whole, control characters written as escapes.

    >>> printable("conv\n1") == r"conv\n1"
    True
    """
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def shown(name: str) -> str:
    """The same as part of a message: not endless."""
    text = printable(name[: LONGEST + 1])
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


class Names:
    """The names of one graph in the making.

    ``layers``: those that users know, with their values. ``reserved``: names of tensors that no
    layer may take, for they are asked for as such: the outputs of the model.
    """

    __slots__ = ("_counts", "_modules", "draft", "layers", "reserved")

    def __init__(self, draft: Draft, reserved: Iterable[str] = ()) -> None:
        self.draft = draft
        self.layers: dict[str, int] = {}
        self.reserved = frozenset(reserved)
        self._counts: dict[str, int] = {}
        self._modules: dict[str, str] = {}

    def fresh(self, name: str) -> str:
        """A name that no value has: numbered where it comes again."""
        made = name = printable(name)
        while made in self.draft.names:
            self._counts[name] = count = self._counts.get(name, 1) + 1
            made = f"{name}#{count}"
        return made

    def rename(self, index: int, name: str) -> None:
        """A step turned out to be the result."""
        node = self.draft.nodes[index]
        del self.draft.names[node.name]
        node.name = self.fresh(name)
        self.draft.names[node.name] = index

    def layer(self, name: str, index: int) -> None:
        """A layer computes this value; where its name is taken, it is called as its tensor is."""
        name = printable(name)
        tensor = self.draft.nodes[index].name
        if not name or name in self.layers or (name in self.reserved and name != tensor):
            name = tensor
        self.layers.setdefault(name, index)

    def alias(self, name: str, index: int) -> None:
        """Another name for a value, unless something else is called so."""
        name = printable(name)
        if name not in self.draft.names:
            self.layers.setdefault(name, index)

    def module(self, path: str, index: int) -> None:
        """A part of the model ended with this value so far; the last one counts."""
        self._modules[printable(path)] = self.draft.nodes[index].name

    def all_layers(self) -> dict[str, int]:
        """Layer names with their values, in the order in which the values are computed."""
        numbers = self.draft.names  # modules of a turn that was undone are not among them
        ends = {path: numbers[node] for path, node in self._modules.items() if node in numbers}
        return dict(sorted({**ends, **self.layers}.items(), key=lambda item: item[1]))
