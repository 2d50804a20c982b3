"""Steps that a model's own code takes, and no stride of it: it cuts or pads to a multiple."""

from __future__ import annotations

from .lengths import Lengths

ASKED = (2, 3, 4, 5, 6, 8, 10, 16)
"""So many times as long may a step be that the model's own code takes."""


def in_step(lengths: Lengths) -> Lengths:
    """The lengths by a longer step, where the model's own code has one: it cuts to a multiple."""
    if lengths.uneven(2 * lengths.far + lengths.length % lengths.grid) is None:
        return lengths
    for times in ASKED:
        steps = lengths.steps | {lengths.grid * times}
        longer = Lengths(
            lengths.here, lengths.source, lengths.target, lengths.time, lengths.clock, steps,
            lengths.short,
        )  # fmt: skip
        if longer.uneven(2 * longer.far + lengths.length % longer.grid) is None:
            return longer
    return lengths
