"""Operands that an answer does not name: read whole, as an upper bound, unless a rule says more.

A rule that reads the weights of a layer as weights knows nothing of models that compute them from
the input (adaptive norms, conditional ones). What it leaves out then is no weight.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ...core import ops
from ...core.arrays.expression import Reading
from ...core.ops import Op
from .rules import Rule
from .values import Dependent, Items, Outputs, dependents


def answered(rule: Rule, call: Any, operands: Sequence[Any]) -> Any:
    """What a rule answers to a call, with the operands that it leaves out."""
    answer = rule.function(call)
    if not rule.complete:
        answer = completed(answer, dependents(operands))
    return without_asked(answer, call.asked, operands) if call.asked else answer


def without_asked(answer: Any, asked: Collection[int], operands: Sequence[Any]) -> Any:
    """The answer of ops without operands behind the links that they were made of."""
    if isinstance(answer, Outputs):
        return Outputs(without_asked(entry, asked, operands) for entry in answer)
    steps: list[Op] = [answer] if isinstance(answer, Op) else answer
    if not isinstance(steps, list) or not steps:
        return answer
    count = len(steps[0].links)
    return Reading(steps, [v for k, v in enumerate(operands) if k < count or k not in asked])


def completed(answer: Any, operands: Sequence[Any]) -> Any:
    """The answer, for one output or a tuple for several, with what it leaves out.

    ``operands``: those that depend on an input.
    """
    listed = answer if isinstance(answer, tuple) else (answer,)
    return with_rest(answer, left_out(listed, operands))


def left_out(answers: Iterable[Any], operands: Sequence[Any]) -> list[Any]:
    """The operands that none of the answers names.

    None where an answer is an op, which has links for all of them; where one is made of values that
    a rule has put into the graph itself; or where all are constants.
    """
    given, named = [_key(operand) for operand in operands], set[object]()
    for answer in answers:
        if isinstance(answer, (Op, list, Dependent, Items)):
            return []
        named |= _named(answer)
    inside = any(isinstance(key, int) and key not in given for key in named)
    if inside or named.isdisjoint(given):
        return []
    return [operand for operand, key in zip(operands, given, strict=True) if key not in named]


def _named(answer: Any) -> set[object]:
    if not isinstance(answer, Reading):
        return {_key(answer)}
    return {key for value in answer.operands for key in _named(value)}


def _key(value: Any) -> object:
    return value.index if isinstance(value, Dependent) else (id(value),)


def with_rest(answer: Any, rest: Sequence[Any]) -> Any:
    """The answer, or each of several, whose every element may depend on all of ``rest`` too."""
    if answer is None or not rest:
        return answer
    if isinstance(answer, tuple):
        several: Any = answer
        return type(several)(with_rest(entry, rest) for entry in several)
    same = ops.pointwise(tuple(answer.shape), kind="pointwise")
    return Reading([same], [answer, *rest])
