"""What every reader of models holds: the graph in the making, its names, how answers enter it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...core.graph import Draft, SoftMasks
from .emit import Emitter
from .folding import Folding
from .names import Names


class ModelReader:
    """Reads one model. ``draft`` and ``layers`` are what comes out.

    ``count``: ops read so far; ``depth``: calls that are being read; ``name``: of what is being
    read now.
    """

    def __init__(
        self, *, training: bool, soft_masks: SoftMasks, draft: Draft | None = None,
        reserved: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.training = training
        self.draft = Draft() if draft is None else draft
        self.names = Names(self.draft, reserved)
        self.layers = self.names.layers
        self.emitter = Emitter(self.draft, self.names.fresh, soft_masks=soft_masks)
        self.folding = Folding()
        self.depth = 0
        self.count = 0
        self.name = ""

    def step(self, answer: Any, operands: Sequence[Any] = ()) -> Any:
        """Put an answer into the graph on the way to the result of what is being read."""
        return self.emitter.settle(answer, operands, f"{self.name}/step")

    def inputs_behind(self, value: Any) -> list[str]:
        """Names of the inputs that a value depends on."""
        return self.emitter.inputs_behind(value)
