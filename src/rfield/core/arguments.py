"""The forms in which people and frameworks write an op's arguments, brought to one form.

One integer or one per axis, ``"same"`` or pairs, negative axes: after this module every argument is
a tuple of plain integers, one per axis. Errors name the argument and its value.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InvalidModelError
from . import padding as arithmetic

Shape = tuple[int, ...]
Padding = str | int | Sequence[int] | Sequence[tuple[int, int]]


def per_axis(
    name: str, value: int | Sequence[int], count: int, *, least: int = 1
) -> tuple[int, ...]:
    """One integer per axis; a single integer counts for all. Nothing below ``least``."""
    values = (value,) * count if isinstance(value, int) else tuple(value)
    if len(values) == 1 and count > 1:
        values *= count
    if len(values) != count:
        raise InvalidModelError(f"{name} = {value!r}; expected 1 or {count} values")
    if any(isinstance(v, bool) or not isinstance(v, int) or v < least for v in values):
        wanted = "positive integers" if least == 1 else f"integers of at least {least}"
        raise InvalidModelError(f"{name} = {value!r}; expected {wanted}")
    return values


def resolve_padding(
    padding: Padding,
    sizes: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    *,
    negative: bool = False,
) -> list[tuple[int, int]]:
    """``(before, after)`` per axis from any of the forms in which padding is written."""
    count = len(sizes)
    if isinstance(padding, str):
        if padding == "valid":
            return [(0, 0)] * count
        if padding not in ("same", "same_upper", "same_lower"):
            raise InvalidModelError(
                f"padding = {padding!r}; expected numbers, 'same', 'same_lower' or 'valid'"
            )
        lower = padding == "same_lower"
        return [
            arithmetic.same(size, k, s, d, lower=lower)
            for size, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
        ]
    pairs: list[tuple[int, int]] = []
    values = (padding,) * count if isinstance(padding, int) else tuple(padding)
    for value in values * count if len(values) == 1 else values:
        pair = (value, value) if isinstance(value, int) else tuple(value)
        pairs.append((pair[0], pair[1]) if len(pair) == 2 else (-1, -1))
    if len(pairs) != count:
        raise InvalidModelError(f"padding = {padding!r}; expected {count} values or pairs")
    if not negative and any(side < 0 for pair in pairs for side in pair):
        raise InvalidModelError(f"padding = {padding!r}; expected integers of at least 0")
    return pairs


def broadcast_shape(shapes: Sequence[Sequence[int]]) -> Shape:
    """The NumPy broadcast of shapes."""
    rank = max((len(shape) for shape in shapes), default=0)
    result = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, rank - len(shape)):
            if size != result[axis] and size != 1:
                if result[axis] != 1:
                    raise InvalidModelError(f"sizes {result[axis]} and {size} do not broadcast")
                result[axis] = size
    return tuple(result)


def normalize_axis(axis: int, rank: int) -> int:
    """A possibly negative axis as ``0 <= axis < rank``."""
    if not -rank <= axis < rank:
        raise InvalidModelError(f"axis = {axis}; the operand has {rank} axes")
    return axis % rank
