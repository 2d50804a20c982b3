"""One op on tensors of known shapes: what every constructor of the vocabulary returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from .algebra import Algebra
from .arguments import Shape
from .link import AnyLink
from .numbers import DRAWN


class Work(NamedTuple):
    """What one op costs: multiply-adds, other additions (bias, pooling), and its parameters."""

    macs: int = 0
    adds: int = 0
    parameters: int = 0


FREE_OF_CHARGE = Work()


@dataclass(frozen=True, slots=True)
class Op:
    """One op on tensors of known shapes.

    ``join``: the operands are combined position by position, so they should be aligned.
    ``exact``: False where the links are only an upper bound (data-dependent or unknown ops).
    ``depends_on_size``: the padding changes with the size of the input. ``algebra``: the
    arithmetic, as far as known elements (masks) go through it. ``loose``: the operands whose links
    alone make it a bound (a table looked up by the data); where these are constants it is exact.
    ``repeats``: the operands that are read by further links, which stand behind the others'.
    ``fill``: the number of the elements that read nothing, where it is known.
    ``own``: axes of its one operand along which a result is that of the element at its own index,
    although the link says of it only which others it reads (the keys of a masked softmax).
    ``keeps``: the shapes of the tensors that a running op hands on from step to step.
    ``tables``: what its numbers are made of beside its operands, as of a ``Node``.
    ``sparse``: it is a bound only because of zeros, in its kernel or known ones of an operand:
    what it reads is the same whatever the data.
    """

    kind: str
    shape: Shape
    links: tuple[AnyLink | None, ...]
    join: bool = False
    exact: bool = True
    work: Work = FREE_OF_CHARGE
    depends_on_size: bool = False
    algebra: Algebra | None = None
    loose: tuple[int, ...] = ()
    repeats: tuple[int, ...] = ()
    fill: float | None = None
    own: tuple[int, ...] = ()
    keeps: tuple[Shape, ...] = ()
    tables: tuple[object, ...] = ()
    sparse: bool = False

    @property
    def drawn(self) -> Op:
        """The same with random numbers beside its operands."""
        return replace(self, tables=(*self.tables, DRAWN))

    @property
    def thinned(self) -> Op:
        """The same as a bound, because some of what it reads may be zero."""
        return replace(self, exact=False, sparse=self.exact or self.sparse)
