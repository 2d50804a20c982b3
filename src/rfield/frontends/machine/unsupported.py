"""Ops without a rule, collected while a model is read and reported all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ...errors import UnsupportedOpError, show_shape
from .names import shown
from .rules import RuleTable


@dataclass(slots=True)
class Use:
    """One op without a rule: how often, and where first."""

    layer: str
    shape: Sequence[int | None] | None = None
    source: str = ""
    uses: int = 1


@dataclass(slots=True)
class Unsupported:
    """The ops of one model for which ``rules`` has nothing.

    ``folder``: where ``rule`` is found in ``rfield.frontends``; ``what``: "op" or "layer".
    ``spelled``: how an op is shown; ``taught``: the name by which it can be given a rule.
    """

    rules: RuleTable
    folder: str
    what: str = "op"
    spelled: Callable[[str], str] = shown
    taught: Callable[[str], str] = shown
    found: dict[str, Use] = field(default_factory=dict[str, Use])

    def __bool__(self) -> bool:
        return bool(self.found)

    def meet(
        self, op: str, layer: str, shape: Sequence[int | None] | None = None, source: str = ""
    ) -> None:
        """Note one use."""
        if op in self.found:
            self.found[op].uses += 1
        else:
            self.found[op] = Use(layer, shape, source)

    def error(self) -> UnsupportedOpError:
        """All of them in one error, and what to do."""
        blocks: list[str] = []
        for name, use in self.found.items():
            op = self.spelled(name)
            count = f"{use.uses} use" + ("s" if use.uses != 1 else "")
            place = f"  first use: {use.layer}"
            if use.shape is not None:
                place += f"   output {show_shape(use.shape)}"
            lines = [
                f"UnsupportedOp: no rule for {self.rules.framework} {self.what} {op!r} ({count}).",
                f"{place}   {use.source}".rstrip(),
            ]
            nearest = self.rules.nearest(self.taught(name))
            if nearest:
                lines.append(f"  nearest known {self.what}: {nearest}")
            blocks.append("\n".join(lines))
        first = self.taught(next(iter(self.found)))
        blocks.append(
            '  Treat it as reading everything:   rfield.load(model, unknown="whole")\n'
            f'  Or teach it:                      @rfield.frontends.{self.folder}.rule("{first}")'
        )
        return UnsupportedOpError("\n".join(blocks))
