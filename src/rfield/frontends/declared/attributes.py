"""What the attributes of a written layer mean before an op is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from math import inf
from numbers import Rational, Real
from typing import Protocol

from ...core.arguments import listed, normalize_axis, several
from ...core.resampling import Method
from ...errors import InvalidModelError, RFieldError

Scale = int | float | Fraction | Sequence[int | float | Fraction]

METHODS: dict[str, Method] = {
    "nearest": "nearest",
    "nearest-exact": "nearest",
    "linear": "linear",
    "bilinear": "linear",
    "trilinear": "linear",
    "cubic": "cubic",
    "bicubic": "cubic",
}


class HasLayout(Protocol):
    """What the layers need to know of a value."""

    @property
    def axes(self) -> tuple[int, ...]:
        """Its spatial axes."""
        ...

    @property
    def channel_axis(self) -> int | None:
        """Its channel axis, if it has one."""
        ...

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Its shape."""
        ...


@contextmanager
def about(name: str) -> Iterator[None]:
    """Errors inside get the layer's name."""
    try:
        yield
    except RFieldError as error:
        raise type(error)(f"{name}: {error}") from None


def scales_of(scale: Scale, count: int) -> list[Fraction]:
    """One factor per axis, as a fraction.

    >>> scales_of(1.5, 2)
    [Fraction(3, 2), Fraction(3, 2)]
    """
    given: object = scale
    values = listed(given) or [given]
    found = [_ratio(value) for value in values]
    ratios = [ratio for ratio in found if ratio is not None]
    if len(values) not in (1, count) or len(ratios) < len(found):
        raise InvalidModelError(f"scale = {scale!r}; expected {count} positive numbers")
    return ratios if len(ratios) == count else ratios * count


def _ratio(value: object) -> Fraction | None:
    """A positive number as a fraction, or None."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < inf:
        return None
    exact = value if isinstance(value, Rational) else float(value)
    return Fraction(exact).limit_denominator(1 << 16)


def channel_of(x: HasLayout) -> int:
    """The channel axis, which must exist."""
    if x.channel_axis is None:
        raise InvalidModelError(f"{x!r} has no channel axis")
    return x.channel_axis


def spatial(x: HasLayout) -> tuple[int, ...]:
    """The spatial axes, of which there must be some: along none of them nothing would happen."""
    if not x.axes:
        raise InvalidModelError(
            f"{x!r} has no spatial axes; name them where it is made, as in reshape(…, axes=(2, 3))"
        )
    return x.axes


def axes_after(x: HasLayout, shape: Sequence[int], axes: Sequence[int] | None) -> tuple[int, ...]:
    """The spatial axes after a reshape: as stated, or the same if the rank is."""
    if axes is not None:
        return tuple(normalize_axis(axis, len(shape)) for axis in several("axes", axes))
    return x.axes if len(shape) == len(x.shape) else ()
