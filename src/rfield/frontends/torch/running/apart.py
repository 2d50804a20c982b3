"""A module taken apart at lengths of its stream, and what it does at those between.

It is recorded at lengths that are steps of its grid apart. A padding up to a multiple is none at
these, or the same one; at others it may be more, and its end another.
"""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction

import torch
from torch import nn
from torch.utils import _pytree as tree

from ....core.stage import Stage
from ....errors import NotStreamableError, RFieldError
from ..restoring.untouched import untouched
from .recorded import Call, Recording, arguments, calls_at, record
from .stages import stages_of


class Apart:
    """One module as stages of a stream along ``axis``, which give its output number ``result``.

    ``part``: like the parts of the stream. ``length``: at which it is recorded; ``step``: after
    which it may be read again.
    """

    def __init__(
        self, model: nn.Module, part: torch.Tensor, axis: int, length: int, step: int, result: int
    ) -> None:
        shape = [*part.shape]
        shape[axis] = length
        self.model, self.shape, self.axis, self.result = model, shape, axis, result
        self.dtype, self.recording = part.dtype, record(model, shape, part.dtype, axis, step)
        results, moving = self.recording.results, self.recording.moving
        self.output = [*dict.fromkeys(name for name in results if name in moving)][result]

    def stages(self) -> list[Stage]:
        """The stages in order; the last one gives the output."""
        return stages_of(self.recording, self.output)

    def is_alike(self, more: int) -> bool:
        """Whether the module is recorded as it is at lengths that are ``more`` samples longer."""
        try:
            return _is_alike(self.recording, self.model, more)
        except RFieldError:  # it cannot be recorded there
            return False

    def exactly(self) -> Apart | None:
        """The same in float64, where differences are none of rounding; None where there is none."""
        kind = torch.float64 if self.dtype.is_floating_point else self.dtype
        length, step = self.shape[self.axis], self.recording.step
        try:
            part = torch.zeros(self.shape, dtype=kind)
            return Apart(deepcopy(self.model).double(), part, self.axis, length, step, self.result)
        except Exception:  # noqa: BLE001  # the user's own code may raise anything
            return None

    def example(self, more: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A stream of random numbers, so much longer than recorded, and what the module gives."""
        draw, shape = torch.Generator().manual_seed(more), [*self.shape]
        shape[self.axis] += more
        if self.dtype.is_floating_point:
            given = torch.randn(shape, dtype=self.dtype, generator=draw)
        else:
            given = torch.randint(0, 2, shape, generator=draw).to(self.dtype)
        with untouched(self.model, training=False, values=True), torch.no_grad():
            found = tree.tree_leaves(self.model(given.clone()))
        return given, found[self.recording.results.index(self.output)]


def _is_alike(recording: Recording, model: nn.Module, more: int) -> bool:
    nodes, tensors = calls_at(recording, model, more)
    if [call.name for call in nodes] != [*recording.calls]:
        return False
    if any(not torch.equal(held, recording.tensors[name]) for name, held in tensors.items()):
        return False
    later: dict[str, Fraction] = {recording.source.name: Fraction(more)}
    for here in nodes:
        call = recording.calls[here.name]
        longer = {later[name] for name in call.reads if name in later}
        if len(longer) > 1 or call.packet != here.packet:
            return False
        try:
            said = arguments(call, lambda name: name, longer.pop() if longer else Fraction(more))
        except NotStreamableError:  # a size that is no whole number
            return False
        if said != arguments(here, lambda name: name, Fraction(0)):
            return False
        grown = _grown(call, here)
        if len(grown) > 1:
            return False
        later.update((call.name, samples) for samples in grown)
    return True


def _grown(call: Call, here: Call) -> set[Fraction]:
    """How many samples more a value is made of, by each of its axes that go along."""
    return {(here.shape[axis] - call.shape[axis]) / rate for axis, rate in call.along.items()}
