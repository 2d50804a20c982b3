"""The sizes of a model that followed from others, and whether they still do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...core.graph import Graph
from .followed import Followed
from .twins import Twins

Sizes = tuple[int, ...]


class Leads:
    """All readings of one model, and what they lead to, in two ways.

    ``by_op``: op by op, for sizes that repeat. ``twins``: the whole of another size.
    """

    def __init__(self) -> None:
        self.by_op, self.twins = Followed(), Twins()
        self._unlearned: list[Graph] = []  # learned only where anything is to follow
        self._leading: set[Followed | Twins] = set()
        self._led_to: list[Sizes] = []
        self._tried = 0

    def follow(
        self, way: Followed | Twins, sizes: Sizes, shapes: Mapping[str, Sequence[int]]
    ) -> Graph | None:
        """The model at these sizes; None where it does not follow."""
        for graph in self._unlearned:
            self._learn(graph)
        self._unlearned.clear()
        graph = way.graph(shapes)
        if graph is not None:
            self._leading.add(way)
            self._led_to.append(sizes)
        return graph

    def add(self, graph: Graph) -> bool:
        """One more reading; False where it is not what followed."""
        if self._led_to:
            return self._learn(graph)
        self._unlearned.append(graph)
        return True

    def _learn(self, graph: Graph) -> bool:
        found = {way: way.add(graph) for way in (self.by_op, self.twins)}
        return all(found[way] for way in self._leading)

    def untried(self, count: int) -> list[Sizes]:
        """Some of the sizes that followed since the last time."""
        fresh = self._led_to[self._tried :]
        self._tried = len(self._led_to)
        return fresh[:: len(fresh) // count + 1]

    def drop(self, *, refused: bool = False) -> list[Sizes]:
        """The sizes that followed, which do no more; ``refused``: nor does any from now on."""
        if refused:
            self.by_op.holds = self.twins.holds = False
        dropped, self._led_to = self._led_to, []
        self._leading.clear()
        self._tried = 0
        return dropped
