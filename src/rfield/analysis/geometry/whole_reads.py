"""The layers that read a whole axis before a value, for all values of a graph at once.

A set of them is one integer with a bit for each, and values that have the same set share it: a
chain of 100,000 values would else be walked 100,000 times.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from ...core.graph import Graph


class WholeReads:
    """``values`` are those whose own op reads a whole axis."""

    def __init__(self, graph: Graph | None, values: Collection[int]) -> None:
        self.graph = graph
        self.values = sorted(values)
        self._named: dict[int, tuple[str, ...]] = {}

    def before(self, value: int) -> tuple[str, ...]:
        """The layers among them that ``value`` depends on, or is, in the order of computing."""
        if self.graph is None:
            return ()
        bits = self._sets[value]
        if bits not in self._named:
            read = (name for k, name in enumerate(self._layers) if bits >> k & 1)
            self._named[bits] = tuple(dict.fromkeys(read))
        return self._named[bits]

    def count(self, value: int) -> int:
        """How many of ``values`` a value depends on, or is."""
        return self._sets[value].bit_count() if self.values else 0

    @cached_property
    def _layers(self) -> list[str]:
        assert self.graph is not None
        return [self.graph.layer_of(value) for value in self.values]

    @cached_property
    def _sets(self) -> list[int]:
        assert self.graph is not None
        own = {value: 1 << k for k, value in enumerate(self.values)}
        sets: list[int] = []
        for index, node in enumerate(self.graph.nodes):
            found = own.get(index, 0)
            for operand in node.operands:
                both = found | sets[operand]
                found = sets[operand] if both == sets[operand] else both
            sets.append(found)
        return sets


NONE = WholeReads(None, ())
"""Nothing reads a whole axis."""
