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
from ...core.arguments import Shape
from ...core.graph import Draft
from ...core.known import FIXED, SOME, ZERO, Known
from ...core.known.codes import Codes, depends, ranked, squeezed
from ...core.known.narrow import is_broadcast
from ...core.ops import Op
from .functions import name_of, numbers
from .limits import MASK
from .settled import UNKNOWN, Elements, elements, settled, unsettled
from .values import Constant, Dependent, Tensor

Marks = dict[int, NDArray[np.bool_]]


class Range(NamedTuple):
    """Between which numbers each element of a tensor stays."""

    low: NDArray[Any]
    high: NDArray[Any]

    @property
    def number(self) -> NDArray[Any]:
        """The one number that is left, or NaN."""
        return np.where(self.low == self.high, self.low, np.nan)

    def at(self, numbers: NDArray[Any]) -> Range:
        """With these numbers, where they are any."""
        open_ = np.isnan(numbers)
        return Range(np.where(open_, self.low, numbers), np.where(open_, self.high, numbers))


_ENDLESS = Range(np.array(-np.inf), np.array(np.inf))


class Ranges:
    """The ranges of the values of a graph in the making, as far as bounds tell of them.

    Beside each is the one that holds if nothing in a file is a parameter. ``bordered``: whether
    what is known of elements counts where they are numbers of a border.
    """

    __slots__ = ("_bare", "_draft", "_fixed", "_found", "_last", "_made", "_without", "bordered")

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._found: dict[int, tuple[Range, Range]] = {}
        self._without: dict[int, tuple[Range, Range]] = {}
        self.bordered = True
        self._fixed: dict[int, Elements] = {}
        self._last = self._bare = _ENDLESS, _ENDLESS
        self._made: Elements | None = None

    def swallow(self, op: Op, values: Sequence[Any]) -> tuple[Marks, Op]:
        """Of which operands which elements never count, in the op's own axes.

        The op is a bound where that is not known, as nobody tells which numbers are parameters, or
        a number is lost.
        """
        self._last = self._bare = (_ENDLESS, _ENDLESS)
        self._made = None
        rule = _RULES.get("where" if op.algebra == "where" else name_of(op.kind))
        if rule is None or len(values) < 2 or not isinstance(op.algebra, str):
            return {}, op
        given = [self._reach(value) for value in values]
        marks, reach = rule([sure for sure, _ in given], values)
        self._last = reach, reach
        if any(sure is not doubtful for sure, doubtful in given):
            more, doubtful = rule([doubtful for _, doubtful in given], values)
            self._last = reach, doubtful
            same = (marks[place] == where for place, where in more.items())
            op = op if all(each.all() for each in same) else replace(op, exact=False)
        self._bare = self._last
        if any(self._known(value) is not None for value in values):
            ranges = [self._range(value, self._without) for value in values]
            one, other = (rule([each[k] for each in ranges], values)[1] for k in (0, 1))
            self._bare = one, other
        if op.exact and self._may_swallow(op, values):
            op = replace(op, exact=False)
        return {k: w for k, w in marks.items() if w.any() and isinstance(values[k], Dependent)}, op

    def _may_swallow(self, op: Op, values: Sequence[Any]) -> bool:
        """Whether a number that is lost stands beside what the input changes."""
        held = [self._known(value) for value in values]
        if not any(map(unsettled, held)) or not _is_elementwise(op, values):
            return False
        rank = len(op.shape)
        moving = [
            np.array(isinstance(value, Dependent)) if known is None
            else depends(ranked(known.codes, rank))
            for value, known in zip(values, held, strict=True)
        ]  # fmt: skip
        for place, known in enumerate(held):
            if known is None or not unsettled(known):
                continue
            own, codes = self._elements(values[place]), ranked(known.codes, rank)
            lost = ((codes == FIXED) & np.isnan(own.numbers) & ~own.free) | (codes == SOME)
            others = [each for k, each in enumerate(moving) if k != place]
            if (lost & _over(np.logical_or, others)).any():
                return True
        return False

    def _known(self, value: Any) -> Known | None:
        return self._draft.known.get(value.index) if isinstance(value, Dependent) else None

    def settled(
        self, op: Op, values: Sequence[Any], known: Known | None, *, trained: bool
    ) -> Known | None:
        """What is known of the result, with the numbers that the op asked about last makes.

        ``trained``: it is a call with parameters.
        """
        if known is None or not unsettled(known):
            return known
        held = [self._elements(value) for value in values[: len(op.links)]]
        made = UNKNOWN
        if _is_elementwise(op, values):
            given = [self._reach(value) for value in values]
            one, other = (
                _function(op.kind, [each[k] for each in given]).at(self._last[k].number).number
                for k in (0, 1)
            )
            made = Elements(one, other, _over(np.logical_or, [each.free for each in held]))
        known, self._made = settled(op, values, held, known, made, trained=trained)
        return known

    def left(self, known: Known, shape: Shape) -> tuple[Codes | None, NDArray[Any] | None]:
        """What is known of a result that no input changes, and its numbers if all are."""
        made, codes = self._made, known.codes
        if made is not None and not np.isnan(made.numbers).any():
            return None, np.broadcast_to(made.numbers, shape)
        if made is not None:
            codes = np.where((codes == FIXED) & ~made.free, np.uint8(SOME), codes)
        return (np.broadcast_to(codes, shape) if (codes > FIXED).any() else None), None

    def note(self, index: int) -> None:
        """The value ``index`` is the result of the op that was asked about last."""
        if self._made is not None:
            self._fixed[index] = self._made
        for found, (sure, doubtful) in ((self._found, self._last), (self._without, self._bare)):
            if doubtful is not _ENDLESS and not (
                np.isneginf(doubtful.low).all() and np.isposinf(doubtful.high).all()
            ):
                small = Range(*map(squeezed, sure))
                other = small if doubtful is sure else Range(*map(squeezed, doubtful))
                found[index] = small, other

    def _elements(self, value: Any) -> Elements:
        """The numbers of an operand that no input changes."""
        if isinstance(value, Dependent):
            held = self._fixed.get(value.index)
            return elements(self._known(value), held, len(value.shape))
        rank = len(value.shape)
        one, other = (ranked(r.number, rank) for r in self._reach(value))
        return Elements(one, other, np.isnan(one) & value.may_change)

    def _reach(self, value: Any) -> tuple[Range, Range]:
        """The numbers of a constant; those of a parameter may be any, but none is infinite.

        Of a file that does not tell which are parameters, a single number is none, nor are zeros
        and ones.
        """
        found = self._range(value, self._found if self.bordered else self._without)
        if self._known(value) is None:
            return found
        fixed = self._elements(value)
        return found[0].at(fixed.numbers), found[1].at(fixed.doubtful)

    def _range(self, value: Any, found: dict[int, tuple[Range, Range]]) -> tuple[Range, Range]:
        """The same; of a value that an input changes, what was ``found``."""
        if isinstance(value, Dependent):
            return found.get(value.index, (_ENDLESS, _ENDLESS))
        array = value.once if isinstance(value, Constant) else None
        if array is None and isinstance(value, Constant) and value.told is not None:
            zero = _ENDLESS.at(np.where(value.told == ZERO, 0.0, np.nan))
            return zero, zero
        if array is None or array.size > MASK or array.dtype.kind not in "fiub" or not array.size:
            return _ENDLESS, _ENDLESS
        array = array.astype(np.float64) if array.dtype.kind != "f" else array
        same = Range(array, array)
        if value.made or array.size == 1 or (value.nameless and (array == (array != 0)).all()):
            return same, same
        infinite = np.isinf(array)
        wide = Range(np.where(infinite, array, -np.inf), np.where(infinite, array, np.inf))
        return wide, same if value.nameless else wide


def _is_elementwise(op: Op, values: Sequence[Any]) -> bool:
    return len(op.links) == len(values) and op.algebra != "move" and all(
        isinstance(value, Tensor) and is_broadcast(op, link, value.shape)
        for link, value in zip(op.links, values, strict=True)
    )  # fmt: skip


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
    if isinstance(one, Dependent) and isinstance(other, Dependent) and one.index == other.index:
        return {0: np.array(one.shape == other.shape)}, _ENDLESS
    (which, top), (low, high), (least, most) = given
    yes, no = (which == top) & (which != 0), (which == top) & (which == 0)
    same = (low == high) & (least == most) & (low == least)
    reach = Range(
        np.where(yes, low, np.where(no | same, least, -np.inf)),
        np.where(yes, high, np.where(no | same, most, np.inf)),
    )
    return {0: same, 1: no, 2: yes}, reach


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


def _function(kind: str, given: Sequence[Range]) -> Range:
    """What another function makes of numbers that are known."""
    same = _over(np.logical_and, [each.low == each.high for each in given])
    made = numbers(kind, [each.low for each in given])
    return _ENDLESS if made is None else _ENDLESS.at(np.where(same, made, np.nan))


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
