"""The same op beside the same known elements is narrowed once.

Blocks that are alike ask the same again and again, and so does a model that is read at many sizes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from numpy.typing import NDArray

from ..arguments import Shape
from ..kept import Kept
from ..operation import Op
from .codes import Known
from .narrow import narrowed as _narrowed

_NARROWED = Kept[tuple[Op, Known | None]]()

LARGE = 1 << 18
"""Of more known elements, in bytes, a comparison takes as long as the answer."""


def narrowed(
    op: Op,
    operands: Sequence[Known | None],
    shapes: Sequence[Shape],
    condition: NDArray[Any] | None = None,
    fill: Known | None = None,
) -> tuple[Op, Known | None]:
    """The op without reads of known elements, and what is known of its result, see ``narrow``."""
    size = sum(map(_size, (*operands, fill))) + (0 if condition is None else condition.nbytes)
    if size > LARGE:
        return _narrowed(op, operands, shapes, condition, fill)
    asked = (
        op, tuple(map(_content, operands)), tuple(map(tuple, shapes)), _bits(condition),
        _content(fill),
    )  # fmt: skip
    found = _NARROWED.get(asked)
    if found is None:
        found = _narrowed(op, operands, shapes, condition, fill)
        _NARROWED.keep(asked, found, size + _size(found[1]))
    return found


def _size(known: Known | None) -> int:
    if known is None:
        return 0
    return known.codes.nbytes + (0 if known.numbers is None else known.numbers.nbytes)


def _content(known: Known | None) -> Hashable:
    """All that is known, compared by value."""
    if known is None:
        return None
    return _bits(known.codes), known.shown, known.least, known.most, _bits(known.numbers)


def _bits(array: NDArray[Any] | None) -> Hashable:
    return None if array is None else (array.shape, array.dtype.str, array.tobytes())
