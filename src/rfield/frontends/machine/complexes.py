"""The two parts of a complex number: who asks for one does not read what the other was made of.

Most complex numbers come from a Fourier transform, whose parts both read everything. Those that a
model puts together of two tensors are taken apart again here, as far as they were only moved,
added, multiplied or conjugated since; a part of any other sum of them is a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...core import layout, ops
from ...core.graph import Draft
from ...core.link import Link, passed
from ...core.ops import Op
from .values import Constant, Dependent

if TYPE_CHECKING:
    from collections.abc import Callable

    Settle = Callable[[Any, Sequence[Any], str], Any]

ASKED = frozenset({"real", "imag", "view_as_real"})
"""Kinds of ops that take a complex number apart."""

_CONJUGATE = frozenset({"conj", "conjugate"})

_BY_PARTS = frozenset({"neg", "negative", "sum", "mean", "cast", "convert_element_type"})
"""What acts on each part as on a real number."""

_LINEAR = frozenset({"move", "add", "subtract"})

_PRODUCTS = frozenset({"multiply", "divide", "scale"})


class Naming(NamedTuple):
    """How ops that take a value apart enter the graph, by the name of what asks for the part."""

    settle: Settle
    name: str

    def part(self, answer: Any, values: Sequence[Any]) -> Any:
        """The value of a step on the way."""
        return self.settle(answer, values, f"{self.name}/part")

    def last(self, answer: Any, values: Sequence[Any]) -> Any:
        """The value that was asked for."""
        return self.settle(answer, values, self.name)


class Parts:
    """How the complex values of a graph in the making came about, as far as they can be parted."""

    __slots__ = ("found", "made", "mixed")

    def __init__(self, draft: Draft) -> None:
        self.made: dict[int, tuple[Op, Sequence[Any], Sequence[Any]]] = {}
        self.found: dict[int, dict[int, Any]] = {}
        self.mixed: set[int] = set()
        draft.beside += [self.made, self.found, self.mixed]

    def note(self, op: Op, values: Sequence[Any], operands: Sequence[Any], index: int) -> None:
        """A new value: remember how it was made where its parts follow from those of others."""
        made = op.kind == "view_as_complex" or (op.kind == "complex" and bool(values))
        made = made or _is_turned(op, values, operands)
        if not made and (self.made or self.mixed):
            given = {v.index for v in values if isinstance(v, Dependent)}
            parted = bool(given & self.made.keys())
            kept = op.algebra in _LINEAR or op.algebra in _PRODUCTS
            made = parted and (kept or op.kind in _CONJUGATE or op.kind in _BY_PARTS)
            whole = _is_function(op) or (op.kind == "fft" and self._real_alone(given))
            if not made and (given & self.mixed or (parted and not whole)):
                self.mixed.add(index)
        if made:
            self.made[index] = op, values, operands

    def _real_alone(self, given: set[int]) -> bool:
        """Whether these are real numbers in the type of complex ones: a spectrum reads all."""
        of = [self.made[index] for index in given & self.made.keys()]
        return all(
            op.kind == "complex" and sum(isinstance(v, Dependent) for v in values) == 1
            for op, values, _ in of
        )

    def may_lack(self, op: Op, values: Sequence[Any]) -> bool:
        """Whether a part that is asked for may read less than both parts of what it was made of."""
        value = values[0] if op.kind in ASKED and values else None
        found = isinstance(value, Dependent) and value.index
        return found is not False and (found in self.made or found in self.mixed)

    def read(self, op: Op, value: Any, naming: Naming) -> Any:
        """What an op that takes a value apart makes of it; None where it is not told."""
        if not isinstance(value, Dependent) or value.index not in self.made:
            return None
        asked = (0, 1) if op.kind == "view_as_real" else (0 if op.kind == "real" else 1,)
        parts = [self._part(value, which, naming) for which in asked]
        if any(part is None for part in parts):
            return None
        if len(parts) == 1:
            return parts[0]
        column = (*value.shape, 1)
        columns = [naming.part(layout.reshape(part.shape, column), [part]) for part in parts]
        joined = layout.concat(column, column, axis=len(value.shape))
        return naming.last(joined, columns)

    def _part(self, value: Any, which: int, naming: Naming, operand: Any = None) -> Any:
        """Part 0 or 1 of a complex value, a constant, or a tensor of real numbers."""
        if isinstance(value, Constant):
            array = value.array
            if array is None:
                return value if _is_real(operand) and not which else None
            made = np.array(np.imag(array) if which else np.real(array))
            part = Constant(array.shape, made, made=True)
            part.placed = lambda: made  # a number of the model, be it one alone
            return part
        if not isinstance(value, Dependent):
            return None
        if value.index in self.made:
            found = self.found.setdefault(value.index, {})
            if which not in found:
                found[which] = self._apart(*self.made[value.index], which, naming)
            return found[which]
        if not _is_real(operand):
            return None
        return Constant(value.shape, np.zeros(value.shape), made=True) if which else value

    def _apart(
        self, op: Op, values: Sequence[Any], operands: Sequence[Any], which: int, naming: Naming
    ) -> Any:
        if op.kind == "complex":
            if len(values) == 1 and which:  # a real number in the type of complex ones
                return Constant(op.shape, np.zeros(op.shape), made=True)
            wide = Op("expand", op.shape, (op.links[which],), algebra="move")
            same = values[which].shape == op.shape
            return naming.last([] if same else wide, [values[which]])
        if op.kind == "view_as_complex":
            shape = values[0].shape
            return naming.part(layout.select(shape, len(shape) - 1, which), values)
        if op.algebra in _PRODUCTS and len(values) > 1:
            return self._product(op, values, operands, which, naming)
        given = [
            self._part(value, which, naming, operand)
            for value, operand in zip(values, operands, strict=False)
        ]
        if any(part is None for part in given):
            return None
        if op.kind in _CONJUGATE:
            negative = ops.pointwise(op.shape, kind="negative", algebra="keep")
            return naming.part(negative, given) if which else given[0]
        return naming.part(op, given)

    def _product(
        self, op: Op, values: Sequence[Any], operands: Sequence[Any], which: int, naming: Naming
    ) -> Any:
        """``(a + bi)(c + di)``: what is multiplied by a part that is zero is not read."""
        if op.algebra == "divide":
            values = [values[0], _inverse(values[1])]
        one, other = (
            [self._part(value, part, naming, operand) for part in (0, 1)]
            for value, operand in zip(values[:2], operands[:2], strict=True)
        )
        terms: list[Any] = []
        for k in (0, 1):
            pair = [one[k], other[k ^ which]]
            if any(map(_is_zero, pair)):
                continue
            if any(part is None for part in pair):
                return None
            shapes = [part.shape for part in pair]
            times = ops.pointwise(*shapes, kind="multiply", join=True, algebra="multiply")
            terms.append(naming.part(times, pair))
        if not terms:
            return Constant(op.shape, np.zeros(op.shape), made=True)
        summed = ops.pointwise(op.shape, op.shape, kind="add", join=True, algebra="add")
        return naming.part(summed, terms) if len(terms) > 1 else terms[0]


def _is_real(operand: Any) -> bool:
    """Whether a front end's tensor is known to hold real numbers."""
    asked = getattr(operand, "is_complex", None)
    return callable(asked) and not asked()


def _is_turned(op: Op, values: Sequence[Any], operands: Sequence[Any]) -> bool:
    """Whether it is a real number times a complex one that is known."""
    if op.algebra not in _PRODUCTS or len(values) != 2 or len(operands) < 2:
        return False
    return any(
        isinstance(values[k], Constant) and np.iscomplexobj(values[k].array)
        and isinstance(values[1 - k], Dependent) and _is_real(operands[1 - k])
        for k in ((1,) if op.algebra == "divide" else (0, 1))
    )  # fmt: skip


def _is_zero(part: Any) -> bool:
    return isinstance(part, Constant) and part.array is not None and not np.any(part.array)


def _is_function(op: Op) -> bool:
    """A function of one complex number, of which each part reads both (``exp``, ``sqrt``)."""
    return len(op.links) == 1 and op.links[0] == passed(len(op.shape))


def _inverse(value: Any) -> Any:
    """What division by a known number multiplies by; None where it is not known."""
    if not isinstance(value, Constant) or value.array is None:
        return None
    with np.errstate(all="ignore"):
        return Constant(value.shape, np.asarray(1 / np.asarray(value.array)), made=True)


def taken_apart(shape: Sequence[int]) -> Op:
    """The two parts side by side, along a new last axis."""
    link = Link(passed(len(shape)).reads, rank=len(shape) + 1)
    return Op("view_as_real", (*shape, 2), (link,), algebra="keep")


def put_together(shape: Sequence[int]) -> Op:
    """A last axis of two becomes one complex number."""
    return ops.reduce(shape, [-1], zeros="keep", kind="view_as_complex")
