"""What an output reads of all inputs that are cut together, as a pair of images is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ....core.graph import Graph, Input
from ...geometry.field import ReceptiveField
from ...geometry.fields import receptive_field
from ...results import UNBOUNDED


class Fields(NamedTuple):
    """The field of an output in each input that it depends on."""

    each: tuple[ReceptiveField, ...]

    @classmethod
    def of(cls, graph: Graph, output: str | None, inputs: Sequence[Input]) -> Fields:
        """The fields of ``output``, of the model's own where it is None."""
        value = graph.main if output is None else graph.index(output)
        behind = graph.behind(value)
        read = [one.name for one in inputs if graph.entry(one.name).node in behind]
        return cls(tuple(receptive_field(graph, output, wrt=name) for name in read))

    @property
    def largest(self) -> tuple[int, ...]:
        """The largest size along each axis, whole-axis reads left out."""
        return tuple(map(max, zip(*(one.local.largest for one in self.each), strict=True)))

    @property
    def is_whole(self) -> tuple[bool, ...]:
        """Whether all of an axis is read."""
        sizes = zip(*(one.size for one in self.each), strict=True)
        return tuple(UNBOUNDED in size for size in sizes)

    @property
    def global_reads(self) -> tuple[str, ...]:
        """The layers that read a whole axis."""
        return tuple(dict.fromkeys(name for one in self.each for name in one.global_reads))
