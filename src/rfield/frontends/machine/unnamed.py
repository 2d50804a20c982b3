"""Operands that an answer does not name: read whole, as an upper bound, unless a rule says more.

A rule that reads the weights of a layer as weights knows nothing of models that compute them from
the input (adaptive norms, conditional ones). What it leaves out then is no weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...core import ops
from ...core.arrays.expression import Reading, leaves
from ...core.ops import Op


def left_out(answers: Iterable[Any], operands: Sequence[Any]) -> list[Any]:
    """The operands that none of the answers names; an op has links for all of them.

    Raises nothing: an answer of nothing at all (a constant, a copy of nothing) leaves out none.
    """
    named: set[int] = set()
    several = [answer for answer in answers if answer is not None]
    for answer in several:
        if isinstance(answer, Op) or (isinstance(answer, list) and answer):
            return []
        named |= leaves(answer) if isinstance(answer, Reading) else {id(answer)}
    return [operand for operand in operands if several and id(operand) not in named]


def with_rest(answer: Any, rest: Sequence[Any]) -> Any:
    """The answer, whose every element may depend on all of ``rest`` too."""
    if answer is None or not rest:
        return answer
    same = ops.pointwise(tuple(answer.shape), kind="pointwise")
    return Reading([same], [answer, *rest])
