"""The forms in which people and frameworks write an op's arguments, brought to one form.

One integer or one per axis, ``"same"`` or pairs, negative axes: after this module every argument is
a tuple of plain integers, one per axis. Errors name the argument and its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import TypeVar

from ..errors import InvalidModelError, unfit_shapes
from . import padding as arithmetic

Shape = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]
PerAxis = int | Sequence[int]
Padding = str | int | Sequence[int] | Sequence[tuple[int, int]]
Choice = TypeVar("Choice", bound=str)

_SAME = ("same", "same_upper", "same_lower")


def integer(value: object) -> int | None:
    """``value`` as a plain integer, from any kind of integer; None for everything else.

    >>> integer(3), integer(3.0), integer(True), integer("3")
    (3, None, None, None)
    """
    if type(value) is int:
        return value
    if isinstance(value, bool):
        return None
    try:
        return index(value)  # type: ignore[arg-type]  # whatever counts as an integer says so itself
    except TypeError:
        return None


def listed(value: object) -> list[object] | None:
    """The entries of any sequence but a text, or None."""
    if isinstance(value, str):
        return None
    try:
        return list(value)  # type: ignore[call-overload]  # what cannot be listed says so itself
    except TypeError:
        return None


def placed(index: object, sizes: Sequence[int]) -> object:
    """An index as it is; for ``"center"`` the middle one, of two the later.

    >>> placed("center", (7, 6)), placed((0, 5), (7, 6))
    ((3, 3), (0, 5))
    """
    if not isinstance(index, str):
        return index
    if index != "center":
        raise InvalidModelError(f"index = {index!r}; expected 'center' or a position")
    return tuple(size // 2 for size in sizes)


def several(name: str, value: object) -> list[int]:
    """Any number of integers; a single one counts as one.

    >>> several("axes", 2), several("axes", (2, -1))
    ([2], [2, -1])
    """
    entries = [value] if integer(value) is not None else listed(value)
    found = [integer(entry) for entry in entries or ()]
    plain = [entry for entry in found if entry is not None]
    if entries is None or len(plain) < len(entries):
        raise InvalidModelError(f"{name} = {value!r}; expected integers")
    return plain


def one(name: str, value: object, *, least: int = 1) -> int:
    """One integer, not below ``least``."""
    whole = integer(value)
    if whole is None or whole < least:
        wanted = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise InvalidModelError(f"{name} = {value!r}; expected {wanted}")
    return whole


def one_of(name: str, value: object, known: Sequence[Choice]) -> Choice:
    """A word out of ``known``."""
    for word in known:
        if value == word:
            return word
    raise InvalidModelError(f"{name} = {value!r}; expected one of {', '.join(known)}")


def per_axis(name: str, value: PerAxis, count: int, *, least: int = 1) -> tuple[int, ...]:
    """One integer per axis; a single integer counts for all. Nothing below ``least``.

    >>> per_axis("kernel", 3, 2), per_axis("kernel", [3, 1], 2)
    ((3, 3), (3, 1))
    """
    single = integer(value)
    if single is not None and single >= least:
        return (single,) * count
    values = [single] if single is not None else listed(value)
    if values is not None and len(values) not in (1, count):
        wanted = f"1 or {count} values" if count > 1 else "1 value"
        raise InvalidModelError(f"{name} = {value!r}; expected {wanted}")
    found = [integer(entry) for entry in values or (None,)]
    plain = [entry for entry in found if entry is not None and entry >= least]
    if len(plain) < len(found):
        wanted = "positive integers" if least == 1 else f"integers of at least {least}"
        raise InvalidModelError(f"{name} = {value!r}; expected {wanted}")
    return tuple(plain) if len(plain) == count else tuple(plain) * count


def pairs(name: str, value: object, count: int, *, negative: bool = False) -> Pads:
    """``(before, after)`` per axis, from one integer, one per axis, or pairs.

    >>> pairs("padding", [(1, 2), 3], 2)
    ((1, 2), (3, 3))
    """
    single = integer(value)
    if single is not None and (negative or single >= 0):
        return ((single, single),) * count
    values = [value] if single is not None else listed(value)
    if values is None:
        raise InvalidModelError(f"{name} = {value!r}; expected integers or pairs (before, after)")
    if len(values) not in (1, count):
        raise InvalidModelError(f"{name} = {value!r}; expected {count} values or pairs")
    found = [_pair(name, value, entry) for entry in values]
    if not negative and any(side < 0 for pair in found for side in pair):
        raise InvalidModelError(f"{name} = {value!r}; expected integers of at least 0")
    return tuple(found) if len(found) == count else tuple(found) * count


def _pair(name: str, value: object, entry: object) -> tuple[int, int]:
    single = integer(entry)
    if single is not None:
        return single, single
    sides = [integer(side) for side in listed(entry) or ()]
    before, after = sides if len(sides) == 2 else (None, None)
    if before is None or after is None:
        raise InvalidModelError(
            f"{name} = {value!r}; {entry!r} is neither an integer nor a pair (before, after)"
        )
    return before, after


def stated_padding(padding: Padding, count: int, *, negative: bool = False) -> str | Pads:
    """Padding in one form: a known word, or ``(before, after)`` per axis."""
    if isinstance(padding, str):
        if padding not in (*_SAME, "valid"):
            raise InvalidModelError(_no_padding(padding))
        return padding
    if integer(padding) is None and listed(padding) is None:
        raise InvalidModelError(_no_padding(padding))
    return pairs("padding", padding, count, negative=negative)


def _no_padding(padding: object) -> str:
    return f"padding = {padding!r}; expected numbers, 'same', 'same_lower' or 'valid'"


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
    stated = stated_padding(padding, len(sizes), negative=negative)
    if not isinstance(stated, str):
        return list(stated)
    if stated == "valid":
        return [(0, 0)] * len(sizes)
    lower = stated == "same_lower"
    return [
        arithmetic.same(size, k, s, d, lower=lower)
        for size, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
    ]


def broadcast_shape(shapes: Sequence[Sequence[int]]) -> Shape:
    """The NumPy broadcast of shapes.

    >>> broadcast_shape([(8, 1, 5), (7, 1)])
    (8, 7, 5)
    """
    rank = max((len(shape) for shape in shapes), default=0)
    result = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, rank - len(shape)):
            if size != result[axis] and size != 1:
                if result[axis] != 1:
                    problem = f"sizes {result[axis]} and {size} do not broadcast"
                    raise unfit_shapes(problem, shapes)
                result[axis] = size
    return tuple(result)


def normalize_axis(axis: int, rank: int) -> int:
    """A possibly negative axis as ``0 <= axis < rank``.

    >>> normalize_axis(-1, 4)
    3
    """
    place = integer(axis)
    if place is None:
        raise InvalidModelError(f"axis = {axis!r}; expected an integer")
    if not -rank <= place < rank:
        raise InvalidModelError(f"axis = {place}; the operand has {rank} axes")
    return place % rank
