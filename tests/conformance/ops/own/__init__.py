"""Entries for ops that one front end alone has, or that only it spells in this way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..case import Index, literal


@dataclass(frozen=True)
class Own:
    """A model, the whole shape of its input, and the whole indices that outputs read.

    ``reads`` is a table of literals; without it, the dependence measured in the framework is
    what must be claimed: what becomes NaN when an element does. ``bound``: as in an entry of
    the list. ``blind``: neither NaN nor a finite change shows every dependence (a derivative of
    zero, whole numbers, an order), so what is measured only lies inside it. ``forms``: the same
    model in other forms, of which the same must be claimed; measured it is once. ``unrun``: the
    op runs on no machine of the tests, and the literals stand alone.
    """

    name: str
    model: Any
    shape: Index
    reads: dict[Any, Any] = field(default_factory=dict)
    bound: bool = False
    blind: bool = False
    unrun: bool = False
    forms: dict[str, Any] = field(default_factory=dict)

    @property
    def expected(self) -> dict[Index, frozenset[Index]]:
        """``reads`` with every index as a tuple."""
        return literal(self.reads)


@dataclass(frozen=True)
class Compared:
    """A model whose claim is compared with what the framework's own probe measures, all at once."""

    name: str
    problems: Callable[[], list[str]]
