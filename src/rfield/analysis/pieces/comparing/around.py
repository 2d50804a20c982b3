"""What wraps around the ends of a part: is it what wraps around those of the whole?

A circular shift lays one end at the other. The two ends of a part lie elsewhere than those of the
whole, and are equal all the same where they read nothing but padding, or where one is a copy of the
other. So a part is laid in thought at each end of the whole as well, with nothing of it known that
does not lie there, and what is equal there is what an op finds that wraps around.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ....core.graph import Graph
from .cuts import Cut, Cuts

Beyond = tuple[tuple[int, int], ...]
"""Per axis how many positions beyond each end are equal, where the ends are those of the whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A part at one place of the whole: the cuts of its inputs, and of every value so far."""

    begin: Mapping[int, Cuts]
    cuts: list[Cuts | None]


def at_ends(
    begin: Mapping[int, Cuts], part: Graph, whole: Graph, starts: Mapping[str, Sequence[int]]
) -> Iterator[Run]:
    """The part at either end of each axis that it is cut along, where it does not lie there."""
    cut = [entry for entry in part.inputs_ if starts.get(entry.name)]
    for k in range(max((len(entry.axes) for entry in cut), default=0)):
        for last in (False, True):
            other = dict(begin)
            for entry in cut:
                if k >= len(entry.axes):
                    continue
                axis, cuts = entry.axes[k], [*begin[entry.node]]
                size = part.nodes[entry.node].shape[axis]
                rest = whole.nodes[whole.entry(entry.name).node].shape[axis] - size
                end = rest if last else 0
                if cuts[axis].shift != end:
                    cuts[axis] = Cut(end, size, size) if last else Cut(0, 0, 0)
                    other[entry.node] = tuple(cuts)
            if other != begin:
                yield Run(other, [])


def around(
    run: Run, runs: Sequence[Run], operand: int, part: Sequence[int], whole: Sequence[int]
) -> Beyond:
    """What a value has beyond its ends, by what is known at the other end in any of the runs.

    ``part``, ``whole``: its sizes in both.
    """
    own = run.cuts[operand] or ()
    found: list[tuple[int, int]] = []
    for axis in range(len(own)):
        before = after = 0
        for other in runs:
            cuts = other.cuts[operand] or ()
            if len(cuts) != len(own) or not _holds(own, cuts, axis):
                continue
            shift, first, stop, _ = cuts[axis]
            if shift is not None and (stop, shift) == (part[axis], whole[axis] - part[axis]):
                before = max(before, stop - first)
            if (shift, first) == (0, 0):
                after = max(after, stop)
        found.append((before, after))
    return tuple(found)


def _holds(own: Cuts, other: Cuts, axis: int) -> bool:
    """Whether the other is known wherever this one is, ``axis`` left out."""
    return all(
        k == axis or (a.shift == b.shift and b.first <= a.first and a.stop <= b.stop and not a.more)
        for k, (a, b) in enumerate(zip(own, other, strict=True))
    )
