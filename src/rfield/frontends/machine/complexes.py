"""The two parts of a complex number: who asks for one does not read what the other was made of.

Most complex numbers come from a Fourier transform, whose parts both read everything. Those that a
model puts together of two tensors are taken apart again here, as far as they were only moved, added
or conjugated since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core import layout, ops
from ...core.link import Link, passed
from ...core.ops import Op
from .values import Constant, Dependent

if TYPE_CHECKING:
    from collections.abc import Callable

    Settle = Callable[[Any, Sequence[Any], str], Any]

ASKED = frozenset({"real", "imag", "view_as_real"})
"""Kinds of ops that take a complex number apart."""

_CONJUGATE = frozenset({"conj", "conjugate"})

_SUMS = frozenset({"add", "subtract"})


class Parts:
    """How the complex values of a graph in the making came about, as far as they can be parted."""

    __slots__ = ("emitter", "found", "made")

    def __init__(self, emitter: Any) -> None:
        self.emitter = emitter
        self.made: dict[int, tuple[Op, Sequence[Any], Sequence[Any]]] = {}
        self.found: dict[tuple[int, int], Any] = {}

    def note(self, op: Op, values: Sequence[Any], operands: Sequence[Any], index: int) -> None:
        """A new value: remember how it was made where its parts follow from those of others."""
        made = op.kind == "view_as_complex" or (op.kind == "complex" and len(values) == 2)
        kept = op.algebra == "move" or op.algebra in _SUMS or op.kind in _CONJUGATE
        if not made and kept and self.made:
            made = any(isinstance(v, Dependent) and v.index in self.made for v in values)
        if made:
            self.made[index] = op, values, operands

    def read(self, op: Op, value: Any, name: str) -> Any:
        """What an op that takes a value apart makes of it; None where it is not told."""
        if not isinstance(value, Dependent) or value.index not in self.made:
            return None
        asked = (0, 1) if op.kind == "view_as_real" else (0 if op.kind == "real" else 1,)
        parts = [self._part(value, which, name) for which in asked]
        if any(part is None for part in parts):
            return None
        if len(parts) == 1:
            return parts[0]
        column = (*value.shape, 1)
        columns = [
            self.emitter.settle(layout.reshape(part.shape, column), [part], f"{name}/part")
            for part in parts
        ]
        joined = layout.concat(column, column, axis=len(value.shape))
        return self.emitter.settle(joined, columns, name)

    def _part(self, value: Any, which: int, name: str, operand: Any = None) -> Any:
        """Part 0 or 1 of a complex value, a constant, or a tensor of real numbers."""
        if isinstance(value, Constant):
            array = value.array
            if array is None:
                return None
            made = np.imag(array) if which else np.real(array)
            return Constant(array.shape, np.array(made), made=True)
        if not isinstance(value, Dependent):
            return None
        if value.index in self.made:
            key = value.index, which
            if key not in self.found:
                self.found[key] = self._apart(*self.made[value.index], which, name)
            return self.found[key]
        real = getattr(operand, "is_complex", None)
        if not callable(real) or real():
            return None
        return Constant(value.shape, np.zeros(value.shape), made=True) if which else value

    def _apart(
        self, op: Op, values: Sequence[Any], operands: Sequence[Any], which: int, name: str
    ) -> Any:
        settle: Settle = self.emitter.settle
        if op.kind == "complex":
            wide = Op("expand", op.shape, (op.links[which],), algebra="move")
            return settle([] if values[which].shape == op.shape else wide, [values[which]], name)
        if op.kind == "view_as_complex":
            shape = values[0].shape
            return settle(layout.select(shape, len(shape) - 1, which), values, f"{name}/part")
        given = [
            self._part(value, which, name, operand)
            for value, operand in zip(values, operands, strict=False)
        ]
        if any(part is None for part in given):
            return None
        if op.kind in _CONJUGATE:
            negative = ops.pointwise(op.shape, kind="negative", algebra="keep")
            return settle(negative, given, f"{name}/part") if which else given[0]
        return settle(op, given, f"{name}/part")


def taken_apart(shape: Sequence[int]) -> Op:
    """The two parts side by side, along a new last axis."""
    link = Link(passed(len(shape)).reads, rank=len(shape) + 1)
    return Op("view_as_real", (*shape, 2), (link,), algebra="keep")


def put_together(shape: Sequence[int]) -> Op:
    """A last axis of two becomes one complex number."""
    return ops.reduce(shape, [-1], zeros="keep", kind="view_as_complex")
