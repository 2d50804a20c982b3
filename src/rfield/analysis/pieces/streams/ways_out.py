"""What else gives the outputs that carried state does not: only what does so is advised."""

from __future__ import annotations

from typing import Any

from ....errors import RFieldError
from .overlap import Final, Overlap
from .plan import StreamPlan
from .planning import stream_plan

SINGLE = 16
"""So many samples come one by one at the end, where chunks make a difference."""


def way_out(plan: StreamPlan, samples: int) -> str:
    """What to do with a stream that turned out to have so many samples."""
    if not plan.memory and _overlaps(plan, samples):
        return 'state="overlap" gives all of them.'
    if _known(plan, samples):
        return f"Say how long the stream is: stream_plan(…, length={samples})"
    return "No other way gives all of them."


def _overlaps(plan: StreamPlan, samples: int) -> bool:
    """Whether windows give all outputs of so many samples."""
    single = min(SINGLE, samples)
    try:
        flow = Overlap(plan, _Counted())
        for _ in flow.over([samples - single, *[1] * single]):
            pass
    except RFieldError:
        return False
    return True


def _known(plan: StreamPlan, samples: int) -> bool:
    """Whether there is a plan for streams of this length."""
    graph = plan.graph
    output = None if plan.value == graph.main else plan.layer
    wrt = next((entry.name for entry in graph.inputs_ if entry.node == plan.source), plan.wrt)
    try:
        found = stream_plan(graph, output, axis=plan.input_axis, wrt=wrt, length=samples)
    except RFieldError:
        return False
    return found.exact


class _Counted:
    """Samples of which only the number is known; what runs on them gives nothing."""

    def __init__(self) -> None:
        self.start = self.stop = 0

    def add(self, chunk: int) -> None:
        """Append so many."""
        self.stop += chunk

    def drop(self, start: int) -> None:
        """Forget all before ``start``."""
        self.start = max(self.start, start)

    def run(self, start: int, stop: int, found: Final, first: int) -> Any:
        """Nothing is run."""
        del start, stop, found, first
