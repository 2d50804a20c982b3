"""Numbers that swallow what they stand beside: the larger of ``x`` and infinity is never ``x``.

Whatever finite number stands there, the result is the same, and it reads nothing: a bound of
infinity, two bounds that are equal (of one op, or the larger of a smaller), a condition that
chooses between equals, a power of zero, what zero is divided by. That NaN would come through is no
reading, as little as ``0 * x`` is one; an op that asks for NaN or infinity (``isnan``,
``x == inf``) reads what it asks about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core import arrays
from ...core.known import FIXED, Known, of_constant
from ...core.known.codes import ranked, squeezed
from ...core.ops import Op
from .limits import MASK
from .values import Constant, Dependent

Marks = dict[int, NDArray[np.bool_]]


class Range(NamedTuple):
    """Between which numbers each element of a tensor stays."""

    low: NDArray[Any]
    high: NDArray[Any]


_ENDLESS = Range(np.array(-np.inf), np.array(np.inf))


class Ranges:
    """The ranges of the values of a graph in the making, as far as bounds tell of them.

    Beside each is the one that holds if nothing in a file is a parameter.
    """

    __slots__ = ("_found", "_last")

    def __init__(self) -> None:
        self._found: dict[int, tuple[Range, Range]] = {}
        self._last = _ENDLESS, _ENDLESS

    def swallow(self, op: Op, values: Sequence[Any]) -> tuple[Marks, Op]:
        """Of which operands which elements never count, in the op's own axes.

        The op is a bound where that is not known, as nobody tells which numbers are parameters.
        """
        self._last = _ENDLESS, _ENDLESS
        if len(values) < 2 or not isinstance(op.algebra, str):
            return {}, op
        kind = op.kind.lower().replace("_", "").removesuffix("other").rstrip(".")
        rule = _RULES.get("where" if op.algebra == "where" else kind)
        if rule is None:
            return {}, op
        given = [self._reach(value) for value in values]
        marks, reach = rule([sure for sure, _ in given], values)
        self._last = reach, reach
        if any(sure is not doubtful for sure, doubtful in given):
            more, doubtful = rule([doubtful for _, doubtful in given], values)
            self._last = reach, doubtful
            same = (marks[place] == where for place, where in more.items())
            op = op if all(each.all() for each in same) else replace(op, exact=False)
        return {k: w for k, w in marks.items() if w.any() and isinstance(values[k], Dependent)}, op

    def told(self, known: Known | None) -> Known | None:
        """With the numbers that the op about which was asked last makes whatever the input is."""
        low, high = self._last[0]
        same = np.asarray(low == high)
        if known is None or not same.any():
            return known
        made, rank = of_constant(low.shape, low), known.codes.ndim
        wide = same.reshape((1,) * (rank - same.ndim) + same.shape)
        codes = squeezed(np.where(wide, ranked(made.codes, rank), known.codes))
        return replace(known, codes=codes, least=max(known.least, made.least))

    def note(self, index: int) -> None:
        """The value ``index`` is the result of the op that was asked about last."""
        sure, doubtful = self._last
        if doubtful is not _ENDLESS and not (
            np.isneginf(doubtful.low).all() and np.isposinf(doubtful.high).all()
        ):
            small = Range(*map(squeezed, sure))
            self._found[index] = (
                small, small if doubtful is sure else Range(*map(squeezed, doubtful))
            )  # fmt: skip

    def _reach(self, value: Any) -> tuple[Range, Range]:
        """The numbers of a constant; those of a parameter may be any, but none is infinite.

        Of a file that does not tell which are parameters, a single number is none, nor are zeros
        and ones.
        """
        if isinstance(value, Dependent):
            return self._found.get(value.index, (_ENDLESS, _ENDLESS))
        array = value.once if isinstance(value, Constant) else None
        if array is None or array.size > MASK or array.dtype.kind not in "fiub" or not array.size:
            return _ENDLESS, _ENDLESS
        array = array.astype(np.float64) if array.dtype.kind != "f" else array
        same = Range(array, array)
        if value.made or array.size == 1 or (value.nameless and (array == (array != 0)).all()):
            return same, same
        infinite = np.isinf(array)
        wide = Range(np.where(infinite, array, -np.inf), np.where(infinite, array, np.inf))
        return wide, same if value.nameless else wide


def overlaid(known: Sequence[Known | None], marks: Marks, rank: int) -> list[Known | None]:
    """What is known of the operands, and that marked elements are never read."""
    found = [*known]
    for place, where in marks.items():
        wide = where.reshape((1,) * (rank - where.ndim) + where.shape)
        own = found[place] or Known(np.zeros((1,) * rank, np.uint8))
        codes = np.where(wide, np.uint8(FIXED), ranked(own.codes, rank))
        found[place] = replace(own, codes=codes, shown=False)
    return found


def clamped(x: Any, low: Any, high: Any, kind: str) -> Any:
    """``x`` between two bounds, each a tensor, a number or None.

    Of two that are crossed the upper one holds, whatever ``x`` is.
    """
    bounds = (-np.inf if low is None else low, np.inf if high is None else high)
    return arrays.pointwise(x, *bounds, kind=kind, algebra="compare")


Found = tuple[Marks, Range]
Rule = Callable[[Sequence[Range], Sequence[Any]], Found]


def _largest(given: Sequence[Range], values: Sequence[Any]) -> Found:
    """Whatever another operand always reaches."""
    marks: Marks = {}
    for place, value in enumerate(values):
        others = [r.low for k, r in enumerate(given) if k != place]
        if isinstance(value, Dependent):
            marks[place] = _over(np.maximum, others) >= given[place].high
    made = [_over(np.maximum, [r[side] for r in given]) for side in (0, 1)]
    return marks, Range(*made)


def _smallest(given: Sequence[Range], values: Sequence[Any]) -> Found:
    """The same upside down."""
    marks, reach = _largest([_turned(each) for each in given], values)
    return marks, _turned(reach)


def _turned(reach: Range) -> Range:
    return Range(-reach.high, -reach.low)


def _over(function: np.ufunc, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    found = parts[0]
    for part in parts[1:]:
        found = function(found, part)
    return np.asarray(found)


def _clamp(given: Sequence[Range], values: Sequence[Any]) -> Found:
    """``min(max(one, other), high)``: JAX has the lower bound first, the others the number."""
    if len(values) != 3:
        return {}, _ENDLESS
    inner, reach = _largest(given[:2], values[:2])
    between = Dependent(-1, ())
    outer, reach = _smallest([reach, given[2]], [between, values[2]])
    marks = {place: where | outer[0] for place, where in inner.items()}
    return (marks | {2: outer[1]} if 1 in outer else marks), reach


def _where(given: Sequence[Range], values: Sequence[Any]) -> Found:
    """The condition, where both that it chooses from are the same."""
    if len(values) != 3:
        return {}, _ENDLESS
    one, other = values[1:]
    if isinstance(one, Dependent) and isinstance(other, Dependent):
        same = one.index == other.index and one.shape == other.shape
        return {0: np.array(same)}, _ENDLESS
    (low, high), (least, most) = given[1:]
    return {0: (low == high) & (least == most) & (low == least)}, _ENDLESS


def _power(given: Sequence[Range], values: Sequence[Any]) -> Found:
    """What has the power of zero, and powers of one."""
    return _always(1, {0: _is(given[1], 0), 1: _is(given[0], 1)})


def _quotient(given: Sequence[Range], values: Sequence[Any]) -> Found:
    """What zero is divided by."""
    return _always(0, {} if len(values) != 2 else {1: _is(given[0], 0)})


def _no_nan(given: Sequence[Range], values: Sequence[Any]) -> Found:
    """And what is divided by zero, where that makes zero."""
    return _always(0, {0: _is(given[1], 0), 1: _is(given[0], 0)})


def _infinite(given: Sequence[Range], values: Sequence[Any]) -> Found:
    """What stands beside infinity."""
    return _always(np.inf, {0: _is(given[1], np.inf), 1: _is(given[0], np.inf)})


def _is(reach: Range, number: float) -> NDArray[np.bool_]:
    return np.asarray((reach.low == number) & (reach.high == number))


def _always(number: float, marks: Marks) -> Found:
    """The same result wherever an operand is marked."""
    fixed = np.asarray(_over(np.logical_or, [*marks.values()]) if marks else False)
    return marks, Range(np.where(fixed, number, -np.inf), np.where(fixed, number, np.inf))


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("max", "maximum", "fmax", "relu"), _largest),
    **dict.fromkeys(("min", "minimum", "fmin"), _smallest),
    **dict.fromkeys(("clamp", "clampmin", "clampmax", "clip", "clipbyvalue", "hardtanh"), _clamp),
    "logaddexp": _infinite,
    **dict.fromkeys(("div", "divide", "realdiv", "truedivide", "xdivy"), _quotient),
    **dict.fromkeys(("divnonan", "dividenonan"), _no_nan),
    "where": _where,
    **dict.fromkeys(("pow", "power", "floatpower"), _power),
}  # fmt: skip
