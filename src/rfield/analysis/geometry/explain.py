"""``explain``: why is the field this large, or global, or misaligned?

Large: for each axis and side the path through the network that reaches furthest, and what every
layer on it adds. Global: the ops that read a whole axis. Misaligned: for each such join the paths
of its branches, and the padding or crop that would align them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from ...core.graph import Graph
from ..answer import Answer
from ..results import Fidelity, Size
from .alignment import Misalignment, alignment
from .field import ReceptiveField
from .fields import Fields, choose_source
from .remedies import Remedy, remedies_of
from .sides import SHOWN, Side, shared, sides_of


@dataclass(frozen=True, slots=True)
class WholeRead:
    """An op that reads a whole axis, and along which axes of the input it does."""

    layer: str
    op: str
    axes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinExplanation:
    """A misaligned join: how each branch gets there, and what would align them (or why nothing)."""

    join: Misalignment
    paths: tuple[tuple[Side, ...], ...]
    remedies: tuple[Remedy, ...]
    reason: str = ""

    def __str__(self) -> str:
        cure = "; ".join(map(str, self.remedies)) or self.reason
        return f"{self.join}\n  {cure}"


@dataclass(frozen=True, repr=False)
class Explanation(Answer):
    """Why the field of ``layer`` is what it is."""

    schema: ClassVar[str] = "rfield.explain/1"

    layer: str
    wrt: str
    axes: tuple[str, ...]
    size: tuple[Size, ...]
    local_size: tuple[int, ...]
    fidelity: Fidelity
    sides: tuple[Side, ...]
    whole_reads: tuple[WholeRead, ...]
    joins: tuple[JoinExplanation, ...]
    notes: tuple[str, ...] = ()

    def side(self, axis: str | int, side: str) -> Side | None:
        """The path of one side, ``"first"`` or ``"last"``; None where nothing is read locally."""
        name = self.axes[axis] if isinstance(axis, int) else axis
        return next((s for s in self.sides if (s.axis, s.side) == (name, side)), None)

    def shared_sides(self) -> list[tuple[Side, list[str]]]:
        """Each different path once, with the axes on which it is the same."""
        return shared(self.sides)

    def _facts(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "wrt": self.wrt,
            "axes": self.axes,
            "size": self.size,
            "local_size": self.local_size,
            "fidelity": self.fidelity,
            "sides": [side.as_dict() for side in self.sides],
            "whole_reads": [
                {"layer": w.layer, "op": w.op, "axes": w.axes} for w in self.whole_reads
            ],
            "joins": [
                {
                    "layer": join.join.layer,
                    "wrt": join.join.wrt,
                    "offset": join.join.offset,
                    "branches": [
                        {"layer": branch.layer, "sides": [side.as_dict() for side in sides]}
                        for branch, sides in zip(join.join.branches, join.paths, strict=True)
                    ],
                    "remedies": [
                        {
                            "branch": r.branch,
                            "padding": r.padding,
                            "instead": dict(r.instead),
                        }
                        for r in join.remedies
                    ],
                    "reason": join.reason,
                }
                for join in self.joins
            ],
            "notes": self.notes,
        }

    def _told(self) -> str:
        size = " x ".join(str(s) for s in self.size)
        parts = [f"{self.layer} wrt {self.wrt}: size {size}"]
        parts += [side.text(", ".join(axes)) for side, axes in self.shared_sides()]
        parts += [
            f"global: {w.layer} ({w.op}) reads all of {', '.join(w.axes)}"
            for w in self.whole_reads[:SHOWN]
        ]
        if len(self.whole_reads) > SHOWN:
            parts.append(f"global: and {len(self.whole_reads) - SHOWN} more")
        parts += [f"misaligned: {join}" for join in self.joins]
        return "\n".join([*parts, *self.notes])


def explain(graph: Graph, output: str | None = None, *, wrt: str | None = None) -> Explanation:
    """Why the field of ``output`` (default: the last output) in ``wrt`` is as large as it is."""
    value = graph.main if output is None else graph.index(output)
    name = graph.layer_of(value) if output is None else output
    source = choose_source(graph, value, wrt)
    fields = Fields(graph, source, wrt)
    rf = fields._field(name, value)  # pyright: ignore[reportPrivateUsage]
    sides = sides_of(fields, value)
    notes = list(dict.fromkeys(rf.unknown.values()))
    if rf.is_crossed:
        notes.append(
            "a join on the way is empty on one axis only: its sides are taken axis by axis"
        )
    if not any(rf.largest):
        notes += _before(fields, rf)
    if len(sides) < 2 * sum(1 for n in rf.local.size if n):
        notes.append("a side that no single path attains is left out")
    behind = graph.behind(value) - {source}
    per_axis = list(zip(fields.axes, fields.sweep.globals_, strict=True))
    reads: dict[str, list[int]] = {}
    for index in sorted(behind):
        if any(index in found for _, found in per_axis):
            reads.setdefault(graph.layer_of(index), []).append(index)
    whole = tuple(
        WholeRead(
            layer,
            fields.op_of(layer, values[0]),
            tuple(axis for axis, found in per_axis if not found.isdisjoint(values)),
        )
        for layer, values in reads.items()
    )
    names = {graph.name_of(index) for index in behind}
    found = alignment(graph)
    joins = tuple(
        _explain_join(fields, join) for join in found.joins if join.layer in names and _of(join, rf)
    )
    local = rf.local.largest
    return Explanation(
        rf.layer, rf.wrt, rf.axes, rf.size, local, rf.fidelity, sides, whole, joins, tuple(notes)
    )


def _before(fields: Fields, rf: ReceptiveField) -> Iterator[str]:
    """Where to ask instead, where whole-axis reads leave no local field."""
    for value in sorted(fields.graph.behind(rf.value) - {fields.source}, reverse=True):
        if value > fields.source and any(fields.at(value).largest):
            last = fields.graph.layer_of(value)
            yield f"no local field is left in {rf.layer}; {last} is the last layer that has one"
            return


def _of(join: Misalignment, rf: ReceptiveField) -> bool:
    return join.wrt == rf.graph.nodes[rf.source].name


def _explain_join(fields: Fields, join: Misalignment) -> JoinExplanation:
    paths = tuple(sides_of(fields, fields.graph.index(branch.layer)) for branch in join.branches)
    return JoinExplanation(join, paths, *remedies_of(fields, join))
