"""Chains that were found for a field: how they are written, what they read and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, overload

from ..analysis.answer import Answer
from . import values
from .report import Column, Facts, Report, Show, tabulate
from .text import shorten
from .writing import printed

COST = "cost: multiply-adds per input position along one axis, one channel in and out"


@dataclass(frozen=True, slots=True)
class DesignedChain:
    """A chain whose field was asked for; the numbers are those of the chain that was built.

    Attributes:
        chain: in the chain language, ``rfield chain`` reads it.
        layers: how many layers.
        kernel: of every layer.
        strides: of each layer.
        dilations: of each layer.
        size: size r of the field, at least what was asked for.
        stride: effective stride S.
        padding: effective padding P, all of it before where the chain is causal.
        ahead: positions that an output reads after its own place, ``S·i``.
        reads: how many positions of the field one output really reads; ``size`` if it has no holes.
        cost: multiply-adds per input position along one axis, one channel in and out.
    """

    chain: str
    layers: int
    kernel: int
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    size: int
    stride: Fraction
    padding: int
    ahead: int
    reads: int
    cost: Fraction

    def as_dict(self) -> dict[str, object]:
        """The chain as a mapping."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, eq=False, repr=False)
class Designs(Answer, Sequence[DesignedChain]):
    """The chains for a field of ``size``, the best first; ``str()`` is the table."""

    schema: ClassVar[str] = "rfield.design/1"

    size: int
    chains: tuple[DesignedChain, ...]

    @overload
    def __getitem__(self, index: int) -> DesignedChain: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[DesignedChain]: ...
    def __getitem__(self, index: int | slice) -> DesignedChain | Sequence[DesignedChain]:
        """A chain, or several."""
        return self.chains[index]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.chains)

    def _told(self) -> str:
        """The table as plain text."""
        return printed(self.report)

    def __repr__(self) -> str:
        best = shorten(self.chains[0].chain, 200)
        return f"Designs({self.size:,}: {len(self)} chains, the best {best})"

    def _facts(self) -> dict[str, Any]:
        return {"asked": self.size, "chains": [found.as_dict() for found in self.chains]}

    @property
    def report(self) -> Report:
        """The report tree that every form is written from."""
        numbered = list(enumerate(self.chains, 1))
        written = Facts(tuple((str(number), found.chain) for number, found in numbered))
        return Report(
            schema=self.schema,
            title=f"chains with a field of {self.size:,} or more",
            parts=(tabulate(_SHOWS, numbered), written),
            notes=(
                "ahead: positions that output i reads after S·i; P: all that it reads before it",
                "reads: positions of the field that one output really reads",
                COST,
            ),
            facts=self.as_dict(),
            records=tuple(found.as_dict() for found in self.chains),
        )


_SHOWS: list[Show[tuple[int, DesignedChain]]] = [
    Show(Column(""), lambda row: str(row[0])),
    Show(Column("layers"), lambda row: str(row[1].layers)),
    Show(Column("kernel"), lambda row: str(row[1].kernel)),
    Show(Column("size r", tone="key"), lambda row: f"{row[1].size:,}"),
    Show(Column("stride S"), lambda row: values.number(row[1].stride)),
    Show(Column("padding P"), lambda row: f"{row[1].padding:,}"),
    Show(Column("ahead"), lambda row: f"{row[1].ahead:,}"),
    Show(Column("reads"), lambda row: "all" if _whole(row[1]) else f"{row[1].reads:,}"),
    Show(Column("cost"), lambda row: f"{float(row[1].cost):.4g}"),
]


def _whole(found: DesignedChain) -> bool:
    return found.reads == found.size
