"""One step of a network that a stream goes through: how it runs on a part of what it reads.

Front ends that can run a model op by op make these; what a stage must keep between parts follows
from its graph, or is its own business (``resume``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .graph import Graph


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """An op, or several that belong together, between streams of one length.

    ``operands``: the streams that it reads: 0 is the input, ``k`` what stage ``k - 1`` gives.
    ``axes``: the tensor axis of each that is time; ``axis``: that of the result. ``run(parts, at)``
    is the result for parts of the operands, which begin at position ``at``. ``graph()`` is the
    stage as a network of one input (all operands side by side, where there are several), readable
    at other lengths. ``resume(part, state)`` takes the place of both where the past has no end: the
    result for the next part, and the state for the one after it; the first state is None.
    ``placed``: it reads numbers that belong to positions of the stream.
    """

    layer: str
    op: str
    operands: tuple[int, ...]
    axes: tuple[int, ...]
    axis: int
    run: Callable[[Sequence[Any], int], Any]
    graph: Callable[[], Graph]
    resume: Callable[[Any, Any], tuple[Any, Any]] | None = None
    placed: bool = False
