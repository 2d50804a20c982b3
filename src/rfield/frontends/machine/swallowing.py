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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core import arrays
from ...core.arguments import Shape
from ...core.graph import Draft
from ...core.known import FIXED, SOME, ZERO, Known
from ...core.known.codes import Codes, depends, ranked
from ...core.known.narrow import is_broadcast
from ...core.ops import Op
from .functions import is_function, name_of, numbers
from .limits import MASK
from .ranges import ENDLESS, Held, Range, Reach, opened, stored, unpacked
from .settled import UNKNOWN, Elements, elements, settled, unsettled
from .values import Constant, Dependent, Tensor

Marks = dict[int, NDArray[np.bool_]]


class Ranges:
    """The ranges of the values of a graph in the making, as far as bounds tell of them.

    Beside each is the one that holds if nothing in a file is a parameter, the same object where
    that makes no difference. ``bordered``: whether what is known of elements counts where they are
    numbers of a border; what is found ``_without`` that is worked out (``_later``) when a border
    is met, as few models have one.
    """

    __slots__ = (
        "_asked", "_draft", "_fixed", "_found", "_last", "_later", "_made", "_without", "bordered",
    )  # fmt: skip

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._found: dict[int, Held] = {}
        self._without: dict[int, Held] = {}
        self.bordered = True
        self._later: dict[int, Asked] = {}
        self._fixed: dict[int, tuple[Held, NDArray[np.bool_]]] = {}
        self._last = ENDLESS, ENDLESS
        self._asked: Asked | None = None
        self._made: Elements | None = None
        draft.beside += [self._found, self._without, self._later, self._fixed]

    @property
    def stores(self) -> tuple[dict[int, Any], ...]:
        """What was found of values, each by its index, but for what is left for later."""
        return self._found, self._without, self._fixed

    @property
    def waits(self) -> bool:
        """Whether anything is left for later, which rests on other values of the draft."""
        return bool(self._later)

    def swallow(self, op: Op, values: Sequence[Any]) -> tuple[Marks, Op]:
        """Of which operands which elements never count, in the op's own axes.

        The op is a bound where that is not known, as nobody tells which numbers are parameters, or
        a number is lost.
        """
        self._last, self._asked, self._made = (ENDLESS, ENDLESS), None, None
        rule = _RULES.get("where" if op.algebra == "where" else name_of(op.kind))
        if rule is None or len(values) < 2 or not isinstance(op.algebra, str):
            return {}, op
        given = [self._reach(value) for value in values]
        (marks, more), self._last = _answers(rule, given, values)
        if more is not marks:
            same = (marks[place] == where for place, where in more.items())
            op = op if all(each.all() for each in same) else replace(op, exact=False)
        if any(self._known(value) is not None for value in values):
            self._asked = rule, values
        if op.exact and self._may_swallow(op, values):
            op = replace(op, exact=False)
        return {k: w for k, w in marks.items() if w.any() and isinstance(values[k], Dependent)}, op

    def _may_swallow(self, op: Op, values: Sequence[Any]) -> bool:
        """Whether a number that is lost stands beside what the input changes."""
        held = [self._known(value) for value in values]
        if not any(map(unsettled, held)) or not is_elementwise(op, values):
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
        if is_elementwise(op, values):
            given = [self._reach(value) for value in values]
            one = other = self._number(op, given, 0)
            if any(sure is not doubtful for sure, doubtful in (*given, self._last)):
                other = self._number(op, given, 1)
            made = Elements(one, other, _over(np.logical_or, [each.free for each in held]))
        known, self._made = settled(op, values, held, known, made, trained=trained)
        return known

    def _number(self, op: Op, given: Sequence[Reach], which: int) -> NDArray[Any]:
        """The numbers of the result of the op that was asked about last."""
        made = _function(op.kind, [each[which] for each in given])
        return made.at(self._last[which].number).number

    def left(self, known: Known, shape: Shape) -> tuple[Codes | None, NDArray[Any] | None]:
        """What is known of a result that no input changes, and its numbers if all are."""
        made, codes = self._made, known.codes
        if codes.size and (codes == ZERO).all():
            return None, np.broadcast_to(0.0, shape)
        if made is not None and not np.isnan(made.numbers).any():
            return None, np.broadcast_to(made.numbers, shape)
        if made is not None:
            codes = np.where((codes == FIXED) & ~made.free, np.uint8(SOME), codes)
        return (np.broadcast_to(codes, shape) if (codes > FIXED).any() else None), None

    def note(self, index: int) -> None:
        """The value ``index`` is the result of the op that was asked about last."""
        if self._made is not None:
            one, other, free = self._made
            same = [one]
            self._fixed[index] = stored((same, same if other is one else [other])), free
        ranges = _small(self._last)
        if ranges is not None:
            self._found[index] = ranges
        if self._asked is not None:
            self._later[index] = self._asked
        elif ranges is not None:
            self._without[index] = ranges

    def _elements(self, value: Any) -> Elements:
        """The numbers of an operand that no input changes."""
        if isinstance(value, Dependent):
            held = self._fixed.get(value.index)
            return elements(self._known(value), held and _numbers(*held), len(value.shape))
        rank = len(value.shape)
        sure, doubtful = self._reach(value)
        one = ranked(sure.number, rank)
        other = one if doubtful is sure else ranked(doubtful.number, rank)
        return Elements(one, other, np.isnan(one) & value.may_change)

    def _reach(self, value: Any) -> Reach:
        """The numbers of a constant; those of a parameter may be any, but none is infinite.

        Of a file that does not tell which are parameters, a single number is none, nor are zeros
        and ones.
        """
        if not self.bordered:
            self._bare()
        sure, doubtful = self._range(value, self._found if self.bordered else self._without)
        if self._known(value) is None:
            return sure, doubtful
        fixed, same = self._elements(value), sure is doubtful
        sure = sure.at(fixed.numbers)
        return sure, sure if same and fixed.sure else doubtful.at(fixed.doubtful)

    def _bare(self) -> None:
        """Work out what was left for later, what was made first at first."""
        later = [*self._later.items()]
        self._later.clear()
        for index, (rule, values) in later:
            given = [self._range(value, self._without) for value in values]
            ranges = _small(_answers(rule, given, values)[1])
            if ranges is not None:
                self._without[index] = ranges

    def _range(self, value: Any, found: dict[int, Held]) -> Reach:
        """The same; of a value that an input changes, what was ``found``."""
        if isinstance(value, Dependent):
            return opened(found.get(value.index))
        array = value.once if isinstance(value, Constant) else None
        if array is None and isinstance(value, Constant) and value.told is not None:
            zero = ENDLESS.at(np.where(value.told == ZERO, 0.0, np.nan))
            return zero, zero
        if array is None or array.size > MASK or array.dtype.kind not in "fiub" or not array.size:
            return ENDLESS, ENDLESS
        array = array.astype(np.float64) if array.dtype.kind != "f" else array
        same = Range(array, array)
        if value.made or array.size == 1 or (value.nameless and (array == (array != 0)).all()):
            return same, same
        infinite = np.isinf(array)
        wide = Range(np.where(infinite, array, -np.inf), np.where(infinite, array, np.inf))
        return wide, same if value.nameless else wide


def is_elementwise(op: Op, values: Sequence[Any]) -> bool:
    """Whether each output reads of every operand the element at its own place alone."""
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
Asked = tuple[Rule, Sequence[Any]]


def _answers(
    rule: Rule, given: Sequence[Reach], values: Sequence[Any]
) -> tuple[tuple[Marks, Marks], Reach]:
    """What a rule says of what is sure, and of what is doubtful."""
    marks, reach = rule([sure for sure, _ in given], values)
    if all(sure is doubtful for sure, doubtful in given):
        return (marks, marks), (reach, reach)
    more, doubtful = rule([doubtful for _, doubtful in given], values)
    return (marks, more), (reach, doubtful)


def _small(reach: Reach) -> Held | None:
    """What is kept of it; None where nothing is told."""
    _, doubtful = reach
    if doubtful is ENDLESS or (
        np.isneginf(doubtful.low).all() and np.isposinf(doubtful.high).all()
    ):
        return None
    return stored(reach)


def _numbers(held: Held, free: NDArray[np.bool_]) -> Elements:
    (one,), (other,) = held
    numbers = unpacked(one)
    return Elements(numbers, numbers if other is one else unpacked(other), free)


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
        return {}, ENDLESS
    inner, reach = _largest(given[:2], values[:2])
    between = Dependent(-1, ())
    outer, reach = _smallest([reach, given[2]], [between, values[2]])
    marks = {place: where | outer[0] for place, where in inner.items()}
    return (marks | {2: outer[1]} if 1 in outer else marks), reach


def _where(given: Sequence[Range], values: Sequence[Any]) -> Found:
    """The condition, where both that it chooses from are the same."""
    if len(values) != 3:
        return {}, ENDLESS
    one, other = values[1:]
    if isinstance(one, Dependent) and isinstance(other, Dependent) and one.index == other.index:
        return {0: np.array(one.shape == other.shape)}, ENDLESS
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
    if not same.any() or not is_function(kind, len(given)):
        return ENDLESS
    made = np.full(same.shape, np.nan)
    lows = [np.broadcast_to(each.low, same.shape)[same] for each in given]
    made[same] = numbers(kind, lows)
    return ENDLESS.at(made)


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
