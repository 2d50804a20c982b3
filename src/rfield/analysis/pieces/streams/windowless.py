"""Streams of which windows do not give what the whole gives, though their past has an end.

Numbers by position (a ramp, an encoding of places) only go on: a window from the middle meets the
first of them again. A state that is carried counts on. Where the first numbers are other ones for a
longer stream (a fade over all of it), nothing is final before the stream has ended.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from ....core.numbers import Numbers
from ....errors import NotStreamableError
from ..comparing.agreement import agreement
from ..comparing.cuts import meets_numbers
from .lengths import Lengths
from .overlap import windows_of
from .plan import StreamPlan


def ways_of(plan: StreamPlan, *, carried: bool) -> StreamPlan:
    """The plan, which says if windows do not do; ``carried``: a state may be carried instead."""
    tables = (table for node in plan.graph.nodes for table in node.tables)
    if plan.obstacles or plan.memory or not any(map(_may_be_places, tables)):
        return plan
    try:
        windows_of(plan)
    except NotStreamableError as error:
        why = tuple(line.strip() for line in str(error).splitlines()[1:])
        unknown = not meets_numbers(plan.graph)  # a table of weights, which is as it is run
        goes_on = carried and (unknown or _begins_alike(plan))
        return replace(plan, placed=why) if goes_on else replace(plan, obstacles=why)
    return plan


def _may_be_places(table: object) -> bool:
    """Whether there may be one number for each position: known, or made of a weight.

    A weight as it is has a name beside its shape.
    """
    if not isinstance(table, tuple):
        return isinstance(table, Numbers)
    entries = cast("tuple[object, ...]", table)
    return not (len(entries) == 2 and isinstance(entries[1], str))


def _begins_alike(plan: StreamPlan) -> bool:
    """Whether a stream begins as a longer one does."""
    lengths = Lengths(
        plan.graph, plan.source, plan.value, plan.input_axis, plan.clock, plan.steps, plan.short
    )
    rest = lengths.length % plan.grid
    whole, part = (lengths.graph(size * lengths.far + rest) for size in (4, 2))
    if whole is None or part is None or lengths.entry is None:
        return False
    found = agreement(whole, part, {lengths.entry.name: [0 for _ in lengths.entry.axes]})
    cuts = found.cuts[lengths.value(part)]
    if cuts is None:
        return False
    cut = cuts[plan.output_axis]  # one position alike is no beginning: a fade begins with zero
    return (cut.shift, cut.first) == (0, 0) and cut.stop * plan.hop >= lengths.far
