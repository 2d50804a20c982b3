"""What chooses what a layer or op computes, and is no size: a size of the input may choose others.

Two readings of a model are compared by it (``analysis.pieces.comparing``): a part of the input
that meets another slope, or a layer with other weights, has not the results of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from ...core.numbers import Same
from .rulebook import Call, rule_name

_OWN = frozenset(("built", "name"))
_WHOLE = frozenset(("normalization", "pointwise"))
"""Families of which a whole number is no size."""

_NUMBERS = frozenset(("decimals", "num_bits", "ord", "order"))
"""Whole numbers that are no sizes, whatever the op."""


def settings(call: Call, family: str) -> tuple[object, ...]:
    """The op, its settings and the plain arguments of the call, and which variables it holds."""
    whole = family in _WHOLE
    told = (
        (name, found)
        for name, value in _written(call)
        if (found := _told(value, whole or name in _NUMBERS)) is not None
    )
    held = tuple(map(Same, getattr(call.layer, "weights", ())))
    return (rule_name(call.layer), *told, *held)


def _written(call: Call) -> Iterator[tuple[object, Any]]:
    """What is written beside the tensors, by name or place."""
    for name, value in vars(call.layer).items():
        if not name.startswith("_") and name not in _OWN:
            yield name, value
    yield from enumerate(call.args)
    yield from call.kwargs.items()


def _told(value: Any, whole: bool) -> object:
    """A setting to be compared; None for what is none."""
    if isinstance(value, (bool, float, str, np.floating)) or (whole and isinstance(value, int)):
        return value
    if isinstance(value, (list, tuple)):
        found = tuple(_told(entry, whole) for entry in value)
        return found if any(entry is not None for entry in found) else None
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if keras.ops.is_tensor(value):
        return Same(value)
    return getattr(value, "__qualname__", None)  # an activation
