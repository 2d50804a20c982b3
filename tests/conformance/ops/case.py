"""An entry of the list of ops: an op, its attributes, and the literal indices that outputs read.

An entry knows no framework. ``args`` are named as NumPy or the ONNX specification names them,
and stand in the order in which NumPy takes them; axes
count the batch of one that stands in front of every shape (axis 1 is the first of ``shape``).
Entries with ``image`` have spatial axes only: each front end adds the channel where it keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

Index = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """``reads``: output position (without batch and channel) -> the input positions that it reads.

    ``bound``: no front end can know the indices, so what is claimed is an ``UPPER_BOUND``, and the
    measured dependence lies inside it. ``endless``: the same without ``clip``, where it differs.
    ``error``: the op is refused (an unknown mode), and nothing is read.
    """

    name: str
    op: str
    shape: Index
    args: dict[str, Any] = field(default_factory=dict)
    reads: dict[Any, Any] = field(default_factory=dict)
    image: bool = False
    bound: bool = False
    batchless: bool = False
    error: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def expected(self) -> dict[Index, frozenset[Index]]:
        """``reads`` with every index as a tuple."""
        return literal(self.reads)


def literal(reads: dict[Any, Any]) -> dict[Index, frozenset[Index]]:
    """Plain numbers become tuples of one."""
    return {index(at): frozenset(map(index, found)) for at, found in reads.items()}


def index(at: Any) -> Index:
    """A number or a tuple as a tuple."""
    return at if isinstance(at, tuple) else (at,)


def grid(*axes: Iterable[int]) -> set[Index]:
    """The product of the positions along each axis."""
    return set(product(*axes))
