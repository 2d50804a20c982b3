"""Constants as masks: which may hide what an op reads, and what is known of those made of others.

All of it looks at one op and its operands; ``emit`` asks, and keeps what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.algebra import Contraction, Softmax
from ...core.arguments import Shape
from ...core.known import FIXED, HIDES, LOW, SOFT, SOME, Known, lowest, narrowed, soft_limit
from ...core.known.codes import lows
from ...core.known.narrow import is_broadcast
from ...core.ops import Op
from .limits import MASK
from .values import Constant, Dependent


def plain(op: Op, values: Sequence[Any]) -> tuple[Op, Sequence[Any]]:
    """A mask that is taken away as its opposite that is added; division by infinity as a factor."""
    other = values[1] if op.algebra in ("subtract", "divide") and len(values) == 2 else None
    if not isinstance(other, Constant) or (array := other.once) is None:
        return op, values
    if array.dtype.kind != "f" or not array.size:
        return op, values
    if op.algebra == "divide":
        changed, algebra = np.where(np.isinf(array), 0.0, 1.0), "multiply"
        masks = not changed.all()
    else:
        changed, algebra = -array, "add"
        masks = array.max() >= -soft_limit(changed)
    if not masks:
        return op, values
    wide = np.broadcast_to(changed, other.shape)
    made = other.made or op.algebra == "divide"  # no parameter is infinite
    same = Constant(other.shape, wide, sized=other.sized, made=made)
    return replace(op, algebra=algebra), [values[0], same]


def filling(op: Op) -> Constant | None:
    """The number of the elements that read nothing, where it is known."""
    return None if op.fill is None else Constant((), np.asarray(op.fill), made=True)


def repeated(op: Op, values: Sequence[Any]) -> tuple[Op, Sequence[Any]]:
    """The operands of an op as often as it reads them."""
    if not op.repeats:
        return op, values
    own = len(op.links) - len(op.repeats)
    again = [values[place] for place in op.repeats]
    return replace(op, repeats=()), [*values[:own], *again, *values[own:]]


def told_of(op: Op, values: Sequence[Any]) -> NDArray[np.uint8] | None:
    """What masks tell of the result of constants whose numbers are not known: a masked weight."""
    given = values[: len(op.links)]
    if op.algebra is None or not all(isinstance(value, Constant) for value in given):
        return None
    around = filling(op)
    held = any(may_mask(value, op) or value.told is not None for value in given)
    if not held and not may_mask(around, op):
        return None
    if op.algebra == "add" and any(v.told is not None and (v.told == SOME).any() for v in given):
        return np.full(op.shape, SOME, np.uint8)  # a counter and a number, say
    known = [elements_of(value, op, SOFT) for value in given]
    fill = None if around is None else elements_of(around, op, SOFT)
    condition = given[0].array if op.algebra == "where" else None
    _, elements = narrowed(op, known, [value.shape for value in given], condition, fill)
    if elements is None:
        return None
    found = np.broadcast_to(elements.codes, op.shape)
    for value, link in zip(given, op.links, strict=True):  # a number that is not told any more
        if value.told is not None and not value.may_change and is_broadcast(op, link, value.shape):
            lost = (found == FIXED) & (value.told > FIXED)
            found = np.where(lost, np.uint8(SOME), found)
    return found if (found > FIXED).any() else None


def elements_of(value: Constant, op: Op, soft: int) -> Known:
    """What is known of the elements of a constant to this op; ``soft``: what to call soft masks."""
    return value.known(
        as_choice=op.algebra in ("where", "maximum", "move"),
        as_factor=op.algebra == "multiply",
        soft=soft if value.soft or soft_number(value, op) else None,
    )


def may_mask(value: Any, op: Op) -> bool:
    """Whether a constant may cut elements: one number for all of them is no mask."""
    if not isinstance(value, Constant) or op.algebra == "where":
        return isinstance(value, Constant)
    if op.algebra in ("move", "multiply", "veil") and value.may_have_zeros:
        return True
    if prod(value.shape) < 2 and op.algebra != "move":
        return False
    if op.algebra not in ("add", "maximum", "move"):
        return value.may_have_zeros
    if value.told is not None:
        return bool((value.told >= LOW).any())
    array = value.once
    if array is None or array.dtype.kind != "f" or not array.size:
        return False
    lowers = bool(array.min() <= max(lowest(array), soft_limit(array)))
    return lowers or (op.algebra == "add" and bool(array.max() > -HIDES))


EXTREME = 1e4
"""What is multiplied by as much as this may be as low as what stands for minus infinity."""


def lowers(op: Op, values: Sequence[Any], lowered: Container[int]) -> bool:
    """Whether the data may make any element of the result as low as a mask: padding is masked so.

    ``lowered``: the values of which that was said before.
    """
    if op.algebra not in _LOWERING:
        return False
    if any(isinstance(v, Dependent) and v.index in lowered for v in values):
        return True
    if op.algebra == "multiply":
        return any(float(np.abs(array).max()) >= EXTREME for array in _numbers(values))
    chosen = op.algebra == "where" and not isinstance(values[0], Constant)
    return chosen and any(float(array.min()) <= -EXTREME for array in _numbers(values))


_LOWERING = frozenset(
    {"multiply", "where", "add", "subtract", "divide", "maximum", "move", "scale"}
)


def _numbers(values: Sequence[Any]) -> list[NDArray[Any]]:
    """Those of the constants among the operands that are known."""
    given = [v.once for v in values if isinstance(v, Constant)]
    return [a for a in given if a is not None and a.dtype.kind in "fi" and a.size]


def levels(
    op: Op, values: Sequence[Any], known: Sequence[Known | None], low: Container[int]
) -> bool:
    """Whether what a finite mask hides may be no lower than the rest: a softmax then reads it."""
    if not (isinstance(op.algebra, Softmax) or op.algebra == "subtract"):
        return False
    finite = any(k is not None and k.least > -np.inf and bool(lows(k.codes).any()) for k in known)
    return finite and any(isinstance(v, Dependent) and v.index in low for v in values)


def soft_number(value: Any, op: Op) -> float:
    """The number of a mask of finite numbers that is added or filled in; zero if it is none."""
    if not isinstance(value, Constant) or op.algebra not in ("add", "where", "move"):
        return 0.0
    if value.told is not None:
        return value.soft
    array = value.once
    if array is None or array.dtype.kind not in "fi" or not array.size or array.size > MASK:
        return 0.0
    least, limit = float(array.min()), soft_limit(array)
    spread = array.size > 1 and array.dtype.kind == "f" and array.max() > limit
    return least if lowest(array) < least <= limit and (spread or op.algebra != "add") else 0.0


def may_be_triangle(value: Any) -> bool:
    """Whether it is a square table of a file with nothing but zeros in a corner: causal, a band."""
    if not isinstance(value, Constant) or not value.has_shape or len(value.shape) < 2:
        return False
    rows, size = value.shape[-2:]
    if rows != size or size < 3 or not value.may_be_mask:
        return False
    array = value.once
    if array is None or array.shape[-2:] != (size, size) or not array.any():
        return False
    far = size // 2 if size > 7 else 1  # a few zeros may be those of a pruned weight
    return not np.triu(array, far).any() or not np.tril(array, -far).any()


def is_unseen(value: Any) -> bool:
    """Whether a constant may be a mask that was never looked into."""
    if not isinstance(value, Constant) or not value.has_shape or prod(value.shape) < 2:
        return False
    array = value.once
    if array is not None:
        return array.size > MASK
    table = value.nameless and sum(size > 1 for size in value.shape) > 1
    return value.unseen or (table and value.told is None)


Along = Callable[[int, int], bool]
"""Whether the axis of a value goes along with positions of an input, see ``following``."""


def any_fixed_mask(op: Op, values: Sequence[Any], along: Along | None = None) -> bool:
    """Whether numbers that nobody trains, in another file, may cut what stands beside them.

    They choose, or they multiply by more than one number for each channel, which is a scale; a
    matrix of them is a weight unless it mixes positions.
    """
    return any(
        isinstance(value, Constant) and value.fixed and value.has_shape
        and _cuts(op, place, value.shape, values, along)
        for place, value in enumerate(values)
    )  # fmt: skip


def _cuts(op: Op, place: int, shape: Shape, values: Sequence[Any], along: Along | None) -> bool:
    """Whether a zero in an operand may cut something."""
    algebra = op.algebra
    if algebra == "where":
        return place == 0 and prod(shape) > 1
    beside = [(k, v) for k, v in enumerate(values) if isinstance(v, Dependent)]
    if isinstance(algebra, Contraction):
        labels = [name for name, size in zip(algebra.labels[place], shape, strict=True) if size > 1]
        alone = set(algebra.labels[place]) <= set(algebra.output)  # summed, it is a weight
        if alone and any(name != algebra.output[-1] for name in labels):
            return True
        return along is not None and any(
            name in labels and along(value.index, axis)
            for k, value in beside
            for axis, name in enumerate(algebra.labels[k])
        )
    divides = algebra == "divide" and place == 1 and "nonan" in op.kind.replace("_", "")
    hides = algebra in ("maximum", "veil") and along is not None
    if not (algebra == "multiply" or divides or hides):
        return False
    if not hides and any(size > 1 for size in shape[:-1]):
        return True
    axes = [axis - len(shape) for axis, size in enumerate(shape) if size > 1]
    return along is not None and any(
        along(value.index, len(value.shape) + axis)
        for _, value in beside
        for axis in axes
        if len(value.shape) + axis >= 0
    )


def handed_on(op: Op, given: Sequence[Constant]) -> tuple[bool, bool]:
    """Of what an op makes of constants: whether it is ``unseen``, and whether it is ``fixed``."""
    algebra = op.algebra
    seen = all(v.unseen if algebra == "move" else v.is_seen for v in given)
    lost = algebra in (None, "veil") and any(v.may_hide for v in given)
    cuts = algebra in ("multiply", "where") or isinstance(algebra, Contraction)
    hidden = cuts and any(v.unseen for v in given)  # what it hides, stays
    plain = all(v.fixed or v.is_seen or (v.has_shape and prod(v.shape) < 2) for v in given)
    fixed = plain and any(v.fixed for v in given) and not _never_zero(op, given)
    return seen or lost or hidden or (not plain and any_fixed_mask(op, given)), fixed


def _never_zero(op: Op, given: Sequence[Constant]) -> bool:
    """Whether the result is no mask even of a mask: a deviation that something is divided by."""
    below = op.algebra == "divide" and given[-1].fixed
    return below or op.algebra == "exp" or op.kind in ("rsqrt", "reciprocal", "inv")
