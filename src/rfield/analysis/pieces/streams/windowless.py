"""Streams of which windows do not give what the whole gives, though their past has an end.

Numbers by position (a ramp, an encoding of places) only go on: a window from the middle meets the
first of them again. A state that is carried counts on. Where the first numbers are other ones for a
longer stream (a fade over all of it), nothing is final before the stream has ended.
"""

from __future__ import annotations

from dataclasses import replace

from ....errors import NotStreamableError
from ..comparing.agreement import agreement
from ..comparing.cuts import meets_numbers
from .lengths import Lengths
from .overlap import windows_of
from .plan import StreamPlan


def ways_of(plan: StreamPlan, *, carried: bool) -> StreamPlan:
    """The plan, which says if windows do not do; ``carried``: a state may be carried instead."""
    if plan.obstacles or plan.memory or not meets_numbers(plan.graph):
        return plan
    try:
        windows_of(plan)
    except NotStreamableError as error:
        why = tuple(line.strip() for line in str(error).splitlines()[1:])
        goes_on = carried and _begins_alike(plan)
        return replace(plan, placed=why) if goes_on else replace(plan, obstacles=why)
    return plan


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
